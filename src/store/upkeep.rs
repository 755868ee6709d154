//! What is done again and again by one of all processes, and the state of the installation as a whole.
use super::{Result, Store, Tx, on, run};

/// Something that is done again and again.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Upkeep {
    /// Its name, such as `sessions`.
    pub name: String,
    /// When it last ran.
    pub ran_ms: i64,
    /// Rows that it removed then.
    pub removed: i64,
}

/// Takes the turn of something that is due every `every_ms`; `false` where another process did it meanwhile. A turn that
/// lies ahead as far was taken by a clock that was wrong; clocks of servers differ by less.
pub async fn take(tx: &mut Tx, name: &str, every_ms: i64, now_ms: i64) -> Result<bool> {
    let taken = run!(
        tx,
        sqlx::query(
            "INSERT INTO upkeep (name, ran_ms, removed) VALUES ($1, $2, 0) ON CONFLICT (name) DO UPDATE SET ran_ms = $2
             WHERE upkeep.ran_ms <= $3 OR upkeep.ran_ms >= $4"
        )
        .bind(name)
        .bind(now_ms)
        .bind(now_ms - every_ms)
        .bind(now_ms + every_ms)
    )?;
    Ok(taken > 0)
}

/// Notes what something removed.
pub async fn note(tx: &mut Tx, name: &str, removed: u64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO upkeep (name, ran_ms, removed) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET ran_ms = excluded.ran_ms, removed = excluded.removed"
        )
        .bind(name)
        .bind(now_ms)
        .bind(i64::try_from(removed).unwrap_or(i64::MAX))
    )
}

/// Forgets what was noted of something.
pub async fn forget(tx: &mut Tx, name: &str) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM upkeep WHERE name = $1").bind(name))
}

/// All that is known, by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Upkeep>> {
    on!(tx, |db| sqlx::query_as("SELECT name, ran_ms, removed FROM upkeep ORDER BY name LIMIT 100").fetch_all(db))
}

/// Bytes of the database.
pub async fn size(tx: &mut Tx) -> Result<i64> {
    const SQLITE: &str = "SELECT c.page_count * s.page_size FROM pragma_page_count() c, pragma_page_size() s";
    const POSTGRES: &str = "SELECT pg_database_size(current_database())";
    match tx {
        Tx::Sqlite(t) => sqlx::query_scalar(SQLITE).fetch_one(&mut **t).await,
        Tx::Postgres(t) => sqlx::query_scalar(POSTGRES).fetch_one(&mut **t).await,
    }
}

/// Lines of the ledger with one of these actions since a moment, counted up to `most`.
pub async fn entered(tx: &mut Tx, action: &str, since_ms: i64, most: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT 1 FROM ledger WHERE action = $1 AND at_ms >= $2 LIMIT $3) AS counted"
    )
    .bind(action)
    .bind(since_ms)
    .bind(most)
    .fetch_one(db))
}

impl Store {
    /// What it runs on, for people.
    pub const fn product(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}
