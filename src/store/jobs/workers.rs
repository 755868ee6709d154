//! Which workers are alive: each says so again and again, by the clock that jobs go by.
use super::super::{Result, Tx, on, run};
use super::time;

/// Notes that a worker is alive.
pub async fn worker_seen(tx: &mut Tx, owner: &str, now_ms: i64) -> Result<u64> {
    let time_ms = time(tx, now_ms).await?;
    run!(
        tx,
        sqlx::query(
            "INSERT INTO workers (owner, seen_ms) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET seen_ms = $2"
        )
        .bind(owner)
        .bind(time_ms)
    )
}

/// When any worker was last alive, by the clock of who asks.
pub async fn last_worker(tx: &mut Tx, now_ms: i64) -> Result<Option<i64>> {
    let time_ms = time(tx, now_ms).await?;
    on!(tx, |db| sqlx::query_scalar("SELECT seen_ms - $1 FROM workers ORDER BY seen_ms DESC LIMIT 1")
        .bind(time_ms - now_ms)
        .fetch_optional(db))
}

/// Workers that were alive after a moment, and when they last were, by the clock of who asks.
pub async fn workers(tx: &mut Tx, since_ms: i64, now_ms: i64, limit: i64) -> Result<Vec<(String, i64)>> {
    let time_ms = time(tx, now_ms).await?;
    on!(tx, |db| sqlx::query_as(
        "SELECT owner, seen_ms - $3 FROM workers WHERE seen_ms >= $1 + $3 ORDER BY seen_ms DESC LIMIT $2"
    )
    .bind(since_ms)
    .bind(limit)
    .bind(time_ms - now_ms)
    .fetch_all(db))
}

/// Forgets workers that were last alive before a moment.
pub async fn forget_workers(tx: &mut Tx, before_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM workers WHERE seen_ms < $1").bind(before_ms))
}
