//! Process atoms: by them the detections of one process tree on one sensor find each other.
use super::many::{ROWS, places};
use super::{Result, Tx, on, run};

/// How many detections of the same processes are looked at; those of a tree share a case already.
const MOST: i64 = 200;

/// The cases on a sensor, each with whether it is open, that have detections of these processes, at
/// most three, within `window_ms` of the event.
pub async fn linked(
    tx: &mut Tx,
    sensor_id: i64,
    atoms: &[&str],
    event_ms: i64,
    window_ms: i64,
) -> Result<Vec<(i64, bool)>> {
    let atom = |at: usize| atoms.get(at).copied().unwrap_or_default();
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT DISTINCT c.number, c.open FROM
                (SELECT case_number FROM case_atoms WHERE sensor_id = $1 AND atom IN ($2, $3, $4) AND event_ms BETWEEN $5 AND $6 LIMIT $7) AS near
             JOIN cases c ON c.number = near.case_number ORDER BY c.number",
        )
        .bind(sensor_id)
        .bind(atom(0))
        .bind(atom(1))
        .bind(atom(2))
        .bind(event_ms - window_ms)
        .bind(event_ms + window_ms)
        .bind(MOST)
        .fetch_all(db)
    })
}

/// Notes the processes of a case's detection.
pub async fn add(tx: &mut Tx, sensor_id: i64, atoms: &[&str], case: i64, event_ms: i64) -> Result<()> {
    let sql = sqlx::AssertSqlSafe(format!(
        "INSERT INTO case_atoms (sensor_id, atom, event_ms, case_number) VALUES {}
         ON CONFLICT (atom, sensor_id, event_ms, case_number) DO UPDATE SET lent = FALSE WHERE case_atoms.lent = TRUE",
        places(atoms.len(), 4)
    ));
    run!(tx, {
        let mut query = sqlx::query(sql);
        for atom in atoms {
            query = query.bind(sensor_id).bind(*atom).bind(event_ms).bind(case);
        }
        query
    })?;
    Ok(())
}

/// Which of these processes are known on any sensor.
pub async fn known(tx: &mut Tx, all: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT DISTINCT v.column1 FROM (VALUES {}) AS v WHERE EXISTS (SELECT 1 FROM case_atoms a WHERE a.atom = v.column1)",
            places(part.len(), 1)
        ));
        let atoms: Vec<String> = on!(tx, |db| {
            let mut query = sqlx::query_scalar(sql);
            for atom in part {
                query = query.bind(*atom);
            }
            query.fetch_all(db)
        })?;
        found.extend(atoms);
    }
    Ok(found)
}
