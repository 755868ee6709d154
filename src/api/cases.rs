//! Cases for machines: list, read, change.
use super::bearer::Bearer;
use super::case_json::{entries, long, short};
use super::whole::Whole;
use crate::clock::now_ms;
use crate::domain::role::Scope as TokenScope;
use crate::domain::{Severity, Status, Verdict};
use crate::error::{AppError, Result};
use crate::review::{self, Declaration};
use crate::store::cases::{self, Case};
use crate::store::{Tx, queue};
use crate::web::App;
use crate::web::view::listing::{Listing, cursor_text};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/v1/cases`
pub async fn index(
    bearer: Bearer,
    State(app): State<App>,
    asked: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Read)?;
    let Query(listing) = asked.map_err(|_| AppError::BadRequest("A query parameter can't be read.".to_owned()))?;
    let (filter, after, limit) = listing.parts(queue::View::All, queue::Sort::Newest)?;
    let mut tx = app.store.read().await?;
    let rows = queue::page(&mut tx, bearer.scope(), &filter, after, limit).await?;
    let full = i64::try_from(rows.len()).unwrap_or(0) == limit;
    let next = rows.last().filter(|_| full).map(|row| cursor_text(row.cursor()));
    Ok(Json(json!({"cases": rows.iter().map(|row| short(&row.case)).collect::<Vec<_>>(), "next": next})))
}

pub(super) async fn find(tx: &mut Tx, bearer: &Bearer, number: &str) -> Result<Case> {
    let number = number.parse().ok().filter(|number| *number > 0).ok_or(AppError::NotFound)?;
    cases::visible(tx, bearer.scope(), number).await?.ok_or(AppError::NotFound)
}

/// `GET /api/v1/cases/{number}`
pub async fn show(bearer: Bearer, State(app): State<App>, Path(number): Path<String>) -> Result<Json<Value>> {
    bearer.may(TokenScope::Read)?;
    let mut tx = app.store.read().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    Ok(Json(long(&mut tx, &case).await?))
}

/// `GET /api/v1/cases/{number}/timeline`
pub async fn timeline(bearer: Bearer, State(app): State<App>, Path(number): Path<String>) -> Result<Json<Value>> {
    bearer.may(TokenScope::Read)?;
    let mut tx = app.store.read().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    Ok(Json(json!({"timeline": entries(&mut tx, &case).await?})))
}

/// What may be changed; what is left out stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[schema(value_type = Option<String>)]
    status: Option<Status>,
    #[schema(value_type = Option<String>)]
    verdict: Option<Verdict>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    note: String,
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    assignee: Option<String>,
    /// All tags from now on.
    tags: Option<Vec<String>>,
    /// Needed to close a true positive while tasks are open.
    #[serde(default)]
    confirm_tasks: bool,
    #[schema(value_type = Option<i64>)]
    version: Option<Whole>,
}

/// `PATCH /api/v1/cases/{number}`
pub async fn change(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<Patch>, JsonRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Write)?;
    let patch = readable(body)?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    if patch.version.is_some_and(|Whole(version)| version != case.version) {
        return Err(AppError::Conflict("version: the case has changed since".to_owned()));
    }
    apply(&mut tx, &bearer, case.number, &patch).await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let json = long(&mut tx, &case).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Json(json))
}

/// Each part on the case as the part before left it.
async fn apply(tx: &mut Tx, bearer: &Bearer, number: i64, patch: &Patch) -> Result<()> {
    let (actor, now) = (bearer.actor(), now_ms());
    if let Some(severity) = patch.severity {
        let case = cases::by_number(tx, number).await?;
        review::set_severity(tx, &actor, &case, severity, None, now).await?;
    }
    if let Some(assignee) = &patch.assignee {
        let case = cases::by_number(tx, number).await?;
        review::assign(tx, &actor, &case, assignee, now).await?;
    }
    if let Some(tags) = &patch.tags {
        let case = cases::by_number(tx, number).await?;
        review::set_tags(tx, &actor, &case, tags, now).await?;
    }
    let case = cases::by_number(tx, number).await?;
    let closing = (patch.verdict.unwrap_or(case.verdict), patch.status.unwrap_or(case.status));
    review::check_tasks(tx, &case, closing, patch.confirm_tasks).await?;
    let close = patch.status == Some(Status::Closed);
    if let Some(verdict) = patch.verdict {
        let declaration =
            Declaration { verdict, reason: patch.reason.clone(), note: patch.note.clone(), close, version: None };
        review::declare(tx, &actor, &case, &declaration, now).await?;
    } else if !patch.note.is_empty() {
        review::add_note(tx, &actor, &case, &patch.note, "general", now).await?;
    }
    if let Some(status) = patch.status {
        let case = cases::by_number(tx, number).await?;
        review::set_status(tx, &actor, &case, status, &patch.reason, None, now).await?;
    }
    Ok(())
}

/// A note.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    body: String,
    #[serde(default)]
    kind: String,
}

/// `POST /api/v1/cases/{number}/notes`
pub async fn note(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<NewNote>, JsonRejection>,
) -> Result<impl IntoResponse> {
    bearer.may(TokenScope::Write)?;
    let new = readable(body)?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let id = review::add_note(&mut tx, &bearer.actor(), &case, &new.body, &new.kind, now_ms()).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

/// `POST /api/v1/cases/{number}/triage`
pub async fn triage(bearer: Bearer, State(app): State<App>, Path(number): Path<String>) -> Result<impl IntoResponse> {
    bearer.may(TokenScope::Write)?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let queued = review::ask_again(&mut tx, &bearer.actor(), &case, now_ms()).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok((StatusCode::ACCEPTED, Json(json!({"queued": queued}))))
}

pub(super) fn readable<T>(body: Result<Json<T>, JsonRejection>) -> Result<T> {
    match body {
        Ok(Json(value)) => Ok(value),
        Err(JsonRejection::JsonDataError(error)) => {
            Err(AppError::Invalid { field: "body".to_owned(), text: wrong(&error.body_text()) })
        }
        Err(JsonRejection::BytesRejection(error)) => Err(AppError::from_body(&error)),
        Err(JsonRejection::MissingJsonContentType(_)) => Err(AppError::Unsupported("JSON is expected.")),
        Err(_) => Err(AppError::BadRequest("The body is not JSON.".to_owned())),
    }
}

/// What is wrong with a field, in our own words: serde names the field before a colon, and types of our code after it.
fn wrong(text: &str) -> String {
    let after = text.rsplit_once("target type: ").map_or(text, |(_, after)| after);
    let after = after.split(" at line").next().unwrap_or_default();
    let about_types = ["invalid type", "expected struct", "missing field"].iter().any(|word| after.contains(word));
    let (field, rest) = after.split_once(": ").unwrap_or(("", after));
    match (about_types, field) {
        (true, "" | "invalid type") => "is not of the form that this call takes".to_owned(),
        (true, field) => format!("{field} is of the wrong kind or missing"),
        (false, _) if rest.starts_with("unknown field") => {
            after.split(", expected").next().unwrap_or_default().to_owned()
        }
        (false, _) => after.to_owned(),
    }
}
