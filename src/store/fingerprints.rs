//! Which case a behaviour belongs to, and how common it is.
use super::many::pairs;
use super::{Result, Tx, on, run};
use crate::domain::dossier::Prevalence;
use crate::domain::{Blind, MachineVerdict, Verdict};

/// The open cases on a sensor that have detections of this behaviour within `window_ms` of the event:
/// the nearest twenty before and after, which are linked with all others.
pub async fn open_cases(
    tx: &mut Tx,
    sensor_id: i64,
    fingerprint: &str,
    event_ms: i64,
    window_ms: i64,
) -> Result<Vec<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT c.number FROM cases c JOIN (
            SELECT case_number FROM (SELECT case_number FROM detections WHERE sensor_id = $1 AND fingerprint = $2 AND event_ms <= $3 AND event_ms >= $4
                ORDER BY event_ms DESC LIMIT 20) AS before
            UNION SELECT case_number FROM (SELECT case_number FROM detections WHERE sensor_id = $1 AND fingerprint = $2 AND event_ms > $3 AND event_ms <= $5
                ORDER BY event_ms LIMIT 20) AS after
         ) AS near ON near.case_number = c.number WHERE c.open = TRUE ORDER BY c.number"
    )
    .bind(sensor_id)
    .bind(fingerprint)
    .bind(event_ms)
    .bind(event_ms - window_ms)
    .bind(event_ms + window_ms)
    .fetch_all(db)
    })
}

/// Which of these behaviours an organisation has seen: organisation and fingerprint.
pub async fn known(tx: &mut Tx, all: &[(i64, &str)]) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT DISTINCT v.column1, v.column2 FROM (VALUES {}) AS v WHERE EXISTS
        (SELECT 1 FROM case_fingerprints f WHERE f.org_id = v.column1 AND f.fingerprint = v.column2)";
    pairs(tx, sql, all).await
}

/// The newest closed case of this organisation with this sensor and fingerprint, whenever it was.
pub async fn last_closed(tx: &mut Tx, org_id: i64, sensor_id: i64, fingerprint: &str) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT f.case_number FROM case_fingerprints f JOIN cases c ON c.number = f.case_number
         WHERE f.org_id = $1 AND f.sensor_id = $2 AND f.fingerprint = $3 AND c.open = FALSE
         ORDER BY f.last_ms DESC LIMIT 1"
    )
    .bind(org_id)
    .bind(sensor_id)
    .bind(fingerprint)
    .fetch_optional(db))
}

/// Widens the time in which a case saw a behaviour; `false` where the case does not hold it yet.
pub async fn seen(tx: &mut Tx, case: i64, fingerprint: &str, event_ms: i64) -> Result<bool> {
    let moved = run!(
        tx,
        sqlx::query(
            "UPDATE case_fingerprints SET first_ms = CASE WHEN $1 < first_ms THEN $1 ELSE first_ms END,
                last_ms = CASE WHEN $1 > last_ms THEN $1 ELSE last_ms END
             WHERE case_number = $2 AND fingerprint = $3"
        )
        .bind(event_ms)
        .bind(case)
        .bind(fingerprint)
    )?;
    Ok(moved > 0)
}

/// Notes that a case holds a behaviour.
pub async fn add(tx: &mut Tx, case: i64, org_id: i64, sensor_id: i64, fingerprint: &str, event_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO case_fingerprints (case_number, org_id, sensor_id, fingerprint, first_ms, last_ms) VALUES ($1, $2, $3, $4, $5, $5)"
        )
        .bind(case)
        .bind(org_id)
        .bind(sensor_id)
        .bind(fingerprint)
        .bind(event_ms)
    )
}

/// The fingerprints of a case.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<String>> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT fingerprint FROM case_fingerprints WHERE case_number = $1 ORDER BY first_ms, fingerprint"
    )
    .bind(case)
    .fetch_all(db))
}

/// How common a behaviour is in the organisation, one case left out. Counts stop at 1,000.
pub async fn prevalence(tx: &mut Tx, org_id: i64, fingerprint: &str, case: i64, sensor_id: i64) -> Result<Prevalence> {
    let (cases, other_hosts): (i64, i64) = on!(tx, |db| {
        sqlx::query_as(
        "SELECT CAST(COUNT(*) AS BIGINT), CAST(COUNT(DISTINCT CASE WHEN sensor_id <> $4 THEN sensor_id END) AS BIGINT)
         FROM (SELECT sensor_id FROM case_fingerprints WHERE org_id = $1 AND fingerprint = $2 AND case_number <> $3 LIMIT 1000) AS seen"
    )
    .bind(org_id)
    .bind(fingerprint)
    .bind(case)
    .bind(sensor_id)
    .fetch_one(db)
    })?;
    Ok(Prevalence { cases, other_hosts, high_on_host: 0 })
}

/// A case with the same behaviour on another host.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Elsewhere {
    /// The case.
    pub number: i64,
    /// The host's name.
    pub hostname: String,
    /// The sensor's sid.
    pub sid: String,
    /// Whether it is still open.
    pub open: bool,
    /// What a person decided.
    pub verdict: Verdict,
    /// The panel's verdict.
    pub machine_verdict: MachineVerdict,
    /// Whether it is in blind review.
    pub blind: Blind,
    /// When it was opened.
    pub opened_ms: i64,
}

/// The newest cases of the organisation with this behaviour on other sensors, sought in the newest 1,000.
pub async fn elsewhere(tx: &mut Tx, org_id: i64, fingerprint: &str, sensor_id: i64) -> Result<Vec<Elsewhere>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT c.number, c.hostname, s.sid, c.open, c.verdict, c.machine_verdict, c.blind, c.opened_ms FROM (
            SELECT case_number FROM (
                SELECT case_number, sensor_id FROM case_fingerprints WHERE org_id = $1 AND fingerprint = $2
                ORDER BY case_number DESC LIMIT 1000) AS newest
            WHERE sensor_id <> $3 ORDER BY case_number DESC LIMIT 10) AS n
         JOIN cases c ON c.number = n.case_number JOIN sensors s ON s.id = c.sensor_id ORDER BY c.number DESC"
    )
    .bind(org_id)
    .bind(fingerprint)
    .bind(sensor_id)
    .fetch_all(db))
}
