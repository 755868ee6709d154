//! API tokens: shown once, kept as SHA-256, each bound to one organisation.
use super::{Result, Tx, on, run};

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// The organisation that everything done with it belongs to.
    pub org_id: i64,
    /// Its name.
    pub name: String,
    /// `ingest,read,write,admin` or some of them.
    pub scopes: String,
    /// When it ends.
    pub expires_ms: i64,
    /// When it was last used.
    pub used_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// Adds a token.
pub async fn insert(
    tx: &mut Tx,
    org_id: i64,
    name: &str,
    hash: &[u8],
    scopes: &str,
    now_ms: i64,
    expires_ms: i64,
) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO tokens (org_id, name, token_hash, scopes, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
    )
    .bind(org_id)
    .bind(name)
    .bind(hash)
    .bind(scopes)
    .bind(now_ms)
    .bind(expires_ms)
    .fetch_one(db)
    })
}

/// The token with this hash that is neither revoked nor expired.
pub async fn live(tx: &mut Tx, hash: &[u8], now_ms: i64) -> Result<Option<Token>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, org_id, name, scopes, expires_ms, used_ms, revoked_ms FROM tokens
         WHERE token_hash = $1 AND expires_ms > $2 AND revoked_ms IS NULL"
    )
    .bind(hash)
    .bind(now_ms)
    .fetch_optional(db))
}

/// All tokens, newest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<Token>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, org_id, name, scopes, expires_ms, used_ms, revoked_ms FROM tokens ORDER BY id DESC"
    )
    .fetch_all(db))
}

/// Notes that a token was used.
pub async fn touch(tx: &mut Tx, id: i64, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE tokens SET used_ms = $1 WHERE id = $2").bind(now_ms).bind(id))
}

/// Revokes a token.
pub async fn revoke(tx: &mut Tx, id: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE tokens SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL").bind(now_ms).bind(id)
    )
}
