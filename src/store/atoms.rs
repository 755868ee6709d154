//! Process atoms: by them the detections of one process tree on one sensor find each other.
use super::{Result, Tx, on, run};

/// The cases on a sensor, each with whether it is open, that have detections of this process within
/// `window_ms` of the event: the nearest twenty before and after, which are linked with all others.
pub async fn linked(
    tx: &mut Tx,
    sensor_id: i64,
    atom: &str,
    event_ms: i64,
    window_ms: i64,
) -> Result<Vec<(i64, bool)>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT c.number, c.open FROM cases c JOIN (
                SELECT case_number FROM (SELECT case_number FROM case_atoms WHERE sensor_id = $1 AND atom = $2 AND event_ms <= $3 AND event_ms >= $4
                    ORDER BY event_ms DESC LIMIT 20) AS before
                UNION SELECT case_number FROM (SELECT case_number FROM case_atoms WHERE sensor_id = $1 AND atom = $2 AND event_ms > $3 AND event_ms <= $5
                    ORDER BY event_ms LIMIT 20) AS after
             ) AS near ON near.case_number = c.number ORDER BY c.number",
        )
        .bind(sensor_id)
        .bind(atom)
        .bind(event_ms)
        .bind(event_ms - window_ms)
        .bind(event_ms + window_ms)
        .fetch_all(db)
    })
}

/// Notes a process of a case's detection.
pub async fn add(tx: &mut Tx, sensor_id: i64, atom: &str, case: i64, event_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO case_atoms (sensor_id, atom, event_ms, case_number) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
        )
        .bind(sensor_id)
        .bind(atom)
        .bind(event_ms)
        .bind(case)
    )
}
