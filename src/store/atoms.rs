//! Process atoms: by them the detections of one process tree on one sensor find each other.
use super::{Result, Tx, on, run};
use crate::domain::words;

words! {
    /// What a process is to a detection.
    AtomRole ("role") {
        /// The detection is about it.
        Own = "own", "Own";
        /// It started, or did, what the detection is about.
        Parent = "parent", "Parent";
        /// The same, but it starts programs for everybody: having it as a parent connects nothing.
        Launcher = "launcher", "Launcher";
    }
}

/// The processes of a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atoms<'a> {
    /// Those that it is about; empty texts don't count.
    pub own: [&'a str; 2],
    /// The parent, or empty.
    pub parent: &'a str,
    /// `Parent` or `Launcher`.
    pub role: AtomRole,
}

/// The open cases on a sensor with detections of the same process tree within `window_ms` of the event, oldest first.
pub async fn linked(
    tx: &mut Tx,
    sensor_id: i64,
    atoms: Atoms<'_>,
    event_ms: i64,
    window_ms: i64,
) -> Result<Vec<(i64, bool)>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT DISTINCT a.case_number, c.open FROM case_atoms a JOIN cases c ON c.number = a.case_number
             WHERE a.sensor_id = $1 AND a.atom IN ($2, $3, $4) AND a.atom <> '' AND a.last_ms >= $5 AND a.first_ms <= $6
                AND (a.role = 'own' OR a.atom IN ($2, $3) OR (a.role = 'parent' AND $7 = 'parent'))
             ORDER BY a.case_number LIMIT 50",
        )
        .bind(sensor_id)
        .bind(atoms.own[0])
        .bind(atoms.own[1])
        .bind(atoms.parent)
        .bind(event_ms - window_ms)
        .bind(event_ms + window_ms)
        .bind(atoms.role.as_str())
        .fetch_all(db)
    })
}

/// Notes the processes of a case's detection.
pub async fn add(tx: &mut Tx, sensor_id: i64, case: i64, atoms: Atoms<'_>, event_ms: i64) -> Result<()> {
    let all = [(atoms.own[0], AtomRole::Own), (atoms.own[1], AtomRole::Own), (atoms.parent, atoms.role)];
    for (atom, role) in all.into_iter().filter(|(atom, _)| !atom.is_empty()) {
        run!(
            tx,
            sqlx::query(
                "INSERT INTO case_atoms (sensor_id, atom, role, case_number, first_ms, last_ms) VALUES ($1, $2, $3, $4, $5, $5)
                 ON CONFLICT (sensor_id, atom, role, case_number) DO UPDATE SET
                    first_ms = CASE WHEN excluded.first_ms < case_atoms.first_ms THEN excluded.first_ms ELSE case_atoms.first_ms END,
                    last_ms = CASE WHEN excluded.last_ms > case_atoms.last_ms THEN excluded.last_ms ELSE case_atoms.last_ms END"
            )
            .bind(sensor_id)
            .bind(atom)
            .bind(role.as_str())
            .bind(case)
            .bind(event_ms)
        )?;
    }
    Ok(())
}
