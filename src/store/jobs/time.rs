//! The clock that jobs go by. Workers and servers on several machines have a clock each, which may be wrong or be put
//! right at any moment; the database of all of them has one.
use super::super::{Result, Tx};
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
