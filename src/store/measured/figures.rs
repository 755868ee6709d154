//! Figures of measured votes, for the organisations that may be seen.
use super::super::history::{LINE, Line};
use super::super::{ORGS, Result, Scope, Tx, on};
use super::{DAY_MS, PANEL};
use crate::domain::{MachineVerdict, Verdict};

/// How many of the newest declared cases are looked at together.
pub const NEWEST: i64 = 500;

/// How often a voter said one thing where an analyst declared another.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Cell {
    /// The voter, or [`PANEL`].
    pub voter: String,
    /// Its model; of the panel, its name.
    pub model: String,
    /// What it said.
    pub vote: MachineVerdict,
    /// What was declared.
    pub declared: Verdict,
    /// In how many cases.
    pub cases: i64,
}

/// The cells of all voters since a time.
pub async fn cells(tx: &mut Tx, scope: Scope, since_ms: i64) -> Result<Vec<Cell>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT voter, model, vote, declared, CAST(SUM(cases) AS BIGINT) AS cases FROM confusion
         WHERE org_id IN {ORGS} AND day >= $1 GROUP BY voter, model, vote, declared HAVING SUM(cases) <> 0 ORDER BY voter, model, vote, declared"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(since_ms.div_euclid(DAY_MS))
        .bind(scope.org_id)
        .bind(scope.user_id)
        .fetch_all(db))
}

/// What one voter said of one declared case.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Said {
    /// The case.
    pub case_number: i64,
    /// The voter; not the panel.
    pub voter: String,
    /// What it said.
    pub vote: MachineVerdict,
    /// What was declared.
    pub declared: Verdict,
}

/// What was said of the newest [`NEWEST`] declared cases since a time, case by case.
pub async fn newest(tx: &mut Tx, scope: Scope, since_ms: i64) -> Result<Vec<Said>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT m.case_number, m.voter, m.vote, m.declared FROM (
            SELECT case_number FROM measured WHERE voter = '' AND decided_ms >= $1 AND org_id IN {ORGS} ORDER BY decided_ms DESC, case_number DESC LIMIT {NEWEST}
         ) AS n JOIN measured m ON m.case_number = n.case_number WHERE m.voter <> '' ORDER BY m.case_number, m.voter"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(since_ms).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// A declared case that a panel may be tried on.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Declared {
    /// The case.
    pub case_number: i64,
    /// Its organisation.
    pub org_id: i64,
    /// The run that counted.
    pub run_id: i64,
    /// What was declared.
    pub declared: Verdict,
    /// What the panel had said.
    pub vote: MachineVerdict,
}

/// The newest declared cases on which a panel had voted before.
pub async fn last(tx: &mut Tx, scope: Scope, limit: i64) -> Result<Vec<Declared>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT case_number, org_id, run_id, declared, vote FROM measured WHERE voter = '' AND org_id IN {ORGS}
         ORDER BY decided_ms DESC, case_number DESC LIMIT $1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(limit).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// A cell of the confusion table.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// The voter, or [`PANEL`].
    pub voter: &'a str,
    /// Its model or the panel's name; empty for any.
    pub model: &'a str,
    /// What it said.
    pub vote: MachineVerdict,
    /// What was declared.
    pub declared: Verdict,
    /// Nothing that was declared before this moment.
    pub since_ms: i64,
}

/// The newest cases in which a voter said this and an analyst declared that, from after a place on: a time and a number.
pub async fn cases(tx: &mut Tx, scope: Scope, of: Of<'_>, after: (i64, i64), limit: i64) -> Result<Vec<Line>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {LINE}
         FROM (SELECT case_number, decided_ms FROM measured WHERE voter = $1 AND vote = $4 AND declared = $5 AND ($7 = '' OR model = $7) AND decided_ms >= $8 AND org_id IN {ORGS}
                AND decided_ms <= $9 AND (decided_ms < $9 OR case_number < $10)
            ORDER BY decided_ms DESC, case_number DESC LIMIT $6) AS m
         JOIN cases c ON c.number = m.case_number JOIN orgs o ON o.id = c.org_id ORDER BY m.decided_ms DESC, c.number DESC"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(of.voter)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(of.vote)
        .bind(of.declared)
        .bind(limit)
        .bind(of.model)
        .bind(of.since_ms)
        .bind(after.0)
        .bind(after.1)
        .fetch_all(db))
}

/// What a panel of this name said where something was declared, in one organisation.
pub async fn of_panel(
    tx: &mut Tx,
    org_id: i64,
    name: &str,
    since_ms: i64,
) -> Result<Vec<(MachineVerdict, Verdict, i64)>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT vote, declared, CAST(SUM(cases) AS BIGINT) FROM confusion WHERE org_id = $1 AND day >= $2 AND voter = $3 AND model = $4
         GROUP BY vote, declared HAVING SUM(cases) <> 0"
    )
    .bind(org_id)
    .bind(since_ms.div_euclid(DAY_MS))
    .bind(PANEL)
    .bind(name)
    .fetch_all(db)
    })
}
