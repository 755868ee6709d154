//! Detections that leave their case for a new one, and what goes with them.
use super::runs::Run;
use super::{Result, Tx, on, run};

/// A detection that is to leave its case, or one that stays.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Piece {
    /// Its id.
    pub id: i64,
    /// Its rule.
    pub rule_id: i64,
    /// Its sensor.
    pub sensor_id: i64,
    /// The case that it came with.
    pub origin_case: Option<i64>,
    /// Its behaviour.
    pub fingerprint: String,
    /// When it happened.
    pub event_ms: i64,
    /// The document as it came.
    pub raw: String,
}

const COLUMNS: &str = "id, rule_id, sensor_id, origin_case, fingerprint, event_ms, raw";

/// A detection of a case.
pub async fn piece(tx: &mut Tx, case: i64, id: i64) -> Result<Option<Piece>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM detections WHERE case_number = $1 AND id = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(id).fetch_optional(db))
}

/// The detections of a case's own after an id, in the order in which they arrived.
pub async fn own(tx: &mut Tx, case: i64, after: i64, limit: i64) -> Result<Vec<Piece>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM detections WHERE case_number = $1 AND origin_case IS NULL AND id > $2 ORDER BY id LIMIT $3"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(after).bind(limit).fetch_all(db))
}

/// Whether a case has no detection.
pub async fn is_empty(tx: &mut Tx, case: i64) -> Result<bool> {
    let found: Option<i64> =
        on!(tx, |db| sqlx::query_scalar("SELECT id FROM detections WHERE case_number = $1 LIMIT 1")
            .bind(case)
            .fetch_optional(db))?;
    Ok(found.is_none())
}

/// Moves a detection into another case, as one of its own.
pub async fn take(tx: &mut Tx, id: i64, to: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE detections SET case_number = $1, origin_case = NULL WHERE id = $2").bind(to).bind(id))
}

/// Moves the runs, the evidence and the answers about no value of a behaviour that left a case; returns the runs as they
/// are now.
pub async fn follow(tx: &mut Tx, from: i64, to: i64, fingerprint: &str) -> Result<Vec<Run>> {
    let ids: Vec<i64> = on!(tx, |db| {
        sqlx::query_scalar("SELECT id FROM runs WHERE case_number = $1 AND fingerprint = $2 ORDER BY number")
            .bind(from)
            .bind(fingerprint)
            .fetch_all(db)
    })?;
    let mut moved = Vec::new();
    for id in ids {
        run!(tx, sqlx::query(RENUMBERED).bind(to).bind(id))?;
        moved.push(super::runs::by_id(tx, id).await?);
    }
    run!(
        tx,
        sqlx::query(
            "UPDATE evidence SET case_number = $1 WHERE case_number = $2 AND fingerprint = $3 AND action_id IS NULL"
        )
        .bind(to)
        .bind(from)
        .bind(fingerprint)
    )?;
    run!(
        tx,
        sqlx::query("UPDATE intel SET case_number = $1 WHERE case_number = $2 AND fingerprint = $3 AND observable IS NULL AND origin_case IS NULL")
            .bind(to)
            .bind(from)
            .bind(fingerprint)
    )?;
    Ok(moved)
}

const RENUMBERED: &str = "UPDATE runs SET case_number = $1, origin_case = NULL,
    number = (SELECT COALESCE(MAX(r.number), 0) + 1 FROM runs r WHERE r.case_number = $1) WHERE id = $2";

/// Lets the runs of a case that wait for a detection which left look at the newest one of the same behaviour.
pub async fn look_elsewhere(tx: &mut Tx, case: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE runs SET detection_id = COALESCE((SELECT d.id FROM detections d WHERE d.case_number = $1 AND d.fingerprint = runs.fingerprint
                ORDER BY d.id DESC LIMIT 1), detection_id)
             WHERE case_number = $1 AND state IN ('queued', 'running')
                AND NOT EXISTS (SELECT 1 FROM detections d WHERE d.id = runs.detection_id AND d.case_number = $1)"
        )
        .bind(case)
    )
}

/// Takes an observable from a case's own.
pub async fn drop_observable(tx: &mut Tx, case: i64, id: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("DELETE FROM case_observables WHERE case_number = $1 AND observable_id = $2 AND lent = FALSE")
            .bind(case)
            .bind(id)
    )
}

/// Sets where in the case's events an observable was.
pub async fn set_role(tx: &mut Tx, case: i64, id: i64, role: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE case_observables SET role = $1 WHERE case_number = $2 AND observable_id = $3 AND lent = FALSE"
        )
        .bind(role)
        .bind(case)
        .bind(id)
    )
}

/// Takes a process from a case's own.
pub async fn drop_atom(tx: &mut Tx, case: i64, (sensor_id, atom, event_ms): (i64, &str, i64)) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "DELETE FROM case_atoms WHERE case_number = $1 AND sensor_id = $2 AND atom = $3 AND event_ms = $4 AND lent = FALSE"
        )
        .bind(case)
        .bind(sensor_id)
        .bind(atom)
        .bind(event_ms)
    )
}

/// Takes a technique from a case's own.
pub async fn drop_technique(tx: &mut Tx, case: i64, technique: &str, source: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "DELETE FROM case_techniques WHERE case_number = $1 AND technique = $2 AND source = $3 AND lent = FALSE"
        )
        .bind(case)
        .bind(technique)
        .bind(source)
    )
}

/// What a case shows of the detection that opened it.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The rule's title.
    pub title: &'a str,
    /// The rule.
    pub rule_id: i64,
    /// The sensor.
    pub sensor_id: i64,
    /// The host's name.
    pub hostname: &'a str,
    /// The user, or empty.
    pub user_name: &'a str,
    /// `parent → child`, or empty.
    pub chain: &'a str,
    /// The behaviour.
    pub fingerprint: &'a str,
}

/// Shows another detection at the head of a case, because the one that opened it left.
pub async fn set_head(tx: &mut Tx, case: i64, head: Head<'_>) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE cases SET title = $1, rule_id = $2, sensor_id = $3, hostname = $4, user_name = $5, chain = $6, fingerprint = $7 WHERE number = $8"
        )
        .bind(head.title)
        .bind(head.rule_id)
        .bind(head.sensor_id)
        .bind(head.hostname)
        .bind(head.user_name)
        .bind(head.chain)
        .bind(head.fingerprint)
        .bind(case)
    )
}
