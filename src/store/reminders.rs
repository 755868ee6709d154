//! What a person is told on their pages until they have seen it.
use super::{ORGS, Result, Scope, Tx, on, run};

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Reminder {
    /// The case.
    pub case_number: i64,
    /// `woken` or `taken`.
    pub kind: String,
    /// Who took it, or why it is back.
    pub by_name: String,
    /// When.
    pub at_ms: i64,
}

/// Notes that a person is to be told; the same about the same case takes the place of the one before.
pub async fn add(tx: &mut Tx, username: &str, case: i64, kind: &str, by_name: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO reminders (user_id, case_number, kind, by_name, at_ms)
             SELECT u.id, $2, $3, $4, $5 FROM users u WHERE u.username = $1
             ON CONFLICT (user_id, case_number, kind) DO UPDATE SET by_name = excluded.by_name, at_ms = excluded.at_ms"
        )
        .bind(username)
        .bind(case)
        .bind(kind)
        .bind(by_name)
        .bind(now_ms)
    )
}

/// What a person is to be told now, oldest first, so that what there was no room for comes next: of cases that are
/// still open, at most `most`.
pub async fn of(tx: &mut Tx, scope: Scope, most: i64) -> Result<Vec<Reminder>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT r.case_number, r.kind, r.by_name, r.at_ms FROM reminders r JOIN cases c ON c.number = r.case_number
         WHERE r.user_id = $3 AND c.open = TRUE AND c.snoozed = FALSE AND (r.kind <> 'woken' OR c.verdict = 'pending')
           AND c.org_id IN {ORGS} ORDER BY r.at_ms, r.case_number LIMIT $1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(most).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// Forgets all that a person was told up to a moment.
pub async fn seen(tx: &mut Tx, user_id: i64, until_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM reminders WHERE user_id = $1 AND at_ms <= $2").bind(user_id).bind(until_ms))
}

/// Forgets a kind about a case, because it is not so any more.
pub async fn forget(tx: &mut Tx, case: i64, username: &str, kind: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "DELETE FROM reminders WHERE user_id = (SELECT u.id FROM users u WHERE u.username = $1) AND case_number = $2 AND kind = $3"
        )
        .bind(username)
        .bind(case)
        .bind(kind)
    )
}
