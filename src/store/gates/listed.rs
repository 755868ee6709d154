//! Gates as lists show them.
use super::super::{ORGS, Result, Scope, Tx, on};
use super::{COLUMNS, Gate};
use crate::domain::GateState;

/// The most gates of one state on a page.
pub const MOST: i64 = 50;

/// A gate with its organisation's name and what it let the machine close.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Listed {
    /// The gate.
    #[sqlx(flatten)]
    pub gate: Gate,
    /// The organisation's name.
    pub org: String,
    /// Cases that it let the machine close since a time.
    pub closed: i64,
}

/// The gates of a state that had an eligible case since a time, at most [`MOST`]: those that stand or were suspended by
/// when they came there, those that count by how much they have counted. `closed` counts since the same time.
pub async fn listed(tx: &mut Tx, scope: Scope, state: GateState, since_ms: i64) -> Result<Vec<Listed>> {
    let order = if state == GateState::Shadow { "g.n DESC, g.id" } else { "g.state_ms DESC, g.id DESC" };
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, o.name AS org,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM gate_cases c WHERE c.opened_by = g.id AND c.closed_ms >= $5) AS closed
         FROM gates g JOIN orgs o ON o.id = g.org_id
         WHERE g.org_id IN {ORGS} AND g.eligible > 0 AND g.state = $4 AND (g.last_ms >= $5 OR g.state IN ('proposed', 'active'))
         ORDER BY {order} LIMIT $1"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(MOST)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(state)
        .bind(since_ms)
        .fetch_all(db))
}
