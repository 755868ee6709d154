//! Notes on a case, each with every text that it had before.
use super::{ActorKind, Result, Tx, on, run, search};
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
    /// 1, and one more for each edit.
    pub version: i64,
    /// Who wrote the text that stands now, or empty where that is the author.
    pub edited_by: String,
    /// When that was.
    pub edited_ms: Option<i64>,
    /// Who removed it, or empty.
    pub removed_by: String,
    /// When it was removed.
    pub removed_ms: Option<i64>,
}

impl Note {
    /// A note that nobody has edited.
    pub fn new((author_kind, author): (ActorKind, &str), kind: &str, body: String, created_ms: i64) -> Self {
        Self {
            id: 0,
            origin_case: None,
            author_kind,
            author: author.to_owned(),
            kind: kind.to_owned(),
            body,
            created_ms,
            version: 1,
            edited_by: String::new(),
            edited_ms: None,
            removed_by: String::new(),
            removed_ms: None,
        }
    }

    /// How often it was edited.
    pub const fn edits(&self) -> i64 {
        self.version - 1
    }

    /// Whether somebody removed it.
    pub const fn is_removed(&self) -> bool {
        self.removed_ms.is_some()
    }
}

/// A text that a note had before.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Earlier {
    /// Which one, from 1 on.
    pub version: i64,
    /// The kind of the note then.
    pub kind: String,
    /// Markdown, untrusted.
    pub body: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at_ms: i64,
}

const COLUMNS: &str = "id, origin_case, author_kind, author, kind, body, created_ms, version, edited_by, edited_ms, removed_by, removed_ms";

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
    let sql =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM notes WHERE case_number = $1 ORDER BY id DESC LIMIT 200"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}

/// One note of a case.
pub async fn in_case(tx: &mut Tx, case: i64, id: i64) -> Result<Option<Note>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM notes WHERE case_number = $1 AND id = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(id).fetch_optional(db))
}

/// The newest texts that a note had before a version of it, newest first.
pub async fn earlier(tx: &mut Tx, id: i64, before: i64, most: i64) -> Result<Vec<Earlier>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT version, kind, body, author, at_ms FROM note_versions
             WHERE note_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
        )
        .bind(id)
        .bind(before)
        .bind(most)
        .fetch_all(db)
    })
}

/// Gives a note another text and keeps the one that stood; `false` where somebody else was faster.
pub async fn edit(
    tx: &mut Tx,
    org_id: i64,
    note: &Note,
    (body, kind): (&str, &str),
    by: &str,
    now_ms: i64,
) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE notes SET body = $1, kind = $2, edited_by = $3, edited_ms = $4, version = version + 1
             WHERE id = $5 AND version = $6 AND removed_ms IS NULL"
        )
        .bind(body)
        .bind(kind)
        .bind(by)
        .bind(now_ms)
        .bind(note.id)
        .bind(note.version)
    )?;
    if changed == 0 {
        return Ok(false);
    }
    run!(
        tx,
        sqlx::query(
            "INSERT INTO note_versions (note_id, version, kind, body, author, at_ms) VALUES ($1, $2, $3, $4, $5, $6)"
        )
        .bind(note.id)
        .bind(note.version)
        .bind(&note.kind)
        .bind(&note.body)
        .bind(if note.edited_by.is_empty() { &note.author } else { &note.edited_by })
        .bind(note.edited_ms.unwrap_or(note.created_ms))
    )?;
    search::reindex_note(tx, note.id, &terms::entry(org_id, body)).await?;
    Ok(true)
}

/// Takes a note out of the case and of search. Its text stays for those who may read the history; the line of
/// the timeline that quotes its beginning quotes it no more. `false` where it was removed already.
pub async fn remove(tx: &mut Tx, case: i64, note: &Note, by: &str, now_ms: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query("UPDATE notes SET removed_by = $1, removed_ms = $2 WHERE id = $3 AND removed_ms IS NULL")
            .bind(by)
            .bind(now_ms)
            .bind(note.id)
    )?;
    if changed == 0 {
        return Ok(false);
    }
    run!(
        tx,
        sqlx::query(
            "UPDATE timeline SET text = 'Note, removed since' WHERE case_number = $1 AND at_ms = $2 AND kind = 'note' AND actor = $3"
        )
        // Where it came with a case that is part of this one, that case's own timeline quotes it.
        .bind(note.origin_case.unwrap_or(case))
        .bind(note.created_ms)
        .bind(&note.author)
    )?;
    search::reindex_note(tx, note.id, "").await?;
    Ok(true)
}
