//! What happened to gates, in order; nothing of it is ever changed.
use crate::domain::GateEvent;
use crate::store::many::{ROWS, places};
use crate::store::{Result, Tx, on, run};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Event {
    /// The gate.
    pub gate_id: i64,
    /// 1, 2, 3 … without a gap.
    pub seq: i64,
    /// The gate's organisation.
    pub org_id: i64,
    /// When.
    pub at_ms: i64,
    /// What.
    pub kind: GateEvent,
    /// What of it counts, as JSON.
    pub data: String,
}

/// Keeps events, in as few statements as possible.
pub async fn insert(tx: &mut Tx, all: &[Event]) -> Result<()> {
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO gate_events (gate_id, seq, org_id, at_ms, kind, data) VALUES {}",
            places(part.len(), 6)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for one in part {
                query = query.bind(one.gate_id).bind(one.seq).bind(one.org_id).bind(one.at_ms).bind(one.kind);
                query = query.bind(&one.data);
            }
            query
        })?;
    }
    Ok(())
}

/// Events of a gate after a number, in order.
pub async fn events(tx: &mut Tx, gate_id: i64, after: i64, limit: i64) -> Result<Vec<Event>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT gate_id, seq, org_id, at_ms, kind, data FROM gate_events WHERE gate_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        )
        .bind(gate_id)
        .bind(after)
        .bind(limit)
        .fetch_all(db)
    })
}
