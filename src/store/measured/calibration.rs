//! How sure voters said they were of verdicts on cases that analysts declared: the same cases as the figures',
//! for each version of a voter by itself.
use super::super::{ORGS, Result, Scope, Tx, on, run};
use super::{COUNTED, DECLARED, Row};
use crate::domain::{MachineVerdict, Verdict, stated};

/// Declared cases of one version of a voter, in one bin of stated confidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct Binned {
    /// The voter, or [`super::PANEL`].
    pub voter: String,
    /// Its model; of the panel, its name.
    pub model: String,
    /// The model's digest, or empty.
    pub digest: String,
    /// The prompt's version, or empty.
    pub prompt_version: String,
    /// The bin, see [`stated::bin`].
    pub bin: i64,
    /// What it said.
    pub vote: MachineVerdict,
    /// What was declared.
    pub declared: Verdict,
    /// In how many cases.
    pub cases: i64,
    /// The sum of what it stated, in millionths.
    pub stated_ppm: i64,
}

/// Adds a case to its bin, or takes it out again. What stated nothing is in none.
pub(super) async fn calibrate(tx: &mut Tx, row: &Row, by: i64) -> Result<u64> {
    let Some(ppm) = row.stated_ppm else { return Ok(0) };
    run!(
        tx,
        sqlx::query(
            "INSERT INTO calibration (org_id, voter, model, digest, prompt_version, bin, vote, declared, cases, stated_ppm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (org_id, voter, model, digest, prompt_version, bin, vote, declared)
             DO UPDATE SET cases = calibration.cases + excluded.cases, stated_ppm = calibration.stated_ppm + excluded.stated_ppm"
        )
        .bind(row.org_id)
        .bind(&row.voter)
        .bind(&row.model)
        .bind(&row.digest)
        .bind(&row.prompt_version)
        .bind(stated::bin(ppm))
        .bind(row.vote)
        .bind(row.declared)
        .bind(by)
        .bind(by * ppm)
    )
}

/// The bins of all voters and versions.
pub async fn binned(tx: &mut Tx, scope: Scope) -> Result<Vec<Binned>> {
    // The scope's places are $2 and $3, and PostgreSQL wants every place used.
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT voter, model, digest, prompt_version, bin, vote, declared, CAST(SUM(cases) AS BIGINT) AS cases, CAST(SUM(stated_ppm) AS BIGINT) AS stated_ppm
         FROM calibration WHERE org_id IN {ORGS} AND bin < $1
         GROUP BY voter, model, digest, prompt_version, bin, vote, declared HAVING SUM(cases) <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(stated::BINS).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// For each vote of a run with something measured, the bins of its voter and version in one organisation:
/// the vote's id, bin, what was said, what was declared, cases.
pub type OfVote = (i64, i64, MachineVerdict, Verdict, i64);

/// See [`OfVote`].
pub async fn of_votes(tx: &mut Tx, org_id: i64, run_id: i64) -> Result<Vec<OfVote>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT v.id, b.bin, b.vote, b.declared, b.cases FROM votes v JOIN calibration b
             ON b.org_id = $1 AND b.voter = v.voter AND b.model = v.model AND b.digest = v.digest AND b.prompt_version = v.prompt_version
             WHERE v.run_id = $2 AND v.state = 'ok' AND b.cases > 0 ORDER BY v.id, b.bin, b.vote, b.declared"
        )
        .bind(org_id)
        .bind(run_id)
        .fetch_all(db)
    })
}

/// What [`binned`] must be equal to for one organisation: the same from cases, runs and votes alone, the panel left out,
/// whose name is no column.
pub async fn rebinned(tx: &mut Tx, org_id: i64) -> Result<Vec<Binned>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "WITH said AS (
            SELECT v.voter, v.model, v.digest, v.prompt_version, v.verdict AS vote, c.verdict AS declared, CAST(ROUND(v.confidence * 1000000) AS BIGINT) AS ppm
            FROM cases c JOIN runs r ON r.id = ({COUNTED}) JOIN votes v ON v.run_id = r.id
            WHERE c.org_id = $1 AND {DECLARED} AND v.state = 'ok' AND v.role <> 'masked' AND v.confidence IS NOT NULL
         ), placed AS (
            SELECT said.*, CASE WHEN ppm >= 1000000 THEN 9 ELSE ppm / 100000 END AS bin FROM said
         )
         SELECT voter, model, digest, prompt_version, CAST(bin AS BIGINT) AS bin, vote, declared, CAST(COUNT(*) AS BIGINT) AS cases, CAST(SUM(ppm) AS BIGINT) AS stated_ppm
         FROM placed GROUP BY voter, model, digest, prompt_version, bin, vote, declared ORDER BY 1, 2, 3, 4, 5, 6, 7"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).fetch_all(db))
}
