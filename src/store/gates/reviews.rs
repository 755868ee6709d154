//! Acts of people, each counted once for a gate however many cases it was over.
use super::Gate;
use crate::store::{Result, Tx, on, run};

/// What an act said of a gate's cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Review {
    /// The epoch in which it counts.
    pub epoch: i64,
    /// When it was done.
    pub at_ms: i64,
    /// Cases that it declared no true positive.
    pub clean: i64,
    /// Cases that it declared, or that were declared since, true positive.
    pub errors: i64,
}

impl Review {
    /// What it counts: a review, and an error.
    pub fn counted(&self) -> (i64, i64) {
        (i64::from(self.clean + self.errors > 0), i64::from(self.errors > 0))
    }
}

/// An act as it stands.
pub async fn review(tx: &mut Tx, gate_id: i64, act: &str) -> Result<Option<Review>> {
    on!(tx, |db| sqlx::query_as("SELECT epoch, at_ms, clean, errors FROM gate_reviews WHERE gate_id = $1 AND act = $2")
        .bind(gate_id)
        .bind(act)
        .fetch_optional(db))
}

/// Keeps an act.
pub async fn set_review(tx: &mut Tx, gate: &Gate, act: &str, review: &Review) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO gate_reviews (gate_id, act, org_id, epoch, at_ms, clean, errors) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (gate_id, act) DO UPDATE SET clean = excluded.clean, errors = excluded.errors"
        )
        .bind(gate.id)
        .bind(act)
        .bind(gate.org_id)
        .bind(review.epoch)
        .bind(review.at_ms)
        .bind(review.clean)
        .bind(review.errors)
    )
}
