//! The views of the queue that people saved: a filter under a name.
use super::{Result, Tx, on, run};

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SavedView {
    /// Its id.
    pub id: i64,
    /// Its name, unique for its person.
    pub name: String,
    /// The filter as the query string of the queue's address.
    pub query: String,
    /// Whether the queue opens with it.
    pub start: bool,
}

/// A person's views in their order; there are at most `limits::SAVED_VIEWS`.
pub async fn of_user(tx: &mut Tx, user_id: i64) -> Result<Vec<SavedView>> {
    on!(tx, |db| sqlx::query_as("SELECT id, name, query, start FROM views WHERE user_id = $1 ORDER BY position, id")
        .bind(user_id)
        .fetch_all(db))
}

/// Saves one after the others and returns its id.
///
/// # Errors
/// A unique violation where the person has one of this name.
pub async fn insert(tx: &mut Tx, user_id: i64, name: &str, query: &str, now_ms: i64) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO views (user_id, name, query, position, created_ms)
         VALUES ($1, $2, $3, (SELECT COALESCE(MAX(v.position), 0) + 1 FROM views v WHERE v.user_id = $1), $4) RETURNING id"
    )
    .bind(user_id)
    .bind(name)
    .bind(query)
    .bind(now_ms)
    .fetch_one(db)
    })
}

/// Gives one another name.
///
/// # Errors
/// A unique violation where the person has one of this name.
pub async fn rename(tx: &mut Tx, user_id: i64, id: i64, name: &str) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE views SET name = $1 WHERE id = $2 AND user_id = $3").bind(name).bind(id).bind(user_id))
}

/// Forgets one.
pub async fn delete(tx: &mut Tx, user_id: i64, id: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM views WHERE id = $1 AND user_id = $2").bind(id).bind(user_id))
}

/// Puts one at a place among the others.
pub async fn place(tx: &mut Tx, user_id: i64, id: i64, position: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE views SET position = $1 WHERE id = $2 AND user_id = $3")
            .bind(position)
            .bind(id)
            .bind(user_id)
    )
}

/// Lets the queue open with one, or with an id that is none with the usual view.
pub async fn set_start(tx: &mut Tx, user_id: i64, id: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE views SET start = (id = $1) WHERE user_id = $2").bind(id).bind(user_id))
}

/// The view that the queue opens with, where one was chosen.
pub async fn start(tx: &mut Tx, user_id: i64) -> Result<Option<SavedView>> {
    on!(tx, |db| sqlx::query_as("SELECT id, name, query, start FROM views WHERE user_id = $1 AND start = TRUE LIMIT 1")
        .bind(user_id)
        .fetch_optional(db))
}
