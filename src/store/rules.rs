//! Detection rules as their detections describe them.
use super::{JsonText, Result, Tx, on};
use crate::domain::Severity;
use crate::domain::detection::RuleFacts;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Rule {
    /// Its id.
    pub id: i64,
    /// `source_rule`.
    pub path: String,
    /// Its title for people.
    pub title: String,
    /// Its own level.
    pub level: Option<Severity>,
    /// Its author.
    pub author: String,
    /// What it looks for.
    pub description: String,
    /// When it is known to be wrong.
    pub false_positives: JsonText<Vec<String>>,
    /// References.
    pub refs: JsonText<Vec<String>>,
    /// Tags, such as `attack.t1218`.
    pub tags: JsonText<Vec<String>>,
}

/// Stores what the newest detection says about its rule; returns the rule's id.
pub async fn upsert(tx: &mut Tx, org_id: i64, rule: &RuleFacts, now_ms: i64) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO rules (org_id, path, title, level, author, description, false_positives, refs, tags, first_ms, last_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         ON CONFLICT (org_id, path) DO UPDATE SET title = $3, level = $4, author = $5, description = $6,
            false_positives = $7, refs = $8, tags = $9, last_ms = $10
         RETURNING id"
    )
    .bind(org_id)
    .bind(&rule.path)
    .bind(&rule.title)
    .bind(rule.level)
    .bind(&rule.author)
    .bind(&rule.description)
    .bind(JsonText(&rule.false_positives))
    .bind(JsonText(&rule.references))
    .bind(JsonText(&rule.tags))
    .bind(now_ms)
    .fetch_one(db)
    })
}

/// One by id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Rule> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, path, title, level, author, description, false_positives, refs, tags FROM rules WHERE id = $1"
    )
    .bind(id)
    .fetch_one(db))
}
