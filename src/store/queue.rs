//! Lists of cases: filters, orders, keyset pages and the counts of the views.
mod beside;
mod cluster;
mod moments;
mod sql;

pub use beside::{Way, beside, place};
pub use cluster::Cluster;
pub use moments::{Moments, Stretch, Whose};
pub(super) use sql::condition;

use super::cases::Case;
use super::{ORGS, Result, Scope, Tx, beyond, on};
use crate::domain::words;

words! {
    /// The queue's views.
    View ("view") {
        /// Open and not decided, votes finished.
        NeedsDecision = "needs_decision", "Needs decision";
        /// The voters disagree or are not complete, among them late ones with a person's verdict.
        SplitVotes = "split", "Split votes";
        /// The panel says true positive.
        LikelyTruePositive = "likely_tp", "Likely true positive";
        /// A run is waiting or under way.
        Triaging = "triaging", "Triaging";
        /// What AI closed, to be looked at by a person.
        SpotCheck = "spot_check", "Spot check";
        /// Assigned to me.
        Mine = "mine", "Mine";
        /// Standing aside until a time.
        Snoozed = "snoozed", "Snoozed";
        /// All open cases.
        AllOpen = "open", "All open";
        /// Closed ones.
        Closed = "closed", "Closed";
        /// Open and closed ones.
        All = "all", "All";
    }
}

words! {
    /// The orders of a list.
    Sort ("sort") {
        /// By risk, then age.
        Risk = "risk", "Risk, then age";
        /// Newest first.
        Newest = "newest", "Newest first";
        /// Oldest first.
        Oldest = "oldest", "Longest waiting first";
    }
}

/// What to list. Empty texts don't filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The view.
    pub view: View,
    /// A status.
    pub status: String,
    /// A person's verdict.
    pub verdict: String,
    /// The panel's verdict.
    pub machine_verdict: String,
    /// A severity.
    pub severity: String,
    /// An organisation's slug.
    pub org: String,
    /// An assignee's name.
    pub assignee: String,
    /// A rule's path.
    pub rule: String,
    /// A sensor's sid.
    pub sensor: String,
    /// A behaviour's fingerprint.
    pub fingerprint: String,
    /// The start of a host's name or a title, or a whole observable.
    pub q: String,
    /// A tag that people gave.
    pub tag: String,
    /// The order.
    pub sort: Sort,
    /// Whether `fingerprint` must be the behaviour that opened the case, not one among others.
    pub exact: bool,
    /// Whether undecided cases of one behaviour are one row; only in the order by risk.
    pub grouped: bool,
    /// When what happened, and by whom.
    pub moments: Moments,
}

impl Default for Filter {
    fn default() -> Self {
        let empty = String::new;
        Self {
            view: View::All,
            status: empty(),
            verdict: empty(),
            machine_verdict: empty(),
            severity: empty(),
            org: empty(),
            assignee: empty(),
            rule: empty(),
            sensor: empty(),
            fingerprint: empty(),
            q: empty(),
            tag: empty(),
            sort: Sort::Newest,
            exact: false,
            grouped: false,
            moments: Moments::default(),
        }
    }
}

/// Where a page ends: rank, opening time, number of its last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub i64, pub i64, pub i64);

/// A row of the list.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Row {
    /// The case.
    #[sqlx(flatten)]
    pub case: Case,
    /// Its place in the order by risk.
    pub queue_rank: i64,
    /// Cases with the same behaviour in the organisation, this one included.
    pub seen: i64,
    /// Of those, how many were declared false positive.
    pub seen_fp: i64,
    /// How many benign true positive.
    pub seen_btp: i64,
    /// How many true positive.
    pub seen_tp: i64,
    /// What the case stands for, as the query tells it.
    pub(super) told: String,
}

impl Row {
    /// The cursor of the page that ends with this row.
    pub const fn cursor(&self) -> Cursor {
        Cursor(self.queue_rank, self.case.opened_ms, self.case.number)
    }

    /// The undecided cases of its behaviour that this row stands for, where there are others.
    pub fn cluster(&self) -> Option<Cluster> {
        Cluster::read(&self.told).filter(|cluster| cluster.cases > 1)
    }
}

/// Fills the places of a list's query; those that it doesn't name are not read.
macro_rules! filled {
    ($query:expr, $limit:expr, $scope:expr, $cursor:expr, $filter:expr) => {
        $query
            .bind($limit)
            .bind($scope.org_id)
            .bind($scope.user_id)
            .bind($cursor.0)
            .bind($cursor.1)
            .bind($cursor.2)
            .bind(&$filter.status)
            .bind(&$filter.verdict)
            .bind(&$filter.machine_verdict)
            .bind(&$filter.severity)
            .bind(&$filter.org)
            .bind(&$filter.assignee)
            .bind(&$filter.rule)
            .bind(&$filter.sensor)
            .bind(&$filter.q)
            .bind(beyond(&$filter.q))
            .bind($filter.q.to_lowercase())
            .bind(beyond(&$filter.q.to_lowercase()))
            .bind(&$filter.fingerprint)
            .bind($filter.moments.opened.from)
            .bind($filter.moments.opened.to)
            .bind($filter.moments.decided.from)
            .bind($filter.moments.decided.to)
            .bind($filter.moments.first_decided.from)
            .bind($filter.moments.first_decided.to)
            .bind($filter.moments.overturned.from)
            .bind($filter.moments.overturned.to)
            .bind(&$filter.moments.decided_by)
            .bind(&$filter.tag)
    };
}

/// One page of a list.
pub async fn page(tx: &mut Tx, scope: Scope, filter: &Filter, after: Option<Cursor>, limit: i64) -> Result<Vec<Row>> {
    let start = match filter.sort {
        Sort::Risk => Cursor(i64::MAX, 0, 0),
        Sort::Newest => Cursor(0, i64::MAX, i64::MAX),
        Sort::Oldest => Cursor(0, i64::MIN, i64::MIN),
    };
    let sql = sql::page(filter, by_view(tx));
    rows(tx, scope, filter, &sql, after.unwrap_or(start), limit).await
}

/// Runs a list's query from a place on.
async fn rows(tx: &mut Tx, scope: Scope, filter: &Filter, sql: &str, cursor: Cursor, limit: i64) -> Result<Vec<Row>> {
    on!(tx, |db| filled!(sqlx::query_as(sqlx::AssertSqlSafe(sql)), limit, scope, cursor, filter).fetch_all(db))
}

/// The sign that keeps `SQLite` from walking an organisation's cases and sorting them: the indexes of the views
/// give the order. `PostgreSQL` knows by its figures, and would misjudge a column with a sign.
pub(super) const fn by_view(tx: &Tx) -> &'static str {
    match tx {
        Tx::Sqlite(_) => "+",
        Tx::Postgres(_) => "",
    }
}

/// How many cases a view holds for this scope, counted up to `most`.
pub async fn count(tx: &mut Tx, scope: Scope, view: View, most: i64) -> Result<i64> {
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM cases c WHERE {} AND {}c.org_id IN {ORGS} LIMIT $1) AS seen",
        sql::condition(view),
        by_view(tx)
    );
    on!(tx, |db| sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(most)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .fetch_one(db))
}

/// How many of the first `most` cases of the filter's view pass the filter, and whether those were all.
pub async fn count_filtered(tx: &mut Tx, scope: Scope, filter: &Filter, most: i64) -> Result<(i64, bool)> {
    let sql = sql::count(filter, by_view(tx));
    let cursor = Cursor(0, 0, 0);
    let (walked, found): (i64, i64) = on!(tx, |db| {
        filled!(sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())), most, scope, cursor, filter).fetch_one(db)
    })?;
    Ok((found, walked < most))
}
