//! The versions in which voters answered: a new digest, model name or prompt is another voter to its figures.
use super::{Result, Tx, on, run};

/// So many of a voter's newest versions are looked at.
const NEWEST: i64 = 20;

/// A voter's version.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Version {
    /// The model's name.
    pub model: String,
    /// The model's digest, or empty.
    pub digest: String,
    /// The prompt's version, or empty.
    pub prompt_version: String,
    /// When it last took the place of another one, or began.
    pub since_ms: i64,
}

/// Notes that a voter answered in this version; nothing changes while it is the newest. A version that comes back
/// keeps its row, so there are never more rows than versions.
pub async fn answered(tx: &mut Tx, voter: &str, version: &Version) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO voter_versions (voter, model, digest, prompt_version, since_ms)
             SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (
                SELECT 1 FROM (SELECT model, digest, prompt_version FROM voter_versions WHERE voter = $1 ORDER BY since_ms DESC LIMIT 1) AS newest
                WHERE newest.model = $2 AND newest.digest = $3 AND newest.prompt_version = $4
             ) ON CONFLICT (voter, model, digest, prompt_version) DO UPDATE SET since_ms = excluded.since_ms"
        )
        .bind(voter)
        .bind(&version.model)
        .bind(&version.digest)
        .bind(&version.prompt_version)
        .bind(version.since_ms)
    )
}

/// The newest versions of a voter, the one that answered last first.
pub async fn of(tx: &mut Tx, voter: &str) -> Result<Vec<Version>> {
    on!(tx, |db| {
        sqlx::query_as("SELECT model, digest, prompt_version, since_ms FROM voter_versions WHERE voter = $1 ORDER BY since_ms DESC, model, digest, prompt_version LIMIT $2")
            .bind(voter)
            .bind(NEWEST)
            .fetch_all(db)
    })
}
