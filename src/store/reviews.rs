//! What people declared in blind review, beside what the panel had said.
use super::{ORGS, Result, Scope, Tx, on};
use crate::domain::{MachineVerdict, Verdict};

/// So many of the newest reviews are looked at.
pub const NEWEST: i64 = 5_000;

/// A case that somebody declared blind.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Review {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its organisation.
    pub org: String,
    /// Its host.
    pub hostname: String,
    /// Who declared it.
    pub blind_by: String,
    /// What they declared.
    pub blind_verdict: Verdict,
    /// What the panel had said; `None` where it had not concluded.
    pub blind_machine: MachineVerdict,
    /// When.
    pub blind_ms: i64,
    /// The share by which it was drawn, 0 to 1.
    pub blind_share: f64,
    /// What stands declared now.
    pub verdict: Verdict,
    /// When what stood declared was last found to be wrong, where it was.
    pub overturned_ms: Option<i64>,
    /// When the case was opened.
    pub opened_ms: i64,
}

/// The newest [`NEWEST`] reviews since a time, newest first.
pub async fn newest(tx: &mut Tx, scope: Scope, since_ms: i64) -> Result<Vec<Review>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number, c.title, o.slug AS org, c.hostname, c.blind_by, c.blind_verdict, c.blind_machine, c.blind_ms, c.blind_share, c.verdict, c.overturned_ms,
            c.opened_ms
         FROM cases c JOIN orgs o ON o.id = c.org_id WHERE c.blind = 'committed' AND c.blind_ms >= $1 AND c.org_id IN {ORGS}
         ORDER BY c.blind_ms DESC, c.number DESC LIMIT {NEWEST}"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(since_ms).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// So many cases in blind review are counted.
pub const COUNTED: i64 = 1_000;

/// How many cases are in blind review now, at most [`COUNTED`].
pub async fn waiting(tx: &mut Tx, scope: Scope) -> Result<i64> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT c.number FROM cases c WHERE c.blind = 'blind' AND c.merged_into IS NULL AND c.org_id IN {ORGS} LIMIT $1) AS waiting"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(COUNTED).bind(scope.org_id).bind(scope.user_id).fetch_one(db))
}
