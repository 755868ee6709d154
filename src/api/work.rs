//! The work on a case for machines: tasks and snooze.
use super::bearer::Bearer;
use super::case_json::time;
use super::cases::{find, readable};
use crate::clock::now_ms;
use crate::domain::role::Scope;
use crate::error::{AppError, Result};
use crate::review::{self, Why};
use crate::web::App;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// A task.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    text: String,
    /// Who is to do it.
    #[serde(default)]
    assignee: String,
}

/// `POST /api/v1/cases/{number}/tasks`
pub async fn task(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<NewTask>, JsonRejection>,
) -> Result<impl IntoResponse> {
    bearer.may(Scope::Write)?;
    let new = readable(body)?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let id = review::add_task(&mut tx, &bearer.actor(), &case, (&new.text, &new.assignee), now_ms()).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

/// Until when a case stands aside.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// A time of RFC 3339; null brings the case back.
    #[schema(value_type = Option<String>)]
    until: Option<Value>,
    #[serde(default)]
    reason: String,
}

impl Snooze {
    fn until_ms(&self) -> Result<Option<i64>> {
        match &self.until {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.parse::<Timestamp>().is_ok() => {
                Ok(text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond))
            }
            Some(_) => Err(AppError::Invalid {
                field: "until".to_owned(),
                text: "must be a time such as 2026-03-19T14:00:00Z, or null".to_owned(),
            }),
        }
    }
}

/// `POST /api/v1/cases/{number}/snooze`
pub async fn snooze(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<Snooze>, JsonRejection>,
) -> Result<Json<Value>> {
    bearer.may(Scope::Write)?;
    let asked = readable(body)?;
    let until = asked.until_ms()?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let (actor, now) = (bearer.actor(), now_ms());
    match until {
        Some(until) => review::snooze(&mut tx, &actor, &case, until, &asked.reason, now).await?,
        None => drop(review::wake(&mut tx, &actor, &case, Why::Hand, now).await?),
    }
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Json(json!({"snoozed_until": time(until)})))
}
