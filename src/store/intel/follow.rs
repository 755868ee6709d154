//! Answers follow the detections that hold the value: to the case that these left for.
use super::super::{Result, Tx, run};

/// Gives a case the newest answers of another one about what both hold: what is known of a value is known of it in both.
pub async fn share(tx: &mut Tx, from: i64, to: i64) -> Result<u64> {
    run!(tx, sqlx::query(SHARED).bind(from).bind(to))
}

/// Moves answers of a case about what only the other one holds.
pub async fn leave(tx: &mut Tx, from: i64, to: i64) -> Result<u64> {
    run!(tx, sqlx::query(LEFT).bind(from).bind(to))
}

const SHARED: &str = "INSERT INTO intel (case_number, provider, kind, observable, value, fingerprint, state, why, payload, fetched_ms, tries, due_ms, recorded)
    SELECT $2, i.provider, i.kind, i.observable, i.value, i.fingerprint, i.state, i.why, i.payload, i.fetched_ms, i.tries, i.due_ms, i.recorded FROM intel i
    WHERE i.id IN (SELECT MAX(n.id) FROM intel n WHERE n.case_number = $1 AND n.observable IS NOT NULL GROUP BY n.provider, n.kind, n.observable)
        AND EXISTS (SELECT 1 FROM case_observables c JOIN observables o ON o.id = c.observable_id
            WHERE c.case_number = $1 AND o.kind = i.kind AND o.value = i.observable)
        AND EXISTS (SELECT 1 FROM case_observables c JOIN observables o ON o.id = c.observable_id
            WHERE c.case_number = $2 AND o.kind = i.kind AND o.value = i.observable)";

const LEFT: &str =
    "UPDATE intel SET case_number = $2, origin_case = NULL WHERE case_number = $1 AND observable IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM case_observables c JOIN observables o ON o.id = c.observable_id
            WHERE c.case_number = $1 AND o.kind = intel.kind AND o.value = intel.observable)
        AND EXISTS (SELECT 1 FROM case_observables c JOIN observables o ON o.id = c.observable_id
            WHERE c.case_number = $2 AND o.kind = intel.kind AND o.value = intel.observable)";
