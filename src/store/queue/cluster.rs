//! Undecided cases of one behaviour as one row: the best-ranked of a view stands for the others.
//!
//! Nothing is kept for this: whether a case stands for its behaviour is one look into the index
//! `cases_cluster`, so that no change of a case can leave a row out of the queue.
use super::super::ORGS;

/// A member's columns are counted up to this many members.
const MEMBERS: i64 = 1_000;

/// The undecided cases of a behaviour in a view, counted up to a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster {
    /// Cases, the standing one included.
    pub cases: i64,
    /// Their hosts.
    pub hosts: i64,
    /// Those with flags that argue against the vote.
    pub flagged: i64,
    /// Those whose vote came out otherwise than that of the standing one.
    pub other: i64,
}

impl Cluster {
    /// Whether counting stopped at the most that is counted.
    pub const fn is_more(&self) -> bool {
        self.cases >= MEMBERS
    }

    pub(super) fn read(told: &str) -> Option<Self> {
        let numbers: Vec<i64> = told.split(' ').filter_map(|number| number.parse().ok()).collect();
        match numbers.as_slice() {
            [cases, hosts, flagged, other] => {
                Some(Self { cases: *cases, hosts: *hosts, flagged: *flagged, other: *other })
            }
            _ => None,
        }
    }
}

/// The condition that `c` stands for its behaviour in a view. Without a filter the index alone answers, case by
/// case; with one, its cases are ranked once, because the index does not hold what it asks for.
pub(super) fn stands(view: &str, fields: &[String]) -> String {
    let members = members(view, fields);
    let order = "b.queue_rank DESC, b.opened_ms, b.number";
    if fields.is_empty() {
        return format!(
            "(c.verdict <> 'pending' OR c.number = (SELECT b.number FROM cases b WHERE {members}
              AND b.org_id = c.org_id AND b.fingerprint = c.fingerprint ORDER BY {order} LIMIT 1))"
        );
    }
    format!(
        "(c.verdict <> 'pending' OR c.number IN (SELECT ranked.number FROM
            (SELECT b.number, ROW_NUMBER() OVER (PARTITION BY b.org_id, b.fingerprint ORDER BY {order}) AS place
             FROM cases b WHERE {members} AND b.org_id IN {ORGS}) AS ranked WHERE ranked.place = 1))"
    )
}

/// The rows of a page with what each one stands for.
pub(super) fn told(rows: &str, view: &str, fields: &[String]) -> String {
    format!(
        "SELECT page.*, COALESCE((SELECT CAST(COUNT(*) AS TEXT) || ' ' || CAST(COUNT(DISTINCT m.sensor_id) AS TEXT) || ' ' ||
            CAST(COALESCE(SUM(m.flagged), 0) AS TEXT) || ' ' || CAST(COALESCE(SUM(m.other), 0) AS TEXT) FROM
            (SELECT b.sensor_id, CASE WHEN b.flags > 0 THEN 1 ELSE 0 END AS flagged, CASE WHEN b.machine_verdict <> page.machine_verdict
                OR COALESCE(b.outcome, '') <> COALESCE(page.outcome, '') THEN 1 ELSE 0 END AS other
             FROM cases b WHERE page.verdict = 'pending' AND {} AND b.org_id = page.org_id AND b.fingerprint = page.fingerprint
             LIMIT {MEMBERS}) AS m), '') AS told
         FROM ({rows}) AS page ORDER BY page.queue_rank DESC, page.opened_ms, page.number",
        members(view, fields)
    )
}

/// What makes a case `b` one of those that may be shown as one row.
fn members(view: &str, fields: &[String]) -> String {
    let mut all = vec!["b.open = TRUE AND b.verdict = 'pending'".to_owned(), said_of(view)];
    all.extend(fields.iter().map(|field| said_of(field)));
    all.join(" AND ")
}

/// A condition on `c`, said of `b`.
fn said_of(condition: &str) -> String {
    let mut said = String::with_capacity(condition.len());
    let mut before = ' ';
    let mut rest = condition.chars().peekable();
    while let Some(letter) = rest.next() {
        let alias = letter == 'c' && rest.peek() == Some(&'.') && !(before.is_alphanumeric() || before == '_');
        said.push(if alias { 'b' } else { letter });
        before = letter;
    }
    said
}
