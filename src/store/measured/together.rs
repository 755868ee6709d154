//! What several voters said of one case, over time, and cases by their numbers.
use super::super::history::{LINE, Line};
use super::super::many::of_each;
use super::super::{ORGS, Result, Scope, Tx, on};
use crate::domain::{MachineVerdict, Verdict};

/// The newest reviewed cases that are looked at.
pub const TOGETHER: i64 = 2_000;

/// What one voter said of one reviewed case.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Told {
    /// The case.
    pub case_number: i64,
    /// When it was declared.
    pub decided_ms: i64,
    /// The voter; not the panel.
    pub voter: String,
    /// Its model.
    pub model: String,
    /// That model's digest, or empty.
    pub digest: String,
    /// What it said.
    pub vote: MachineVerdict,
    /// What was declared.
    pub declared: Verdict,
}

/// What was said of the newest [`TOGETHER`] reviewed cases declared since a time, newest first, case by case.
pub async fn told(tx: &mut Tx, scope: Scope, since_ms: i64) -> Result<Vec<Told>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT m.case_number, n.decided_ms, m.voter, m.model, m.digest, m.vote, m.declared FROM (
            SELECT case_number, decided_ms FROM measured WHERE voter = '' AND decided_ms >= $1 AND org_id IN {ORGS}
            ORDER BY decided_ms DESC, case_number DESC LIMIT {TOGETHER}
         ) AS n JOIN measured m ON m.case_number = n.case_number WHERE m.voter <> '' ORDER BY n.decided_ms DESC, m.case_number DESC, m.voter"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(since_ms).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// Cases by their numbers, those declared last first.
pub async fn lines(tx: &mut Tx, numbers: &[i64]) -> Result<Vec<Line>> {
    let mut found: Vec<Line> = of_each(tx, numbers, |numbers| {
        format!("SELECT {LINE} FROM cases c JOIN orgs o ON o.id = c.org_id WHERE c.number IN {numbers}")
    })
    .await?;
    found.sort_by_key(|line| std::cmp::Reverse((line.decided_ms, line.number)));
    Ok(found)
}
