//! Detections: each stored once, whole, as it came.
use super::cases::Case;
use super::many::{of_each, pairs};
use super::{Result, Tx, on, run};
use crate::domain::Severity;

/// A stored detection.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Stored {
    /// Its id here.
    pub id: i64,
    /// Its organisation.
    pub org_id: i64,
    /// Its case.
    pub case_number: i64,
    /// The case that it came with, which became part of its case.
    pub origin_case: Option<i64>,
    /// Its sensor.
    pub sensor_id: i64,
    /// Its rule.
    pub rule_id: i64,
    /// LimaCharlie's id, unique within the organisation.
    pub detect_id: String,
    /// Where it came from, such as `api` or `webhook:acme`.
    pub source: String,
    /// Its title.
    pub title: String,
    /// The rule's own level.
    pub level: Option<Severity>,
    /// Such as `NEW_PROCESS`.
    pub event_type: String,
    /// Its behaviour's fingerprint.
    pub fingerprint: String,
    /// When it happened.
    pub event_ms: i64,
    /// When LimaCharlie raised it.
    pub gen_ms: Option<i64>,
    /// When it arrived here.
    pub received_ms: i64,
    /// How often it was sent again.
    pub repeats: i64,
    /// The document exactly as it came; empty once it was removed because of its age.
    pub raw: String,
}

/// A detection to store.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its organisation.
    pub org_id: i64,
    /// Its case.
    pub case_number: i64,
    /// LimaCharlie's id.
    pub detect_id: &'a str,
    /// Its rule.
    pub rule_id: i64,
    /// Its sensor.
    pub sensor_id: i64,
    /// Where it came from.
    pub source: &'a str,
    /// Its title.
    pub title: &'a str,
    /// The rule's level.
    pub level: Option<Severity>,
    /// Its event type.
    pub event_type: &'a str,
    /// Its fingerprint.
    pub fingerprint: &'a str,
    /// When it happened.
    pub event_ms: i64,
    /// When it was raised.
    pub gen_ms: Option<i64>,
    /// When it arrived.
    pub received_ms: i64,
    /// The document.
    pub raw: &'a str,
}

/// Which of these are stored already: organisation and LimaCharlie's id.
pub async fn known(tx: &mut Tx, all: &[(i64, &str)]) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT d.org_id, d.detect_id FROM (VALUES {}) AS v CROSS JOIN detections d WHERE d.org_id = v.column1 AND d.detect_id = v.column2";
    pairs(tx, sql, all).await
}

/// Counts a repeat of a detection that is known already; `false` where it is new.
pub async fn repeat(tx: &mut Tx, org_id: i64, detect_id: &str) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query("UPDATE detections SET repeats = repeats + 1 WHERE org_id = $1 AND detect_id = $2")
            .bind(org_id)
            .bind(detect_id)
    )?;
    Ok(changed > 0)
}

/// Stores a detection.
///
/// # Errors
/// A unique violation where the organisation has it already.
pub async fn insert(tx: &mut Tx, new: &New<'_>) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO detections (org_id, case_number, detect_id, rule_id, sensor_id, source, title, level, event_type, fingerprint, event_ms, gen_ms, received_ms, raw)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id"
    )
    .bind(new.org_id)
    .bind(new.case_number)
    .bind(new.detect_id)
    .bind(new.rule_id)
    .bind(new.sensor_id)
    .bind(new.source)
    .bind(new.title)
    .bind(new.level)
    .bind(new.event_type)
    .bind(new.fingerprint)
    .bind(new.event_ms)
    .bind(new.gen_ms)
    .bind(new.received_ms)
    .bind(new.raw)
    .fetch_one(db)
    })
}

/// A detection in a sensor's list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Its case.
    pub case_number: i64,
    /// Its title.
    pub title: String,
    /// Such as `NEW_PROCESS`.
    pub event_type: String,
    /// When it happened.
    pub event_ms: i64,
}

/// The newest detections of a sensor, newest event first.
pub async fn of_sensor(tx: &mut Tx, sensor_id: i64, limit: i64) -> Result<Vec<Line>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT case_number, title, event_type, event_ms FROM detections WHERE sensor_id = $1 ORDER BY event_ms DESC LIMIT $2"
    )
    .bind(sensor_id)
    .bind(limit)
    .fetch_all(db)
    })
}

const COLUMNS: &str = "id, org_id, case_number, origin_case, sensor_id, rule_id, detect_id, source, title, level, event_type, fingerprint, event_ms, gen_ms, received_ms, repeats, raw";

/// The newest detections of a case, at most `limit`, newest event first.
pub async fn of_case(tx: &mut Tx, case: i64, limit: i64) -> Result<Vec<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM detections WHERE case_number = $1 ORDER BY event_ms DESC, id DESC LIMIT $2"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(limit).fetch_all(db))
}

/// The newest detection of a case that is about a sensor.
pub async fn newest_of(tx: &mut Tx, case: i64, sensor_id: i64) -> Result<Option<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM detections WHERE case_number = $1 AND sensor_id = $2 ORDER BY event_ms DESC, id DESC LIMIT 1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(sensor_id).fetch_optional(db))
}

/// The newest detection of a case that has its document.
pub async fn newest_whole(tx: &mut Tx, case: i64) -> Result<Option<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM detections WHERE case_number = $1 AND raw <> '' ORDER BY event_ms DESC, id DESC LIMIT 1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_optional(db))
}

/// The detections of a case after another one (its time and id) in the order of the page, no document
/// larger than `most` bytes.
pub async fn after(tx: &mut Tx, case: i64, after: (i64, i64), most: i64, limit: i64) -> Result<Vec<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM detections WHERE case_number = $1 AND (event_ms, id) < ($2, $3) AND length(raw) <= $4
         ORDER BY event_ms DESC, id DESC LIMIT $5"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(after.0).bind(after.1).bind(most).bind(limit).fetch_all(db))
}

/// The newest detection of each behaviour of a case, at most `limit`, newest first.
pub async fn of_each_behaviour(tx: &mut Tx, case: i64, limit: i64) -> Result<Vec<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM detections WHERE id IN
            (SELECT MAX(d.id) FROM detections d WHERE d.case_number = $1 GROUP BY d.fingerprint ORDER BY MAX(d.id) DESC LIMIT $2)
         ORDER BY id DESC"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(limit).fetch_all(db))
}

/// Where detections are now: id, case, and the case that they came with.
pub async fn places(tx: &mut Tx, ids: &[i64]) -> Result<Vec<(i64, i64, Option<i64>)>> {
    of_each(tx, ids, |ids| format!("SELECT id, case_number, origin_case FROM detections WHERE id IN {ids}")).await
}

/// One of a case by its id here.
pub async fn of_case_by_id(tx: &mut Tx, case: i64, id: i64) -> Result<Option<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM detections WHERE case_number = $1 AND id = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(id).fetch_optional(db))
}

/// One of a case by LimaCharlie's id.
pub async fn in_case(tx: &mut Tx, case: i64, detect_id: &str) -> Result<Option<Stored>> {
    let sql =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM detections WHERE case_number = $1 AND detect_id = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(detect_id).fetch_optional(db))
}

/// One by id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Stored> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM detections WHERE id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_one(db))
}

/// The newest one of a case's own sensor with a behaviour, sought within the time of the case.
pub async fn with_behaviour(tx: &mut Tx, case: &Case, fingerprint: &str) -> Result<Option<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM detections WHERE sensor_id = $1 AND fingerprint = $2 AND event_ms >= $3 AND event_ms <= $4
            AND case_number = $5 ORDER BY event_ms DESC LIMIT 1"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(case.sensor_id)
        .bind(fingerprint)
        .bind(case.first_event_ms)
        .bind(case.last_event_ms)
        .bind(case.number)
        .fetch_optional(db))
}

/// The newest detection of a case, in the order in which they came to it.
pub async fn last_joined(tx: &mut Tx, case: i64) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT MAX(id) FROM detections WHERE case_number = $1").bind(case).fetch_one(db))
}
