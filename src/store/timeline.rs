//! What happened to a case, newest first.
use super::{ActorKind, ORGS, Result, Scope, Tx, on, run};

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// Its id, growing with time.
    pub id: i64,
    /// The case.
    pub case_number: i64,
    /// When.
    pub at_ms: i64,
    /// What kind of actor.
    pub actor_kind: ActorKind,
    /// Who.
    pub actor: String,
    /// What kind of change.
    pub kind: String,
    /// The change in words.
    pub text: String,
    /// The run that it belongs to.
    pub run_id: Option<i64>,
    /// What undoes it.
    pub undo: Option<String>,
    /// When it was undone.
    pub undone_ms: Option<i64>,
}

/// The newest entries of a case, at most `limit`.
pub async fn of_case(tx: &mut Tx, case: i64, limit: i64) -> Result<Vec<Entry>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, case_number, at_ms, actor_kind, actor, kind, text, run_id, undo, undone_ms FROM timeline
         WHERE case_number = $1 ORDER BY at_ms DESC, id DESC LIMIT $2"
    )
    .bind(case)
    .bind(limit)
    .fetch_all(db))
}

/// The newest decisions on a case and what took them back, at most `limit`.
pub async fn decisions(tx: &mut Tx, case: i64, limit: i64) -> Result<Vec<Entry>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT id, case_number, at_ms, actor_kind, actor, kind, text, run_id, undo, undone_ms FROM timeline
             WHERE case_number = $1 AND kind IN ('verdict', 'status', 'undo', 'question_reopened', 'merged', 'case_merged')
             ORDER BY at_ms DESC, id DESC LIMIT $2",
        )
        .bind(case)
        .bind(limit)
        .fetch_all(db)
    })
}

/// Whose entries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Everybody's.
    #[default]
    All,
    /// Those of people and of their programs.
    People,
    /// Those of the system and of the panel.
    Machine,
}

/// The newest entries of a case before another one (its time and id), at most `limit`.
pub async fn before(tx: &mut Tx, case: i64, who: Who, before: (i64, i64), limit: i64) -> Result<Vec<Entry>> {
    let kinds = match who {
        Who::All => "",
        Who::People => "AND actor_kind IN ('person', 'token')",
        Who::Machine => "AND actor_kind NOT IN ('person', 'token')",
    };
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT id, case_number, at_ms, actor_kind, actor, kind, text, run_id, undo, undone_ms FROM timeline
         WHERE case_number = $1 AND (at_ms, id) < ($2, $3) {kinds} ORDER BY at_ms DESC, id DESC LIMIT $4"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(before.0).bind(before.1).bind(limit).fetch_all(db))
}

/// One entry of a case.
pub async fn in_case(tx: &mut Tx, case: i64, id: i64) -> Result<Option<Entry>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT id, case_number, at_ms, actor_kind, actor, kind, text, run_id, undo, undone_ms FROM timeline WHERE case_number = $1 AND id = $2"
    )
    .bind(case)
    .bind(id)
    .fetch_optional(db)
    })
}

/// The newest decision of a person that still stands and can be taken back, in a case that they may see.
pub async fn last_undoable(tx: &mut Tx, scope: Scope, username: &str) -> Result<Option<Entry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT id, case_number, at_ms, actor_kind, actor, kind, text, run_id, undo, undone_ms FROM timeline
         WHERE actor = $1 AND undo IS NOT NULL AND undone_ms IS NULL AND actor_kind = 'person'
           AND (kind IN ('verdict', 'status') OR (kind = 'snooze'
             AND EXISTS (SELECT 1 FROM cases c WHERE c.number = timeline.case_number AND c.snoozed = TRUE AND c.snoozed_by = timeline.actor
                AND CAST(c.snoozed_until_ms AS TEXT) = timeline.undo))) AND org_id IN {ORGS} ORDER BY id DESC LIMIT 1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(username).bind(scope.org_id).bind(scope.user_id).fetch_optional(db))
}

/// Notes that an entry was undone; 0 where it was already.
pub async fn undone(tx: &mut Tx, id: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE timeline SET undone_ms = $1 WHERE id = $2 AND undone_ms IS NULL").bind(now_ms).bind(id)
    )
}

/// Whether something was decided on a case after an entry and stands.
pub async fn decided_after(tx: &mut Tx, case: i64, id: i64) -> Result<bool> {
    let later: Option<i64> = on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT id FROM timeline WHERE case_number = $1 AND id > $2 AND kind IN ('verdict', 'status') AND undone_ms IS NULL LIMIT 1"
    )
    .bind(case)
    .bind(id)
    .fetch_optional(db)
    })?;
    Ok(later.is_some())
}
