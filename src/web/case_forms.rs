//! What a person does on a case page: each form is one transaction and leads back to the page.
//!
//! Where a field is wrong or somebody was faster, the page is shown again with what was typed.
use super::App;
use super::auth::SignedIn;
use super::cases::page;
use super::form::{CaseNumber, Fields, NoteFields};
use super::kept::Kept;
use super::trail::Trail;
use crate::clock::now_ms;
use crate::domain::{Role, Severity, Status};
use crate::error::{AppError, Result};
use crate::review::{self, ReviewError};
use crate::store::cases::{self, Case};
use crate::store::{Tx, drafts, idempotency};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// A field of many forms: the same key twice is the same form sent twice.
pub(super) type Key = String;

/// Begins a form's work: the person may, the case is theirs, and the form was not sent before.
pub(super) async fn begin(app: &App, me: &SignedIn, number: i64, form: &str, key: &str) -> Result<(Tx, Option<Case>)> {
    me.must_be(Role::Analyst)?;
    let mut tx = app.store.write().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let token = format!("{number}/{form}/{}", &key[..key.floor_char_boundary(100)]);
    let first = key.is_empty() || idempotency::take(&mut tx, me.user.id, &token, now_ms()).await?;
    Ok((tx, first.then_some(case)))
}

/// Commits, or shows the page again with what was typed.
pub(super) async fn finish<T>(
    app: &App,
    me: &SignedIn,
    tx: Tx,
    number: i64,
    done: Result<T, ReviewError>,
    kept: Kept,
) -> Result<Response> {
    let problem = match done {
        Ok(_) => {
            tx.commit().await?;
            app.wake.notify_waiters();
            return Ok(back(number));
        }
        Err(problem @ (ReviewError::Store(_) | ReviewError::Missing(_))) => return Err(problem.into()),
        Err(problem) => problem,
    };
    drop(tx);
    let (status, kept) = match problem {
        ReviewError::Conflict(text) => (409, Kept { conflict: text, ..kept }),
        ReviewError::Invalid { field, text } => (422, Kept { error: (field.to_owned(), text), ..kept }),
        problem @ (ReviewError::Store(_) | ReviewError::Missing(_)) => return Err(problem.into()),
    };
    // What was typed is shown where it can be sent: in the case that this one became part of.
    let case = cases::visible(&mut app.store.read().await?, me.scope(), number).await?;
    let shown = case.and_then(|case| case.merged_into).unwrap_or(number);
    let mut response = page(app, me, shown, None, kept).await?;
    *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}

/// The way back to the page of a case.
pub(super) fn back(number: i64) -> Response {
    Redirect::to(&format!("/cases/{number}")).into_response()
}

/// The way back to the row of a case, where its form stood in the queue's preview.
pub(super) fn to_list(next: &str, from: &str, number: i64) -> Option<Response> {
    let list = Trail::read(from).filter(|_| next == "queue")?;
    Some(Redirect::to(&list.queue(&[("peek", &number.to_string())])).into_response())
}

/// A note.
#[derive(Debug, Deserialize)]
pub struct NoteForm {
    #[serde(default)]
    body: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    idempotency_key: Key,
    /// `queue` where it comes from the queue's preview.
    #[serde(default)]
    next: String,
    /// The query string of the list.
    #[serde(default)]
    from: String,
}

/// `POST /cases/{number}/notes`
pub async fn note(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    NoteFields(form): NoteFields<NoteForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "note", &form.idempotency_key).await?;
    let to_list = to_list(&form.next, &form.from, number);
    let Some(case) = case else { return Ok(to_list.unwrap_or_else(|| back(number))) };
    let done = review::add_note(&mut tx, &me.actor(), &case, &form.body, &form.kind, now_ms()).await;
    let ok = done.is_ok();
    drafts::clear(&mut tx, me.user.id, number, "note").await?;
    let kept = Kept { body: form.body, kind: form.kind, ..Kept::default() };
    let response = finish(&app, &me, tx, number, done, kept).await?;
    Ok(to_list.filter(|_| ok).unwrap_or(response))
}

/// A step of one field.
#[derive(Debug, Deserialize)]
pub struct StepForm {
    #[serde(default)]
    status: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    reason: String,
    version: Option<i64>,
    /// `true` where a true positive is closed with open tasks.
    #[serde(default)]
    confirm_tasks: String,
    #[serde(default)]
    idempotency_key: Key,
    /// `queue` where it comes from the queue's preview.
    #[serde(default)]
    next: String,
    /// The query string of the list.
    #[serde(default)]
    from: String,
}

/// `POST /cases/{number}/status`
pub async fn status(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "status", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let done = match form.status.parse::<Status>() {
        Err(unknown) => Err(ReviewError::Invalid { field: "status", text: unknown.to_string() }),
        Ok(status) => moved(&mut tx, &me, &case, status, &form).await,
    };
    let typed = vec![("step_reason", form.reason)];
    finish(&app, &me, tx, number, done, Kept { typed, ..Kept::default() }).await
}

async fn moved(tx: &mut Tx, me: &SignedIn, case: &Case, to: Status, form: &StepForm) -> Result<(), ReviewError> {
    review::check_tasks(tx, case, (case.verdict, to), form.confirm_tasks == "true").await?;
    review::set_status(tx, &me.actor(), case, to, &form.reason, form.version, now_ms()).await
}

/// `POST /cases/{number}/severity`
pub async fn severity(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "severity", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let done = match form.severity.parse::<Severity>() {
        Err(unknown) => Err(ReviewError::Invalid { field: "severity", text: unknown.to_string() }),
        Ok(severity) => review::set_severity(&mut tx, &me.actor(), &case, severity, form.version, now_ms()).await,
    };
    finish(&app, &me, tx, number, done, Kept::default()).await
}

/// `POST /cases/{number}/assign`
pub async fn assign(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "assign", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let done = review::assign(&mut tx, &me.actor(), &case, &form.user, now_ms()).await;
    let to_list = to_list(&form.next, &form.from, number).filter(|_| done.is_ok());
    let response = finish(&app, &me, tx, number, done, Kept::default()).await?;
    Ok(to_list.unwrap_or(response))
}

/// `POST /cases/{number}/triage`
pub async fn triage(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "triage", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let done = review::ask_again(&mut tx, &me.actor(), &case, now_ms()).await;
    let to_list = to_list(&form.next, &form.from, number).filter(|_| done.is_ok());
    let response = finish(&app, &me, tx, number, done, Kept::default()).await?;
    Ok(to_list.unwrap_or(response))
}
