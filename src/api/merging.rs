//! Cases that become part of each other, for machines: the same verbs as the pages.
use super::bearer::Bearer;
use super::case_json::long;
use super::cases::{find, readable};
use super::whole::Whole;
use crate::clock::now_ms;
use crate::domain::role::Scope as TokenScope;
use crate::error::Result;
use crate::review::{self, merging};
use crate::store::Tx;
use crate::web::App;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

/// The other case.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeInto {
    /// The case that this one becomes part of.
    #[schema(value_type = i64)]
    into: Whole,
    /// The version of the case that was read.
    #[schema(value_type = Option<i64>)]
    version: Option<Whole>,
}

/// The case at the other end.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkTo {
    /// Its number.
    #[schema(value_type = i64)]
    to: Whole,
}

/// The case that this one is a duplicate of.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicateOf {
    /// Its number.
    #[schema(value_type = i64)]
    of: Whole,
    /// The version of the case that was read.
    #[schema(value_type = Option<i64>)]
    version: Option<Whole>,
}

/// Which detections leave the case.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitOff {
    /// Their ids, as the case lists them.
    #[schema(value_type = Vec<i64>)]
    detections: Vec<Whole>,
}

/// Commits and answers with the case as it is then.
async fn answer(app: &App, bearer: &Bearer, mut tx: Tx, number: i64) -> Result<Json<Value>> {
    let case = find(&mut tx, bearer, &number.to_string()).await?;
    let json = long(&mut tx, &case).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Json(json))
}

/// `POST /api/v1/cases/{number}/merge`; answers with the case that it became part of.
pub async fn merge(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<MergeInto>, JsonRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Write)?;
    let MergeInto { into: Whole(into), version } = readable(body)?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    review::fresh(&case, version.map(|Whole(version)| version))?;
    find(&mut tx, &bearer, &into.to_string()).await?;
    merging::merge(&mut tx, &bearer.actor(), &[case.number], into, now_ms()).await?;
    answer(&app, &bearer, tx, into).await
}

/// `POST /api/v1/cases/{number}/unmerge`; a token takes apart what it or the system merged, one with `admin` everything.
pub async fn unmerge(bearer: Bearer, State(app): State<App>, Path(number): Path<String>) -> Result<Json<Value>> {
    bearer.may(TokenScope::Write)?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let any = bearer.may(TokenScope::Admin).is_ok();
    merging::unmerge(&mut tx, &bearer.actor(), case.number, any, now_ms()).await?;
    answer(&app, &bearer, tx, case.number).await
}

/// `POST /api/v1/cases/{number}/split`; answers with the new case.
pub async fn split(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<SplitOff>, JsonRejection>,
) -> Result<impl IntoResponse> {
    bearer.may(TokenScope::Write)?;
    let SplitOff { detections } = readable(body)?;
    let detections: Vec<i64> = detections.into_iter().map(|Whole(id)| id).collect();
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let new = review::split(&mut tx, &bearer.actor(), &case, &detections, now_ms()).await?;
    Ok((StatusCode::CREATED, answer(&app, &bearer, tx, new).await?))
}

/// `POST /api/v1/cases/{number}/link`
pub async fn link(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<LinkTo>, JsonRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Write)?;
    let LinkTo { to: Whole(to) } = readable(body)?;
    let mut tx = app.store.write().await?;
    let (case, other) = (find(&mut tx, &bearer, &number).await?, find(&mut tx, &bearer, &to.to_string()).await?);
    review::link(&mut tx, &bearer.actor(), &case, &other, now_ms()).await?;
    answer(&app, &bearer, tx, case.number).await
}

/// `POST /api/v1/cases/{number}/unlink`
pub async fn unlink(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<LinkTo>, JsonRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Write)?;
    let LinkTo { to: Whole(to) } = readable(body)?;
    let mut tx = app.store.write().await?;
    let (case, other) = (find(&mut tx, &bearer, &number).await?, find(&mut tx, &bearer, &to.to_string()).await?);
    review::unlink(&mut tx, &bearer.actor(), &case, &other, now_ms()).await?;
    answer(&app, &bearer, tx, case.number).await
}

/// `POST /api/v1/cases/{number}/duplicate`
pub async fn duplicate(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<DuplicateOf>, JsonRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Write)?;
    let DuplicateOf { of: Whole(of), version } = readable(body)?;
    let version = version.map(|Whole(version)| version);
    let mut tx = app.store.write().await?;
    let (case, other) = (find(&mut tx, &bearer, &number).await?, find(&mut tx, &bearer, &of.to_string()).await?);
    review::duplicate(&mut tx, &bearer.actor(), &case, &other, version, now_ms()).await?;
    answer(&app, &bearer, tx, case.number).await
}

/// The calls in the OpenAPI document: path, summary, the body's schema, the status of success.
pub(super) fn paths(operation: impl Fn(&str, Option<&str>, &str) -> Value) -> Vec<(String, Value)> {
    let all = [
        ("merge", "Make the case part of another one of its organisation", Some("MergeInto"), "200"),
        (
            "unmerge",
            "Take the case out of the one that it is part of: both are as they were, but for what happened meanwhile",
            None,
            "200",
        ),
        ("split", "Let detections leave for a new case, which is triaged", Some("SplitOff"), "201"),
        ("link", "Link the case with another one", Some("LinkTo"), "200"),
        ("unlink", "Take a link away", Some("LinkTo"), "200"),
        ("duplicate", "Close the case as a duplicate of another one", Some("DuplicateOf"), "200"),
    ];
    all.into_iter()
        .map(|(word, summary, schema, status)| {
            (format!("/api/v1/cases/{{number}}/{word}"), json!({"post": operation(summary, schema, status)}))
        })
        .collect()
}
