//! Words into the index, and what has none yet.
use super::super::many::{ROWS, places};
use super::super::{Result, Tx};
use crate::domain::terms::GAP;
use std::fmt::Write;

/// A row of before there was an index.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Unindexed {
    /// Its id.
    pub id: i64,
    /// Its organisation.
    pub org_id: i64,
    /// The document of a detection, the body of a note.
    pub text: String,
}

/// Stores the words of a detection, separated by blanks; where it has some already, nothing changes.
pub async fn index_detection(tx: &mut Tx, id: i64, words: &str) -> Result<()> {
    const SQLITE: &str = "INSERT INTO detection_words (rowid, words) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM detection_words WHERE rowid = $1)";
    const POSTGRES: &str =
        "UPDATE detections SET words = CAST(CAST($2 AS TEXT) AS TSVECTOR) WHERE id = $1 AND words IS NULL";
    index(tx, (SQLITE, POSTGRES), id, words).await
}

/// Stores the words of a detection in the place of those it had.
pub async fn reindex_detection(tx: &mut Tx, id: i64, words: &str) -> Result<()> {
    const SQLITE: &str = "INSERT OR REPLACE INTO detection_words (rowid, words) VALUES ($1, $2)";
    const POSTGRES: &str = "UPDATE detections SET words = CAST(CAST($2 AS TEXT) AS TSVECTOR) WHERE id = $1";
    index(tx, (SQLITE, POSTGRES), id, words).await
}

/// Stores the words of new detections: id and words.
pub async fn index_detections(tx: &mut Tx, all: &[(i64, String)]) -> Result<()> {
    for part in all.chunks(ROWS) {
        let rows = places(part.len(), 2);
        match tx {
            Tx::Sqlite(t) => {
                let sql = sqlx::AssertSqlSafe(format!("INSERT INTO detection_words (rowid, words) VALUES {rows}"));
                let mut query = sqlx::query(sql);
                for (id, words) in part {
                    query = query.bind(*id).bind(words);
                }
                query.execute(&mut **t).await?;
            }
            Tx::Postgres(t) => {
                let sql = sqlx::AssertSqlSafe(format!(
                    "UPDATE detections SET words = CAST(v.column2 AS TSVECTOR) FROM (VALUES {rows}) AS v WHERE id = v.column1"
                ));
                let mut query = sqlx::query(sql);
                for (id, words) in part {
                    query = query.bind(*id).bind(vector(words));
                }
                query.execute(&mut **t).await?;
            }
        }
    }
    Ok(())
}

/// Stores the words of a note.
pub async fn index_note(tx: &mut Tx, id: i64, words: &str) -> Result<()> {
    const SQLITE: &str = "INSERT INTO note_words (rowid, words) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM note_words WHERE rowid = $1)";
    const POSTGRES: &str =
        "UPDATE notes SET words = CAST(CAST($2 AS TEXT) AS TSVECTOR) WHERE id = $1 AND words IS NULL";
    index(tx, (SQLITE, POSTGRES), id, words).await
}

/// Stores the words of a note in the place of those it had; none where its text is gone.
pub async fn reindex_note(tx: &mut Tx, id: i64, words: &str) -> Result<()> {
    const SQLITE: &str = "INSERT OR REPLACE INTO note_words (rowid, words) VALUES ($1, $2)";
    const POSTGRES: &str = "UPDATE notes SET words = CAST(CAST($2 AS TEXT) AS TSVECTOR) WHERE id = $1";
    index(tx, (SQLITE, POSTGRES), id, words).await
}

async fn index(tx: &mut Tx, (sqlite, postgres): (&'static str, &'static str), id: i64, words: &str) -> Result<()> {
    match tx {
        Tx::Sqlite(t) => sqlx::query(sqlite).bind(id).bind(words).execute(&mut **t).await.map(drop),
        Tx::Postgres(t) => sqlx::query(postgres).bind(id).bind(vector(words)).execute(&mut **t).await.map(drop),
    }
}

/// The words as a `tsvector` is written, each with its position. They hold no quote and no backslash.
fn vector(words: &str) -> String {
    let mut text = String::with_capacity(words.len() * 2);
    for (at, word) in words.split(' ').enumerate().filter(|(_, word)| *word != GAP && !word.is_empty()) {
        // Writing to a String can't fail.
        let _ = write!(text, "'{word}':{} ", at + 1);
    }
    text
}

/// Detections without words, by id, from after `after` on.
pub async fn unindexed_detections(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Unindexed>> {
    const SQLITE: &str = "SELECT d.id, d.org_id, d.raw AS text FROM detections d WHERE d.id > $1
        AND (SELECT COUNT(*) FROM detections) <> (SELECT COUNT(*) FROM detection_words_docsize)
        AND NOT EXISTS (SELECT 1 FROM detection_words_docsize w WHERE w.id = d.id) ORDER BY d.id LIMIT $2";
    const POSTGRES: &str =
        "SELECT id, org_id, raw AS text FROM detections WHERE id > $1 AND words IS NULL ORDER BY id LIMIT $2";
    unindexed(tx, (SQLITE, POSTGRES), after, limit).await
}

/// Notes without words.
pub async fn unindexed_notes(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Unindexed>> {
    const SQLITE: &str =
        "SELECT n.id, c.org_id, n.body AS text FROM notes n JOIN cases c ON c.number = n.case_number WHERE n.id > $1
        AND (SELECT COUNT(*) FROM notes) <> (SELECT COUNT(*) FROM note_words_docsize)
        AND NOT EXISTS (SELECT 1 FROM note_words_docsize w WHERE w.id = n.id) ORDER BY n.id LIMIT $2";
    const POSTGRES: &str = "SELECT n.id, c.org_id, n.body AS text FROM notes n JOIN cases c ON c.number = n.case_number
        WHERE n.id > $1 AND n.words IS NULL ORDER BY n.id LIMIT $2";
    unindexed(tx, (SQLITE, POSTGRES), after, limit).await
}

async fn unindexed(
    tx: &mut Tx,
    (sqlite, postgres): (&'static str, &'static str),
    after: i64,
    limit: i64,
) -> Result<Vec<Unindexed>> {
    match tx {
        Tx::Sqlite(t) => sqlx::query_as(sqlite).bind(after).bind(limit).fetch_all(&mut **t).await,
        Tx::Postgres(t) => sqlx::query_as(postgres).bind(after).bind(limit).fetch_all(&mut **t).await,
    }
}
