//! What one shift leaves to the next: what happened since a moment, found by indexes of time, and its own words.
use super::notifications::{Facts, Kind};
use super::{JsonText, ORGS, Result, Scope, Tx, on, run};
use crate::domain::Verdict;
use crate::domain::action::{ActionKind, ActionState};

/// Decisions that are counted.
pub const COUNTED: i64 = 5_000;

/// A note that asks for somebody's eyes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Note {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// `escalation` or `handoff`.
    pub kind: String,
    /// Markdown, untrusted.
    pub body: String,
    /// When.
    pub created_ms: i64,
}

/// Escalation and handoff notes since a moment, newest first.
pub async fn notes(tx: &mut Tx, scope: Scope, since_ms: i64, limit: i64) -> Result<Vec<Note>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number, c.title, n.author, n.kind, n.body, n.created_ms FROM notes n JOIN cases c ON c.number = n.case_number
         WHERE n.kind IN ('escalation', 'handoff') AND n.removed_ms IS NULL AND n.created_ms >= $4 AND c.org_id IN {ORGS}
         ORDER BY n.created_ms DESC, n.id DESC LIMIT $1"
    ));
    since(tx, sql, scope, since_ms, limit).await
}

/// A decision that was taken back, or a case that was opened again.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Back {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// The entry of the timeline.
    pub id: i64,
    /// Who did it.
    pub actor: String,
    /// What was done, in words.
    pub text: String,
    /// When.
    pub at_ms: i64,
}

/// What was reopened or undone since a moment, newest first.
pub async fn back(tx: &mut Tx, scope: Scope, since_ms: i64, limit: i64) -> Result<Vec<Back>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number, c.title, t.id, t.actor, t.text, t.at_ms FROM timeline t JOIN cases c ON c.number = t.case_number
         WHERE t.kind IN ('status', 'undo', 'question_reopened') AND t.at_ms >= $4 AND t.org_id IN {ORGS}
            AND (t.kind <> 'status' OR t.text LIKE 'Reopened%')
         ORDER BY t.at_ms DESC, t.id DESC LIMIT $1"
    ));
    since(tx, sql, scope, since_ms, limit).await
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Decided {
    /// Who.
    pub person: String,
    /// The verdict that stands.
    pub verdict: Verdict,
    /// On how many cases.
    pub cases: i64,
}

/// The verdicts declared since a moment that stand, by person; of the newest [`COUNTED`] cases.
pub async fn decided(tx: &mut Tx, scope: Scope, since_ms: i64) -> Result<Vec<Decided>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT d.decided_by AS person, d.verdict, CAST(COUNT(*) AS BIGINT) AS cases FROM (
            SELECT c.decided_by, c.verdict FROM cases c WHERE c.decided_ms >= $4 AND c.verdict <> 'pending' AND c.org_id IN {ORGS}
            ORDER BY c.decided_ms DESC, c.number DESC LIMIT $1
         ) AS d GROUP BY d.decided_by, d.verdict ORDER BY d.decided_by, d.verdict"
    ));
    since(tx, sql, scope, since_ms, COUNTED).await
}

/// An action that failed, or of which nobody knows what it did.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Failed {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// What it was to do.
    pub kind: ActionKind,
    /// On what.
    pub target: String,
    /// How it ended.
    pub state: ActionState,
    /// What came of it.
    pub result: String,
    /// When.
    pub finished_ms: i64,
}

/// Actions that failed since a moment, newest first.
pub async fn failed(tx: &mut Tx, scope: Scope, since_ms: i64, limit: i64) -> Result<Vec<Failed>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number, c.title, a.kind, a.target, a.state, a.result, a.finished_ms FROM actions a JOIN cases c ON c.number = a.case_number
         WHERE a.state IN ('failed', 'unknown') AND a.recorded = FALSE AND a.finished_ms >= $4 AND c.org_id IN {ORGS}
         ORDER BY a.finished_ms DESC, a.id DESC LIMIT $1"
    ));
    since(tx, sql, scope, since_ms, limit).await
}

/// Something that was told of the installation: a silent source, a vote taken away.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Outage {
    /// What kind.
    pub kind: Kind,
    /// What is told.
    pub facts: JsonText<Facts>,
    /// When.
    pub created_ms: i64,
}

/// What was told since a moment, newest first; one entry however many channels it went to.
pub async fn outages(tx: &mut Tx, scope: Scope, since_ms: i64, limit: i64) -> Result<Vec<Outage>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT n.kind, n.facts, n.created_ms FROM notifications n
         WHERE n.created_ms >= $4 AND n.kind IN ('silent_source', 'voter_suspended', 'exclusion') AND (n.org_id IS NULL OR n.org_id IN {ORGS})
            AND NOT EXISTS (SELECT 1 FROM notifications o WHERE o.subject = n.subject AND o.kind = n.kind AND o.id < n.id)
         ORDER BY n.created_ms DESC, n.id DESC LIMIT $1"
    ));
    since(tx, sql, scope, since_ms, limit).await
}

/// Runs a query whose places are limit, organisation, person and moment.
async fn since<T>(
    tx: &mut Tx,
    sql: sqlx::AssertSqlSafe<String>,
    scope: Scope,
    since_ms: i64,
    limit: i64,
) -> Result<Vec<T>>
where
    T: Send + Unpin,
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>,
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    on!(tx, |db| sqlx::query_as(sql).bind(limit).bind(scope.org_id).bind(scope.user_id).bind(since_ms).fetch_all(db))
}

/// What a shift wrote for the next one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Handover {
    /// Its id.
    pub id: i64,
    /// The organisation's short name.
    pub org: String,
    /// Who wrote it.
    pub author: String,
    /// Markdown, untrusted.
    pub body: String,
    /// When.
    pub created_ms: i64,
}

/// Keeps what a shift writes; returns its id.
pub async fn insert(tx: &mut Tx, org_id: i64, author: &str, body: &str, now_ms: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "INSERT INTO handovers (org_id, author, body, created_ms) VALUES ($1, $2, $3, $4) RETURNING id"
    )
    .bind(org_id)
    .bind(author)
    .bind(body)
    .bind(now_ms)
    .fetch_one(db))
}

/// What shifts wrote before an id, newest first.
pub async fn written(tx: &mut Tx, scope: Scope, before: i64, limit: i64) -> Result<Vec<Handover>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT h.id, o.slug AS org, h.author, h.body, h.created_ms FROM handovers h JOIN orgs o ON o.id = h.org_id
         WHERE h.id < $4 AND h.org_id IN {ORGS} ORDER BY h.id DESC LIMIT $1"
    ));
    since(tx, sql, scope, before, limit).await
}

/// Up to when a person has read what happened.
pub async fn mark(tx: &mut Tx, user_id: i64) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT read_ms FROM handover_marks WHERE user_id = $1")
        .bind(user_id)
        .fetch_optional(db))
}

/// Sets it; never back.
pub async fn set_mark(tx: &mut Tx, user_id: i64, read_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO handover_marks (user_id, read_ms) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET
                read_ms = CASE WHEN excluded.read_ms > handover_marks.read_ms THEN excluded.read_ms ELSE handover_marks.read_ms END"
        )
        .bind(user_id)
        .bind(read_ms)
    )
}
