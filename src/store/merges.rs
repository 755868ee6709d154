//! Cases that became part of another one: everything they hold moves there, and comes back exactly when they are taken out.
//!
//! A detection, run, note, task, answer, piece of evidence or action moves by its `case_number` and keeps where it came from
//! in `origin_case`. Observables, techniques and process atoms are shared: a case's own rows wait in `merged_…` while
//! it is part of another one, which holds them as lent unless it has them itself. So what a case is follows from
//! the rows of its own and from which cases are part of it now, whatever the order in which they came and go.
//! Everything else of a case, its behaviours and figures, is made from those rows again ([`rebuild`]).
mod apart;
mod rebuild;

pub use apart::{are_apart, bring_together, keep_apart};
pub use rebuild::{levels, rebuild, unlevelled};

use super::cases::{Decision, by_program};
use super::{JsonText, Result, Tx, daily, measured, on, run};

/// How a case became part of another one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Merge {
    /// The case.
    pub case_number: i64,
    /// The case that it directly became part of, which may be part of another one by now.
    pub into_case: i64,
    /// What is added to the numbers of its runs there.
    pub run_offset: i64,
    /// What stood decided on it.
    pub before: JsonText<Decision>,
    /// Who did it.
    pub merged_by: String,
    /// Whether that was a person, and not the system.
    pub by_person: bool,
    /// When.
    pub merged_ms: i64,
}

/// Who makes a case part of another one.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Their name.
    pub name: &'a str,
    /// Whether it is a person or a program of theirs.
    pub person: bool,
}

/// Takes the rows of cases for this transaction, lowest number first, so that two who merge wait for each other.
/// `SQLite` has one writer, who has taken everything already.
pub async fn lock(tx: &mut Tx, numbers: &[i64]) -> Result<()> {
    if matches!(tx, Tx::Sqlite(_)) {
        return Ok(());
    }
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        run!(tx, sqlx::query("UPDATE cases SET version = version WHERE number = $1").bind(number))?;
    }
    Ok(())
}

const COLUMNS: &str = "m.case_number, m.into_case, m.run_offset, m.before, m.merged_by, m.by_person, m.merged_ms";

/// The key of a request for something that a case brought with it: keys are of one case, and may be alike in several. An empty
/// key stays empty.
pub fn moved_key(origin: Option<i64>, key: &str) -> String {
    match origin {
        Some(origin) if !key.is_empty() => format!("{origin}/{key}"),
        _ => key.to_owned(),
    }
}

/// How a case became part of another one, where that is known.
pub async fn of(tx: &mut Tx, number: i64) -> Result<Option<Merge>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM merges m WHERE m.case_number = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(number).fetch_optional(db))
}

/// All cases that are part of a case now, lowest number first, at most `limit`.
pub async fn members(tx: &mut Tx, into: i64, limit: i64) -> Result<Vec<Merge>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM cases c JOIN merges m ON m.case_number = c.number WHERE c.merged_into = $1 ORDER BY c.number LIMIT $2"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(into).bind(limit).fetch_all(db))
}

/// Makes a case part of another one: moves everything that it holds and closes it as merged. Its verdict counts no
/// more, neither as a precedent nor in what voters are measured by; that of the other one stands.
pub async fn absorb(tx: &mut Tx, from: i64, into: i64, before: &Decision, by: By<'_>, now_ms: i64) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO merges (case_number, into_case, run_offset, before, merged_by, by_person, merged_ms)
             VALUES ($1, $2, (SELECT COALESCE(MAX(r.number), 0) FROM runs r WHERE r.case_number = $2), $3, $4, $5, $6)"
        )
        .bind(from)
        .bind(into)
        .bind(JsonText(before))
        .bind(by.name)
        .bind(by.person)
        .bind(now_ms)
    )?;
    let counted = daily::of_case(tx, from).await?;
    for sql in MOVED.iter().chain(COUNTED).chain(BEHAVIOURS).chain(LENT) {
        step(tx, sql, from, into).await?;
    }
    run!(tx, sqlx::query(CLOSED).bind(from).bind(into).bind(now_ms))?;
    daily::shift(tx, from, &counted).await?;
    measured::refresh(tx, from).await?;
    // Its runs may be others than those that its declaration was measured by.
    measured::refresh(tx, into).await
}

/// One statement about two cases, or about the first of them alone.
async fn step(tx: &mut Tx, sql: &'static str, one: i64, two: i64) -> Result<u64> {
    let both = sql.contains("$2");
    run!(tx, {
        let query = sqlx::query(sql).bind(one);
        if both { query.bind(two) } else { query }
    })
}

/// Runs come first: a worker that ends one at this moment is waited for, and what it adds moves with the rest. A task of
/// a template that the other case has as well stays behind as long as nobody is at work on it: it is done once.
const MOVED: &[&str] = &[
    "UPDATE runs SET case_number = $2, origin_case = COALESCE(origin_case, $1),
        number = number + (SELECT m.run_offset FROM merges m WHERE m.case_number = $1) WHERE case_number = $1",
    "UPDATE detections SET case_number = $2, origin_case = COALESCE(origin_case, $1) WHERE case_number = $1",
    "UPDATE evidence SET case_number = $2, origin_case = COALESCE(origin_case, $1) WHERE case_number = $1",
    "UPDATE intel SET case_number = $2, origin_case = COALESCE(origin_case, $1) WHERE case_number = $1",
    "UPDATE notes SET case_number = $2, origin_case = COALESCE(origin_case, $1) WHERE case_number = $1",
    "UPDATE tasks SET case_number = $2, origin_case = COALESCE(origin_case, $1) WHERE case_number = $1 AND NOT (origin <> '' AND done_ms IS NULL
        AND assignee = '' AND EXISTS (SELECT 1 FROM tasks t WHERE t.case_number = $2 AND t.origin = tasks.origin AND t.text = tasks.text))",
    "UPDATE actions SET case_number = $2, origin_case = COALESCE(origin_case, $1),
        request_key = CASE WHEN origin_case IS NULL THEN CAST($1 AS TEXT) || '/' || request_key ELSE request_key END WHERE case_number = $1",
];

/// A behaviour counts one case less where both hold it, and otherwise under the verdict of the other case.
const COUNTED: &[&str] = &[
    "UPDATE precedents SET cases = precedents.cases - 1, false_positive = precedents.false_positive - CASE WHEN c.verdict = 'false_positive' THEN 1 ELSE 0 END,
        benign_true_positive = precedents.benign_true_positive - CASE WHEN c.verdict = 'benign_true_positive' THEN 1 ELSE 0 END,
        true_positive = precedents.true_positive - CASE WHEN c.verdict = 'true_positive' THEN 1 ELSE 0 END,
        program_benign = precedents.program_benign - CASE WHEN c.by_program = TRUE AND c.verdict IN ('false_positive', 'benign_true_positive') THEN 1 ELSE 0 END,
        program_true_positive = precedents.program_true_positive - CASE WHEN c.by_program = TRUE AND c.verdict = 'true_positive' THEN 1 ELSE 0 END
     FROM cases c JOIN case_fingerprints f ON f.case_number = c.number
     WHERE c.number = $1 AND precedents.org_id = c.org_id AND precedents.fingerprint = f.fingerprint",
    "UPDATE precedents SET cases = precedents.cases + 1, false_positive = precedents.false_positive + CASE WHEN c.verdict = 'false_positive' THEN 1 ELSE 0 END,
        benign_true_positive = precedents.benign_true_positive + CASE WHEN c.verdict = 'benign_true_positive' THEN 1 ELSE 0 END,
        true_positive = precedents.true_positive + CASE WHEN c.verdict = 'true_positive' THEN 1 ELSE 0 END,
        program_benign = precedents.program_benign + CASE WHEN c.by_program = TRUE AND c.verdict IN ('false_positive', 'benign_true_positive') THEN 1 ELSE 0 END,
        program_true_positive = precedents.program_true_positive + CASE WHEN c.by_program = TRUE AND c.verdict = 'true_positive' THEN 1 ELSE 0 END
     FROM cases c, case_fingerprints f
     WHERE c.number = $2 AND f.case_number = $1 AND precedents.org_id = c.org_id AND precedents.fingerprint = f.fingerprint
        AND NOT EXISTS (SELECT 1 FROM case_fingerprints g WHERE g.case_number = $2 AND g.fingerprint = f.fingerprint)",
];

/// A behaviour that both hold widens in time. It stays with the sensor of the case's own detections; of two that are
/// both not its own, with the lower one.
const BEHAVIOURS: &[&str] = &[
    "UPDATE case_fingerprints SET
        first_ms = CASE WHEN f.first_ms < case_fingerprints.first_ms THEN f.first_ms ELSE case_fingerprints.first_ms END,
        last_ms = CASE WHEN f.last_ms > case_fingerprints.last_ms THEN f.last_ms ELSE case_fingerprints.last_ms END,
        sensor_id = CASE WHEN f.sensor_id < case_fingerprints.sensor_id AND NOT EXISTS (SELECT 1 FROM detections d WHERE d.sensor_id = case_fingerprints.sensor_id
            AND d.fingerprint = f.fingerprint AND d.case_number = $2 AND d.origin_case IS NULL) THEN f.sensor_id ELSE case_fingerprints.sensor_id END
     FROM case_fingerprints f WHERE f.case_number = $1 AND case_fingerprints.case_number = $2 AND case_fingerprints.fingerprint = f.fingerprint",
    "DELETE FROM case_fingerprints WHERE case_number = $1 AND fingerprint IN (SELECT f.fingerprint FROM case_fingerprints f WHERE f.case_number = $2)",
    "UPDATE case_fingerprints SET case_number = $2 WHERE case_number = $1",
];

const LENT: &[&str] = &[
    "INSERT INTO merged_atoms (case_number, sensor_id, atom, event_ms) SELECT case_number, sensor_id, atom, event_ms FROM case_atoms
     WHERE case_number = $1 AND lent = FALSE",
    "INSERT INTO case_atoms (case_number, sensor_id, atom, event_ms, lent) SELECT $2, sensor_id, atom, event_ms, TRUE FROM case_atoms
     WHERE case_number = $1 ON CONFLICT DO NOTHING",
    "DELETE FROM case_atoms WHERE case_number = $1",
    "INSERT INTO merged_observables (case_number, observable_id, role) SELECT case_number, observable_id, role FROM case_observables
     WHERE case_number = $1 AND lent = FALSE",
    "INSERT INTO case_observables (case_number, observable_id, role, lent) SELECT $2, observable_id, role, TRUE FROM case_observables WHERE case_number = $1
     ON CONFLICT (case_number, observable_id) DO UPDATE SET role = excluded.role
        WHERE case_observables.lent = TRUE AND excluded.role < case_observables.role",
    "DELETE FROM case_observables WHERE case_number = $1",
    "INSERT INTO merged_techniques (case_number, technique, source) SELECT case_number, technique, source FROM case_techniques
     WHERE case_number = $1 AND lent = FALSE",
    "INSERT INTO case_techniques (case_number, technique, source, lent) SELECT $2, technique, source, TRUE FROM case_techniques
     WHERE case_number = $1 ON CONFLICT DO NOTHING",
    "DELETE FROM case_techniques WHERE case_number = $1",
    "UPDATE cases SET detections = detections + (SELECT c.detections FROM cases c WHERE c.number = $1),
        repeats = repeats + (SELECT c.repeats FROM cases c WHERE c.number = $1),
        first_event_ms = (SELECT MIN(c.first_event_ms) FROM cases c WHERE c.number IN ($1, $2)),
        last_event_ms = (SELECT MAX(c.last_event_ms) FROM cases c WHERE c.number IN ($1, $2)), version = version + 1 WHERE number = $2",
    "UPDATE cases SET merged_into = $2 WHERE merged_into = $1",
];

const CLOSED: &str = "UPDATE cases SET status = 'closed', open = FALSE, verdict = 'pending', reason = 'merged', decided_by = '', decided_ms = NULL,
    first_decided_ms = NULL, overturned_ms = NULL, spot_checked = FALSE, by_program = FALSE, duplicate_of = NULL,
    merged_into = $2, closed_ms = $3, machine_closed_ms = NULL, detections = 0, repeats = 0, triage_state = 'none', dissent = FALSE, snoozed = FALSE, unasked_until = NULL,
    version = version + 1 WHERE number = $1";

/// Takes a case out of the one that it is part of, with the cases that are part of it: moves back what came from
/// them, and sets what stood decided. What follows from that is for [`rebuild`].
pub async fn release(tx: &mut Tx, merge: &Merge, from: i64, now_ms: i64) -> Result<()> {
    let number = merge.case_number;
    let all = members(tx, from, i64::MAX).await?;
    for one in inside(&all, number) {
        run!(tx, sqlx::query("UPDATE cases SET merged_into = $1 WHERE number = $2").bind(number).bind(one))?;
    }
    reopen(tx, number, &merge.before.0, now_ms).await?;
    run!(tx, sqlx::query(RUNS_BACK).bind(number).bind(from).bind(offset(&all, number, from)))?;
    for sql in BACK.iter().chain(OWN) {
        step(tx, sql, number, from).await?;
    }
    Ok(())
}

/// The cases that are part of one that is part of another one itself.
fn inside(all: &[Merge], number: i64) -> Vec<i64> {
    let mut found = vec![number];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(all.iter().filter(|merge| merge.into_case == parent).map(|merge| merge.case_number));
        at += 1;
    }
    found.split_off(1)
}

/// What was added to the numbers of a case's runs on all the way to the case that holds them now.
fn offset(all: &[Merge], number: i64, holder: i64) -> i64 {
    let (mut sum, mut at) = (0, number);
    while let Some(merge) = all.iter().find(|merge| merge.case_number == at && at != holder) {
        sum += merge.run_offset;
        at = merge.into_case;
    }
    sum
}

const RUNS_BACK: &str = "UPDATE runs SET case_number = $1, origin_case = NULLIF(origin_case, $1), number = number - $3
    WHERE case_number = $2 AND (origin_case = $1 OR origin_case IN (SELECT c.number FROM cases c WHERE c.merged_into = $1))";

const BACK: &[&str] = &[
    "UPDATE detections SET case_number = $1, origin_case = NULLIF(origin_case, $1)
     WHERE case_number = $2 AND (origin_case = $1 OR origin_case IN (SELECT c.number FROM cases c WHERE c.merged_into = $1))",
    "UPDATE evidence SET case_number = $1, origin_case = NULLIF(origin_case, $1)
     WHERE case_number = $2 AND (origin_case = $1 OR origin_case IN (SELECT c.number FROM cases c WHERE c.merged_into = $1))",
    "UPDATE intel SET case_number = $1, origin_case = NULLIF(origin_case, $1)
     WHERE case_number = $2 AND (origin_case = $1 OR origin_case IN (SELECT c.number FROM cases c WHERE c.merged_into = $1))",
    "UPDATE notes SET case_number = $1, origin_case = NULLIF(origin_case, $1)
     WHERE case_number = $2 AND (origin_case = $1 OR origin_case IN (SELECT c.number FROM cases c WHERE c.merged_into = $1))",
    "UPDATE tasks SET case_number = $1, origin_case = NULLIF(origin_case, $1)
     WHERE case_number = $2 AND (origin_case = $1 OR origin_case IN (SELECT c.number FROM cases c WHERE c.merged_into = $1))",
    "UPDATE actions SET case_number = $1, origin_case = NULLIF(origin_case, $1),
        request_key = CASE WHEN origin_case = $1 THEN substr(request_key, length(CAST($1 AS TEXT)) + 2) ELSE request_key END
     WHERE case_number = $2 AND (origin_case = $1 OR origin_case IN (SELECT c.number FROM cases c WHERE c.merged_into = $1))",
];

/// What was the case's own is in its place again.
const OWN: &[&str] = &[
    "INSERT INTO case_atoms (case_number, sensor_id, atom, event_ms) SELECT case_number, sensor_id, atom, event_ms FROM merged_atoms WHERE case_number = $1",
    "DELETE FROM merged_atoms WHERE case_number = $1",
    "INSERT INTO case_observables (case_number, observable_id, role) SELECT case_number, observable_id, role FROM merged_observables WHERE case_number = $1",
    "DELETE FROM merged_observables WHERE case_number = $1",
    "INSERT INTO case_techniques (case_number, technique, source) SELECT case_number, technique, source FROM merged_techniques WHERE case_number = $1",
    "DELETE FROM merged_techniques WHERE case_number = $1",
    "DELETE FROM merges WHERE case_number = $1",
];

async fn reopen(tx: &mut Tx, number: i64, to: &Decision, now_ms: i64) -> Result<()> {
    let counted = daily::of_case(tx, number).await?;
    let sql = sqlx::AssertSqlSafe(format!(
        "UPDATE cases SET status = $1, open = $2, verdict = $3, reason = $4, decided_by = $5, decided_ms = $6, closed_ms = $7,
            first_decided_ms = $9, overturned_ms = $10, spot_checked = $11, duplicate_of = $12, machine_closed_ms = $15, merged_into = NULL,
            by_program = {}, snoozed = CASE WHEN snoozed_until_ms > $13 THEN $14 ELSE FALSE END, version = version + 1 WHERE number = $8",
        by_program("$16", "$6", "$8")
    ));
    run!(
        tx,
        sqlx::query(sql)
            .bind(to.status)
            .bind(to.status.is_open())
            .bind(to.verdict)
            .bind(&to.reason)
            .bind(&to.decided_by)
            .bind(to.decided_ms)
            .bind(to.closed_ms)
            .bind(number)
            .bind(to.first_decided_ms)
            .bind(to.overturned_ms)
            .bind(to.spot_checked)
            .bind(to.duplicate_of)
            .bind(now_ms)
            .bind(to.snoozed)
            .bind(to.machine_closed_ms)
            .bind(to.by_program)
    )?;
    daily::shift(tx, number, &counted).await
}
