//! What is done with a person: role, organisations, locked out or in, password, second factor, sessions.
use super::{Given, hashed, one_time, page};
use crate::admin::{AdminError, By, people as acts};
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::store::{Tx, people};
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::form::{Fields, Named};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Steps, and what is said after each.
const STEPS: &[(&str, &str)] = &[
    ("role", "The role is changed. It holds from their next request on."),
    ("join", "They belong to the organisation."),
    ("leave", "They do not belong to the organisation any more."),
    ("disable", "They are disabled, and signed out everywhere."),
    ("enable", "They are enabled."),
    ("password", ""),
    ("second", "The second factor is gone, and they are signed out everywhere."),
    ("sessions", "They are signed out everywhere."),
];

/// What is said after a step; empty where it is none.
pub(super) fn done(step: &str) -> &'static str {
    STEPS.iter().find(|(name, _)| *name == step).map_or("", |(_, said)| said)
}

/// What the forms hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    role: String,
    org: String,
    /// The version that the page showed.
    version: i64,
}

/// `POST /admin/users/{id}/{step}`
pub async fn step(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let [id, step] = parts.as_slice() else { return Err(AppError::Unknown("person")) };
    let id: i64 = id.parse().map_err(|_| AppError::Unknown("person"))?;
    // Nothing is hashed for a person whom the admin does not see.
    let person = seen(&app, &me, id).await?.ok_or(AppError::Unknown("person"))?;
    let given = (step == "password").then(|| Given { name: person, password: one_time() });
    let hash = match &given {
        Some(given) => hashed(&app, given.password.clone()).await?,
        None => String::new(),
    };
    let actor = me.actor();
    let mut tx = app.store.write().await?;
    if let Err(error) = act(&mut tx, me.admin(&actor), (id, step), &form, &hash).await {
        drop(tx);
        return match AppError::from(error).shown() {
            Ok((status, problem)) => page(&app, &me, id, (status, problem, "", None)).await,
            Err(error) => Err(error),
        };
    }
    tx.commit().await?;
    app.ended.send_replace(());
    if given.is_some() {
        return page(&app, &me, id, (StatusCode::OK, String::new(), "", given)).await;
    }
    let stays = seen(&app, &me, id).await?.is_some();
    let to = if stays { format!("/admin/users/{id}?done={step}") } else { "/admin/users".to_owned() };
    Ok(Redirect::to(&to).into_response())
}

/// The name of a person whom the admin sees.
async fn seen(app: &App, me: &SignedIn, id: i64) -> Result<Option<String>> {
    let found = people::one(&mut app.store.read().await?, me.user.id, super::now(app), id).await?;
    Ok(found.map(|person| person.username))
}

async fn act(tx: &mut Tx, by: By<'_>, (id, step): (i64, &str), form: &StepForm, hash: &str) -> Result<(), AdminError> {
    let version = Some(form.version);
    match step {
        "role" => {
            let wrong = |_| AdminError::Invalid { field: "role", text: "viewer, analyst, lead or admin." };
            acts::set_role(tx, by, id, form.role.parse::<Role>().map_err(wrong)?, version).await
        }
        "join" => acts::join(tx, by, id, &form.org, version).await,
        "leave" => acts::leave(tx, by, id, &form.org, version).await,
        "disable" => acts::set_disabled(tx, by, id, true, version).await,
        "enable" => acts::set_disabled(tx, by, id, false, version).await,
        "password" => acts::set_password(tx, by, id, (hash, true), version).await,
        "second" => acts::reset_second(tx, by, id, version).await,
        "sessions" => acts::end_sessions(tx, by, id).await,
        _ => Err(AdminError::Missing("step")),
    }
}
