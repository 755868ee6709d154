//! Webhook sources and their sealed secrets.
use super::{Result, Tx, on, run};

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Source {
    /// Its id.
    pub id: i64,
    /// The organisation that its detections belong to.
    pub org_id: i64,
    /// `limacharlie`.
    pub kind: String,
    /// Its name in the URL.
    pub name: String,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// A second sealed secret, during a rotation.
    pub next_secret: Option<Vec<u8>>,
    /// When it last delivered, to the minute.
    pub seen_ms: Option<i64>,
}

/// The name that the secrets of a source are sealed for.
pub fn bound_to(name: &str) -> String {
    format!("source:{name}")
}

/// Adds a source.
///
/// # Errors
/// A unique violation where the name is taken.
pub async fn insert(tx: &mut Tx, org_id: i64, kind: &str, name: &str, secret: &[u8], now_ms: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "INSERT INTO sources (org_id, kind, name, secret, created_ms) VALUES ($1, $2, $3, $4, $5) RETURNING id"
    )
    .bind(org_id)
    .bind(kind)
    .bind(name)
    .bind(secret)
    .bind(now_ms)
    .fetch_one(db))
}

/// One by kind and name.
pub async fn by_name(tx: &mut Tx, kind: &str, name: &str) -> Result<Option<Source>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, org_id, kind, name, secret, next_secret, seen_ms FROM sources WHERE kind = $1 AND name = $2"
    )
    .bind(kind)
    .bind(name)
    .fetch_optional(db))
}

/// Adds a second secret; where there is one already, it becomes the first.
pub async fn rotate(tx: &mut Tx, id: i64, secret: &[u8]) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE sources SET secret = COALESCE(next_secret, secret), next_secret = $1 WHERE id = $2")
            .bind(secret)
            .bind(id)
    )
}

/// All sources by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Source>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, org_id, kind, name, secret, next_secret, seen_ms FROM sources ORDER BY name"
    )
    .fetch_all(db))
}

/// Notes when a source last delivered.
pub async fn touch(tx: &mut Tx, id: i64, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE sources SET seen_ms = $1 WHERE id = $2").bind(now_ms).bind(id))
}
