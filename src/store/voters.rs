//! Voters that an admin added on the Models page.
use super::{Result, Tx, on, run};

/// An added voter.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Added {
    /// Its name.
    pub name: String,
    /// Its wire kind.
    pub kind: String,
    /// Its server.
    pub base_url: String,
    /// Its model.
    pub model: String,
}

/// Adds a voter at the end of the panel.
pub async fn insert(tx: &mut Tx, voter: &Added, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO voters (name, kind, base_url, model, position, created_ms)
             VALUES ($1, $2, $3, $4, (SELECT COALESCE(MAX(position), 0) + 1 FROM voters), $5) ON CONFLICT DO NOTHING"
        )
        .bind(&voter.name)
        .bind(&voter.kind)
        .bind(&voter.base_url)
        .bind(&voter.model)
        .bind(now_ms)
    )
}

/// Takes a voter off the panel.
pub async fn remove(tx: &mut Tx, name: &str) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM voters WHERE name = $1").bind(name))
}

/// The added voters in order.
pub async fn all(tx: &mut Tx) -> Result<Vec<Added>> {
    on!(tx, |db| sqlx::query_as("SELECT name, kind, base_url, model FROM voters ORDER BY position, name").fetch_all(db))
}
