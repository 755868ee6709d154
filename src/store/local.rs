//! What the store knows around a case: where its behaviour was seen, and what else happened on its host.
//! Every question has an index and a bound.
use super::{Result, Tx, on};
use crate::domain::local::{NearInTime, Spread};
use crate::domain::{Severity, Verdict};

/// Cases, and detections, that are counted at most.
const CASES: i64 = 1_000;
const DETECTIONS: i64 = 5_000;
/// Cases of a host that are counted at most.
const HOST_CASES: i64 = 200;
/// Detections of other cases on either side of a moment.
const BESIDE: i64 = 50;

/// Where and how often a behaviour was seen in an organisation.
pub async fn spread(tx: &mut Tx, org_id: i64, fingerprint: &str) -> Result<Spread> {
    let (cases, hosts, first_ms): (i64, i64, Option<i64>) = on!(tx, |db| {
        sqlx::query_as(
            "SELECT CAST(COUNT(*) AS BIGINT), CAST(COUNT(DISTINCT sensor_id) AS BIGINT), MIN(first_ms) FROM (
                SELECT sensor_id, first_ms FROM case_fingerprints WHERE org_id = $1 AND fingerprint = $2
                ORDER BY case_number LIMIT $3) AS seen",
        )
        .bind(org_id)
        .bind(fingerprint)
        .bind(CASES)
        .fetch_one(db)
    })?;
    let days: i64 = on!(tx, |db| {
        sqlx::query_scalar(
            "SELECT CAST(COUNT(DISTINCT day) AS BIGINT) FROM (
                SELECT d.event_ms / 86400000 AS day FROM (
                    SELECT DISTINCT sensor_id FROM (SELECT sensor_id FROM case_fingerprints
                        WHERE org_id = $1 AND fingerprint = $2 ORDER BY case_number LIMIT $3) AS held) AS s
                JOIN detections d ON d.sensor_id = s.sensor_id AND d.fingerprint = $2 LIMIT $4) AS seen",
        )
        .bind(org_id)
        .bind(fingerprint)
        .bind(CASES)
        .bind(DETECTIONS)
        .fetch_one(db)
    })?;
    Ok(Spread { cases, hosts, days, first_ms })
}

/// Cases of a host that were opened within a time, one left out: severity, what people declared, how many.
pub async fn host_cases(
    tx: &mut Tx,
    sensor_id: i64,
    but: i64,
    (from_ms, to_ms): (i64, i64),
) -> Result<Vec<(Severity, Verdict, i64)>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT severity, verdict, CAST(COUNT(*) AS BIGINT) FROM (
                SELECT severity, verdict FROM cases WHERE sensor_id = $1 AND number <> $2 AND opened_ms >= $3 AND opened_ms <= $4
                    AND merged_into IS NULL ORDER BY opened_ms DESC LIMIT $5) AS seen
             GROUP BY severity, verdict",
        )
        .bind(sensor_id)
        .bind(but)
        .bind(from_ms)
        .bind(to_ms)
        .bind(HOST_CASES)
        .fetch_all(db)
    })
}

/// Detections on a sensor near a moment that belong to other cases, in the order of time.
pub async fn beside(
    tx: &mut Tx,
    sensor_id: i64,
    but: i64,
    (from_ms, at_ms, to_ms): (i64, i64, i64),
) -> Result<Vec<NearInTime>> {
    let rows: Vec<(i64, String, Option<Severity>, i64)> = on!(tx, |db| {
        sqlx::query_as(
            // The case's own are passed over in the index, however many there are: the span of time is the bound.
            "SELECT d.case_number, d.title, d.level, d.event_ms FROM (
                SELECT * FROM (SELECT id FROM detections WHERE sensor_id = $1 AND event_ms >= $3 AND event_ms <= $4 AND case_number <> $2
                    ORDER BY event_ms DESC LIMIT $6) AS earlier
                UNION ALL
                SELECT * FROM (SELECT id FROM detections WHERE sensor_id = $1 AND event_ms > $4 AND event_ms <= $5 AND case_number <> $2
                    ORDER BY event_ms LIMIT $6) AS later) AS near
             JOIN detections d ON d.id = near.id ORDER BY d.event_ms, d.case_number",
        )
        .bind(sensor_id)
        .bind(but)
        .bind(from_ms)
        .bind(at_ms)
        .bind(to_ms)
        .bind(BESIDE)
        .fetch_all(db)
    })?;
    Ok(rows.into_iter().map(|(case, title, level, at_ms)| NearInTime { case, title, level, at_ms }).collect())
}
