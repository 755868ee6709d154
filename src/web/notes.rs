//! One note of a case: its text, every text that it had before, editing and removing it.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{Key, back, begin};
use super::form::{Asked, CaseNumber, Named, NoteFields};
use super::markdown::{self, Html};
use super::page::{Chrome, Page};
use super::view::case::note_kind;
use super::view::diff::{self, Line};
use super::view::text::visible;
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::review::{self, ReviewError};
use crate::store::notes::{self, Note};
use crate::store::{Tx, cases};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Edits that one page shows.
const SHOWN: usize = 10;

/// One of the texts that a note had, against the one before it.
struct Step {
    version: i64,
    by: String,
    at: When,
    kind: &'static str,
    lines: Vec<Line>,
}

/// What could not be saved.
#[derive(Default)]
struct Typed {
    body: String,
    kind: String,
    problem: String,
    status: StatusCode,
}

#[derive(Template)]
#[template(path = "cases/note_page.html")]
struct Shown {
    chrome: Chrome,
    number: i64,
    title: String,
    note: Note,
    kind: &'static str,
    at: When,
    removed: Option<When>,
    body: Html,
    /// Whether its texts may be read: of a removed one by leads only.
    readable: bool,
    may_change: bool,
    steps: Vec<Step>,
    /// Where older texts go on.
    older: Option<i64>,
    typed: Typed,
    key: String,
}

/// Which texts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    before: Option<i64>,
}

/// `GET /cases/{number}/notes/{id}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Named(parts): Named,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    page(&app, &me, (number, id_of(&parts)?), query.before, Typed::default()).await
}

fn id_of(parts: &[String]) -> Result<i64> {
    parts.get(1).and_then(|id| id.parse().ok()).ok_or(AppError::Unknown("note"))
}

async fn page(
    app: &App,
    me: &SignedIn,
    (number, id): (i64, i64),
    before: Option<i64>,
    typed: Typed,
) -> Result<Response> {
    let chrome = Chrome::of(app, me, "queue").await?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let note = notes::in_case(&mut tx, number, id).await?.ok_or(AppError::Unknown("note"))?;
    let lead = me.user.role >= Role::Lead;
    let readable = !note.is_removed() || lead;
    let (steps, older) = if readable { steps(&mut tx, &note, before).await? } else { (Vec::new(), None) };
    let status = if typed.problem.is_empty() { StatusCode::OK } else { typed.status };
    let may = me.user.role >= Role::Analyst && review::may_change_note(&me.actor(), &note, lead);
    let shown = Shown {
        number,
        title: visible(&case.title),
        kind: note_kind(&note.kind),
        at: when(note.created_ms),
        removed: note.removed_ms.map(when),
        body: if readable { markdown::note(&note.body) } else { Html::default() },
        readable,
        may_change: may && !note.is_removed(),
        steps,
        older,
        typed,
        key: hex::encode(rand::random::<[u8; 8]>()),
        note,
        chrome,
    };
    Ok((status, Page(shown)).into_response())
}

/// The texts, newest first, each against the one before it, and where older ones go on.
async fn steps(tx: &mut Tx, note: &Note, before: Option<i64>) -> Result<(Vec<Step>, Option<i64>)> {
    let below = before.unwrap_or(i64::MAX).min(note.version);
    let most = i64::try_from(SHOWN).unwrap_or_default() + 1;
    let mut all = notes::earlier(tx, note.id, below, most).await?;
    if before.is_none_or(|before| before > note.version) {
        let by = if note.edited_by.is_empty() { &note.author } else { &note.edited_by };
        let now = notes::Earlier {
            version: note.version,
            kind: note.kind.clone(),
            body: note.body.clone(),
            author: by.clone(),
            at_ms: note.edited_ms.unwrap_or(note.created_ms),
        };
        all.insert(0, now);
    }
    let step = |at: usize, one: &notes::Earlier| {
        let old = all.get(at + 1).map_or("", |before| before.body.as_str());
        let mut lines = diff::lines(old, &one.body);
        for line in &mut lines {
            line.text = visible(&line.text);
        }
        Step { version: one.version, by: visible(&one.author), at: when(one.at_ms), kind: note_kind(&one.kind), lines }
    };
    let steps: Vec<Step> = all.iter().enumerate().take(SHOWN).map(|(at, one)| step(at, one)).collect();
    let older = steps.last().map(|last| last.version).filter(|last| *last > 1);
    Ok((steps, older))
}

/// A note's new text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EditForm {
    body: String,
    kind: String,
    version: Option<i64>,
    idempotency_key: Key,
}

/// `POST /cases/{number}/notes/{id}`
pub async fn edit(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Named(parts): Named,
    NoteFields(form): NoteFields<EditForm>,
) -> Result<Response> {
    let id = id_of(&parts)?;
    let (mut tx, case) = begin(&app, &me, number, "note_edit", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(to_note(number, id)) };
    let note = notes::in_case(&mut tx, number, id).await?.ok_or(AppError::Unknown("note"))?;
    let (any, text) = (me.user.role >= Role::Lead, (form.body.as_str(), form.kind.as_str()));
    let done = review::edit_note(&mut tx, &me.actor(), (&case, &note), text, form.version, any, now_ms()).await;
    let (status, problem) = match done {
        Ok(()) => {
            tx.commit().await?;
            app.wake.notify_waiters();
            return Ok(to_note(number, id));
        }
        Err(ReviewError::Conflict(text)) => (StatusCode::CONFLICT, text),
        Err(ReviewError::Invalid { text, .. }) => (StatusCode::UNPROCESSABLE_ENTITY, text),
        Err(problem @ (ReviewError::Store(_) | ReviewError::Missing(_))) => return Err(problem.into()),
    };
    drop(tx);
    page(&app, &me, (number, id), None, Typed { body: form.body, kind: form.kind, problem, status }).await
}

fn to_note(number: i64, id: i64) -> Response {
    Redirect::to(&format!("/cases/{number}/notes/{id}")).into_response()
}

/// `POST /cases/{number}/notes/{id}/remove`
pub async fn remove(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Named(parts): Named,
    NoteFields(form): NoteFields<EditForm>,
) -> Result<Response> {
    let id = id_of(&parts)?;
    let (mut tx, case) = begin(&app, &me, number, "note_remove", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let note = notes::in_case(&mut tx, number, id).await?.ok_or(AppError::Unknown("note"))?;
    review::remove_note(&mut tx, &me.actor(), (&case, &note), me.user.role >= Role::Lead, now_ms()).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(back(number))
}
