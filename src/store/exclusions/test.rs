//! The back-test of an exclusion: where it is, and the detections that it reads next.
use crate::domain::WorkState;
use crate::store::exclusions::Tally;
use crate::store::{JsonText, Result, Tx, on, run};

/// Asks for a back-test from the beginning; returns which one it is.
pub async fn begin_test(tx: &mut Tx, id: i64) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "UPDATE exclusions SET test_state = $1, test_no = test_no + 1, test_rule = 0, test_detection = 0, test_read = 0, test_unread = 0,
            test_first_ms = NULL, tested_ms = NULL, tallies = '[]' WHERE id = $2 RETURNING test_no"
    )
    .bind(WorkState::Queued)
    .bind(id)
    .fetch_one(db)
    })
}

/// Notes that the back-test is under way.
pub async fn start_test(tx: &mut Tx, id: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE exclusions SET test_state = $1 WHERE id = $2 AND test_state = $3")
            .bind(WorkState::Running)
            .bind(id)
            .bind(WorkState::Queued)
    )
}

/// The next rule of an organisation after one.
pub async fn next_rule(tx: &mut Tx, org_id: i64, after: i64) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT id FROM rules WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT 1")
        .bind(org_id)
        .bind(after)
        .fetch_optional(db))
}

/// The rule of a path.
pub async fn rule_by_path(tx: &mut Tx, org_id: i64, path: &str) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT id FROM rules WHERE org_id = $1 AND path = $2")
        .bind(org_id)
        .bind(path)
        .fetch_optional(db))
}

/// A detection to evaluate: id, case, time of the event, document.
pub type Batch = Vec<(i64, i64, i64, String)>;

/// The next detections of a rule after one.
pub async fn next_batch(tx: &mut Tx, rule_id: i64, after: i64, limit: i64) -> Result<Batch> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, case_number, event_ms, raw FROM detections WHERE rule_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    )
    .bind(rule_id)
    .bind(after)
    .bind(limit)
    .fetch_all(db))
}

/// A detection as the effect of an exclusion is worked out from it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Arrived {
    /// When the event was.
    pub event_ms: i64,
    /// The document: `{}` where it is very large, nothing where it was removed.
    pub raw: String,
}

/// The newest detections of a rule after one and up to another, newest first.
pub async fn newest_of_rule(tx: &mut Tx, rule_id: i64, (after, upto): (i64, i64), limit: i64) -> Result<Vec<Arrived>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT event_ms, CASE WHEN length(raw) <= 65536 THEN raw ELSE '{}' END AS raw FROM detections
             WHERE rule_id = $1 AND id > $2 AND id <= $3 ORDER BY id DESC LIMIT $4",
        )
        .bind(rule_id)
        .bind(after)
        .bind(upto)
        .bind(limit)
        .fetch_all(db)
    })
}

/// Notes how far the back-test is: rule, detection, how many more were read, how many of them could
/// not be evaluated, and when the first of them happened.
pub async fn step_test(tx: &mut Tx, id: i64, at: (i64, i64), more: (i64, i64), first_ms: Option<i64>) -> Result<u64> {
    run!(tx, sqlx::query(
        "UPDATE exclusions SET test_rule = $1, test_detection = $2, test_read = test_read + $3, test_unread = test_unread + $4,
            test_first_ms = CASE WHEN test_first_ms IS NULL OR test_first_ms > $5 THEN $5 ELSE test_first_ms END WHERE id = $6"
    )
    .bind(at.0)
    .bind(at.1)
    .bind(more.0)
    .bind(more.1)
    .bind(first_ms)
    .bind(id))
}

/// Ends the back-test.
pub async fn end_test(tx: &mut Tx, id: i64, state: WorkState, tallies: &[Tally], now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE exclusions SET test_state = $1, tallies = $2, tested_ms = $3 WHERE id = $4")
            .bind(state)
            .bind(JsonText(tallies))
            .bind(now_ms)
            .bind(id)
    )
}
