//! What intelligence providers said about a case.
use super::activity::Subject;
use super::history;
use super::{JsonText, Result, Tx, on};
use serde_json::Value;

/// An answer of a provider.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Answer {
    /// Such as `virustotal`.
    pub provider: String,
    /// The value that was looked up, where the answer says so.
    pub observable: Option<String>,
    /// The answer as it came.
    pub payload: JsonText<Value>,
    /// When it was asked.
    pub fetched_ms: i64,
    /// Whether it was asked elsewhere and only recorded here.
    pub recorded: bool,
}

/// Adds an answer.
pub async fn insert(tx: &mut Tx, case: i64, answer: &Answer) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO intel (case_number, provider, observable, payload, fetched_ms, recorded) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
    )
    .bind(case)
    .bind(&answer.provider)
    .bind(&answer.observable)
    .bind(&answer.payload)
    .bind(answer.fetched_ms)
    .bind(answer.recorded)
    .fetch_one(db)
    })
}

/// The answers for a case.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Answer>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT provider, observable, payload, fetched_ms, recorded FROM intel WHERE case_number = $1 ORDER BY id"
    )
    .bind(case)
    .fetch_all(db))
}

/// The newest answers about an observable in its newest 100 cases.
pub async fn about(tx: &mut Tx, observable_id: i64, value: &str) -> Result<Vec<Answer>> {
    let sql = format!(
        "SELECT provider, observable, payload, fetched_ms, recorded FROM intel
         WHERE case_number IN ({}) AND LOWER(observable) = LOWER($2) ORDER BY fetched_ms DESC, id DESC LIMIT 5",
        history::newest(Subject::Observable, 100)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(observable_id).bind(value).fetch_all(db))
}
