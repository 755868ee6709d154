//! What organisations spend on models in a day of UTC, held by the database so that workers can't overspend together.
use super::{ORGS, Result, Scope, Tx, on, run};

/// What may be spent in a day; 0 for no limit. Money is in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Limits {
    /// Questions to models.
    pub calls: i64,
    /// Tokens of questions and answers.
    pub tokens: i64,
    /// Money.
    pub cost_micro: i64,
}

/// What was spent in a day, and what came of reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Spent {
    /// Questions to models.
    pub calls: i64,
    /// Tokens of questions and answers.
    pub tokens: i64,
    /// Money in millionths.
    pub cost_micro: i64,
    /// Runs that took the votes of another.
    pub reused: i64,
    /// Runs that could have, and were asked to compare.
    pub checked: i64,
    /// Of these, those that came out otherwise.
    pub differed: i64,
}

/// Something that is counted a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A run took the votes of another.
    Reused,
    /// A run was asked to compare.
    Checked,
    /// And came out otherwise.
    Differed,
}

async fn open_day(tx: &mut Tx, org_id: i64, day: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO spending (org_id, day) VALUES ($1, $2) ON CONFLICT DO NOTHING").bind(org_id).bind(day)
    )
}

/// Sets one question aside with its likely tokens and money; `false` where a limit would be passed.
///
/// One statement looks and takes: where two workers want the last of a budget, one of them gets it.
pub async fn reserve(
    tx: &mut Tx,
    (org_id, day): (i64, i64),
    limits: Limits,
    tokens: i64,
    cost_micro: i64,
) -> Result<bool> {
    open_day(tx, org_id, day).await?;
    let taken = run!(
        tx,
        sqlx::query(
            "UPDATE spending SET calls = calls + 1, tokens = tokens + $3, cost_micro = cost_micro + $4 WHERE org_id = $1 AND day = $2
                AND ($5 = 0 OR calls < $5) AND ($6 = 0 OR tokens + $3 <= $6) AND ($7 = 0 OR cost_micro + $4 <= $7)"
        )
        .bind(org_id)
        .bind(day)
        .bind(tokens)
        .bind(cost_micro)
        .bind(limits.calls)
        .bind(limits.tokens)
        .bind(limits.cost_micro)
    )?;
    Ok(taken > 0)
}

/// Puts what a question really took in the place of what was set aside for it.
pub async fn settle(tx: &mut Tx, (org_id, day): (i64, i64), tokens: i64, cost_micro: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE spending SET tokens = tokens + $3, cost_micro = cost_micro + $4 WHERE org_id = $1 AND day = $2"
        )
        .bind(org_id)
        .bind(day)
        .bind(tokens)
        .bind(cost_micro)
    )
}

/// Counts something of a day.
pub async fn count(tx: &mut Tx, (org_id, day): (i64, i64), event: Event) -> Result<u64> {
    open_day(tx, org_id, day).await?;
    let is = |this: Event| i64::from(this == event);
    run!(
        tx,
        sqlx::query(
            "UPDATE spending SET reused = reused + $3, checked = checked + $4, differed = differed + $5 WHERE org_id = $1 AND day = $2"
        )
        .bind(org_id)
        .bind(day)
        .bind(is(Event::Reused))
        .bind(is(Event::Checked))
        .bind(is(Event::Differed))
    )
}

/// Sums of days; one text for the organisation and for many.
const SUMS: &str =
    "CAST(COALESCE(SUM(calls), 0) AS BIGINT) AS calls, CAST(COALESCE(SUM(tokens), 0) AS BIGINT) AS tokens,
    CAST(COALESCE(SUM(cost_micro), 0) AS BIGINT) AS cost_micro, CAST(COALESCE(SUM(reused), 0) AS BIGINT) AS reused,
    CAST(COALESCE(SUM(checked), 0) AS BIGINT) AS checked, CAST(COALESCE(SUM(differed), 0) AS BIGINT) AS differed";

/// What an organisation spent on a day.
pub async fn on_day(tx: &mut Tx, (org_id, day): (i64, i64)) -> Result<Spent> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {SUMS} FROM spending WHERE org_id = $1 AND day = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(day).fetch_one(db))
}

/// What an organisation spent in some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct OfOrg {
    /// The organisation.
    pub org_id: i64,
    /// What it spent.
    #[sqlx(flatten)]
    pub spent: Spent,
}

/// What the organisations of a scope spent from one day to another, both included.
pub async fn between(tx: &mut Tx, scope: Scope, from: i64, to: i64) -> Result<Vec<OfOrg>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT org_id, {SUMS} FROM spending WHERE org_id IN {ORGS} AND day >= $1 AND day <= $4 GROUP BY org_id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(from).bind(scope.org_id).bind(scope.user_id).bind(to).fetch_all(db))
}

/// Limits of an organisation's own where it has any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Own {
    /// The organisation.
    pub id: i64,
    /// Calls a day.
    pub budget_calls: Option<i64>,
    /// Tokens a day.
    pub budget_tokens: Option<i64>,
    /// Money a day in millionths.
    pub budget_cost_micro: Option<i64>,
}

const OWN: &str = "SELECT id, budget_calls, budget_tokens, budget_cost_micro FROM orgs";

/// An organisation's own limits.
pub async fn own_limits(tx: &mut Tx, org_id: i64) -> Result<Own> {
    let sql = sqlx::AssertSqlSafe(format!("{OWN} WHERE id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).fetch_one(db))
}

/// The own limits of all organisations.
pub async fn all_limits(tx: &mut Tx) -> Result<Vec<Own>> {
    let sql = sqlx::AssertSqlSafe(OWN.to_owned());
    on!(tx, |db| sqlx::query_as(sql).fetch_all(db))
}

/// Sets an organisation's own limits; nothing for those of the settings.
pub async fn set_limits(tx: &mut Tx, own: Own) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE orgs SET budget_calls = $1, budget_tokens = $2, budget_cost_micro = $3 WHERE id = $4")
            .bind(own.budget_calls)
            .bind(own.budget_tokens)
            .bind(own.budget_cost_micro)
            .bind(own.id)
    )
}

/// Notes when the budget renews that a run found used up.
pub async fn renews(tx: &mut Tx, run_id: i64, at_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE runs SET renews_ms = $1 WHERE id = $2").bind(at_ms).bind(run_id))
}

/// Notes that a vote is missing because the budget is used up.
pub async fn unasked(tx: &mut Tx, vote_id: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE votes SET unasked = TRUE WHERE id = $1").bind(vote_id))
}

/// Keeps what a vote cost, in millionths.
pub async fn cost(tx: &mut Tx, vote_id: i64, cost_micro: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE votes SET cost_micro = $1 WHERE id = $2").bind(cost_micro).bind(vote_id))
}

/// How many open cases wait for a budget to renew: organisation and count.
pub async fn unasked_cases(tx: &mut Tx, scope: Scope, now_ms: i64) -> Result<Vec<(i64, i64)>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT org_id, CAST(COUNT(*) AS BIGINT) FROM cases WHERE unasked_until > $1 AND open = TRUE AND org_id IN {ORGS} GROUP BY org_id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(now_ms).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}
