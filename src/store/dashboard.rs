//! What the dashboard counts beside [`super::daily`]: what waits, how long decisions took, which rules are noisy.
use super::queue::{View, condition};
use super::{ORGS, Result, Scope, Tx, on};
use crate::domain::Severity;

/// Waiting cases that are counted.
pub const WAITING: i64 = 10_000;
/// Decisions of which the time is looked at.
pub const TIMED: i64 = 2_000;
/// A rule's cases are counted up to this many.
pub const OF_RULE: i64 = 1_000;

/// Waiting cases of one age and severity.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// The place of the age among the given moments: 0 for what was opened after the first of them.
    pub age: i64,
    /// The severity.
    pub severity: Severity,
    /// How many cases.
    pub cases: i64,
    /// When the first of them was opened.
    pub oldest_ms: i64,
}

/// The cases that wait for a decision, by age: opened at `moments[0]` or later, before that but at `moments[1]` or
/// later, and so on. Counted up to [`WAITING`].
pub async fn waiting(tx: &mut Tx, scope: Scope, moments: [i64; 3]) -> Result<Vec<Waiting>> {
    let sign = super::queue::by_view(tx);
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT w.age, w.severity, CAST(COUNT(*) AS BIGINT) AS cases, MIN(w.opened_ms) AS oldest_ms FROM (
            SELECT CAST(CASE WHEN c.opened_ms >= $4 THEN 0 WHEN c.opened_ms >= $5 THEN 1 WHEN c.opened_ms >= $6 THEN 2 ELSE 3 END AS BIGINT) AS age,
                c.severity, c.opened_ms FROM cases c WHERE {} AND {sign}c.org_id IN {ORGS} LIMIT $1
         ) AS w GROUP BY w.age, w.severity ORDER BY w.age, w.severity",
        condition(View::NeedsDecision)
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(WAITING)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(moments[0])
        .bind(moments[1])
        .bind(moments[2])
        .fetch_all(db))
}

/// How long it took from the opening of a case to its first declaration, in milliseconds, shortest first: of the
/// newest [`TIMED`] first declarations from `from_ms` to before `to_ms`.
pub async fn took(tx: &mut Tx, scope: Scope, (from_ms, to_ms): (i64, i64)) -> Result<Vec<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT d.took FROM (SELECT c.first_decided_ms - c.opened_ms AS took FROM cases c
            WHERE c.first_decided_ms >= $4 AND c.first_decided_ms < $5 AND c.org_id IN {ORGS}
            ORDER BY c.first_decided_ms DESC, c.number DESC LIMIT $1) AS d ORDER BY d.took"
    ));
    on!(tx, |db| sqlx::query_scalar(sql)
        .bind(TIMED)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(from_ms)
        .bind(to_ms)
        .fetch_all(db))
}

/// A rule with the cases that it opened, each count up to [`OF_RULE`].
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OfRule {
    /// Cases.
    pub cases: i64,
    /// Of those, declared false positive.
    pub false_positive: i64,
    /// Benign true positive.
    pub benign_true_positive: i64,
    /// True positive.
    pub true_positive: i64,
    /// The newest exclusion that was proposed for a case of this rule and hides something, or is about to.
    pub exclusion: Option<i64>,
}

/// The cases of an organisation's rule that were opened since a moment.
pub async fn of_rule(tx: &mut Tx, org_id: i64, path: &str, since_ms: i64) -> Result<OfRule> {
    let count = |more: &str| {
        format!(
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM cases c WHERE c.rule_id = r.id AND c.opened_ms >= $3{more} LIMIT {OF_RULE}) AS n)"
        )
    };
    let of = |verdict: &str| count(&format!(" AND c.verdict = '{verdict}'"));
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {} AS cases, {} AS false_positive, {} AS benign_true_positive, {} AS true_positive,
            (SELECT MAX(e.id) FROM exclusions e JOIN cases o ON o.number = e.case_number WHERE e.org_id = r.org_id AND o.rule_id = r.id AND e.state IN ('proposed', 'approved', 'active')) AS exclusion
         FROM rules r WHERE r.org_id = $1 AND r.path = $2",
        count(""),
        of("false_positive"),
        of("benign_true_positive"),
        of("true_positive")
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(path).bind(since_ms).fetch_one(db))
}
