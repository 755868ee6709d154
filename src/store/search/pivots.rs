//! What a question finds beside cases: notes, hosts, rules, observables, and values that are nearly it.
use super::super::{Result, Tx, on};
use super::list;
use super::matching::{Index, Match};
use crate::domain::ObservableKind;

/// Rows of a group.
const GROUP: i64 = 10;
/// The newest matching detections whose hosts and rules are told.
const NEWEST: i64 = 500;
/// Known values on each side of a text that are compared with it.
const NEIGHBOURS: i64 = 60;

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Host {
    /// Its sensor's id at LimaCharlie.
    pub sid: String,
    /// Its name.
    pub hostname: String,
    /// Its organisation's short name.
    pub org: String,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Rule {
    /// Its path.
    pub path: String,
    /// Its title.
    pub title: String,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NoteHit {
    /// The case that it is on.
    pub case_number: i64,
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub created_ms: i64,
}

/// A value that cases hold.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Value {
    /// Its type.
    pub kind: ObservableKind,
    /// It.
    pub value: String,
    /// Cases with it, counted up to 100.
    pub cases: i64,
}

/// Hosts of the newest matching detections, by name.
pub async fn hosts(tx: &mut Tx, words: &Match, orgs: &[i64]) -> Result<Vec<Host>> {
    let sql = format!(
        "SELECT DISTINCT s.sid, s.hostname, o.slug AS org
         FROM ({}) h JOIN detections d ON d.id = h.id JOIN sensors s ON s.id = d.sensor_id JOIN orgs o ON o.id = s.org_id
         WHERE s.org_id IN ({}) ORDER BY s.hostname, s.sid LIMIT {GROUP}",
        Index::Detections.rows(tx, true),
        list(orgs)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(&words.text)
        .bind(i64::MAX)
        .bind(NEWEST)
        .fetch_all(db))
}

/// Rules of the newest matching detections, by path.
pub async fn rules(tx: &mut Tx, words: &Match, orgs: &[i64]) -> Result<Vec<Rule>> {
    let sql = format!(
        "SELECT DISTINCT r.path, r.title FROM ({}) h JOIN detections d ON d.id = h.id JOIN rules r ON r.id = d.rule_id
         WHERE r.org_id IN ({}) ORDER BY r.path LIMIT {GROUP}",
        Index::Detections.rows(tx, true),
        list(orgs)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(&words.text)
        .bind(i64::MAX)
        .bind(NEWEST)
        .fetch_all(db))
}

/// The newest matching notes.
pub async fn notes(tx: &mut Tx, words: &Match, orgs: &[i64]) -> Result<Vec<NoteHit>> {
    let sql = format!(
        "SELECT n.case_number, n.author, n.body, n.created_ms
         FROM ({}) h JOIN notes n ON n.id = h.id JOIN cases c ON c.number = n.case_number
         WHERE c.org_id IN ({}) ORDER BY n.id DESC",
        Index::Notes.rows(tx, true),
        list(orgs)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(&words.text)
        .bind(i64::MAX)
        .bind(GROUP)
        .fetch_all(db))
}

/// Values that begin with a text, or are it.
pub async fn values(
    tx: &mut Tx,
    kinds: &[ObservableKind],
    text: &str,
    whole: bool,
    orgs: &[i64],
) -> Result<Vec<Value>> {
    let sql = format!(
        "SELECT o.kind, o.value,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM case_observables x WHERE x.observable_id = o.id LIMIT 100) AS held) AS cases
         FROM observables o WHERE o.org_id IN ({}) AND o.kind IN ({}) AND o.value >= $1 AND o.value {} $2 LIMIT {GROUP}",
        list(orgs),
        words(kinds),
        if whole { "<=" } else { "<" },
    );
    let end = if whole { text.to_owned() } else { format!("{text}\u{10FFFF}") };
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(text).bind(end.as_str()).fetch_all(db))
}

/// Known values of some kinds that share their first two letters with a text, those that stand next to it.
pub async fn similar(tx: &mut Tx, kinds: &[ObservableKind], text: &str, orgs: &[i64]) -> Result<Vec<String>> {
    let start: String = text.chars().take(2).collect();
    let end = format!("{start}\u{10FFFF}");
    let mut all = Vec::new();
    for kind in kinds {
        for (from, to, order) in [(start.as_str(), text, "DESC"), (text, end.as_str(), "ASC")] {
            let sql = format!(
                "SELECT value FROM observables WHERE org_id IN ({}) AND kind = '{kind}' AND value >= $1 AND value < $2 ORDER BY value {order} LIMIT {NEIGHBOURS}",
                list(orgs)
            );
            let found: Vec<String> =
                on!(tx, |db| sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).bind(from).bind(to).fetch_all(db))?;
            all.extend(found);
        }
    }
    Ok(all)
}

fn words(kinds: &[ObservableKind]) -> String {
    kinds.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ")
}
