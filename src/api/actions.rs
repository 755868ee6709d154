//! Response actions for machines: a program may ask, people approve.
use super::bearer::Bearer;
use super::cases::{find, readable};
use crate::actions::hunt;
use crate::actions::wish;
use crate::domain::action::{ActionKind, Fields};
use crate::domain::role::Scope as TokenScope;
use crate::error::{AppError, Result};
use crate::store::actions;
use crate::web::App;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

/// An action to ask for. Which parameters count depends on the kind.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAction {
    /// `add_tag`, `remove_tag`, `isolate`, `rejoin`, `sweep`, `hunt` or `task`.
    #[schema(value_type = String)]
    kind: ActionKind,
    /// Why; needed where a second person has to approve.
    #[serde(default)]
    why: String,
    /// A sensor tag.
    #[serde(default)]
    tag: String,
    /// Hours until the tag goes by itself.
    #[serde(default)]
    ttl_hours: String,
    /// Minutes to each side of the event.
    #[serde(default)]
    minutes: String,
    /// The id of one of the case's observables, for a hunt.
    #[serde(default)]
    observable: String,
    /// Days back, for a hunt.
    #[serde(default)]
    days: String,
    /// What the sensor is told to do.
    #[serde(default)]
    command: String,
    /// A process number.
    #[serde(default)]
    pid: String,
    /// A process atom.
    #[serde(default)]
    atom: String,
    /// The same key twice is the same wish.
    #[serde(default)]
    idempotency_key: String,
}

impl NewAction {
    fn fields(&self) -> Fields {
        Fields {
            tag: self.tag.clone(),
            ttl_hours: self.ttl_hours.clone(),
            minutes: self.minutes.clone(),
            observable: self.observable.clone(),
            days: self.days.clone(),
            command: self.command.clone(),
            pid: self.pid.clone(),
            atom: self.atom.clone(),
        }
    }
}

/// `POST /api/v1/cases/{number}/actions`
pub async fn ask(
    bearer: Bearer,
    State(app): State<App>,
    Path(number): Path<String>,
    body: Result<Json<NewAction>, JsonRejection>,
) -> Result<impl IntoResponse> {
    bearer.may(TokenScope::Write)?;
    let new = readable(body)?;
    let mut tx = app.store.write().await?;
    let case = find(&mut tx, &bearer, &number).await?;
    let plan = hunt::plan(&mut tx, case.number, new.kind, &new.fields())
        .await?
        .map_err(|bad| AppError::Invalid { field: bad.field.to_owned(), text: bad.text })?;
    let actor = bearer.actor();
    let id = wish::ask(
        &mut tx,
        app.wish(&actor, bearer.token.owner_id, app.undo_ms(None), &case),
        &plan,
        &new.why,
        &new.idempotency_key,
    )
    .await?;
    let state = actions::by_id(&mut tx, id).await?.map(|action| action.state);
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok((StatusCode::ACCEPTED, Json(json!({"id": id, "state": state}))))
}
