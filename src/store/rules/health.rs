//! How rules fare: their volume, and what people declared of their cases, over cases opened in the last 90 days.
//!
//! Nothing here grows with the store: of each organisation's rules those last active, of each rule up to [`MOST`] cases
//! by an index, and days of its activity.
use super::{COLUMNS, Known};
use crate::store::activity::DAY_MS;
use crate::store::{Result, Tx, on};

/// Declarations are looked at in so many days.
pub const DAYS: i64 = 90;
/// A count ends here.
pub const MOST: i64 = 1_000;
/// Rules of one organisation.
pub const RULES: i64 = 200;
/// First declarations of one organisation of which the time is looked at, the newest.
pub const TIMED: i64 = 5_000;

/// How a rule fares in one organisation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Health {
    /// The rule.
    #[sqlx(flatten)]
    pub known: Known,
    /// Detections of events of the last 7 days.
    pub detections_7: i64,
    /// Of the last 30.
    pub detections_30: i64,
    /// Of the last 90.
    pub detections_90: i64,
    /// Cases opened in the last 7 days.
    pub cases_7: i64,
    /// In the last 30.
    pub cases_30: i64,
    /// In the last 90.
    pub cases_90: i64,
    /// Of those of 90 days, declared false positive.
    pub false_positive: i64,
    /// Benign true positive.
    pub benign_true_positive: i64,
    /// True positive.
    pub true_positive: i64,
    /// The newest true positive, whenever that was,
    pub last_tp: Option<i64>,
    /// and when it was opened.
    pub last_tp_ms: Option<i64>,
}

fn columns() -> String {
    let count = |since: u8, more: &str| {
        format!(
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM cases c WHERE c.rule_id = r.id AND c.opened_ms >= ${since}{more} LIMIT {MOST}) AS n)"
        )
    };
    let declared = |verdict: &str| count(5, &format!(" AND c.verdict = '{verdict}'"));
    let detections = |since: u8| {
        format!(
            "(SELECT CAST(COALESCE(SUM(a.detections), 0) AS BIGINT) FROM activity a WHERE a.kind = 'rule' AND a.ref_id = r.id AND a.day > ${since} / {DAY_MS})"
        )
    };
    let last = |column: &str| {
        format!(
            "(SELECT c.{column} FROM cases c WHERE c.rule_id = r.id AND c.verdict = 'true_positive' ORDER BY c.opened_ms DESC, c.number LIMIT 1)"
        )
    };
    format!(
        "{COLUMNS}, {} AS detections_7, {} AS detections_30, {} AS detections_90, {} AS cases_7, {} AS cases_30, {} AS cases_90,
            {} AS false_positive, {} AS benign_true_positive, {} AS true_positive, {} AS last_tp, {} AS last_tp_ms",
        detections(3),
        detections(4),
        detections(5),
        count(3, ""),
        count(4, ""),
        count(5, ""),
        declared("false_positive"),
        declared("benign_true_positive"),
        declared("true_positive"),
        last("number"),
        last("opened_ms"),
    )
}

/// Seven, thirty and ninety days before a time.
pub fn since(now_ms: i64) -> [i64; 3] {
    [7, 30, DAYS].map(|days| now_ms - days * DAY_MS)
}

/// The rules of an organisation that raised something in the last 90 days, last active first, at most [`RULES`].
pub async fn of_org(tx: &mut Tx, org_id: i64, now_ms: i64) -> Result<Vec<Health>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {} FROM rules r JOIN orgs o ON o.id = r.org_id WHERE r.org_id = $1 AND r.last_ms >= $5 ORDER BY r.last_ms DESC, r.id DESC LIMIT $2",
        columns()
    ));
    let since = since(now_ms);
    on!(tx, |db| sqlx::query_as(sql)
        .bind(org_id)
        .bind(RULES)
        .bind(since[0])
        .bind(since[1])
        .bind(since[2])
        .fetch_all(db))
}

/// One rule of an organisation.
pub async fn of_rule(tx: &mut Tx, rule_id: i64, now_ms: i64) -> Result<Health> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {} FROM rules r JOIN orgs o ON o.id = r.org_id WHERE r.id = $1 LIMIT $2",
        columns()
    ));
    let since = since(now_ms);
    on!(tx, |db| sqlx::query_as(sql)
        .bind(rule_id)
        .bind(1_i64)
        .bind(since[0])
        .bind(since[1])
        .bind(since[2])
        .fetch_one(db))
}

const REVIEWED: &str = "c.verdict IN ('false_positive', 'benign_true_positive', 'true_positive')";

/// How long it took from the opening of a case to its first declaration, in milliseconds, by rule: of the newest
/// [`TIMED`] first declarations of an organisation, those of reviewed cases opened in the last 90 days.
pub async fn took(tx: &mut Tx, org_id: i64, now_ms: i64) -> Result<Vec<(i64, i64)>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.rule_id, c.first_decided_ms - c.opened_ms FROM (SELECT number FROM cases
            WHERE org_id = $1 AND opened_ms >= $2 AND first_decided_ms IS NOT NULL ORDER BY first_decided_ms DESC, number DESC LIMIT {TIMED}) AS d
         JOIN cases c ON c.number = d.number WHERE c.opened_ms >= $2 AND {REVIEWED}"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(since(now_ms)[2]).fetch_all(db))
}

/// The same of one rule's newest [`MOST`] cases.
pub async fn took_of_rule(tx: &mut Tx, rule_id: i64, now_ms: i64) -> Result<Vec<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.first_decided_ms - c.opened_ms FROM (SELECT number FROM cases WHERE rule_id = $1 AND opened_ms >= $2
            ORDER BY opened_ms DESC, number LIMIT {MOST}) AS n
         JOIN cases c ON c.number = n.number WHERE c.first_decided_ms IS NOT NULL AND {REVIEWED}"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(rule_id).bind(since(now_ms)[2]).fetch_all(db))
}
