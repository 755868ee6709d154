//! The clock that jobs go by. Workers and servers on several machines have a clock each, which may be wrong or be put
//! right at any moment; the database of all of them has one.
use super::super::{Result, Tx, run};
use crate::clock;

/// Now by that clock, in UTC milliseconds since 1970: the database's on `PostgreSQL`, and `now_ms` on `SQLite`, whose
/// users share a machine.
///
/// # Errors
/// Where the database refuses.
pub async fn time(tx: &mut Tx, now_ms: i64) -> Result<i64> {
    let Tx::Postgres(tx) = tx else { return Ok(now_ms) };
    sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + $1")
        .bind(clock::moved_ms())
        .fetch_one(&mut **tx)
        .await
}

/// A moment by the clock of this process, bound as `at`, as one by the clock that jobs go by: the SQL, and what is to
/// be bound as `here`. What a test adds to the time is added to both clocks.
pub(super) fn stamp(tx: &Tx, at: &str, here: &str) -> (String, i64) {
    match tx {
        Tx::Sqlite(_) => (format!("{at} - {here}"), 0),
        Tx::Postgres(_) => (
            format!("{at} - {here} + CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"),
            clock::now_ms() - clock::moved_ms(),
        ),
    }
}

/// Lets no job of a kind wait for longer than any can have been told to: what lies further ahead was queued by a clock
/// that was ahead.
///
/// # Errors
/// Where the database refuses.
pub async fn no_further(tx: &mut Tx, kind: &str, longest_ms: i64, now_ms: i64) -> Result<u64> {
    let time_ms = time(tx, now_ms).await?;
    run!(
        tx,
        sqlx::query("UPDATE jobs SET run_at_ms = $1 WHERE kind = $2 AND dead = FALSE AND run_at_ms > $1")
            .bind(time_ms + longest_ms)
            .bind(kind)
    )
}
