//! Verdicts, their undo, and drafts: what an analyst does a hundred times a day.
//!
//! From the queue a verdict leads to the queue with the next case, from a case page that was opened
//! from a list to the next case of the list, otherwise back to the page.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{Key, begin, finish};
use super::form::{CaseNumber, Fields, NoteFields};
use super::kept::Kept;
use super::trail::Trail;
use crate::clock::now_ms;
use crate::domain::{Role, Status, Verdict};
use crate::error::{AppError, Result};
use crate::limits;
use crate::review::{self, Declaration, ReviewError};
use crate::store::cases::{self, Case};
use crate::store::drafts::{self, Draft};
use crate::store::queue::Way;
use crate::store::{Tx, bulk, idempotency, timeline};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The declaration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct VerdictForm {
    verdict: String,
    reason: String,
    note: String,
    close: String,
    /// `true` where a true positive is closed with open tasks.
    confirm_tasks: String,
    version: Option<i64>,
    idempotency_key: Key,
    /// `queue` where it comes from the queue's preview.
    next: String,
    /// The query string of the list that the case was opened from.
    from: Option<String>,
    /// From the preview: how many things against it were shown.
    flags: String,
}

/// `POST /cases/{number}/verdict`
pub async fn verdict(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    NoteFields(form): NoteFields<VerdictForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "verdict", &form.idempotency_key).await?;
    let trail = form.from.as_deref().and_then(Trail::read);
    // Looked up first: a decided case has left the list.
    let queue = form.next == "queue";
    let onward = onward(&mut tx, &me, number, (trail.as_ref(), queue), ("done", &number.to_string())).await?;
    let Some(case) = case else { return Ok(Redirect::to(&onward).into_response()) };
    let kept = Kept {
        verdict: form.verdict.parse().ok(),
        reason: form.reason.clone(),
        note: form.note.clone(),
        trail,
        ..Kept::default()
    };
    let done = declared(&mut tx, &me, &case, &form).await;
    let ok = done.is_ok();
    if ok {
        drafts::clear(&mut tx, me.user.id, number, "declaration").await?;
    }
    let response = finish(&app, &me, tx, number, done, kept).await?;
    Ok(if ok { Redirect::to(&onward).into_response() } else { response })
}

async fn declared(tx: &mut Tx, me: &SignedIn, case: &Case, form: &VerdictForm) -> Result<Option<i64>, ReviewError> {
    let verdict = form
        .verdict
        .parse::<Verdict>()
        .map_err(|unknown| ReviewError::Invalid { field: "verdict", text: unknown.to_string() })?;
    let declaration = Declaration {
        verdict,
        reason: form.reason.clone(),
        note: form.note.clone(),
        close: form.close == "true",
        version: form.version,
    };
    if form.next == "queue" {
        review::caution(tx, case).await?.check(&declaration, form.flags.parse().ok())?;
    }
    let status = if declaration.close { Status::Closed } else { case.status };
    review::check_tasks(tx, case, (verdict, status), form.confirm_tasks == "true").await?;
    review::declare(tx, &me.actor(), case, &declaration, now_ms()).await
}

/// Where a verdict or a snooze leads; `done` tells there what was done.
pub(super) async fn onward(
    tx: &mut Tx,
    me: &SignedIn,
    number: i64,
    (trail, queue): (Option<&Trail>, bool),
    done: (&str, &str),
) -> Result<String> {
    let usual = Trail::default();
    let list = trail.unwrap_or(&usual);
    if !queue && trail.is_none() {
        return Ok(format!("/cases/{number}"));
    }
    let next = list.beside(tx, me, number, Way::After).await?;
    match next {
        Some(next) if !queue => return Ok(list.case(next, &[done])),
        None if !queue => return Ok(list.queue(&[done])),
        _ => {}
    }
    let next = match next {
        None => list.beside(tx, me, number, Way::Before).await?,
        next => next,
    };
    let peek = next.map(|next| next.to_string()).unwrap_or_default();
    Ok(list.queue(&[("peek", &peek), done]))
}

/// What to undo, and where that leads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UndoForm {
    event: i64,
    idempotency_key: Key,
    next: String,
    from: Option<String>,
}

impl UndoForm {
    /// The page that shows the case again; `told` where it says so even without a list.
    fn back(&self, number: i64, told: bool) -> Response {
        let trail = self.from.as_deref().and_then(Trail::read);
        let id = number.to_string();
        let to = match trail {
            Some(trail) if self.next == "queue" => trail.queue(&[("peek", &id), ("undone", &id)]),
            Some(trail) => trail.case(number, &[("undone", &id)]),
            None if told => format!("/cases/{number}?undone={number}"),
            None => format!("/cases/{number}"),
        };
        Redirect::to(&to).into_response()
    }
}

/// `POST /cases/{number}/undo`
pub async fn undo(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<UndoForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "undo", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(form.back(number, false)) };
    let done = review::undo(&mut tx, &me.actor(), &case, form.event, me.user.role >= Role::Lead, now_ms()).await;
    let ok = done.is_ok();
    let response = finish(&app, &me, tx, number, done, Kept::default()).await?;
    Ok(if ok { form.back(number, false) } else { response })
}

/// `POST /undo`: the last decision of this person, from whichever page.
pub async fn undo_last(me: SignedIn, State(app): State<App>, Fields(form): Fields<UndoForm>) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let mut tx = app.store.write().await?;
    let (key, now) = (&form.idempotency_key, now_ms());
    let token = format!("undo/{}", &key[..key.floor_char_boundary(100)]);
    if !key.is_empty() && !idempotency::take(&mut tx, me.user.id, &token, now).await? {
        return Ok(Redirect::to("/cases").into_response());
    }
    let Some(entry) = timeline::last_undoable(&mut tx, me.scope(), &me.user.username).await? else {
        return Err(AppError::Conflict("You have decided nothing that can be undone.".to_owned()));
    };
    if let Some(act) = bulk::of_event(&mut tx, entry.id).await? {
        tx.commit().await?;
        return super::bulk::take_back(&app, &me, &act, form.from.as_deref().unwrap_or_default()).await;
    }
    let number = entry.case_number;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let window = me.undo_ms(&app);
    match review::undo_act(&mut tx, &me.actor(), (&case, &entry), window, now).await {
        Err(ReviewError::Conflict(text)) => return Err(AppError::Conflict(format!("#{number}: {text}"))),
        done => done?,
    };
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(form.back(number, true))
}

/// A draft.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DraftForm {
    form: String,
    verdict: String,
    reason: String,
    kind: String,
    note: String,
    body: String,
    /// `true` where it is given up.
    discard: String,
}

/// `POST /cases/{number}/draft`
pub async fn draft(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    NoteFields(form): NoteFields<DraftForm>,
) -> Result<Response> {
    if !["declaration", "note"].contains(&form.form.as_str()) {
        return Err(invalid("form", "must be declaration or note"));
    }
    let body = if form.form == "note" { form.body } else { form.note };
    if [&body, &form.verdict, &form.reason, &form.kind].iter().any(|text| text.len() > limits::DRAFT) {
        return Err(invalid("body", "A draft holds at most 64 KiB."));
    }
    let (mut tx, _) = begin(&app, &me, number, "draft", "").await?;
    let given_up = form.discard == "true";
    if given_up || (body.trim().is_empty() && form.verdict.is_empty() && form.reason.is_empty()) {
        drafts::clear(&mut tx, me.user.id, number, &form.form).await?;
    } else {
        let (verdict, reason, kind) = (form.verdict, form.reason, form.kind);
        let draft = Draft { form: form.form, verdict, reason, kind, body, saved_ms: now_ms() };
        drafts::keep(&mut tx, me.user.id, number, &draft).await?;
    }
    tx.commit().await?;
    let page = || Redirect::to(&format!("/cases/{number}")).into_response();
    Ok(if given_up { page() } else { StatusCode::NO_CONTENT.into_response() })
}

fn invalid(field: &str, text: &str) -> AppError {
    AppError::Invalid { field: field.to_owned(), text: text.to_owned() }
}
