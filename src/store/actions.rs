//! Response actions of a case.
use super::{Result, Tx, on};
use crate::domain::action::{ActionKind, ActionState};

/// An action.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Action {
    /// Its id.
    pub id: i64,
    /// What it does.
    pub kind: ActionKind,
    /// On what, such as a tag.
    pub target: String,
    /// How far it is.
    pub state: ActionState,
    /// What came of it.
    pub result: String,
    /// The recommendation it was queued for, or empty.
    pub asked_for: String,
    /// Who asked.
    pub asked_by: String,
    /// When it was asked for.
    pub asked_ms: i64,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// Whether it was done elsewhere and only recorded here.
    pub recorded: bool,
}

/// Adds an action.
pub async fn insert(tx: &mut Tx, case: i64, action: &Action) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO actions (case_number, kind, target, state, result, asked_for, asked_by, asked_ms, finished_ms, recorded)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id"
    )
    .bind(case)
    .bind(action.kind)
    .bind(&action.target)
    .bind(action.state)
    .bind(&action.result)
    .bind(&action.asked_for)
    .bind(&action.asked_by)
    .bind(action.asked_ms)
    .bind(action.finished_ms)
    .bind(action.recorded)
    .fetch_one(db)
    })
}

/// The actions of a case, newest first.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Action>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, kind, target, state, result, asked_for, asked_by, asked_ms, finished_ms, recorded FROM actions
         WHERE case_number = $1 ORDER BY id DESC LIMIT 200"
    )
    .bind(case)
    .fetch_all(db))
}
