//! Forms that were sent already.
use super::{Result, Tx, run};

/// Takes a form's key; `false` where this person has sent it before.
pub async fn take(tx: &mut Tx, user_id: i64, token: &str, now_ms: i64) -> Result<bool> {
    let added = run!(
        tx,
        sqlx::query("INSERT INTO idempotency (user_id, token, created_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(user_id)
            .bind(token)
            .bind(now_ms)
    )?;
    Ok(added > 0)
}

/// Forgets keys older than a moment.
pub async fn purge(tx: &mut Tx, before_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM idempotency WHERE created_ms < $1").bind(before_ms))
}
