//! Lists of cases: filters, orders, keyset pages and the counts of the views.
use super::cases::{COLUMNS, Case, TABLES};
use super::{ORGS, Result, Scope, Tx, beyond, on};
use crate::domain::words;

words! {
    /// The queue's views.
    View ("view") {
        /// Open and not decided, votes finished.
        NeedsDecision = "needs_decision", "Needs decision";
        /// The voters disagree or are not complete.
        SplitVotes = "split", "Split votes";
        /// The panel says true positive.
        LikelyTruePositive = "likely_tp", "Likely true positive";
        /// A run is waiting or under way.
        Triaging = "triaging", "Triaging";
        /// Assigned to me.
        Mine = "mine", "Mine";
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
    /// The order.
    pub sort: Sort,
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
            sort: Sort::Newest,
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
}

impl Row {
    /// The cursor of the page that ends with this row.
    pub const fn cursor(&self) -> Cursor {
        Cursor(self.queue_rank, self.case.opened_ms, self.case.number)
    }
}

const fn condition(view: View) -> &'static str {
    match view {
        View::NeedsDecision => {
            "c.open = TRUE AND c.verdict = 'pending' AND c.triage_state NOT IN ('queued', 'running')"
        }
        View::SplitVotes => {
            "c.open = TRUE AND c.verdict = 'pending' AND c.outcome IN ('split', 'degraded', 'no_quorum')"
        }
        View::LikelyTruePositive => "c.open = TRUE AND c.verdict = 'pending' AND c.machine_verdict = 'true_positive'",
        View::Triaging => "c.open = TRUE AND c.triage_state IN ('queued', 'running')",
        View::Mine => "c.open = TRUE AND c.assignee_id = $3",
        View::AllOpen => "c.open = TRUE",
        View::Closed => "c.open = FALSE",
        View::All => "TRUE",
    }
}

/// `$2` is the scope's organisation, `$3` its person.
const IN_SCOPE: &str =
    "(c.org_id = $2 OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = c.org_id AND m.user_id = $3))";

/// One page of a list.
pub async fn page(tx: &mut Tx, scope: Scope, filter: &Filter, after: Option<Cursor>, limit: i64) -> Result<Vec<Row>> {
    let (order, start, keyset) = match filter.sort {
        Sort::Risk => (
            "c.queue_rank DESC, c.opened_ms, c.number",
            Cursor(i64::MAX, 0, 0),
            "(-c.queue_rank, c.opened_ms, c.number) > (-$4, $5, $6)",
        ),
        Sort::Newest => (
            "c.opened_ms DESC, c.number DESC",
            Cursor(0, i64::MAX, i64::MAX),
            "(c.opened_ms, c.number) < ($5, $6) AND $4 = $4",
        ),
        Sort::Oldest => {
            ("c.opened_ms, c.number", Cursor(0, i64::MIN, i64::MIN), "(c.opened_ms, c.number) > ($5, $6) AND $4 = $4")
        }
    };
    let Cursor(rank, opened, number) = after.unwrap_or(start);
    let sql = page_sql(condition(filter.view), keyset, order, !filter.fingerprint.is_empty());
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(limit)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(rank)
        .bind(opened)
        .bind(number)
        .bind(&filter.status)
        .bind(&filter.verdict)
        .bind(&filter.machine_verdict)
        .bind(&filter.severity)
        .bind(&filter.org)
        .bind(&filter.assignee)
        .bind(&filter.rule)
        .bind(&filter.sensor)
        .bind(&filter.q)
        .bind(beyond(&filter.q))
        .bind(filter.q.to_lowercase())
        .bind(beyond(&filter.q.to_lowercase()))
        .bind(&filter.fingerprint)
        .fetch_all(db))
}

fn page_sql(condition: &str, keyset: &str, order: &str, of_behaviour: bool) -> String {
    // Only where it is asked for: so the index of behaviours is what is read.
    let of_behaviour = if of_behaviour {
        format!(
            " AND c.number IN (SELECT f.case_number FROM case_fingerprints f WHERE f.org_id IN {ORGS} AND f.fingerprint = $19)"
        )
    } else {
        String::new()
    };
    format!(
        "SELECT {COLUMNS}, c.queue_rank, COALESCE(p.cases, 0) AS seen, COALESCE(p.false_positive, 0) AS seen_fp,
            COALESCE(p.benign_true_positive, 0) AS seen_btp, COALESCE(p.true_positive, 0) AS seen_tp
         FROM {TABLES} LEFT JOIN precedents p ON p.org_id = c.org_id AND p.fingerprint = c.fingerprint
         WHERE {condition} AND {IN_SCOPE} AND {keyset}
            AND ($7 = '' OR c.status = $7) AND ($8 = '' OR c.verdict = $8) AND ($9 = '' OR c.machine_verdict = $9) AND ($10 = '' OR c.severity = $10)
            AND ($11 = '' OR o.slug = $11) AND ($12 = '' OR u.username = $12) AND ($13 = '' OR r.path = $13)
            AND ($14 = '' OR c.sensor_id IN (SELECT s.id FROM sensors s WHERE s.sid = $14))
            AND ($15 = '' OR c.number IN ({SEARCH})){of_behaviour}
         ORDER BY {order} LIMIT $1"
    )
}

/// Cases whose host or title begins with the text, or that hold it as an observable: index look-ups only.
const SEARCH: &str = "SELECT number FROM cases WHERE hostname >= $17 AND hostname < $18
    UNION SELECT number FROM cases WHERE title >= $15 AND title < $16
    UNION SELECT co.case_number FROM observables ob JOIN case_observables co ON co.observable_id = ob.id WHERE ob.value IN ($15, $17)";

/// How many cases a view holds for this scope, counted up to `most`.
pub async fn count(tx: &mut Tx, scope: Scope, view: View, most: i64) -> Result<i64> {
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM cases c WHERE {} AND {IN_SCOPE} LIMIT $1) AS seen",
        condition(view)
    );
    on!(tx, |db| sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(most)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .fetch_one(db))
}
