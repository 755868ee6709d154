//! When each person last looked at a case, and what its timeline held then.
//!
//! Looks within [`VISIT_MS`] of each other are one visit: what had changed before it stays told until it ends.
use super::timeline::Entry;
use super::{Result, Tx, on, run};

/// Looks this close to each other are one visit.
pub const VISIT_MS: i64 = 10 * 60_000;
/// Entries that are told of a case.
pub const TOLD: i64 = 200;
/// An entry is written with the time at which its transaction began, which may be so long before it could be seen.
const SLACK_MS: i64 = 60_000;

/// A look: the newest entry of the timeline that was shown, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The person.
    pub user_id: i64,
    /// The case.
    pub case: i64,
    /// The newest entry that was shown.
    pub seen_id: i64,
    /// When.
    pub at_ms: i64,
}

/// Notes looks, one row a person and case.
pub async fn note(tx: &mut Tx, all: &[Look]) -> Result<()> {
    for look in all {
        run!(
            tx,
            sqlx::query(
                "INSERT INTO looks (user_id, case_number, seen_id, seen_ms) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (user_id, case_number) DO UPDATE SET
                    since_id = CASE WHEN excluded.seen_ms - looks.seen_ms >= $5 THEN looks.seen_id ELSE looks.since_id END,
                    since_ms = CASE WHEN excluded.seen_ms - looks.seen_ms >= $5 THEN looks.seen_ms ELSE looks.since_ms END,
                    seen_id = CASE WHEN excluded.seen_id > looks.seen_id THEN excluded.seen_id ELSE looks.seen_id END,
                    seen_ms = CASE WHEN excluded.seen_ms > looks.seen_ms THEN excluded.seen_ms ELSE looks.seen_ms END"
            )
            .bind(look.user_id)
            .bind(look.case)
            .bind(look.seen_id)
            .bind(look.at_ms)
            .bind(VISIT_MS)
        )?;
    }
    Ok(())
}

/// The last look before this visit: the newest entry that was known, and when; nothing where there was none.
pub async fn before_visit(tx: &mut Tx, user_id: i64, case: i64, now_ms: i64) -> Result<Option<(i64, i64)>> {
    let row: Option<(i64, i64, i64, i64)> = on!(tx, |db| {
        sqlx::query_as("SELECT since_id, since_ms, seen_id, seen_ms FROM looks WHERE user_id = $1 AND case_number = $2")
            .bind(user_id)
            .bind(case)
            .fetch_optional(db)
    })?;
    let known = row.map(
        |(since_id, since_ms, seen_id, seen_ms)| {
            if now_ms - seen_ms >= VISIT_MS { (seen_id, seen_ms) } else { (since_id, since_ms) }
        },
    );
    Ok(known.filter(|(_, at_ms)| *at_ms > 0))
}

/// What others did to a case after a look, newest first, at most [`TOLD`].
pub async fn changes(tx: &mut Tx, case: i64, (seen_id, seen_ms): (i64, i64), but: &str) -> Result<Vec<Entry>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, case_number, at_ms, actor_kind, actor, kind, text, run_id, undo, undone_ms FROM timeline
         WHERE case_number = $1 AND at_ms >= $2 AND id > $3 AND NOT (actor_kind = 'person' AND actor = $4)
         ORDER BY at_ms DESC, id DESC LIMIT $5"
    )
    .bind(case)
    .bind(seen_ms - SLACK_MS)
    .bind(seen_id)
    .bind(but)
    .bind(TOLD)
    .fetch_all(db))
}

/// Those of these cases that others changed since a person looked at them.
pub async fn changed(tx: &mut Tx, user_id: i64, username: &str, numbers: &[i64]) -> Result<Vec<i64>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (0..numbers.len()).map(|at| format!("${}", at + 4)).collect();
    let sql = format!(
        "SELECT l.case_number FROM looks l WHERE l.user_id = $1 AND l.case_number IN ({}) AND EXISTS (
            SELECT 1 FROM timeline t WHERE t.case_number = l.case_number AND t.at_ms >= l.seen_ms - $3 AND t.id > l.seen_id
                AND NOT (t.actor_kind = 'person' AND t.actor = $2))",
        places.join(", ")
    );
    on!(tx, |db| {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()));
        let mut query = query.bind(user_id).bind(username).bind(SLACK_MS);
        for number in numbers {
            query = query.bind(*number);
        }
        query.fetch_all(db)
    })
}

/// Forgets looks older than a moment.
pub async fn purge(tx: &mut Tx, before_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM looks WHERE seen_ms < $1").bind(before_ms))
}
