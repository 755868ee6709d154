//! What voters were asked lately and how it went, and how panels' votes came out.
use super::super::{ORGS, Result, Scope, Tx, on};
use crate::domain::{Failure, MachineVerdict, Outcome, VoteState};

/// So many of a voter's newest votes are looked at.
pub const VOTES: i64 = 1_000;
/// So many of the newest cases are looked at for how their votes came out.
pub const CASES: i64 = 1_000;

/// A vote of the past.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Recent {
    /// How it stands.
    pub state: VoteState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What it said.
    pub verdict: Option<MachineVerdict>,
    /// What its panel said.
    pub panel: MachineVerdict,
    /// `panel`, `adviser` or `masked`.
    pub role: String,
    /// The model's digest.
    pub digest: String,
    /// The prompt's version.
    pub prompt_version: String,
    /// From asking to answer, in ms.
    pub latency_ms: Option<i64>,
    /// Tokens in and out.
    pub tokens: i64,
    /// When it was asked.
    pub asked_ms: i64,
}

/// The newest [`VOTES`] votes of a voter, those of other organisations and on cases in blind review left out, newest first. A vote that a later
/// run took over is there once.
pub async fn recent(tx: &mut Tx, scope: Scope, voter: &str) -> Result<Vec<Recent>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT v.state, v.failure, v.verdict, r.machine_verdict AS panel, v.role, v.digest, v.prompt_version, v.latency_ms,
            COALESCE(v.tokens_in, 0) + COALESCE(v.tokens_out, 0) AS tokens, v.asked_ms
         FROM (SELECT * FROM votes WHERE voter = $1 ORDER BY id DESC LIMIT {VOTES}) AS v JOIN runs r ON r.id = v.run_id JOIN cases c ON c.number = r.case_number
         WHERE v.asked_ms IS NOT NULL AND v.carried_from IS NULL AND c.blind <> 'blind' AND c.org_id IN {ORGS} ORDER BY v.id DESC"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(voter).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// How votes came out: outcome, cases, and the mean of what was stated.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Came {
    /// How the votes came out.
    pub outcome: Outcome,
    /// In how many of the newest cases.
    pub cases: i64,
    /// The mean stated confidence, 0 to 1.
    pub stated: f64,
}

/// How the votes came out in the newest [`CASES`] cases, those of other organisations and recorded ones left out.
pub async fn outcomes(tx: &mut Tx, scope: Scope) -> Result<Vec<Came>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT outcome, CAST(COUNT(*) AS BIGINT) AS cases, COALESCE(AVG(confidence), 0.0) AS stated
         FROM (SELECT outcome, confidence, org_id, recorded FROM cases ORDER BY opened_ms DESC, number DESC LIMIT $1) AS newest
         WHERE outcome IS NOT NULL AND recorded = FALSE AND org_id IN {ORGS} GROUP BY outcome ORDER BY cases DESC, outcome"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(CASES).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}
