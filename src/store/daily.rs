//! Cases a day for the dashboard, kept right by every change of a decision.
//!
//! A case counts once under its verdict on the day that it was declared (`false_positive`, …), once under
//! `first_decided` on the day of its first declaration, once under `overturned` on the day of the last
//! overturning, and as `spot_checked` and `spot_wrong` on those days where AI had closed it.
use super::activity::DAY_MS;
use super::{ORGS, Result, Scope, Tx, on, run};
use crate::domain::Verdict;

/// Cases that were declared for the first time.
pub const FIRST_DECIDED: &str = "first_decided";
/// Cases of which a verdict was overturned.
pub const OVERTURNED: &str = "overturned";
/// Cases that AI had closed and that a person declared.
pub const SPOT_CHECKED: &str = "spot_checked";
/// Of those that AI had closed, cases in which it was overturned.
pub const SPOT_WRONG: &str = "spot_wrong";

/// What of a case counts.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Counted {
    org_id: i64,
    verdict: Verdict,
    decided_ms: Option<i64>,
    first_decided_ms: Option<i64>,
    overturned_ms: Option<i64>,
    spot_checked: bool,
}

impl Counted {
    /// The days and figures under which it counts.
    fn cells(&self) -> Vec<(i64, &'static str)> {
        let decided = self.decided_ms.filter(|_| self.verdict.decided());
        let spot = |at: Option<i64>| at.filter(|_| self.spot_checked);
        let all = [
            (decided, self.verdict.as_str()),
            (self.first_decided_ms, FIRST_DECIDED),
            (self.overturned_ms, OVERTURNED),
            (spot(decided), SPOT_CHECKED),
            (spot(self.overturned_ms), SPOT_WRONG),
        ];
        all.into_iter().filter_map(|(at, figure)| at.map(|at| (at.div_euclid(DAY_MS), figure))).collect()
    }
}

/// What of a case counts as it now stands.
pub(super) async fn of_case(tx: &mut Tx, number: i64) -> Result<Counted> {
    on!(tx, |db| sqlx::query_as(
        "SELECT org_id, verdict, decided_ms, first_decided_ms, overturned_ms, spot_checked FROM cases WHERE number = $1"
    )
    .bind(number)
    .fetch_one(db))
}

/// Brings the figures from what a case counted before to what it counts now.
pub(super) async fn shift(tx: &mut Tx, number: i64, before: &Counted) -> Result<()> {
    let now = of_case(tx, number).await?;
    let (old, new) = (before.cells(), now.cells());
    for (day, figure) in old.iter().filter(|cell| !new.contains(cell)) {
        count(tx, (before.org_id, *day, figure), -1).await?;
    }
    for (day, figure) in new.iter().filter(|cell| !old.contains(cell)) {
        count(tx, (now.org_id, *day, figure), 1).await?;
    }
    Ok(())
}

async fn count(tx: &mut Tx, (org_id, day, figure): (i64, i64, &str), by: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO daily (org_id, day, figure, cases) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org_id, day, figure) DO UPDATE SET cases = daily.cases + excluded.cases"
        )
        .bind(org_id)
        .bind(day)
        .bind(figure)
        .bind(by)
    )
}

/// Cases of one figure on one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct Day {
    /// Days since 1970.
    pub day: i64,
    /// A verdict, or one of the other figures.
    pub figure: String,
    /// How many cases.
    pub cases: i64,
}

/// The figures of the days from `first` to `last`, oldest first; zeros are left out.
pub async fn between(tx: &mut Tx, scope: Scope, first: i64, last: i64) -> Result<Vec<Day>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT day, figure, CAST(SUM(cases) AS BIGINT) AS cases FROM daily
         WHERE org_id IN {ORGS} AND day >= $1 AND day <= $4 GROUP BY day, figure HAVING SUM(cases) <> 0 ORDER BY day, figure"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(first).bind(scope.org_id).bind(scope.user_id).bind(last).fetch_all(db))
}

/// The same from the cases themselves, in one statement of its own: what [`between`] must be equal to.
pub async fn recount(tx: &mut Tx, scope: Scope, first: i64, last: i64) -> Result<Vec<Day>> {
    let one = |at: &str, figure: &str, only: &str| {
        format!(
            "SELECT {at} / {DAY_MS} AS day, {figure} AS figure FROM cases WHERE org_id IN {ORGS} AND {at} IS NOT NULL AND {only}"
        )
    };
    let parts = [
        one("decided_ms", "verdict", "verdict <> 'pending'"),
        one("first_decided_ms", "'first_decided'", "TRUE"),
        one("overturned_ms", "'overturned'", "TRUE"),
        one("decided_ms", "'spot_checked'", "verdict <> 'pending' AND spot_checked = TRUE"),
        one("overturned_ms", "'spot_wrong'", "spot_checked = TRUE"),
    ];
    let sql = format!(
        "SELECT day, figure, CAST(COUNT(*) AS BIGINT) AS cases FROM ({}) AS counted WHERE day >= $1 AND day <= $4
         GROUP BY day, figure ORDER BY day, figure",
        parts.join(" UNION ALL ")
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(first)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(last)
        .fetch_all(db))
}
