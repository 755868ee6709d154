//! What else is open on a host.
use super::super::{Result, Tx, on};

/// Open cases of a sensor that are high or critical and were opened since then, one case left out. One in blind review
/// counts as well, whatever its panel says of it: else who reads the other case would learn that. The count stops at 100.
pub async fn high_on_host(tx: &mut Tx, sensor_id: i64, but: i64, since_ms: i64) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT number FROM cases WHERE sensor_id = $1 AND number <> $2 AND opened_ms >= $3
            AND status <> 'closed' AND merged_into IS NULL AND (severity IN ('high', 'critical')
                OR blind = 'blind') LIMIT 100) AS seen"
    )
    .bind(sensor_id)
    .bind(but)
    .bind(since_ms)
    .fetch_one(db)
    })
}
