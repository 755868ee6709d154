//! The second factor of people, and sign-ins that wait for it.
use super::users::User;
use super::{Result, Tx, on, run};

/// A person's code generator.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Second {
    /// Its secret, sealed.
    pub secret: Vec<u8>,
    /// When a code of it was first given back; it counts from then on.
    pub confirmed_ms: Option<i64>,
}

/// The code generator of a person, in use or being set up.
pub async fn of(tx: &mut Tx, user_id: i64) -> Result<Option<Second>> {
    on!(tx, |db| sqlx::query_as("SELECT secret, confirmed_ms FROM second_factors WHERE user_id = $1")
        .bind(user_id)
        .fetch_optional(db))
}

/// Begins to set one up, in place of one that was never used; nothing where one is in use.
pub async fn begin(tx: &mut Tx, user_id: i64, secret: &[u8]) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO second_factors (user_id, secret) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE second_factors.confirmed_ms IS NULL"
        )
        .bind(user_id)
        .bind(secret)
    )
}

/// Puts one into use.
pub async fn confirm(tx: &mut Tx, user_id: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE second_factors SET confirmed_ms = $1 WHERE user_id = $2 AND confirmed_ms IS NULL")
            .bind(now_ms)
            .bind(user_id)
    )
}

/// Uses a step up; `false` where it or a later one was used before.
pub async fn use_step(tx: &mut Tx, user_id: i64, step: i64) -> Result<bool> {
    let used = run!(
        tx,
        sqlx::query("UPDATE second_factors SET last_step = $1 WHERE user_id = $2 AND last_step < $1")
            .bind(step)
            .bind(user_id)
    )?;
    Ok(used > 0)
}

/// Takes the second factor away, recovery codes and waiting sign-ins included.
pub async fn remove(tx: &mut Tx, user_id: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user_id))?;
    run!(tx, sqlx::query("DELETE FROM half_sessions WHERE user_id = $1").bind(user_id))?;
    run!(tx, sqlx::query("DELETE FROM second_factors WHERE user_id = $1").bind(user_id))
}

/// Gives a person new recovery codes in place of all others.
pub async fn set_codes(tx: &mut Tx, user_id: i64, hashes: &[Vec<u8>]) -> Result<()> {
    run!(tx, sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user_id))?;
    for hash in hashes {
        run!(tx, sqlx::query("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)").bind(user_id).bind(hash))?;
    }
    Ok(())
}

/// Uses a recovery code up; `false` where it is none or was used before.
pub async fn use_code(tx: &mut Tx, user_id: i64, hash: &[u8], now_ms: i64) -> Result<bool> {
    let used = run!(
        tx,
        sqlx::query("UPDATE recovery_codes SET used_ms = $1 WHERE user_id = $2 AND hash = $3 AND used_ms IS NULL")
            .bind(now_ms)
            .bind(user_id)
            .bind(hash)
    )?;
    Ok(used > 0)
}

/// How many recovery codes a person has left.
pub async fn codes_left(tx: &mut Tx, user_id: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM recovery_codes WHERE user_id = $1 AND used_ms IS NULL"
    )
    .bind(user_id)
    .fetch_one(db))
}

/// Lets a sign-in wait for its code.
pub async fn wait(tx: &mut Tx, token_hash: &[u8], user_id: i64, expires_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO half_sessions (token_hash, user_id, expires_ms) VALUES ($1, $2, $3)")
            .bind(token_hash)
            .bind(user_id)
            .bind(expires_ms)
    )
}

/// Who waits.
pub async fn waiting(tx: &mut Tx, token_hash: &[u8], now_ms: i64) -> Result<Option<User>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT u.id, u.username, u.role, u.password_hash, u.disabled, u.theme, u.density, u.keys, u.zone,
                    u.must_change, u.undo_s
             FROM half_sessions h JOIN users u ON u.id = h.user_id
             WHERE h.token_hash = $1 AND h.expires_ms > $2 AND u.disabled = FALSE",
        )
        .bind(token_hash)
        .bind(now_ms)
        .fetch_optional(db)
    })
}

/// Ends the waiting of a sign-in; `false` where it was over.
pub async fn done(tx: &mut Tx, token_hash: &[u8]) -> Result<bool> {
    let gone = run!(tx, sqlx::query("DELETE FROM half_sessions WHERE token_hash = $1").bind(token_hash))?;
    Ok(gone > 0)
}

/// Removes what waited too long.
pub async fn purge(tx: &mut Tx, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM half_sessions WHERE expires_ms <= $1").bind(now_ms))
}
