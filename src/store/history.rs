//! The cases of a rule, a sensor or an observable: pages of them, how people decided them, what they share.
//!
//! Nothing here grows with the store: a page is a stretch of an index, and figures come from the
//! newest [`WINDOW`] cases of one organisation's rule, sensor or observable.
use super::activity::Subject;
use super::{Result, Tx, on};
use crate::domain::{Blind, MachineVerdict, ObservableKind, Severity, Verdict};

/// How many of the newest cases figures are made of.
pub const WINDOW: i64 = 1_000;
/// How many of the newest cases are searched for what stands beside something.
const NEAR: i64 = 100;

/// A rule, a sensor or an observable of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of {
    /// What it is.
    pub subject: Subject,
    /// Its id.
    pub id: i64,
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its organisation.
    pub org: String,
    /// Its host.
    pub hostname: String,
    /// `parent → child`, or empty.
    pub chain: String,
    /// Its severity.
    pub severity: Severity,
    /// What a person decided.
    pub verdict: Verdict,
    /// Who did.
    pub decided_by: String,
    /// When.
    pub decided_ms: Option<i64>,
    /// The panel's verdict.
    pub machine_verdict: MachineVerdict,
    /// Whether it is in blind review.
    pub blind: Blind,
    /// When it was opened.
    pub opened_ms: i64,
}

/// The columns of a [`Line`], of `cases c` and `orgs o`.
pub(super) const LINE: &str = "c.number, c.title, o.slug AS org, c.hostname, c.chain, c.severity, c.verdict, c.decided_by, c.decided_ms, \
    c.machine_verdict, c.blind, c.opened_ms";

/// The last case of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// When it was opened.
    pub opened_ms: i64,
    /// Its number.
    pub number: i64,
}

const fn column(subject: Subject) -> &'static str {
    match subject {
        Subject::Rule => "rule_id",
        Subject::Sensor => "sensor_id",
        Subject::Observable => "observable_id",
    }
}

/// The numbers of the newest cases of `$1`, as a query.
pub(super) fn newest(subject: Subject, most: i64) -> String {
    match subject {
        Subject::Observable => format!(
            "SELECT case_number AS number FROM case_observables WHERE observable_id = $1 ORDER BY case_number DESC LIMIT {most}"
        ),
        _ => format!(
            "SELECT number FROM cases WHERE {} = $1 ORDER BY opened_ms DESC, number LIMIT {most}",
            column(subject)
        ),
    }
}

/// The numbers of one page after (`$3`, `$4`), `$2` of them, of verdict `$5` where one is wanted.
fn page_of(subject: Subject, verdict: bool) -> String {
    let (column, only) = (column(subject), if verdict { " AND verdict = $5" } else { "" });
    match subject {
        Subject::Observable if verdict => format!(
            "SELECT c.number FROM ({}) AS n JOIN cases c ON c.number = n.number WHERE c.number < $4{only} ORDER BY c.number DESC LIMIT $2",
            newest(subject, WINDOW)
        ),
        Subject::Observable => {
            "SELECT case_number FROM case_observables WHERE observable_id = $1 AND case_number < $4 ORDER BY case_number DESC LIMIT $2".to_owned()
        }
        // Many cases may be opened in one millisecond: those first, so that no page reads over them.
        _ => format!(
            "SELECT number FROM (SELECT number FROM cases WHERE {column} = $1{only} AND opened_ms = $3 AND number > $4 ORDER BY number LIMIT $2) AS same
             UNION ALL
             SELECT number FROM (SELECT number FROM cases WHERE {column} = $1{only} AND opened_ms < $3 ORDER BY opened_ms DESC, number LIMIT $2) AS older"
        ),
    }
}

const fn order(subject: Subject) -> &'static str {
    match subject {
        Subject::Observable => "c.number DESC",
        _ => "c.opened_ms DESC, c.number",
    }
}

/// Puts the lines of several organisations into the order of a page.
pub fn sort(subject: Subject, lines: &mut [Line]) {
    match subject {
        Subject::Observable => lines.sort_by_key(|line| std::cmp::Reverse(line.number)),
        _ => lines.sort_by_key(|line| (std::cmp::Reverse(line.opened_ms), line.number)),
    }
}

/// One page of cases, newest first; of one verdict where it is given.
pub async fn page(
    tx: &mut Tx,
    of: Of,
    verdict: Option<Verdict>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Line>> {
    let start =
        After { opened_ms: i64::MAX, number: if of.subject == Subject::Observable { i64::MAX } else { i64::MIN } };
    let after = after.unwrap_or(start);
    let sql = format!(
        "SELECT {LINE} FROM cases c JOIN orgs o ON o.id = c.org_id WHERE c.number IN ({}) ORDER BY {} LIMIT $2",
        page_of(of.subject, verdict.is_some()),
        order(of.subject)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(of.id)
        .bind(limit)
        .bind(after.opened_ms)
        .bind(after.number)
        .bind(verdict.unwrap_or(Verdict::Pending))
        .fetch_all(db))
}

/// How many of the newest [`WINDOW`] cases have each verdict.
pub async fn verdicts(tx: &mut Tx, of: Of) -> Result<Vec<(Verdict, i64)>> {
    let sql = format!(
        "SELECT c.verdict, CAST(COUNT(*) AS BIGINT) FROM ({}) AS n JOIN cases c ON c.number = n.number GROUP BY c.verdict",
        newest(of.subject, WINDOW)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(of.id).fetch_all(db))
}

/// The last decided of the newest [`WINDOW`] cases.
pub async fn decided(tx: &mut Tx, of: Of, limit: i64) -> Result<Vec<Line>> {
    let sql = format!(
        "SELECT {LINE} FROM ({}) AS n JOIN cases c ON c.number = n.number JOIN orgs o ON o.id = c.org_id
         WHERE c.verdict <> 'pending' ORDER BY c.decided_ms DESC, c.number DESC LIMIT $2",
        newest(of.subject, WINDOW)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(of.id).bind(limit).fetch_all(db))
}

/// A host and how many cases it has.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Host {
    /// The sensor's sid.
    pub sid: String,
    /// The host's name.
    pub hostname: String,
    /// Its cases among the newest.
    pub cases: i64,
    /// How many hosts there are among the newest cases.
    pub total: i64,
}

/// The hosts with the most of the newest [`WINDOW`] cases.
pub async fn hosts(tx: &mut Tx, of: Of, limit: i64) -> Result<Vec<Host>> {
    let sql = format!(
        "SELECT s.sid, s.hostname, g.cases, g.total FROM (
            SELECT c.sensor_id, CAST(COUNT(*) AS BIGINT) AS cases, CAST(COUNT(*) OVER () AS BIGINT) AS total
            FROM ({}) AS n JOIN cases c ON c.number = n.number GROUP BY c.sensor_id ORDER BY cases DESC, c.sensor_id LIMIT $2
         ) AS g JOIN sensors s ON s.id = g.sensor_id ORDER BY g.cases DESC, s.hostname, s.sid",
        newest(of.subject, WINDOW)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(of.id).bind(limit).fetch_all(db))
}

/// A behaviour and how many cases it has.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Behaviour {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its cases among the newest.
    pub cases: i64,
    /// `parent → child` of one of them.
    pub chain: String,
    /// The newest of them.
    pub newest: i64,
    /// How many behaviours there are among the newest cases.
    pub total: i64,
}

/// The behaviours with the most of the newest [`WINDOW`] cases.
pub async fn behaviours(tx: &mut Tx, of: Of, limit: i64) -> Result<Vec<Behaviour>> {
    let sql = format!(
        "SELECT c.fingerprint, CAST(COUNT(*) AS BIGINT) AS cases, MAX(c.chain) AS chain, MAX(c.number) AS newest,
            CAST(COUNT(*) OVER () AS BIGINT) AS total
         FROM ({}) AS n JOIN cases c ON c.number = n.number GROUP BY c.fingerprint ORDER BY cases DESC, c.fingerprint LIMIT $2",
        newest(of.subject, WINDOW)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(of.id).bind(limit).fetch_all(db))
}

/// An observable beside something, and in how many of its cases.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Beside {
    /// Its type.
    pub kind: ObservableKind,
    /// Its value.
    pub value: String,
    /// How many of the newest cases hold it.
    pub cases: i64,
}

/// What most of the newest cases hold as well: of one type where it is given, itself left out.
pub async fn beside(tx: &mut Tx, of: Of, kind: Option<ObservableKind>, limit: i64) -> Result<Vec<Beside>> {
    let own = if of.subject == Subject::Observable { "co.observable_id <> $1" } else { "TRUE" };
    let sql = format!(
        "SELECT ob.kind, ob.value, g.cases FROM (
            SELECT together.observable_id, CAST(COUNT(*) AS BIGINT) AS cases FROM (
                SELECT co.observable_id FROM ({}) AS n JOIN case_observables co ON co.case_number = n.number WHERE {own} LIMIT 5000
            ) AS together GROUP BY together.observable_id
         ) AS g JOIN observables ob ON ob.id = g.observable_id
         WHERE $3 = '' OR ob.kind = $3 ORDER BY g.cases DESC, ob.kind, ob.value LIMIT $2",
        newest(of.subject, NEAR)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(of.id)
        .bind(limit)
        .bind(kind.map_or("", ObservableKind::as_str))
        .fetch_all(db))
}
