//! Detection rules as their detections describe them; how they fare is in `health`.
pub mod health;

use super::{JsonText, ORGS, Result, Scope, Tx, beyond, on};
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

/// A rule as one organisation has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Known {
    /// The rule.
    #[sqlx(flatten)]
    pub rule: Rule,
    /// The organisation.
    pub org: String,
    /// The organisation's id.
    pub org_id: i64,
    /// When its first detection arrived.
    pub first_ms: i64,
    /// When its last one did.
    pub last_ms: i64,
}

const COLUMNS: &str = "r.id, r.path, r.title, r.level, r.author, r.description, r.false_positives, r.refs, r.tags, o.slug AS org, r.org_id, r.first_ms, r.last_ms";

/// A rule in each organisation of the scope that has it, last active first.
pub async fn known(tx: &mut Tx, scope: Scope, path: &str) -> Result<Vec<Known>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rules r JOIN orgs o ON o.id = r.org_id
         WHERE r.path = $1 AND r.org_id IN {ORGS} ORDER BY r.last_ms DESC, r.id"
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(path)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .fetch_all(db))
}

/// A rule in the list; its counts are of cases opened since the given time, each up to 1,000.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Listed {
    /// The rule.
    #[sqlx(flatten)]
    pub known: Known,
    /// Cases.
    pub cases: i64,
    /// Of those, how many were declared false positive.
    pub false_positive: i64,
    /// How many benign true positive.
    pub benign_true_positive: i64,
    /// How many true positive.
    pub true_positive: i64,
    /// When the newest true positive was opened, whenever that was.
    pub last_tp_ms: Option<i64>,
}

/// One page of an organisation's rules, last active first, opened by (`last_ms`, `id`) of the page
/// before; of those whose title or path begins with `q` the first 1,000.
pub async fn page(tx: &mut Tx, org_id: i64, q: &str, after: (i64, i64), limit: i64, since: i64) -> Result<Vec<Listed>> {
    let sql = page_sql(!q.is_empty());
    let title = q.to_ascii_lowercase();
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(org_id)
        .bind(limit)
        .bind(after.0)
        .bind(after.1)
        .bind(since)
        .bind(&title)
        .bind(beyond(&title))
        .bind(q)
        .bind(beyond(q))
        .fetch_all(db))
}

fn page_sql(named: bool) -> String {
    let count = |more: &str| {
        format!(
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM cases c WHERE c.rule_id = r.id AND c.opened_ms >= $5{more} LIMIT 1000) AS n)"
        )
    };
    let [all, fp, bt, tp] =
        ["", "false_positive", "benign_true_positive", "true_positive"].map(|verdict| match verdict {
            "" => count(""),
            verdict => count(&format!(" AND c.verdict = '{verdict}'")),
        });
    let (from, same) = if named { (NAMED, " AND r.id = named.id") } else { ("rules r", "") };
    format!(
        "SELECT {COLUMNS}, {all} AS cases, {fp} AS false_positive, {bt} AS benign_true_positive, {tp} AS true_positive,
            (SELECT MAX(c.opened_ms) FROM cases c WHERE c.rule_id = r.id AND c.verdict = 'true_positive') AS last_tp_ms
         FROM {from} JOIN orgs o ON o.id = r.org_id
         WHERE r.org_id = $1 AND (r.last_ms, r.id) < ($3, $4){same} ORDER BY r.last_ms DESC, r.id DESC LIMIT $2"
    )
}

/// The rules with a name, found by it first: a cross join is never turned around.
const NAMED: &str =
    "(SELECT id FROM (SELECT id FROM rules WHERE org_id = $1 AND LOWER(title) >= $6 AND LOWER(title) < $7 LIMIT 1000) AS by_title
    UNION SELECT id FROM (SELECT id FROM rules WHERE org_id = $1 AND path >= $8 AND path < $9 LIMIT 1000) AS by_path) AS named CROSS JOIN rules r";
