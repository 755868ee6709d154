//! Thousands of triaged cases from one, without asking anybody: the same document, run and votes on other hosts.
use crate::bulk::write;
use crate::support::Server;

const CASES: &str = "INSERT INTO cases (number, org_id, title, rule_id, sensor_id, hostname, user_name, chain, fingerprint, status, open, verdict, machine_verdict,
        outcome, confidence, risk_score, triage_state, glance, severity, severity_by, rule_level, flags, detections, opened_ms, updated_ms, first_event_ms,
        last_event_ms, queue_rank)
    SELECT n.i, c.org_id, c.title, c.rule_id, c.sensor_id, 'copy-' || CAST(n.i AS TEXT), c.user_name, c.chain, c.fingerprint, c.status, c.open, c.verdict,
        c.machine_verdict, c.outcome, c.confidence, c.risk_score, c.triage_state, c.glance, c.severity, c.severity_by, c.rule_level, c.flags, c.detections,
        c.opened_ms, c.updated_ms, c.first_event_ms, c.last_event_ms, c.queue_rank FROM n, cases c WHERE c.number = OF";
const FINGERPRINTS: &str = "INSERT INTO case_fingerprints (case_number, org_id, sensor_id, fingerprint, first_ms, last_ms)
    SELECT n.i, f.org_id, f.sensor_id, f.fingerprint, f.first_ms, f.last_ms FROM n, case_fingerprints f WHERE f.case_number = OF";
const DETECTIONS: &str = "INSERT INTO detections (id, org_id, case_number, detect_id, rule_id, sensor_id, source, title, level, event_type, fingerprint, event_ms,
        gen_ms, received_ms, raw)
    SELECT 1000000 + n.i, d.org_id, n.i, d.detect_id || '-' || CAST(n.i AS TEXT), d.rule_id, d.sensor_id, d.source, d.title, d.level, d.event_type,
        d.fingerprint, d.event_ms, d.gen_ms, d.received_ms, d.raw FROM n, detections d WHERE d.case_number = OF";
const RUNS: &str = "INSERT INTO runs (id, case_number, number, detection_id, fingerprint, state, asked_by, mode, queued_ms, started_ms, finished_ms, machine_verdict,
        outcome, confidence, severity, risk_score, flags, vetoes)
    SELECT 1000000 + n.i, n.i, r.number, 1000000 + n.i, r.fingerprint, r.state, r.asked_by, r.mode, r.queued_ms, r.started_ms, r.finished_ms, r.machine_verdict,
        r.outcome, r.confidence, r.severity, r.risk_score, r.flags, r.vetoes FROM n, runs r WHERE r.case_number = OF";
const VOTES: &str = "INSERT INTO votes (run_id, position, voter, role, kind, model, state, verdict, confidence)
    SELECT 1000000 + n.i, v.position, v.voter, v.role, v.kind, v.model, v.state, v.verdict, v.confidence
    FROM n, votes v JOIN runs r ON r.id = v.run_id WHERE r.case_number = OF";

/// Copies a case that has one detection and one run to numbers from one to another.
pub(crate) async fn copy(server: &Server, of: i64, from: i64, to: i64) {
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to}) ");
    for sql in [CASES, FINGERPRINTS, DETECTIONS, RUNS, VOTES] {
        write(&server.app.store, &format!("{numbers}{}", sql.replace("= OF", &format!("= {of}")))).await;
    }
}
