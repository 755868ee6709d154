//! Backups as the ledger tells of them, and what a restored store must forget.
use super::record::Ended;
use super::{Result, Tx, on, run};

/// The ledger's word for a backup.
pub const ACTION: &str = "backup";

/// One backup, or one that failed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Backup {
    /// When.
    pub at_ms: i64,
    /// `backup:` and the name of its file.
    pub object: String,
    /// Its size and SHA-256, or why it failed.
    pub new_value: String,
    /// Whether it was made.
    pub result: Ended,
}

impl Backup {
    /// The name of its file.
    pub fn name(&self) -> &str {
        self.object.strip_prefix("backup:").unwrap_or(&self.object)
    }
}

/// The last backup, made or failed.
///
/// # Errors
/// Where the database refuses.
pub async fn last(tx: &mut Tx) -> Result<Option<Backup>> {
    const SQL: &str = "SELECT at_ms, object, new_value, result FROM ledger WHERE action = 'backup'
        ORDER BY at_ms DESC, id DESC LIMIT 1";
    on!(tx, |db| sqlx::query_as(SQL).fetch_optional(db))
}

/// The last backup that was made.
///
/// # Errors
/// Where the database refuses.
pub async fn last_made(tx: &mut Tx) -> Result<Option<Backup>> {
    const SQL: &str = "SELECT at_ms, object, new_value, result FROM ledger WHERE action = 'backup' AND result = 'ok'
        ORDER BY at_ms DESC, id DESC LIMIT 1";
    on!(tx, |db| sqlx::query_as(SQL).fetch_optional(db))
}

/// Ends everybody's session and every sign-in that is under way: one that was ended since would be back otherwise.
///
/// # Errors
/// Where the database refuses.
pub async fn end_sessions(tx: &mut Tx) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM half_sessions"))?;
    run!(tx, sqlx::query("DELETE FROM sign_ins"))?;
    run!(tx, sqlx::query("DELETE FROM sessions"))
}

/// Takes every job from whoever held it when the backup was made, and forgets the workers of then.
///
/// # Errors
/// Where the database refuses.
pub async fn release_jobs(tx: &mut Tx) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM workers"))?;
    run!(tx, sqlx::query("UPDATE jobs SET leased_until_ms = 0, owner = '' WHERE leased_until_ms <> 0"))
}

/// The jobs of a kind: key and payload.
///
/// # Errors
/// Where the database refuses.
pub async fn jobs_of(tx: &mut Tx, kind: &str) -> Result<Vec<(String, String)>> {
    let sql = "SELECT dedup_key, payload FROM jobs WHERE dedup_key >= $1 AND dedup_key < $2 ORDER BY dedup_key";
    on!(tx, |db| sqlx::query_as(sql).bind(format!("{kind}:")).bind(format!("{kind};")).fetch_all(db))
}
