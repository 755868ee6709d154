//! A question in the words of the database: FTS5's query text, or a `tsquery`.
use super::super::{Result, Tx, on};
use crate::domain::search::Term;
use crate::domain::terms;

/// How many words a beginning may stand for on `SQLite`.
const MOST_WORDS: usize = 200;

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// Those of detections.
    Detections,
    /// Those of notes.
    Notes,
}

impl Index {
    /// What finds the ids of at most `$3` rows: from below `$2` downwards, or from `$2` upwards.
    pub(super) const fn rows(self, tx: &Tx, newest_first: bool) -> &'static str {
        match (tx, self, newest_first) {
            (Tx::Sqlite(_), Self::Detections, true) => {
                "SELECT rowid AS id FROM detection_words WHERE detection_words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3"
            }
            (Tx::Sqlite(_), Self::Detections, false) => {
                "SELECT rowid AS id FROM detection_words WHERE detection_words MATCH $1 AND rowid >= $2 ORDER BY rowid LIMIT $3"
            }
            (Tx::Sqlite(_), Self::Notes, _) => {
                "SELECT rowid AS id FROM note_words WHERE note_words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3"
            }
            (Tx::Postgres(_), Self::Detections, true) => {
                "SELECT id FROM detections WHERE words @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND id < $2 ORDER BY id DESC LIMIT $3"
            }
            (Tx::Postgres(_), Self::Detections, false) => {
                "SELECT id FROM detections WHERE words @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND id >= $2 ORDER BY id LIMIT $3"
            }
            (Tx::Postgres(_), Self::Notes, _) => {
                "SELECT id FROM notes WHERE words @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND id < $2 ORDER BY id DESC LIMIT $3"
            }
        }
    }
}

/// What a database is asked with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Match {
    /// Its text.
    pub text: String,
    /// Beginnings of so many words that not all of them are looked for.
    pub broad: Vec<String>,
}

/// The match of some terms within some organisations: all that are wanted or, with `any`, one of them.
///
/// FTS5 reads everything under a beginning before it gives the first row. So on `SQLite` a beginning is
/// looked up in the list of words first, and these words are asked for: rows come newest first at once,
/// however many there are.
pub async fn matching(tx: &mut Tx, index: Index, terms: &[&Term], orgs: &[i64], any: bool) -> Result<Match> {
    let mut broad = Vec::new();
    let sqlite = matches!(tx, Tx::Sqlite(_));
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for term in terms {
        let phrase = if sqlite { fts5(tx, index, term, &mut broad).await? } else { tsquery(term) };
        if term.excluded { unwanted.push(phrase) } else { wanted.push(phrase) }
    }
    let all: i64 = on!(tx, |db| sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM orgs").fetch_one(db))?;
    let everywhere = usize::try_from(all).is_ok_and(|all| all <= orgs.len());
    let ours: Vec<_> = orgs.iter().map(|id| quoted(&terms::org_word(*id), sqlite)).collect();
    let (and, or, not) = if sqlite { (" AND ", " OR ", " NOT ") } else { (" & ", " | ", " & !") };
    let wished = format!("({})", wanted.join(if any { or } else { and }));
    let mut text = match (wanted.is_empty(), everywhere) {
        // The organisation's word is in every entry: where nothing has to be kept apart, it only costs.
        (false, true) => wished,
        (false, false) => format!("(({}){and}{wished})", ours.join(or)),
        (true, _) => format!("({})", ours.join(or)),
    };
    if !unwanted.is_empty() {
        text = format!("{text}{not}({})", unwanted.join(or));
    }
    Ok(Match { text, broad })
}

/// A word as both languages quote it; it holds no quote itself.
fn quoted(word: &str, sqlite: bool) -> String {
    if sqlite { format!("\"{word}\"") } else { format!("'{word}'") }
}

fn tsquery(term: &Term) -> String {
    let words: Vec<_> = term.indexed().iter().map(|word| quoted(word, false)).collect();
    format!("({}{})", words.join(" <-> "), if term.prefix { ":*" } else { "" })
}

async fn fts5(tx: &mut Tx, index: Index, term: &Term, broad: &mut Vec<String>) -> Result<String> {
    let words = term.indexed();
    let Some((last, before)) = words.split_last().filter(|_| term.prefix) else {
        return Ok(quoted(&words.join(" "), true));
    };
    if !last.is_ascii() {
        // What FTS5 takes apart is not in its list as a whole.
        return Ok(format!("({} *)", quoted(&words.join(" "), true)));
    }
    let mut ends = beginning_with(tx, index, last).await?;
    if ends.len() > MOST_WORDS {
        ends.truncate(MOST_WORDS);
        broad.extend(term.words.last().cloned());
    }
    if ends.is_empty() {
        ends.push(last.clone());
    }
    let phrase = |end: &String| {
        let words: Vec<_> = before.iter().chain([end]).map(String::as_str).collect();
        quoted(&words.join(" "), true)
    };
    Ok(format!("({})", ends.iter().map(phrase).collect::<Vec<_>>().join(" OR ")))
}

/// The words of the index that begin so, one more than may be used. Each step jumps to the next word, so
/// how often a word is there does not matter.
async fn beginning_with(tx: &mut Tx, index: Index, start: &str) -> Result<Vec<String>> {
    let Tx::Sqlite(t) = tx else { return Ok(Vec::new()) };
    let table = match index {
        Index::Detections => "temp.detection_terms",
        Index::Notes => "temp.note_terms",
    };
    let sql = format!(
        "WITH RECURSIVE found (term) AS (
            SELECT (SELECT term FROM {table} WHERE term >= $1 AND term < $2 ORDER BY term LIMIT 1)
            UNION ALL
            SELECT (SELECT v.term FROM {table} v WHERE v.term >= found.term || char(1) AND v.term < $2 ORDER BY v.term LIMIT 1)
            FROM found WHERE found.term IS NOT NULL LIMIT $3
        ) SELECT term FROM found WHERE term IS NOT NULL"
    );
    let most = i64::try_from(MOST_WORDS).unwrap_or(i64::MAX);
    let end = format!("{start}\u{10FFFF}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(start).bind(end).bind(most + 1).fetch_all(&mut **t).await
}
