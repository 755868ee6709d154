//! What a lead does with a gate: switches it on, declines it, or shuts it.
use super::App;
use super::auth::SignedIn;
use super::form::{Fields, Named};
use crate::clock::now_ms;
use crate::domain::{GateLevel, Role};
use crate::error::{AppError, Result};
use crate::review::gate::{self, Step};
use crate::store::gates;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

/// What of a rule's path can't stand in an address.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');

/// A step.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    note: String,
}

/// `POST /gates/{id}/{step}`: `activate`, `decline` or `suspend`.
pub async fn step(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    me.must_be(Role::Lead)?;
    let id = parts.first().and_then(|id| id.parse().ok()).ok_or(AppError::Unknown("gate"))?;
    let mut tx = app.store.write().await?;
    let known = gates::visible(&mut tx, me.scope(), id).await?.ok_or(AppError::Unknown("gate"))?;
    let step = parts.get(1).and_then(|word| Step::read(word)).ok_or(AppError::Unknown("step"))?;
    let shut = gate::step(&mut tx, &me.actor(), &known, (step, &form.note), now_ms()).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    match shut {
        Some(text) => Err(AppError::Conflict(text)),
        None if known.level == GateLevel::Rule => {
            let path = utf8_percent_encode(&known.key, PATH);
            Ok(Redirect::to(&format!("/rules/{path}")).into_response())
        }
        None => Ok(Redirect::to("/rules").into_response()),
    }
}
