//! Cases that have something to do with a case, each question answered by an index and bounded.
use super::many::places;
use super::{Result, Tx, on};
use crate::domain::{Blind, MachineVerdict, ObservableKind, Severity, Status, Verdict};

/// A case that shares an observable which few cases have.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Shared {
    /// The other case.
    pub number: i64,
    /// The observable's type.
    pub kind: ObservableKind,
    /// Its value.
    pub value: String,
    /// How many cases have it.
    pub cases: i64,
}

/// An observable is rare where no more cases than this have it.
pub const RARE: i64 = 6;
/// Observables of a case that are looked at.
const LOOKED_AT: i64 = 60;

/// The newest cases that share a hash, a domain, an address or a link with a case which no more than [`RARE`] cases have.
pub async fn sharing(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<Shared>> {
    let sql = format!(
        "SELECT x.case_number AS number, r.kind, r.value, r.cases FROM (
            SELECT s.id, s.kind, s.value, (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM case_observables y WHERE y.observable_id = s.id LIMIT {RARE} + 1) AS few) AS cases
            FROM (SELECT o.id, o.kind, o.value FROM case_observables co JOIN observables o ON o.id = co.observable_id
                WHERE co.case_number = $1 AND o.kind IN ('sha256', 'sha1', 'md5', 'domain', 'ip', 'url') ORDER BY o.id LIMIT {LOOKED_AT}) AS s) AS r
         JOIN case_observables x ON x.observable_id = r.id AND x.case_number <> $1
         WHERE r.cases <= {RARE} ORDER BY x.case_number DESC, r.id LIMIT $2"
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(number).bind(limit).fetch_all(db))
}

/// The cases of a sensor that were opened between two moments, newest first.
pub async fn of_sensor(tx: &mut Tx, sensor_id: i64, from_ms: i64, to_ms: i64, limit: i64) -> Result<Vec<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT number FROM cases WHERE sensor_id = $1 AND opened_ms >= $2 AND opened_ms <= $3 AND merged_into IS NULL ORDER BY opened_ms DESC, number LIMIT $4"
    )
    .bind(sensor_id)
    .bind(from_ms)
    .bind(to_ms)
    .bind(limit)
    .fetch_all(db)
    })
}

/// The cases that repeat a closed one.
pub async fn repeating(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT number FROM cases WHERE previous_case = $1 ORDER BY number DESC LIMIT $2")
        .bind(number)
        .bind(limit)
        .fetch_all(db))
}

/// A case ($1) and the cases that are what it is: part of it, closed as a duplicate of it, or of one of these.
pub(super) const FOLLOWERS: &str = "WITH RECURSIVE followers (number) AS (SELECT CAST($1 AS BIGINT) UNION
    SELECT c.number FROM followers f JOIN cases c ON c.duplicate_of = f.number OR c.merged_into = f.number)";

/// The cases that are what one is, newest first.
pub async fn followers(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{FOLLOWERS} SELECT number FROM followers WHERE number <> $1 ORDER BY number DESC LIMIT $2"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(number).bind(limit).fetch_all(db))
}

/// The cases that were closed as duplicates of one.
pub async fn duplicates(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT number FROM cases WHERE duplicate_of = $1 ORDER BY number DESC LIMIT $2")
        .bind(number)
        .bind(limit)
        .fetch_all(db))
}

/// A case as the list of related ones shows it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its host.
    pub hostname: String,
    /// Its severity.
    pub severity: Severity,
    /// Where it stands.
    pub status: Status,
    /// What a person decided.
    pub verdict: Verdict,
    /// The panel's verdict.
    pub machine_verdict: MachineVerdict,
    /// Whether it is in blind review.
    pub blind: Blind,
}

/// These cases, where they are of this organisation and part of no other case.
pub async fn lines(tx: &mut Tx, org_id: i64, numbers: &[i64]) -> Result<Vec<Line>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT number, title, hostname, severity, status, verdict, machine_verdict, blind FROM cases
         WHERE number IN (SELECT v.column1 FROM (VALUES {}) AS v) AND org_id = ${} AND merged_into IS NULL",
        places(numbers.len(), 1),
        numbers.len() + 1
    ));
    on!(tx, |db| {
        let mut query = sqlx::query_as(sql);
        for number in numbers {
            query = query.bind(*number);
        }
        query.bind(org_id).fetch_all(db)
    })
}
