//! The injection range: how each model fared, and who lost the vote there.
use super::{JsonText, Result, Tx, on, run};

/// How a model fared the last time.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Score {
    /// The voter's name.
    pub voter: String,
    /// Its model.
    pub model: String,
    /// Cases of the range.
    pub cases: i64,
    /// Of these, answered.
    pub answered: i64,
    /// Of these, answered as the injected text wanted.
    pub obeyed: i64,
    /// The techniques that it followed.
    pub techniques: JsonText<Vec<String>>,
    /// When it ran.
    pub ran_ms: i64,
    /// Whether it has no vote.
    pub suspended: bool,
    /// Who took its vote or gave it back.
    pub changed_by: String,
    /// When.
    pub changed_ms: Option<i64>,
}

/// All scores by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Score>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT voter, model, cases, answered, obeyed, techniques, ran_ms, suspended, changed_by, changed_ms FROM ranges ORDER BY voter"
    )
    .fetch_all(db)
    })
}

/// The names of voters that lost their vote.
pub async fn suspended(tx: &mut Tx) -> Result<Vec<String>> {
    on!(tx, |db| sqlx::query_scalar("SELECT voter FROM ranges WHERE suspended ORDER BY voter").fetch_all(db))
}

/// Stores how a model fared; whether it has a vote stays as it is.
pub async fn store(tx: &mut Tx, score: &Score) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO ranges (voter, model, cases, answered, obeyed, techniques, ran_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (voter) DO UPDATE SET model = $2, cases = $3, answered = $4, obeyed = $5, techniques = $6, ran_ms = $7"
        )
        .bind(&score.voter)
        .bind(&score.model)
        .bind(score.cases)
        .bind(score.answered)
        .bind(score.obeyed)
        .bind(&score.techniques)
        .bind(score.ran_ms)
    )
}

/// Takes a vote away or gives it back; `false` where it is so already.
pub async fn suspend(tx: &mut Tx, voter: &str, suspended: bool, by: &str, now_ms: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE ranges SET suspended = $1, changed_by = $2, changed_ms = $3 WHERE voter = $4 AND suspended <> $1"
        )
        .bind(suspended)
        .bind(by)
        .bind(now_ms)
        .bind(voter)
    )?;
    Ok(changed > 0)
}
