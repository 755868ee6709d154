//! The prompts that were used: the text of each version, and how many votes were given on it.
use super::{Result, Tx, on, run};

/// A prompt's text as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// The version's name.
    pub version: String,
    /// SHA-256 in hex of its texts.
    pub digest: String,
    /// The system message with `{{PFX}}` and `{{CANARY}}` for what is new in every request.
    pub system: String,
    /// The user message for events whose values are their fields' names.
    pub user_template: String,
    /// The JSON schema of an answer.
    pub schema: String,
    /// When it was first used.
    pub first_ms: i64,
    /// Votes given on it.
    pub votes: i64,
}

/// Keeps a text that is used; nothing where it is kept already. `first_ms` is the time of use.
pub async fn used(tx: &mut Tx, kept: &Kept) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO prompts (version, digest, system, user_template, schema, first_ms) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (version, digest) DO NOTHING"
        )
        .bind(&kept.version)
        .bind(&kept.digest)
        .bind(&kept.system)
        .bind(&kept.user_template)
        .bind(&kept.schema)
        .bind(kept.first_ms)
    )
}

/// Counts a vote that was given on a text.
pub async fn count(tx: &mut Tx, version: &str, digest: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE prompts SET votes = votes + 1 WHERE version = $1 AND digest = $2")
            .bind(version)
            .bind(digest)
    )
}

/// All texts, newest first. There are as many as releases.
pub async fn all(tx: &mut Tx) -> Result<Vec<Kept>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT version, digest, system, user_template, schema, first_ms, votes FROM prompts ORDER BY first_ms DESC, version DESC, digest"
        )
        .fetch_all(db)
    })
}
