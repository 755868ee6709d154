//! What people have typed on case pages and not sent yet; everybody sees their own only.
use super::{Result, Tx, on, run};

/// What somebody has typed into one form of a case page.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Draft {
    /// `declaration` or `note`.
    pub form: String,
    /// The chosen verdict's word, or empty.
    pub verdict: String,
    /// The chosen reason's code, or empty.
    pub reason: String,
    /// The kind of note, or empty.
    pub kind: String,
    /// The text.
    pub body: String,
    /// When it was saved, UTC milliseconds.
    pub saved_ms: i64,
}

/// Keeps a draft in the place of the one before, also of one that was shown from a case that is part of this one.
pub async fn keep(tx: &mut Tx, user_id: i64, case: i64, draft: &Draft) -> Result<u64> {
    run!(tx, sqlx::query(SHOWN).bind(user_id).bind(case).bind(&draft.form))?;
    run!(
        tx,
        sqlx::query(
            "INSERT INTO drafts (user_id, case_number, form, verdict, reason, kind, body, saved_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (user_id, case_number, form) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason,
                kind = excluded.kind, body = excluded.body, saved_ms = excluded.saved_ms"
        )
        .bind(user_id)
        .bind(case)
        .bind(&draft.form)
        .bind(&draft.verdict)
        .bind(&draft.reason)
        .bind(&draft.kind)
        .bind(&draft.body)
        .bind(draft.saved_ms)
    )
}

/// The drafts of a person for a case; where it has none, the newest for a case that is part of it.
pub async fn of(tx: &mut Tx, user_id: i64, case: i64) -> Result<Vec<Draft>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT form, verdict, reason, kind, body, saved_ms FROM drafts WHERE user_id = $1 AND (case_number = $2
            OR (case_number IN (SELECT number FROM cases WHERE merged_into = $2)
                AND NOT EXISTS (SELECT 1 FROM drafts o WHERE o.user_id = $1 AND o.case_number = $2 AND o.form = drafts.form)))
         ORDER BY form, saved_ms DESC"
    )
    .bind(user_id)
    .bind(case)
    .fetch_all(db)
    })
    .map(|mut all: Vec<Draft>| {
        all.dedup_by(|later, first| later.form == first.form);
        all
    })
}

/// Forgets the newest draft of the cases that are part of a case, where the case has none of its own and so shows that one.
const SHOWN: &str = "DELETE FROM drafts WHERE user_id = $1 AND form = $3 AND case_number IN (SELECT number FROM cases WHERE merged_into = $2)
    AND NOT EXISTS (SELECT 1 FROM drafts o WHERE o.user_id = $1 AND o.case_number = $2 AND o.form = $3)
    AND saved_ms = (SELECT MAX(d.saved_ms) FROM drafts d WHERE d.user_id = $1 AND d.form = $3
        AND d.case_number IN (SELECT number FROM cases WHERE merged_into = $2))";

/// Forgets a draft, because it was sent or given up.
pub async fn clear(tx: &mut Tx, user_id: i64, case: i64, form: &str) -> Result<u64> {
    run!(tx, sqlx::query(SHOWN).bind(user_id).bind(case).bind(form))?;
    run!(
        tx,
        sqlx::query("DELETE FROM drafts WHERE user_id = $1 AND case_number = $2 AND form = $3")
            .bind(user_id)
            .bind(case)
            .bind(form)
    )
}

/// Forgets drafts older than a moment.
pub async fn purge(tx: &mut Tx, before_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM drafts WHERE saved_ms < $1").bind(before_ms))
}
