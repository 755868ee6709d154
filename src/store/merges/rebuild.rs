//! What of a case follows from its detections and from the cases that are part of it, made again from those.
use super::super::{Result, Tx, on, run};
use crate::domain::Severity;

/// Makes the behaviours of a case, what it is lent and its counters again.
pub async fn rebuild(tx: &mut Tx, number: i64) -> Result<()> {
    for sql in REBUILD {
        run!(tx, sqlx::query(*sql).bind(number))?;
    }
    Ok(())
}

const REBUILD: &[&str] = &[
    "DELETE FROM case_fingerprints WHERE case_number = $1",
    "INSERT INTO case_fingerprints (case_number, org_id, sensor_id, fingerprint, first_ms, last_ms)
     SELECT c.number, c.org_id, COALESCE(own.sensor_id, g.sensor_id), g.fingerprint, g.first_ms, g.last_ms FROM cases c
     JOIN (SELECT case_number, fingerprint, MIN(CASE WHEN origin_case IS NULL THEN id END) AS own_id, MIN(sensor_id) AS sensor_id,
            MIN(event_ms) AS first_ms, MAX(event_ms) AS last_ms FROM detections WHERE case_number = $1 GROUP BY case_number, fingerprint) AS g
        ON g.case_number = c.number LEFT JOIN detections own ON own.id = g.own_id WHERE c.number = $1",
    "DELETE FROM case_atoms WHERE case_number = $1 AND lent = TRUE",
    "INSERT INTO case_atoms (case_number, sensor_id, atom, event_ms, lent) SELECT DISTINCT $1, m.sensor_id, m.atom, m.event_ms, TRUE
     FROM cases c JOIN merged_atoms m ON m.case_number = c.number WHERE c.merged_into = $1 ON CONFLICT DO NOTHING",
    "DELETE FROM case_observables WHERE case_number = $1 AND lent = TRUE",
    "INSERT INTO case_observables (case_number, observable_id, role, lent) SELECT $1, m.observable_id, MIN(m.role), TRUE
     FROM cases c JOIN merged_observables m ON m.case_number = c.number WHERE c.merged_into = $1 GROUP BY m.observable_id ON CONFLICT DO NOTHING",
    "DELETE FROM case_techniques WHERE case_number = $1 AND lent = TRUE",
    "INSERT INTO case_techniques (case_number, technique, source, lent) SELECT DISTINCT $1, m.technique, m.source, TRUE
     FROM cases c JOIN merged_techniques m ON m.case_number = c.number WHERE c.merged_into = $1 ON CONFLICT DO NOTHING",
    "UPDATE cases SET detections = d.detections, repeats = d.repeats, first_event_ms = d.first_ms, last_event_ms = d.last_ms FROM
        (SELECT case_number, COUNT(*) AS detections, CAST(SUM(repeats) AS BIGINT) AS repeats, MIN(event_ms) AS first_ms, MAX(event_ms) AS last_ms
         FROM detections WHERE case_number = $1 GROUP BY case_number) AS d WHERE cases.number = d.case_number",
];

/// The different levels that the rules of a case's detections state.
pub async fn levels(tx: &mut Tx, number: i64) -> Result<Vec<Option<Severity>>> {
    on!(tx, |db| sqlx::query_scalar("SELECT DISTINCT level FROM detections WHERE case_number = $1")
        .bind(number)
        .fetch_all(db))
}

/// Documents of a case whose rules state no level, after an id: id and document.
pub async fn unlevelled(tx: &mut Tx, number: i64, after: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT id, raw FROM detections WHERE case_number = $1 AND level IS NULL AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(number)
        .bind(after)
        .bind(limit)
        .fetch_all(db)
    })
}
