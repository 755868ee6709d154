//! Keys of random draws, so that nobody outside can tell what is drawn.
use super::{Result, Tx, on, run};

/// The key of a draw, made where it is used for the first time.
pub async fn key(tx: &mut Tx, name: &str) -> Result<String> {
    let fresh = hex::encode(rand::random::<[u8; 32]>());
    run!(
        tx,
        sqlx::query("INSERT INTO draws (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(fresh)
    )?;
    on!(tx, |db| sqlx::query_scalar("SELECT key FROM draws WHERE name = $1").bind(name).fetch_one(db))
}
