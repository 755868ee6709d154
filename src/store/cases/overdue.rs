//! Cases that nobody has touched in time.
use super::super::{Result, Tx, on};
use crate::domain::Severity;

/// Numbers of untouched cases of a severity that were opened after `from_ms` and not after `until_ms`, and of which
/// nobody was told; the oldest 1,000.
pub async fn overdue(tx: &mut Tx, severity: Severity, from_ms: i64, until_ms: i64) -> Result<Vec<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT c.number FROM cases c WHERE c.status = 'new' AND c.severity = $1 AND c.opened_ms > $2 AND c.opened_ms <= $3
            AND c.verdict = 'pending' AND c.assignee_id IS NULL AND c.merged_into IS NULL AND c.snoozed = FALSE
            AND NOT EXISTS (SELECT 1 FROM notifications n WHERE n.subject = 'case:' || c.number AND n.kind = 'overdue')
         ORDER BY c.opened_ms LIMIT 1000"
    )
    .bind(severity)
    .bind(from_ms)
    .bind(until_ms)
    .fetch_all(db)
    })
}
