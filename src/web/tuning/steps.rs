//! What a person does with an exclusion: each form is one transaction and leads back to its page.
use super::super::App;
use super::super::auth::SignedIn;
use super::super::form::{Fields, Named};
use super::{Query, id, page};
use crate::clock::now_ms;
use crate::domain::{ExclusionState, Role, WorkState};
use crate::error::{AppError, Result};
use crate::jobs::{backtest, publish_exclusion};
use crate::store::exclusions::{self, Exclusion};
use crate::store::{Actor, Tx};
use crate::tuning::approval::{self, Agreed};
use crate::tuning::ending;
use crate::tuning::exclusion::{self, ExclusionError};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The fields of all steps.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    note: String,
    acknowledged: String,
    test: String,
}

/// `POST /tuning/{id}/{step}`
pub async fn step(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let (id, name) = (id(&parts)?, parts.get(1).map(String::as_str).unwrap_or_default());
    me.must_be(Role::Analyst)?;
    let mut tx = app.store.write().await?;
    let x = exclusions::visible(&mut tx, me.scope(), id).await?.ok_or(AppError::Unknown("exclusion"))?;
    let own = x.proposed_by == me.user.username;
    me.must_be(match name {
        "test" => Role::Analyst,
        "refuse" if own => Role::Analyst,
        _ => Role::Lead,
    })?;
    if let Err(failed) = act(&mut tx, &me.actor(), &x, name, &form).await {
        drop(tx);
        return again(&app, &me, id, failed).await;
    }
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Redirect::to(&format!("/tuning/{id}")).into_response())
}

/// The page once more, with why a step was not done.
async fn again(app: &App, me: &SignedIn, id: i64, failed: Failed) -> Result<Response> {
    let (status, problem) = match failed {
        Failed::App(error) => return Err(error),
        Failed::Step(ExclusionError::Store(error)) => return Err(error.into()),
        Failed::Step(ExclusionError::Refused(text)) => (StatusCode::CONFLICT, text),
        Failed::Step(ExclusionError::Invalid { text, .. }) => (StatusCode::UNPROCESSABLE_ENTITY, text),
    };
    let mut response = page(app, me, id, &Query::default(), problem).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// Why a step was not done.
enum Failed {
    App(AppError),
    Step(ExclusionError),
}

impl From<ExclusionError> for Failed {
    fn from(error: ExclusionError) -> Self {
        Self::Step(error)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::App(error.into())
    }
}

async fn act(
    tx: &mut Tx,
    actor: &Actor,
    x: &Exclusion,
    name: &str,
    form: &StepForm,
) -> std::result::Result<(), Failed> {
    let now = now_ms();
    match name {
        "approve" => {
            let agreed = Agreed { acknowledged: form.acknowledged == "true", test_no: form.test.parse().ok() };
            approval::approve(tx, actor, x, agreed, now).await?;
        }
        "refuse" => exclusion::refuse(tx, actor, x, &form.note, now).await?,
        "pasted" => exclusion::pasted(tx, actor, x, now).await?,
        "disable" => ending::disable(tx, actor, x, &form.note, now).await?,
        "taken_out" => ending::taken_out(tx, actor, x, now).await?,
        "test" if x.state == ExclusionState::Proposed => {
            backtest::ask(tx, x.id, now).await?;
            exclusion::trace(tx, actor, (x.org_id, x.id), "exclusion_test_asked", ("", ""), now).await?;
        }
        "publish" if matches!(x.publish_state, WorkState::Failed | WorkState::Unknown) && !ending::is_for_people(x) => {
            publish_exclusion::ask(tx, x.id, now).await?;
            exclusion::trace(tx, actor, (x.org_id, x.id), "exclusion_publish_asked", ("", ""), now).await?;
        }
        "test" | "publish" => return Err(ExclusionError::Refused("There is nothing to do again.".to_owned()).into()),
        _ => return Err(Failed::App(AppError::Unknown("step"))),
    }
    Ok(())
}
