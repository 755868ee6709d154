//! The documents of a case as they are: a detection as it came, a run in the report's shape.
use super::App;
use super::auth::SignedIn;
use super::cases::leaves;
use crate::error::{AppError, Result};
use crate::review::sight::{HELD_BACK, sight};
use crate::store::{cases, detections, runs};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A text to keep.
pub(super) fn file(name: &str, body: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)], body)
        .into_response()
}

/// The last part of the path without `.json`, and the case's number.
fn parts(number: &str, file: &str) -> Result<(i64, String)> {
    let number = number.parse().ok().filter(|number| *number > 0).ok_or(AppError::NotFound)?;
    Ok((number, file.strip_suffix(".json").ok_or(AppError::NotFound)?.to_owned()))
}

/// `GET /cases/{number}/detections/{detect_id}.json`
pub async fn detection(
    me: SignedIn,
    State(app): State<App>,
    Path((number, name)): Path<(String, String)>,
) -> Result<Response> {
    let (number, detect_id) = parts(&number, &name)?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let stored = detections::in_case(&mut tx, case.number, &detect_id).await?.ok_or(AppError::NotFound)?;
    drop(tx);
    if stored.raw.is_empty() {
        return Err(AppError::Gone(app.config.retention.removed()));
    }
    leaves(&app, &me, (case.org_id, number), ("downloaded", &format!("detection {}", stored.id))).await?;
    Ok(file(&format!("case-{number}-detection-{}.json", stored.id), stored.raw))
}

/// `GET /cases/{number}/triage/{run}.json`
pub async fn report(
    me: SignedIn,
    State(app): State<App>,
    Path((number, name)): Path<(String, String)>,
) -> Result<Response> {
    let (number, run) = parts(&number, &name)?;
    let run = run.parse().map_err(|_| AppError::NotFound)?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    if sight(&case).is_blind() {
        return Err(AppError::Forbidden(HELD_BACK));
    }
    let found = runs::in_case(&mut tx, case.number, run).await?.ok_or(AppError::NotFound)?;
    let report = found.report.ok_or(AppError::NotFound)?;
    drop(tx);
    leaves(&app, &me, (case.org_id, number), ("downloaded", &format!("run {run}"))).await?;
    let body = serde_json::to_string_pretty(&report.0).map_err(|error| AppError::Internal(error.into()))?;
    Ok(file(&format!("case-{number}-triage-{run}.json"), body))
}
