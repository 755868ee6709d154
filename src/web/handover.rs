//! The handover: what the next shift should see, and what the last one wrote for it.
mod sections;
mod since;

use self::sections::Sections;
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::{Asked, Fields, NoteFields};
use super::page::{Chrome, Page};
use super::view::handover::{self as view, VERDICTS, Written};
use super::view::words::{self, Glyph, When, when};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::store::orgs::Org;
use crate::store::record::{Entry, audit};
use crate::store::{handover as store, idempotency};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Notes of shifts on one page.
const WRITTEN: i64 = 5;
/// The longest note in bytes.
const LONGEST: usize = 64 * 1024;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// From when on: `8h`, `12h`, `24h`, a moment, or empty for the person's mark.
    since: String,
    /// A section that is shown whole.
    show: String,
    /// Notes of shifts before this one.
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "handover/index.html")]
struct Index {
    chrome: Chrome,
    query: Query,
    since: When,
    /// What that moment is.
    words: &'static str,
    now_ms: i64,
    parts: Sections,
    verdicts: Vec<Glyph>,
    written: Vec<Written>,
    /// The note before which older ones follow.
    older: Option<i64>,
    orgs: Vec<Org>,
    form: HandoverForm,
    error: String,
    may_write: bool,
    key: String,
}

impl Index {
    /// The address of this page with a section shown whole.
    fn whole(&self, section: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("since", &self.since.iso).append_pair("show", section);
        format!("/handover?{}#{section}", query.finish())
    }
}

/// `GET /handover`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    page(&app, &me, query, HandoverForm::default(), "").await
}

async fn page(app: &App, me: &SignedIn, query: Query, form: HandoverForm, error: &str) -> Result<Response> {
    let chrome = Chrome::of(app, me, "handover").await?;
    let orgs = orgs_of(app, me).await?;
    let now_ms = now_ms();
    let mut tx = app.store.read().await?;
    let (since_ms, words) = since::moment(&query.since, store::mark(&mut tx, me.user.id).await?, now_ms)?;
    let parts = sections::read(&mut tx, me.scope(), (since_ms, now_ms), &query).await?;
    let found = store::written(&mut tx, me.scope(), query.before.unwrap_or(i64::MAX), WRITTEN).await?;
    drop(tx);
    let full = i64::try_from(found.len()).is_ok_and(|count| count == WRITTEN);
    let status = if error.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let index = Index {
        older: found.last().filter(|_| full).map(|last| last.id),
        written: found.iter().map(view::written).collect(),
        verdicts: VERDICTS.iter().map(|verdict| words::person(*verdict)).collect(),
        may_write: me.user.role >= Role::Analyst,
        key: hex::encode(rand::random::<[u8; 8]>()),
        since: when(since_ms),
        error: error.to_owned(),
        chrome,
        query,
        words,
        now_ms,
        parts,
        orgs,
        form,
    };
    Ok((status, Page(index)).into_response())
}

/// What a shift writes for the next one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct HandoverForm {
    /// The organisation's short name; may be left out by those who have one only.
    org: String,
    body: String,
    idempotency_key: String,
}

/// `POST /handover`
pub async fn write(
    me: SignedIn,
    State(app): State<App>,
    NoteFields(form): NoteFields<HandoverForm>,
) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let orgs = orgs_of(&app, &me).await?;
    let body = form.body.trim().to_owned();
    let only = orgs.first().filter(|_| form.org.is_empty() && orgs.len() == 1);
    let org = orgs.iter().find(|org| org.slug == form.org).or(only).map(|org| org.id);
    let problem = match org {
        None => "Choose one of your organisations.",
        Some(_) if body.is_empty() => "Write something first.",
        Some(_) if body.len() > LONGEST => "A handover note holds at most 64 KiB.",
        Some(_) => "",
    };
    let Some(org_id) = org.filter(|_| problem.is_empty()) else {
        return page(&app, &me, Query::default(), form, problem).await;
    };
    let mut tx = app.store.write().await?;
    let token = format!("handover/{}", form.idempotency_key.chars().take(100).collect::<String>());
    if form.idempotency_key.is_empty() || idempotency::take(&mut tx, me.user.id, &token, now_ms()).await? {
        let id = store::insert(&mut tx, org_id, &me.user.username, &body, now_ms()).await?;
        let object = format!("handover:{id}");
        let entry = Entry { action: "handover", object: &object, old: "", new: &body };
        audit(&mut tx, &me.actor(), Some(org_id), &entry, now_ms()).await?;
        tx.commit().await?;
    }
    Ok(Redirect::to("/handover").into_response())
}

/// Up to when somebody has read.
#[derive(Debug, Deserialize)]
pub struct ReadForm {
    /// When the page was made, in milliseconds.
    at: i64,
}

/// `POST /handover/read`
pub async fn read(me: SignedIn, State(app): State<App>, Fields(form): Fields<ReadForm>) -> Result<Response> {
    if form.at <= 0 {
        return Err(AppError::Invalid { field: "at".to_owned(), text: "must be a time in milliseconds".to_owned() });
    }
    let mut tx = app.store.write().await?;
    store::set_mark(&mut tx, me.user.id, form.at.min(now_ms())).await?;
    tx.commit().await?;
    Ok(Redirect::to("/handover").into_response())
}
