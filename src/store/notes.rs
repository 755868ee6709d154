//! Notes on a case.
use super::{ActorKind, Result, Tx, on, search};
use crate::domain::terms;

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Note {
    /// Its id.
    pub id: i64,
    /// The case that it came with, which is part of its case.
    pub origin_case: Option<i64>,
    /// What kind of author.
    pub author_kind: ActorKind,
    /// Who wrote it.
    pub author: String,
    /// `general`, `analysis`, `remediation`, `recommendation`, `escalation` or `handoff`.
    pub kind: String,
    /// Markdown, untrusted.
    pub body: String,
    /// When.
    pub created_ms: i64,
}

/// Adds a note, and its words to search.
pub async fn insert(tx: &mut Tx, case: i64, note: &Note) -> Result<i64> {
    let (id, org_id): (i64, i64) = on!(tx, |db| {
        sqlx::query_as(
        "INSERT INTO notes (case_number, author_kind, author, kind, body, created_ms) VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING id, (SELECT org_id FROM cases WHERE number = $1)"
    )
    .bind(case)
    .bind(note.author_kind)
    .bind(&note.author)
    .bind(&note.kind)
    .bind(&note.body)
    .bind(note.created_ms)
    .fetch_one(db)
    })?;
    search::index_note(tx, id, &terms::entry(org_id, &note.body)).await?;
    Ok(id)
}

/// The newest notes of a case, at most 200, newest first.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Note>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT id, origin_case, author_kind, author, kind, body, created_ms FROM notes WHERE case_number = $1 ORDER BY id DESC LIMIT 200"
    )
    .bind(case)
    .fetch_all(db)
    })
}
