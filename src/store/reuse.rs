//! Votes that stand for another run: who may lend them, and where borrowed ones came from.
use super::{Result, Tx, on, run};
use crate::domain::{MachineVerdict, Verdict};

/// A finished run with the same evidence, and what became of its case.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Lender {
    /// The run.
    pub id: i64,
    /// Its case.
    pub case_number: i64,
    /// Its number in the case.
    pub number: i64,
    /// When it ended.
    pub finished_ms: i64,
    /// Its verdict.
    pub machine_verdict: MachineVerdict,
    /// What a person declared on its case.
    pub verdict: Verdict,
}

/// Runs of an organisation with this evidence that ended in this time, newest first, at most five. Runs
/// that borrowed votes lend none: their votes are older than they are. Cases in blind review lend none either: who
/// borrowed would tell what nobody is to see yet, at the latest once it is decided itself.
pub async fn lenders(tx: &mut Tx, org_id: i64, evidence: &str, (from_ms, to_ms): (i64, i64)) -> Result<Vec<Lender>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT r.id, r.case_number, r.number, r.finished_ms, r.machine_verdict, c.verdict FROM runs r JOIN cases c ON c.number = r.case_number
         WHERE r.evidence = $1 AND r.finished_ms >= $2 AND r.finished_ms <= $3 AND r.state = 'done' AND r.reused_from IS NULL
            AND r.renews_ms IS NULL AND r.recorded = FALSE AND c.org_id = $4 AND c.blind <> 'blind'
         ORDER BY r.finished_ms DESC LIMIT 5"
    )
    .bind(evidence)
    .bind(from_ms)
    .bind(to_ms)
    .bind(org_id)
    .fetch_all(db)
    })
}

/// Keeps what must be equal for a run's votes to stand for another.
pub async fn set_evidence(tx: &mut Tx, run_id: i64, evidence: Option<&str>) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE runs SET evidence = $1 WHERE id = $2").bind(evidence).bind(run_id))
}

/// Notes whose votes a run took.
pub async fn set_source(tx: &mut Tx, run_id: i64, source: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE runs SET reused_from = $1 WHERE id = $2").bind(source).bind(run_id))
}

/// Notes whose votes a run could have taken, and is compared with.
pub async fn set_checked(tx: &mut Tx, run_id: i64, source: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE runs SET checked_from = $1 WHERE id = $2").bind(source).bind(run_id))
}

/// Where a run's votes came from, or what it was compared with.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Source {
    /// The run that borrowed.
    pub run_id: i64,
    /// The case of the run that lent.
    pub case_number: i64,
    /// Its number in that case.
    pub number: i64,
    /// How much older it is than the run that borrowed, in ms.
    pub age_ms: i64,
    /// Whether its votes were taken; else the voters were asked and compared with it.
    pub taken: bool,
}

/// The sources of the runs of a case.
pub async fn sources(tx: &mut Tx, case: i64) -> Result<Vec<Source>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT r.id AS run_id, s.case_number, s.number, COALESCE(r.started_ms, r.queued_ms) - COALESCE(s.finished_ms, s.queued_ms) AS age_ms,
            r.reused_from IS NOT NULL AS taken
         FROM runs r JOIN runs s ON s.id = COALESCE(r.reused_from, r.checked_from) WHERE r.case_number = $1"
    )
    .bind(case)
    .fetch_all(db)
    })
}

/// The digest that a voter's newest vote told, or nothing where it never voted.
pub async fn newest_digest(tx: &mut Tx, voter: &str) -> Result<Option<String>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT digest FROM votes WHERE voter = $1 AND asked_ms IS NOT NULL AND answered_ms IS NOT NULL AND state <> 'failed'
         ORDER BY asked_ms DESC LIMIT 1"
    )
    .bind(voter)
    .fetch_optional(db)
    })
}
