//! Response actions of a case: what exactly, who asked and approved, and how far each is.
use super::{JsonText, Result, Scope, Tx, on, run};
use crate::domain::action::{ActionKind, ActionState, Plan};

/// An action.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Action {
    /// Its id.
    pub id: i64,
    /// The case.
    pub case_number: i64,
    /// The case that it came with, which is part of this one.
    pub origin_case: Option<i64>,
    /// What it does.
    pub kind: ActionKind,
    /// On what, such as `sensor:tag`.
    pub target: String,
    /// How far it is.
    pub state: ActionState,
    /// What came of it.
    pub result: String,
    /// The recommendation it was queued for, or empty.
    pub asked_for: String,
    /// Who asked.
    pub asked_by: String,
    /// Their id, or that of the person whose program asked, where it is known.
    pub asked_by_id: Option<i64>,
    /// When it was asked for.
    pub asked_ms: i64,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// Whether it was done elsewhere and only recorded here.
    pub recorded: bool,
    /// The plan as JSON; empty for a recorded one.
    plan: String,
    /// Why, in the words of who asked.
    pub why: String,
    /// Who approved or rejected it, or empty.
    pub decided_by: String,
    /// When.
    pub decided_ms: Option<i64>,
    /// Before this moment it does not start.
    pub run_at_ms: Option<i64>,
    /// When the other side took it, for one whose effect is awaited.
    pub sent_ms: Option<i64>,
    /// How often it was tried.
    pub attempts: i64,
    /// The action that it takes back.
    pub reverses: Option<i64>,
}

impl Action {
    /// Whether a person asked for it, themselves or by a program of theirs: by their id, or by their name where no id is
    /// known. A program of nobody's that has a person's name is taken for them, as it may well be theirs.
    pub fn is_of(&self, user_id: i64, name: &str) -> bool {
        self.asked_by_id.map_or(self.asked_by == name, |asker| asker == user_id)
    }

    /// The case whose sensor it is about: the one it was asked for, also where that is part of another one now.
    pub fn about(&self) -> i64 {
        self.origin_case.unwrap_or(self.case_number)
    }

    /// What exactly it does; nothing for a recorded one.
    pub fn plan(&self) -> Option<Plan> {
        serde_json::from_str(&self.plan).ok()
    }
}

/// An action that was done elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What it did.
    pub kind: ActionKind,
    /// On what.
    pub target: String,
    /// How it ended.
    pub state: ActionState,
    /// What came of it.
    pub result: String,
    /// The recommendation it was queued for, or empty.
    pub asked_for: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub at_ms: i64,
}

/// Notes an action that was done elsewhere.
pub async fn insert_recorded(tx: &mut Tx, case: i64, action: &Recorded) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO actions (case_number, kind, target, state, result, asked_for, asked_by, asked_ms, finished_ms, recorded)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, TRUE) RETURNING id"
    )
    .bind(case)
    .bind(action.kind)
    .bind(&action.target)
    .bind(action.state)
    .bind(&action.result)
    .bind(&action.asked_for)
    .bind(&action.asked_by)
    .bind(action.at_ms)
    .fetch_one(db)
    })
}

/// An action to ask for.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The case.
    pub case: i64,
    /// The case that is part of this one and whose sensor it is about.
    pub origin: Option<i64>,
    /// What exactly.
    pub plan: &'a Plan,
    /// On what.
    pub target: &'a str,
    /// Where it begins.
    pub state: ActionState,
    /// Who asks.
    pub asked_by: &'a str,
    /// Their id, or that of the person whose program asks.
    pub asked_by_id: Option<i64>,
    /// Why.
    pub why: &'a str,
    /// Before this moment it does not start.
    pub run_at_ms: Option<i64>,
    /// The action that it takes back.
    pub reverses: Option<i64>,
    /// The same key twice is the same wish sent twice.
    pub request_key: Option<&'a str>,
}

/// Adds an action; nothing where its key was used before.
pub async fn insert(tx: &mut Tx, new: New<'_>, now_ms: i64) -> Result<Option<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO actions (case_number, kind, target, state, asked_by, asked_ms, plan, why, run_at_ms, reverses, request_key, asked_by_id, origin_case)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (case_number, request_key) DO NOTHING RETURNING id"
    )
    .bind(new.case)
    .bind(new.plan.kind())
    .bind(new.target)
    .bind(new.state)
    .bind(new.asked_by)
    .bind(now_ms)
    .bind(JsonText(new.plan))
    .bind(new.why)
    .bind(new.run_at_ms)
    .bind(new.reverses)
    .bind(new.request_key)
    .bind(new.asked_by_id)
    .bind(new.origin)
    .fetch_optional(db)
    })
}

/// The action that a key made.
pub async fn by_key(tx: &mut Tx, case: i64, key: &str) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT id FROM actions WHERE case_number = $1 AND request_key = $2")
        .bind(case)
        .bind(key)
        .fetch_optional(db))
}

const COLUMNS: &str = "id, case_number, origin_case, kind, target, state, result, asked_for, asked_by, asked_by_id, asked_ms, finished_ms, recorded, plan, why, \
    decided_by, decided_ms, run_at_ms, sent_ms, attempts, reverses";

/// The actions of a case, newest first.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Action>> {
    let sql =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM actions WHERE case_number = $1 ORDER BY id DESC LIMIT 200"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}

/// One action.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Action>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM actions WHERE id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db))
}

/// The same; nobody else changes it before the transaction ends. `SQLite` has one writer.
pub async fn locked(tx: &mut Tx, id: i64) -> Result<Option<Action>> {
    let lock = if matches!(tx, Tx::Postgres(_)) { " FOR UPDATE" } else { "" };
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM actions WHERE id = $1{lock}"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db))
}

/// The newest actions that wait for a second person: the case, the kind, who asked.
pub async fn waiting(tx: &mut Tx, scope: Scope, limit: i64) -> Result<Vec<(i64, ActionKind, String)>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT a.case_number, a.kind, a.asked_by FROM actions a JOIN cases c ON c.number = a.case_number
         WHERE a.state = 'waiting' AND a.recorded = FALSE
               AND c.org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = $3 UNION ALL SELECT $2)
         ORDER BY a.id DESC LIMIT $1"
    )
    .bind(limit)
    .bind(scope.org_id)
    .bind(scope.user_id)
    .fetch_all(db))
}

/// A second person's word on an action that waits, or its taking back; 0 where it is not in that state any more.
pub async fn decide(
    tx: &mut Tx,
    id: i64,
    (from, to): (ActionState, ActionState),
    by: &str,
    run_at_ms: Option<i64>,
    now_ms: i64,
) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE actions SET state = $1, decided_by = $2, decided_ms = $3, run_at_ms = $4,
                    finished_ms = CASE WHEN $1 = 'queued' THEN NULL ELSE $3 END
             WHERE id = $5 AND state = $6"
        )
        .bind(to)
        .bind(by)
        .bind(now_ms)
        .bind(run_at_ms)
        .bind(id)
        .bind(from)
    )
}

/// Starts an action; 0 where it is not waiting to run.
pub async fn start(tx: &mut Tx, id: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE actions SET state = 'running', attempts = attempts + 1 WHERE id = $1 AND state = 'queued'")
            .bind(id)
    )
}

/// Puts an action back that certainly had no effect, for another try.
pub async fn put_back(tx: &mut Tx, id: i64, run_at_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE actions SET state = 'queued', run_at_ms = $1 WHERE id = $2 AND state = 'running'")
            .bind(run_at_ms)
            .bind(id)
    )
}

/// Notes that the other side took it and that its effect is awaited.
pub async fn sent(tx: &mut Tx, id: i64, result: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE actions SET sent_ms = COALESCE(sent_ms, $1), result = $2 WHERE id = $3 AND state = 'running'"
        )
        .bind(now_ms)
        .bind(result)
        .bind(id)
    )
}

/// Ends an action that runs, or settles one of unknown effect; 0 where it is neither.
pub async fn end(tx: &mut Tx, id: i64, state: ActionState, result: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE actions SET state = $1, result = $2, finished_ms = $3 WHERE id = $4 AND state IN ('running', 'queued', 'unknown')"
        )
        .bind(state)
        .bind(result)
        .bind(now_ms)
        .bind(id)
    )
}

/// Notes what was tried and what came of it.
pub async fn attempt(tx: &mut Tx, id: i64, text: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO action_attempts (action_id, at_ms, text) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(now_ms)
            .bind(text)
    )
}

/// What was tried for the actions of a case, oldest first: the action, when, what.
pub async fn attempts(tx: &mut Tx, case: i64) -> Result<Vec<(i64, i64, String)>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT action_attempts.action_id, action_attempts.at_ms, action_attempts.text
         FROM actions JOIN action_attempts ON action_attempts.action_id = actions.id
         WHERE actions.case_number = $1 ORDER BY action_attempts.id LIMIT 500"
    )
    .bind(case)
    .fetch_all(db))
}
