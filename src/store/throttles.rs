//! Failed sign-ins by account and by address, kept over restarts.
use super::{Result, Tx, on, run};

/// How often a name has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Throttle {
    /// Tries in the window.
    pub failures: i64,
    /// When the window began.
    pub first_ms: i64,
    /// Until when further tries are refused.
    pub blocked_ms: i64,
}

/// The state of a name such as `account:ana`.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<Throttle>> {
    on!(tx, |db| sqlx::query_as("SELECT failures, first_ms, blocked_ms FROM throttles WHERE name = $1")
        .bind(name)
        .fetch_optional(db))
}

/// Counts one more try and returns the state before it with the new count; the row stays locked until the end.
pub async fn count(tx: &mut Tx, name: &str, now_ms: i64) -> Result<Throttle> {
    on!(tx, |db| sqlx::query_as(
        "INSERT INTO throttles (name, failures, first_ms, blocked_ms) VALUES ($1, 1, $2, 0)
         ON CONFLICT (name) DO UPDATE SET failures = throttles.failures + 1 RETURNING failures, first_ms, blocked_ms"
    )
    .bind(name)
    .bind(now_ms)
    .fetch_one(db))
}

/// Forgets names whose window is over.
pub async fn purge(tx: &mut Tx, before_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM throttles WHERE first_ms < $1").bind(before_ms))
}

/// Sets the state of a name.
pub async fn set(tx: &mut Tx, name: &str, to: Throttle) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO throttles (name, failures, first_ms, blocked_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE SET failures = $2, first_ms = $3, blocked_ms = $4"
        )
        .bind(name)
        .bind(to.failures)
        .bind(to.first_ms)
        .bind(to.blocked_ms)
    )
}

/// Forgets a name.
pub async fn clear(tx: &mut Tx, name: &str) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM throttles WHERE name = $1").bind(name))
}

/// Writes a row that holds nobody back.
pub async fn probe(tx: &mut Tx, now_ms: i64) -> Result<u64> {
    set(tx, "probe", Throttle { failures: 0, first_ms: now_ms, blocked_ms: 0 }).await
}
