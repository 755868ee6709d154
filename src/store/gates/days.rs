//! Reviews and eligible cases by epoch and day, so that what is too old falls out by itself.
use super::Gate;
use crate::store::{Result, Tx, on, run};

/// Adds to the counts of a day: reviews, errors among them, and eligible cases.
pub async fn count(
    tx: &mut Tx,
    gate: &Gate,
    (day, epoch): (i64, i64),
    (n, k, eligible): (i64, i64, i64),
) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO gate_days (gate_id, day, epoch, org_id, n, k, eligible) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (gate_id, day, epoch) DO UPDATE SET n = gate_days.n + excluded.n, k = gate_days.k + excluded.k,
                eligible = gate_days.eligible + excluded.eligible"
        )
        .bind(gate.id)
        .bind(day)
        .bind(epoch)
        .bind(gate.org_id)
        .bind(n)
        .bind(k)
        .bind(eligible)
    )
}

/// Reviews of a gate's epoch since a day, and errors among them.
pub async fn counts(tx: &mut Tx, gate: &Gate, first_day: i64) -> Result<(i64, i64)> {
    on!(tx, |db| sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT), CAST(COALESCE(SUM(k), 0) AS BIGINT) FROM gate_days
         WHERE gate_id = $1 AND day >= $2 AND epoch = $3"
    )
    .bind(gate.id)
    .bind(first_day)
    .bind(gate.epoch)
    .fetch_one(db))
}

/// How many cases were eligible since a day, in whatever epoch.
pub async fn eligible_since(tx: &mut Tx, gate: &Gate, first_day: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT CAST(COALESCE(SUM(eligible), 0) AS BIGINT) FROM gate_days WHERE gate_id = $1 AND day >= $2"
    )
    .bind(gate.id)
    .bind(first_day)
    .fetch_one(db))
}
