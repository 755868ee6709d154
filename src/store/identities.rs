//! Who people are at an OpenID Connect provider, what it says of them, and sign-ins that are on the way there.
use super::users::User;
use super::{Result, Tx, on, run};

/// The person behind an identity.
pub async fn user(tx: &mut Tx, issuer: &str, subject: &str) -> Result<Option<User>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT u.id, u.username, u.role, u.password_hash, u.disabled, u.theme, u.density, u.keys, u.zone,
                    u.must_change, u.undo_s
             FROM identities i JOIN users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject = $2",
        )
        .bind(issuer)
        .bind(subject)
        .fetch_optional(db)
    })
}

/// Gives a person an identity.
///
/// # Errors
/// A unique violation where it is somebody's.
pub async fn insert(tx: &mut Tx, issuer: &str, subject: &str, user_id: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO identities (issuer, subject, user_id, created_ms) VALUES ($1, $2, $3, $4)")
            .bind(issuer)
            .bind(subject)
            .bind(user_id)
            .bind(now_ms)
    )
}

/// Takes an identity from a person; 0 where it is not theirs.
pub async fn remove(tx: &mut Tx, issuer: &str, subject: &str, user_id: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("DELETE FROM identities WHERE issuer = $1 AND subject = $2 AND user_id = $3")
            .bind(issuer)
            .bind(subject)
            .bind(user_id)
    )
}

/// Notes that an identity signed in.
pub async fn touch(tx: &mut Tx, issuer: &str, subject: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE identities SET used_ms = $1 WHERE issuer = $2 AND subject = $3")
            .bind(now_ms)
            .bind(issuer)
            .bind(subject)
    )
}

/// A sign-in that is at the provider.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SignIn {
    /// The hash of the cookie of the browser that began it.
    pub browser_hash: Vec<u8>,
    /// Half of what nonce and code verifier are made of; the cookie is the other half.
    pub seed: Vec<u8>,
    /// The page to go on to.
    pub next: String,
    /// Until when it can be ended.
    pub expires_ms: i64,
}

/// Notes that a sign-in began; its state comes back from the provider.
pub async fn begin(tx: &mut Tx, state_hash: &[u8], sign_in: &SignIn) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO sign_ins (state_hash, browser_hash, seed, next, expires_ms) VALUES ($1, $2, $3, $4, $5)"
        )
        .bind(state_hash)
        .bind(&sign_in.browser_hash)
        .bind(&sign_in.seed)
        .bind(&sign_in.next)
        .bind(sign_in.expires_ms)
    )
}

/// Takes the sign-in of a state out: of two requests with one state, one finds it.
pub async fn take(tx: &mut Tx, state_hash: &[u8]) -> Result<Option<SignIn>> {
    on!(tx, |db| sqlx::query_as(
        "DELETE FROM sign_ins WHERE state_hash = $1 RETURNING browser_hash, seed, next, expires_ms"
    )
    .bind(state_hash)
    .fetch_optional(db))
}

/// Removes sign-ins that did not come back.
pub async fn purge(tx: &mut Tx, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM sign_ins WHERE expires_ms <= $1").bind(now_ms))
}
