//! The scoreboard of a rule: what the machine would have closed, and what people said of it.
use crate::store::{Result, Tx, on};

/// Cases that would have been closed, by what people declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Board {
    /// All of them.
    pub would_close: i64,
    /// Declared false positive.
    pub false_positive: i64,
    /// Declared benign true positive.
    pub benign_true_positive: i64,
    /// Declared true positive.
    pub true_positive: i64,
    /// Declared undetermined.
    pub undetermined: i64,
    /// Not declared.
    pub pending: i64,
}

/// The scoreboard of a rule over cases that became eligible since a time.
pub async fn board(tx: &mut Tx, rule_id: i64, since_ms: i64) -> Result<Board> {
    let rows: Vec<(String, i64)> = on!(tx, |db| {
        sqlx::query_as(
            "SELECT verdict, CAST(COUNT(*) AS BIGINT) FROM gate_cases WHERE rule_id = $1 AND would_close = TRUE AND at_ms >= $2 GROUP BY verdict",
        )
        .bind(rule_id)
        .bind(since_ms)
        .fetch_all(db)
    })?;
    let mut board = Board::default();
    for (verdict, cases) in rows {
        board.would_close += cases;
        match verdict.as_str() {
            "false_positive" => board.false_positive = cases,
            "benign_true_positive" => board.benign_true_positive = cases,
            "true_positive" => board.true_positive = cases,
            "undetermined" => board.undetermined = cases,
            _ => board.pending += cases,
        }
    }
    Ok(board)
}
