//! How rules fare: their volume, and what people declared of their cases, over cases opened in the last 90 days.
//!
//! Nothing here grows with the store: of each organisation's rules those last active, of each rule up to [`MOST`] cases
//! by an index, and days of its activity. What programs declared says nothing of a rule and is only counted.
use super::{COLUMNS, Known};
use crate::store::activity::DAY_MS;
use crate::store::measured::{DECLARED, PROGRAMS};
use crate::store::{Result, Tx, on};

/// Declarations are looked at in so many days.
pub const DAYS: i64 = 90;
/// A count ends here, and so many of a rule's newest reviewed cases are looked at together.
pub const MOST: i64 = 1_000;
/// Rules of one organisation.
pub const RULES: i64 = 200;

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
    /// The reviewed ones, as the query tells them.
    told: Option<String>,
    /// Of those of 90 days, declared by programs.
    pub by_programs: i64,
    /// The newest true positive, whenever that was,
    pub last_tp: Option<i64>,
    /// and when it was opened.
    pub last_tp_ms: Option<i64>,
}

/// What people declared of the newest reviewed cases of a rule, [`MOST`] and those opened at the same moment as the last
/// of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Declared false positive.
    pub false_positive: i64,
    /// Benign true positive.
    pub benign_true_positive: i64,
    /// True positive.
    pub true_positive: i64,
    /// When the oldest of them was opened.
    pub since_ms: i64,
    /// The median from the opening to the first declaration, by nearest rank.
    pub took_ms: i64,
}

impl Sample {
    /// How many they are.
    pub const fn all(&self) -> i64 {
        self.false_positive + self.benign_true_positive + self.true_positive
    }

    /// Whether there are others of 90 days, which are older.
    pub const fn is_part(&self) -> bool {
        self.all() >= MOST
    }

    fn read(told: &str) -> Option<Self> {
        let numbers: Vec<i64> = told.split(' ').filter_map(|number| number.parse().ok()).collect();
        match *numbers.as_slice() {
            [false_positive, benign_true_positive, true_positive, since_ms, took_ms] => {
                Some(Self { false_positive, benign_true_positive, true_positive, since_ms, took_ms })
            }
            _ => None,
        }
    }
}

impl Health {
    /// The reviewed cases; nothing where there are none.
    pub fn reviewed(&self) -> Option<Sample> {
        self.told.as_deref().and_then(Sample::read)
    }
}

/// A rule's newest reviewed cases as one text, so that they are read once: verdicts, the oldest opening, the median. All
/// that were opened with the last of them are among them, so that a moment says which they are.
fn told() -> String {
    let own = format!("{DECLARED} AND c.rule_id = r.id AND c.opened_ms >= $5");
    let last = format!(
        "SELECT x.opened_ms FROM cases x WHERE {} ORDER BY x.opened_ms DESC, x.number LIMIT 1 OFFSET {}",
        own.replace("c.", "x."),
        MOST - 1
    );
    let sum = |verdict: &str| format!("CAST(SUM(CASE WHEN n.verdict = '{verdict}' THEN 1 ELSE 0 END) AS TEXT)");
    format!(
        "(SELECT {} || ' ' || {} || ' ' || {} || ' ' || CAST(MIN(n.opened_ms) AS TEXT) || ' '
            || CAST(MAX(CASE WHEN n.place = (n.whole + 1) / 2 THEN n.took ELSE 0 END) AS TEXT) FROM (
            SELECT m.verdict, m.opened_ms, m.took, ROW_NUMBER() OVER (ORDER BY m.took) AS place, COUNT(*) OVER () AS whole FROM (
                SELECT c.verdict, c.opened_ms, COALESCE(c.first_decided_ms - c.opened_ms, 0) AS took FROM cases c
                WHERE {own} AND c.opened_ms >= COALESCE(({last}), $5) ORDER BY c.opened_ms DESC, c.number LIMIT 2 * {MOST}) AS m) AS n)",
        sum("false_positive"),
        sum("benign_true_positive"),
        sum("true_positive"),
    )
}

fn columns() -> String {
    let count = |since: u8, more: &str| {
        format!(
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM cases c WHERE c.rule_id = r.id AND c.opened_ms >= ${since}{more} LIMIT {MOST}) AS n)"
        )
    };
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
            {} AS told, {} AS by_programs, {} AS last_tp, {} AS last_tp_ms",
        detections(3),
        detections(4),
        detections(5),
        count(3, ""),
        count(4, ""),
        count(5, ""),
        told(),
        count(5, &format!(" AND {PROGRAMS}")),
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
