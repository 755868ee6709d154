//! One case becomes part of another: everything it holds moves, nothing is lost.
use super::super::{Result, Tx, measured, on, run};
use crate::domain::Severity;

/// Whether nobody has done anything with a case yet: new, undecided, nobody's, without a person's note.
pub async fn untouched(tx: &mut Tx, number: i64) -> Result<bool> {
    let touched: Option<i64> = on!(tx, |db| {
        sqlx::query_scalar(
            "SELECT c.number FROM cases c WHERE c.number = $1 AND (c.status <> 'new' OR c.verdict <> 'pending' OR c.assignee_id IS NOT NULL
                OR c.recorded = TRUE OR c.snoozed = TRUE OR c.tags <> '[]' OR
                EXISTS (SELECT 1 FROM tasks t WHERE t.case_number = c.number AND (t.origin = '' OR t.done_ms IS NOT NULL)) OR EXISTS (SELECT 1 FROM notes n WHERE n.case_number = c.number AND n.author_kind = 'person')
                OR EXISTS (SELECT 1 FROM actions a WHERE a.case_number = c.number))"
        )
        .bind(number)
        .fetch_optional(db)
    })?;
    Ok(touched.is_none())
}

/// Moves everything of `from` into `into` and closes `from` as merged. Detections keep where they came
/// from; runs keep their order after those of `into`.
pub async fn absorb(tx: &mut Tx, from: i64, into: i64, now_ms: i64) -> Result<()> {
    for sql in SHARED.iter().chain(MOVED) {
        run!(tx, sqlx::query(sqlx::AssertSqlSafe(*sql)).bind(from).bind(into))?;
    }
    run!(tx, sqlx::query(CLOSED).bind(from).bind(into).bind(now_ms))?;
    // Its runs may be others than those that its declaration was measured by.
    measured::refresh(tx, into).await
}

/// Rows that both cases may hold: the other's widen ours, then only those move that we don't have.
const SHARED: &[&str] = &[
    "UPDATE precedents SET cases = cases - 1 WHERE org_id = (SELECT org_id FROM cases WHERE number = $1) AND fingerprint IN
        (SELECT f.fingerprint FROM case_fingerprints f JOIN case_fingerprints g ON g.fingerprint = f.fingerprint WHERE f.case_number = $1 AND g.case_number = $2)",
    "UPDATE case_fingerprints SET
        first_ms = COALESCE((SELECT MIN(f.first_ms) FROM case_fingerprints f WHERE f.case_number IN ($1, $2) AND f.fingerprint = case_fingerprints.fingerprint), first_ms),
        last_ms = COALESCE((SELECT MAX(f.last_ms) FROM case_fingerprints f WHERE f.case_number IN ($1, $2) AND f.fingerprint = case_fingerprints.fingerprint), last_ms)
     WHERE case_number = $2",
    "DELETE FROM case_fingerprints WHERE case_number = $1 AND fingerprint IN (SELECT f.fingerprint FROM case_fingerprints f WHERE f.case_number = $2)",
    "DELETE FROM case_atoms WHERE case_number = $1 AND EXISTS
        (SELECT 1 FROM case_atoms a WHERE a.case_number = $2 AND a.sensor_id = case_atoms.sensor_id AND a.atom = case_atoms.atom AND a.event_ms = case_atoms.event_ms)",
    "DELETE FROM case_observables WHERE case_number = $1 AND observable_id IN (SELECT o.observable_id FROM case_observables o WHERE o.case_number = $2)",
    "DELETE FROM tasks WHERE case_number = $1 AND origin IN (SELECT t.origin FROM tasks t WHERE t.case_number = $2)",
    "DELETE FROM case_templates WHERE case_number = $1 AND template_id IN (SELECT t.template_id FROM case_templates t WHERE t.case_number = $2)",
    "DELETE FROM case_techniques WHERE case_number = $1 AND EXISTS
        (SELECT 1 FROM case_techniques t WHERE t.case_number = $2 AND t.technique = case_techniques.technique AND t.source = case_techniques.source)",
];

const MOVED: &[&str] = &[
    "UPDATE cases SET detections = detections + (SELECT c.detections FROM cases c WHERE c.number = $1),
        repeats = repeats + (SELECT c.repeats FROM cases c WHERE c.number = $1),
        first_event_ms = (SELECT MIN(c.first_event_ms) FROM cases c WHERE c.number IN ($1, $2)),
        last_event_ms = (SELECT MAX(c.last_event_ms) FROM cases c WHERE c.number IN ($1, $2)), version = version + 1 WHERE number = $2",
    "UPDATE detections SET case_number = $2, origin_case = COALESCE(origin_case, $1) WHERE case_number = $1",
    "UPDATE case_fingerprints SET case_number = $2 WHERE case_number = $1",
    "UPDATE case_atoms SET case_number = $2 WHERE case_number = $1",
    "UPDATE case_observables SET case_number = $2 WHERE case_number = $1",
    "UPDATE case_techniques SET case_number = $2 WHERE case_number = $1",
    "UPDATE evidence SET case_number = $2 WHERE case_number = $1",
    "UPDATE intel SET case_number = $2 WHERE case_number = $1",
    "UPDATE runs SET case_number = $2, number = number + (SELECT COALESCE(MAX(r.number), 0) FROM runs r WHERE r.case_number = $2) WHERE case_number = $1",
    "UPDATE tasks SET case_number = $2 WHERE case_number = $1",
    "UPDATE case_templates SET case_number = $2 WHERE case_number = $1",
    "UPDATE notes SET case_number = $2 WHERE case_number = $1",
    "UPDATE cases SET merged_into = $2 WHERE merged_into = $1",
];

const CLOSED: &str = "UPDATE cases SET status = 'closed', open = FALSE, reason = 'merged', merged_into = $2, closed_ms = $3, detections = 0, repeats = 0,
    triage_state = 'none', version = version + 1 WHERE number = $1";

/// Raises the severity to that of a case that became part of this one.
pub async fn raise(tx: &mut Tx, number: i64, severity: Severity, by: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE cases SET severity = $1, severity_by = $2 WHERE number = $3")
            .bind(severity)
            .bind(by)
            .bind(number)
    )
}
