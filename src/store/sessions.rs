//! Sign-in sessions: 256 random bits in the cookie, their SHA-256 here.
use super::users::User;
use super::{Result, Tx, on, run};

/// Starts a session.
pub async fn insert(
    tx: &mut Tx,
    token_hash: &[u8],
    user_id: i64,
    client: &str,
    now_ms: i64,
    expires_ms: i64,
) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO sessions (token_hash, user_id, created_ms, seen_ms, expires_ms, client) VALUES ($1, $2, $3, $3, $4, $5)")
            .bind(token_hash)
            .bind(user_id)
            .bind(now_ms)
            .bind(expires_ms)
            .bind(client)
    )
}

/// The person behind a session that is neither expired nor idle for too long, and when it was last seen.
pub async fn user(tx: &mut Tx, token_hash: &[u8], now_ms: i64, idle_since_ms: i64) -> Result<Option<(User, i64)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        user: User,
        seen_ms: i64,
    }
    let row: Option<Row> = on!(tx, |db| {
        sqlx::query_as(
            "SELECT u.id, u.username, u.role, u.password_hash, u.disabled, u.theme, u.density, u.keys, u.zone,
                u.must_change, u.undo_s, s.seen_ms
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = $1 AND s.expires_ms > $2 AND s.seen_ms > $3 AND u.disabled = FALSE",
        )
        .bind(token_hash)
        .bind(now_ms)
        .bind(idle_since_ms)
        .fetch_optional(db)
    })?;
    Ok(row.map(|row| (row.user, row.seen_ms)))
}

/// Notes that a session is in use.
pub async fn touch(tx: &mut Tx, token_hash: &[u8], now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE sessions SET seen_ms = $1 WHERE token_hash = $2").bind(now_ms).bind(token_hash))
}

/// Ends a session.
pub async fn end(tx: &mut Tx, token_hash: &[u8]) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM sessions WHERE token_hash = $1").bind(token_hash))
}

/// Ends all sessions of a person, and their sign-ins that wait for a code.
pub async fn end_all(tx: &mut Tx, user_id: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM half_sessions WHERE user_id = $1").bind(user_id))?;
    run!(tx, sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(user_id))
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// The stored hash: never for a page.
    pub token_hash: Vec<u8>,
    /// When it began.
    pub created_ms: i64,
    /// When it was last in use, within a minute.
    pub seen_ms: i64,
    /// The client's address at sign-in.
    pub client: String,
}

/// A person's sessions that are neither expired nor idle for too long, newest first; at most a hundred.
pub async fn of_user(tx: &mut Tx, user_id: i64, now_ms: i64, idle_since_ms: i64) -> Result<Vec<Session>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT token_hash, created_ms, seen_ms, client FROM sessions
         WHERE user_id = $1 AND expires_ms > $2 AND seen_ms > $3 ORDER BY created_ms DESC LIMIT 100"
    )
    .bind(user_id)
    .bind(now_ms)
    .bind(idle_since_ms)
    .fetch_all(db))
}

/// Ends all sessions of a person but one, and their sign-ins that wait for a code.
pub async fn end_others(tx: &mut Tx, user_id: i64, but: &[u8]) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM half_sessions WHERE user_id = $1").bind(user_id))?;
    run!(tx, sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2").bind(user_id).bind(but))
}

/// Removes sessions that are over.
pub async fn purge(tx: &mut Tx, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM sessions WHERE expires_ms <= $1").bind(now_ms))
}
