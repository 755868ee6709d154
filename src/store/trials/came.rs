//! What came of a trial, over the cases that may be seen.
use super::super::{ORGS, Result, Scope, Tx, on};
use crate::domain::{MachineVerdict, Outcome, Verdict};

/// A case of a trial.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tried {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// What was declared when the trial was asked for.
    pub declared: Verdict,
    /// What the panel of the case had said before.
    pub said_then: MachineVerdict,
    /// What the tried panel says; nothing where it was not asked yet.
    pub verdict: Option<MachineVerdict>,
    /// How its votes came out.
    pub outcome: Option<Outcome>,
}

/// The cases of a trial that may be seen.
pub async fn cases(tx: &mut Tx, trial: i64, scope: Scope) -> Result<Vec<Tried>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number, c.title, t.declared, t.said_then, t.verdict, t.outcome FROM trial_cases t JOIN cases c ON c.number = t.case_number
         WHERE t.trial_id = $1 AND t.org_id IN {ORGS} ORDER BY t.position"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(trial).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// What a voter of a trial cost, over the cases that may be seen.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Spent {
    /// The voter.
    pub voter: String,
    /// Votes that were there already.
    pub reused: i64,
    /// Votes that failed.
    pub failed: i64,
    /// Requests.
    pub calls: i64,
    /// Tokens in and out.
    pub tokens: i64,
}

/// What each voter of a trial cost.
pub async fn spent(tx: &mut Tx, trial: i64, scope: Scope) -> Result<Vec<Spent>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT v.voter, CAST(SUM(CASE WHEN v.reused THEN 1 ELSE 0 END) AS BIGINT) AS reused,
            CAST(SUM(CASE WHEN v.state = 'failed' THEN 1 ELSE 0 END) AS BIGINT) AS failed,
            CAST(SUM(v.calls) AS BIGINT) AS calls, CAST(SUM(v.tokens) AS BIGINT) AS tokens
         FROM trial_cases t JOIN trial_votes v ON v.trial_id = t.trial_id AND v.position = t.position
         WHERE t.trial_id = $1 AND t.org_id IN {ORGS} GROUP BY v.voter ORDER BY v.voter"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(trial).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}
