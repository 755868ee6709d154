//! Tasks on cases: what is to be done, and by whom it was.
use super::{Result, Tx, on, run};

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Task {
    /// Its id.
    pub id: i64,
    /// What is to be done; untrusted.
    pub text: String,
    /// Its place in the list.
    pub position: i64,
    /// The name of the template that it came from, or empty.
    pub origin: String,
    /// The case that it came with, which is part of its case.
    pub origin_case: Option<i64>,
    /// Who is to do it, or empty.
    pub assignee: String,
    /// Who did it, or empty.
    pub done_by: String,
    /// When it was done.
    pub done_ms: Option<i64>,
}

const COLUMNS: &str = "id, text, position, origin, origin_case, assignee, done_by, done_ms";

/// The tasks of a case in order.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Task>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tasks WHERE case_number = $1 ORDER BY position, id LIMIT 500"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}

/// One task of a case.
pub async fn in_case(tx: &mut Tx, case: i64, id: i64) -> Result<Option<Task>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM tasks WHERE case_number = $1 AND id = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(id).fetch_optional(db))
}

/// Adds a task behind the others and returns its id.
pub async fn insert(
    tx: &mut Tx,
    case: i64,
    (text, origin, assignee): (&str, &str, &str),
    by: &str,
    now_ms: i64,
) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
            "INSERT INTO tasks (case_number, text, position, origin, assignee, created_by, created_ms)
             VALUES ($1, $2, (SELECT COALESCE(MAX(t.position), 0) + 1 FROM tasks t WHERE t.case_number = $1), $3, $4, $5, $6) RETURNING id"
        )
        .bind(case)
        .bind(text)
        .bind(origin)
        .bind(assignee)
        .bind(by)
        .bind(now_ms)
        .fetch_one(db)
    })
}

/// Notes that a task is done, or with no time that it is not.
pub async fn set_done(tx: &mut Tx, id: i64, by: &str, done_ms: Option<i64>) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE tasks SET done_by = $1, done_ms = $2 WHERE id = $3").bind(by).bind(done_ms).bind(id))
}

/// Gives a task to somebody, or with an empty name to nobody.
pub async fn assign(tx: &mut Tx, id: i64, assignee: &str) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE tasks SET assignee = $1 WHERE id = $2").bind(assignee).bind(id))
}

/// Removes a task.
pub async fn remove(tx: &mut Tx, id: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM tasks WHERE id = $1").bind(id))
}
