//! Cases that stand aside until a time, and come back.
use super::{Result, Tx, run};

/// Puts a case aside, which pages and acts under way have to know; the job that wakes it is the caller's.
pub async fn set(tx: &mut Tx, number: i64, until_ms: i64, by: &str, rank: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE cases SET snoozed = TRUE, snoozed_until_ms = $1, snoozed_by = $2, woken = '', queue_rank = $3, version = version + 1 WHERE number = $4"
        )
        .bind(until_ms)
        .bind(by)
        .bind(rank)
        .bind(number)
    )
}

/// Brings a case back to a place in the queue; `false` where it was back already.
pub async fn end(tx: &mut Tx, number: i64, why: &str, rank: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE cases SET snoozed = FALSE, woken = $1, queue_rank = $2 WHERE number = $3 AND snoozed = TRUE"
        )
        .bind(why)
        .bind(rank)
        .bind(number)
    )?;
    Ok(changed > 0)
}
