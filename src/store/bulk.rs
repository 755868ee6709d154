//! Acts over many cases: what a person decided once, how far it is, and what became of each case.
mod facts;
mod members;

pub use facts::{Facts, Purpose, Said, facts, said};
pub use members::*;

use super::{Actor, ORGS, Result, Scope, Tx, on, run};
use crate::domain::{Verdict, words};
use std::collections::BTreeSet;

words! {
    /// How far an act is.
    ActState ("act_state") {
        /// Cases are being decided.
        Running = "running", "Under way";
        /// Every case was looked at.
        Done = "done", "Done";
        /// What was decided is being taken back.
        Undoing = "undoing", "Being undone";
        /// Everything that could be was taken back.
        Undone = "undone", "Undone";
        /// It could not be carried on; what was done until then stands.
        Failed = "failed", "Stopped by an error";
    }
}

/// An act.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Act {
    /// Its id.
    pub id: i64,
    /// Who acted.
    pub user_id: i64,
    /// Their name.
    pub actor: String,
    /// The address of who acted or took it back.
    pub client: String,
    /// The request that asked for it.
    pub request_id: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason's code, or empty.
    pub reason: String,
    /// The note for each case, or empty.
    pub note: String,
    /// Whether the cases are closed as well.
    pub close: bool,
    /// How far it is.
    pub state: ActState,
    /// Why it was stopped, or empty.
    pub error: String,
    /// Cases that were chosen.
    pub members: i64,
    /// Cases that it decided.
    pub done: i64,
    /// Cases that were left out.
    pub left_out: i64,
    /// Cases that were taken back.
    pub undone: i64,
    /// Cases that could not be taken back.
    pub stayed: i64,
    /// When it was asked for.
    pub created_ms: i64,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// Who took it back, or empty.
    pub undone_by: String,
}

const COLUMNS: &str = "a.id, a.user_id, a.actor, a.client, a.request_id, a.verdict, a.reason, a.note, a.close, a.state, a.error, \
    a.members, a.done, a.left_out, a.undone, a.stayed, a.created_ms, a.finished_ms, a.undone_by";

/// An act to begin.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Who acts.
    pub user_id: i64,
    /// Their name.
    pub actor: &'a str,
    /// Their address.
    pub client: &'a str,
    /// The request.
    pub request_id: &'a str,
    /// What tells this form from all others of the person.
    pub token: &'a str,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason's code, or empty.
    pub reason: &'a str,
    /// The note for each case, or empty.
    pub note: &'a str,
    /// Whether the cases are closed as well.
    pub close: bool,
}

/// Begins an act; returns its id, or nothing where this person has sent the form before.
pub async fn insert(tx: &mut Tx, new: &New<'_>, members: &[NewMember], now_ms: i64) -> Result<Option<i64>> {
    let left_out = members.iter().filter(|member| !member.goes()).count();
    let id: Option<i64> = on!(tx, |db| {
        sqlx::query_scalar(
            "INSERT INTO bulk_acts (user_id, actor, client, request_id, token, verdict, reason, note, close, state, members, left_out, created_ms, orgs)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'running', $10, $11, $12, $13) ON CONFLICT (user_id, token) DO NOTHING RETURNING id",
        )
        .bind(new.user_id)
        .bind(new.actor)
        .bind(new.client)
        .bind(new.request_id)
        .bind(new.token)
        .bind(new.verdict)
        .bind(new.reason)
        .bind(new.note)
        .bind(new.close)
        .bind(i64::try_from(members.len()).unwrap_or(i64::MAX))
        .bind(i64::try_from(left_out).unwrap_or(i64::MAX))
        .bind(now_ms)
        .bind(orgs(members))
        .fetch_optional(db)
    })?;
    if let Some(id) = id {
        members::insert(tx, id, members).await?;
    }
    Ok(id)
}

/// The organisations of an act's cases, as the wall between them reads it.
fn orgs(members: &[NewMember]) -> String {
    let all: BTreeSet<_> = members.iter().map(|member| member.org_id).collect();
    format!("{{{}}}", all.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
}

/// The act that a form began.
pub async fn by_token(tx: &mut Tx, user_id: i64, token: &str) -> Result<Option<Act>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM bulk_acts a WHERE a.user_id = $1 AND a.token = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(user_id).bind(token).fetch_optional(db))
}

/// One by id, for the program's own work. Whoever asks first keeps others from working on it until the transaction ends.
pub async fn locked(tx: &mut Tx, id: i64) -> Result<Option<Act>> {
    let lock = if matches!(tx, Tx::Postgres(_)) { " FOR UPDATE" } else { "" };
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM bulk_acts a WHERE a.id = $1{lock}"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db))
}

/// One by id, where all of its cases are of organisations that may be seen. They are counted, because what may not be
/// seen is not there to be looked for.
pub async fn visible(tx: &mut Tx, scope: Scope, id: i64) -> Result<Option<Act>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM bulk_acts a WHERE a.id = $1
         AND a.members = (SELECT COUNT(*) FROM bulk_members b WHERE b.act_id = a.id AND b.org_id IN {ORGS})"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(id).bind(scope.org_id).bind(scope.user_id).fetch_optional(db))
}

/// The act that an entry of the timeline belongs to, and that has not been taken back.
pub async fn of_event(tx: &mut Tx, event: i64) -> Result<Option<Act>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM bulk_members b JOIN bulk_acts a ON a.id = b.act_id
         WHERE b.event_id = $1 AND a.state <> 'undone'"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(event).fetch_optional(db))
}

/// Moves an act; `false` where it is in none of the states that lead there.
pub async fn move_to(tx: &mut Tx, id: i64, state: ActState, error: &str, now_ms: i64) -> Result<bool> {
    let ended = !matches!(state, ActState::Running | ActState::Undoing);
    let from = match state {
        ActState::Undoing => "('running', 'done', 'failed')",
        ActState::Undone => "('undoing')",
        ActState::Failed => "('running', 'undoing')",
        ActState::Running | ActState::Done => "('running')",
    };
    let sql = sqlx::AssertSqlSafe(format!(
        "UPDATE bulk_acts SET state = $1, error = $2, finished_ms = $3 WHERE id = $4 AND state IN {from}"
    ));
    let changed = run!(tx, sqlx::query(sql).bind(state).bind(error).bind(ended.then_some(now_ms)).bind(id))?;
    Ok(changed > 0)
}

/// Notes who takes an act back.
pub async fn undone_by(tx: &mut Tx, id: i64, by: &Actor) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE bulk_acts SET undone_by = $1, client = $2, request_id = $3 WHERE id = $4")
            .bind(&by.name)
            .bind(&by.client)
            .bind(&by.request_id)
            .bind(id)
    )
}
