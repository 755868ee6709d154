//! Tasks of a case: added, ticked, given to somebody, removed, brought by a template.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{Key, back, begin, finish};
use super::form::{CaseNumber, Fields, Named};
use super::kept::Kept;
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::review::{self, ReviewError};
use crate::store::cases::Case;
use crate::store::tasks::{self, Task};
use crate::store::{Tx, templates};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// A task, a step of one, or a template.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TaskForm {
    text: String,
    assignee: String,
    template: i64,
    idempotency_key: Key,
}

/// `POST /cases/{number}/tasks`
pub async fn add(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<TaskForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "task", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let done = review::add_task(&mut tx, &me.actor(), &case, (&form.text, &form.assignee), now_ms()).await;
    finish(&app, &me, tx, number, done, Kept { typed: vec![("task", form.text)], ..Kept::default() }).await
}

/// `POST /cases/{number}/tasks/{id}/{step}`: `done`, `open`, `assign`, `remove`.
pub async fn step(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Named(parts): Named,
    Fields(form): Fields<TaskForm>,
) -> Result<Response> {
    let [_, id, step] = parts.as_slice() else { return Err(AppError::Unknown("task")) };
    let (mut tx, case) = begin(&app, &me, number, "task", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let id = id.parse().map_err(|_| AppError::Unknown("task"))?;
    let task = tasks::in_case(&mut tx, number, id).await?.ok_or(AppError::Unknown("task"))?;
    let done = stepped(&mut tx, &me, (&case, &task), step, &form).await.ok_or(AppError::Unknown("step"))?;
    finish(&app, &me, tx, number, done, Kept::default()).await
}

/// Does a step; nothing where there is no such step.
async fn stepped(
    tx: &mut Tx,
    me: &SignedIn,
    (case, task): (&Case, &Task),
    step: &str,
    form: &TaskForm,
) -> Option<Result<(), ReviewError>> {
    let (actor, now) = (me.actor(), now_ms());
    Some(match step {
        "done" | "open" => review::tick_task(tx, &actor, (case, task), step == "done", now).await,
        "assign" => review::assign_task(tx, &actor, (case, task), &form.assignee, now).await,
        "remove" => review::remove_task(tx, &actor, (case, task), now).await,
        _ => return None,
    })
}

/// `POST /cases/{number}/templates`
pub async fn apply(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<TaskForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "template", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let all = templates::of_org(&mut tx, case.org_id).await?;
    let template = all.iter().find(|one| one.id == form.template).ok_or(AppError::Unknown("template"))?;
    let done = review::apply_template(&mut tx, &me.actor(), &case, template, now_ms()).await;
    finish(&app, &me, tx, number, done, Kept::default()).await
}
