//! What voters had said of cases that analysts declared, kept up to date by every declaration and its undo.
//!
//! A case counts once for each voter: by the newest run of the behaviour that opened the case, of those
//! that had finished when it was declared. A vote that came later may have known the outcome by way of
//! precedents. Runs that took place elsewhere don't count, nor does the second look. `undetermined`
//! measures nothing, nor does what a program declared: one that repeats the vote would make it look perfect.
mod asked;
mod calibration;
mod figures;
mod together;

pub use asked::*;
pub use calibration::*;
pub use figures::*;
pub use together::*;

use super::activity::DAY_MS;
use super::votes::{self, MASKED, Stored};
use super::{ORGS, Result, Scope, Tx, on, run};
use crate::domain::{MachineVerdict, Verdict, VoteState, stated};

/// The voter's name under which the panel's own verdicts stand.
pub const PANEL: &str = "";
/// Figures on pages are of so many days.
pub const DAYS: i64 = 180;

/// One voter's say about one declared case.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Row {
    org_id: i64,
    run_id: i64,
    voter: String,
    model: String,
    digest: String,
    prompt_version: String,
    vote: MachineVerdict,
    declared: Verdict,
    decided_ms: i64,
    /// How sure it said it was, in millionths.
    stated_ppm: Option<i64>,
}

/// The run of a case `c` that counts.
const COUNTED: &str = "SELECT r.id FROM runs r WHERE r.case_number = c.number AND r.fingerprint = c.fingerprint AND r.state = 'done' \
    AND r.recorded = FALSE AND r.finished_ms <= c.decided_ms ORDER BY r.finished_ms DESC, r.id DESC LIMIT 1";
/// Declarations that say what the case was.
const SAID: &str = "c.verdict IN ('false_positive', 'benign_true_positive', 'true_positive')";
/// Declarations that measure something, in the words of a partial index: those of people.
pub(super) const DECLARED: &str = "c.by_program = FALSE AND c.verdict NOT IN ('pending', 'undetermined')";
/// Those of programs.
pub(super) const PROGRAMS: &str = "c.by_program = TRUE AND c.verdict NOT IN ('pending', 'undetermined')";
/// So many of what programs declared are counted.
pub const PROGRAMS_MOST: i64 = 1_000;

/// Brings the figures up to date with a case as it now stands: what it counted before is taken out first.
pub async fn refresh(tx: &mut Tx, case: i64) -> Result<()> {
    let old: Vec<Row> = on!(tx, |db| {
        sqlx::query_as("SELECT org_id, run_id, voter, model, digest, prompt_version, vote, declared, decided_ms, stated_ppm FROM measured WHERE case_number = $1")
            .bind(case)
            .fetch_all(db)
    })?;
    let new = of_case(tx, case).await?;
    if old == new {
        return Ok(());
    }
    for row in &old {
        count(tx, row, -1).await?;
    }
    run!(tx, sqlx::query("DELETE FROM measured WHERE case_number = $1").bind(case))?;
    for row in &new {
        insert(tx, case, row).await?;
        count(tx, row, 1).await?;
    }
    Ok(())
}

/// What a case counts, from its run and its votes: the panel first.
async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Row>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.org_id, run.id AS run_id, '' AS voter, run.mode AS model, '' AS digest, '' AS prompt_version,
            run.machine_verdict AS vote, c.verdict AS declared, c.decided_ms, CAST(ROUND(run.confidence * 1000000) AS BIGINT) AS stated_ppm
         FROM cases c JOIN runs run ON run.id = ({COUNTED}) WHERE c.number = $1 AND {DECLARED}"
    ));
    let panel: Option<Row> = on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_optional(db))?;
    let Some(mut panel) = panel else { return Ok(Vec::new()) };
    let given = votes::of_run(tx, panel.run_id).await?;
    let seated: Vec<_> = given.iter().filter(|vote| vote.counts()).map(|vote| vote.voter.as_str()).collect();
    panel.model = panel_name(&panel.model, &seated);
    let mut rows = vec![panel.clone()];
    let counts = |vote: &Stored| vote.state == VoteState::Ok && vote.role != MASKED;
    rows.extend(given.into_iter().filter(counts).filter_map(|vote| {
        Some(Row {
            vote: vote.verdict?,
            voter: vote.voter,
            model: vote.model,
            digest: vote.digest,
            prompt_version: vote.prompt_version,
            stated_ppm: vote.confidence.map(stated::ppm),
            ..panel.clone()
        })
    }));
    rows.sort_by(|left, right| left.voter.cmp(&right.voter));
    Ok(rows)
}

/// The name of a panel: its mode and its voters in order, so that figures of another panel are not taken for its own.
pub fn panel_name(mode: &str, voters: &[&str]) -> String {
    format!("{mode}: {}", voters.join(", "))
}

async fn insert(tx: &mut Tx, case: i64, row: &Row) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO measured (case_number, voter, org_id, run_id, model, digest, prompt_version, vote, declared, decided_ms, stated_ppm)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        )
        .bind(case)
        .bind(&row.voter)
        .bind(row.org_id)
        .bind(row.run_id)
        .bind(&row.model)
        .bind(&row.digest)
        .bind(&row.prompt_version)
        .bind(row.vote)
        .bind(row.declared)
        .bind(row.decided_ms)
        .bind(row.stated_ppm)
    )
}

/// Adds a case to its cells, or takes it out again.
async fn count(tx: &mut Tx, row: &Row, by: i64) -> Result<u64> {
    calibrate(tx, row, by).await?;
    run!(
        tx,
        sqlx::query(
            "INSERT INTO confusion (org_id, day, voter, model, digest, prompt_version, vote, declared, cases) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (org_id, day, voter, model, digest, prompt_version, vote, declared) DO UPDATE SET cases = confusion.cases + excluded.cases"
        )
        .bind(row.org_id)
        .bind(row.decided_ms.div_euclid(DAY_MS))
        .bind(&row.voter)
        .bind(&row.model)
        .bind(&row.digest)
        .bind(&row.prompt_version)
        .bind(row.vote)
        .bind(row.declared)
        .bind(by)
    )
}

/// Numbers of declared cases after one, to count what was declared before these figures existed, and no longer what
/// programs had declared.
pub async fn declared(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number FROM cases c WHERE c.number > $1 AND {SAID} ORDER BY c.number LIMIT $2"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(after).bind(limit).fetch_all(db))
}

/// How many cases that stand declared since a time were declared by programs, at most [`PROGRAMS_MOST`]: they are left out.
pub async fn by_programs(tx: &mut Tx, scope: Scope, since_ms: i64) -> Result<i64> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT c.number FROM cases c WHERE {PROGRAMS} AND c.decided_ms >= $1 AND c.org_id IN {ORGS}
            LIMIT {PROGRAMS_MOST}) AS n"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(since_ms).bind(scope.org_id).bind(scope.user_id).fetch_one(db))
}

/// A count of cases: voter, digest, prompt version, vote, declaration, day, cases.
pub type Counted = (String, String, String, MachineVerdict, Verdict, i64, i64);

/// The counts of an organisation as they stand, whatever the model's name.
pub async fn counts(tx: &mut Tx, org_id: i64) -> Result<Vec<Counted>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT voter, digest, prompt_version, vote, declared, day, CAST(SUM(cases) AS BIGINT) FROM confusion WHERE org_id = $1
             GROUP BY voter, digest, prompt_version, vote, declared, day HAVING SUM(cases) <> 0 ORDER BY 1, 2, 3, 4, 5, 6"
        )
        .bind(org_id)
        .fetch_all(db)
    })
}

/// The same from cases, runs and votes alone, in one statement of its own: what [`counts`] must be equal to.
pub async fn recount(tx: &mut Tx, org_id: i64) -> Result<Vec<Counted>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "WITH counted AS (
            SELECT c.verdict AS declared, c.decided_ms / {DAY_MS} AS day, r.id AS run_id, r.machine_verdict FROM cases c JOIN runs r
            ON r.case_number = c.number AND r.fingerprint = c.fingerprint AND r.state = 'done' AND r.recorded = FALSE AND r.finished_ms <= c.decided_ms
            WHERE c.org_id = $1 AND {DECLARED} AND NOT EXISTS (SELECT 1 FROM runs n WHERE n.case_number = c.number AND n.fingerprint = c.fingerprint
                AND n.state = 'done' AND n.recorded = FALSE AND n.finished_ms <= c.decided_ms
                AND (n.finished_ms > r.finished_ms OR n.finished_ms = r.finished_ms AND n.id > r.id))
         ), said AS (
            SELECT '' AS voter, '' AS digest, '' AS prompt_version, machine_verdict AS vote, declared, day FROM counted
            UNION ALL
            SELECT v.voter, v.digest, v.prompt_version, v.verdict, counted.declared, counted.day FROM counted
            JOIN votes v ON v.run_id = counted.run_id AND v.state = 'ok' AND v.role <> 'masked'
         )
         SELECT voter, digest, prompt_version, vote, declared, day, CAST(COUNT(*) AS BIGINT) FROM said
         GROUP BY voter, digest, prompt_version, vote, declared, day ORDER BY 1, 2, 3, 4, 5, 6"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).fetch_all(db))
}
