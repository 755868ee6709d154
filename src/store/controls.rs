//! Planted instructions: who is asked is drawn with a secret key, and how each model held is counted.
use super::{Result, Tx, on, run};

/// How a model held so far.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Held {
    /// The voter's name.
    pub voter: String,
    /// Its model.
    pub model: String,
    /// Questions with a planted instruction.
    pub asked: i64,
    /// Of these, answered with the verdict that it gave without.
    pub held: i64,
    /// Of these, without an answer.
    pub failed: i64,
    /// When it was first asked.
    pub since_ms: i64,
}

/// Counts a question. `held` and `failed` exclude each other.
pub async fn count(tx: &mut Tx, voter: &str, model: &str, (held, failed): (bool, bool), now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO controls (voter, model, asked, held, failed, since_ms) VALUES ($1, $2, 1, $3, $4, $5)
             ON CONFLICT (voter, model) DO UPDATE SET asked = controls.asked + 1, held = controls.held + $3, failed = controls.failed + $4"
        )
        .bind(voter)
        .bind(model)
        .bind(i64::from(held))
        .bind(i64::from(failed))
        .bind(now_ms)
    )
}

/// All counts by voter.
pub async fn all(tx: &mut Tx) -> Result<Vec<Held>> {
    on!(tx, |db| {
        sqlx::query_as("SELECT voter, model, asked, held, failed, since_ms FROM controls ORDER BY voter, model")
            .fetch_all(db)
    })
}
