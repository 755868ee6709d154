//! What the machine may do alone: the gates of all scopes, and what a lead does with one: switches it on, declines it,
//! or shuts it.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::{Fields, Named};
use super::page::{Chrome, Page};
use super::view::gate::{GateView, mode, named};
use super::view::{links, text};
use crate::clock::now_ms;
use crate::domain::{GateLevel, GateState, Role};
use crate::error::{AppError, Result};
use crate::jobs::held;
use crate::review::gate::{self, Step};
use crate::store::activity::DAY_MS;
use crate::store::gates::{self, Doubt, Listed, MOST};
use crate::store::policies;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Days over which closed cases are counted, and in which a scope that only counts had a case.
const DAYS: i64 = 30;

/// A gate of a list.
struct Row {
    gate: GateView,
    /// The page of its rule, or empty.
    page: String,
    org: String,
    closed: i64,
}

/// The gates of a state.
struct Part {
    id: GateState,
    title: &'static str,
    note: &'static str,
    none: &'static str,
    rows: Vec<Row>,
    /// Whether there may be more.
    full: bool,
}

#[derive(Template)]
#[template(path = "gates/index.html")]
struct Index {
    chrome: Chrome,
    /// Organisations, and what is set there.
    modes: Vec<(String, &'static str)>,
    parts: Vec<Part>,
    several_orgs: bool,
    /// Whether nobody can tell how old reviews are.
    unsure: bool,
}

/// The parts of the page in order: state, title, note, and what stands where there is none.
const PARTS: [(GateState, &str, &str, &str); 4] = [
    (GateState::Proposed, "Proven, not switched on", "a lead decides", "No scope waits for a lead."),
    (
        GateState::Active,
        "Active",
        "eligible cases are closed, but for those drawn for review",
        "Nothing is switched on.",
    ),
    (GateState::Suspended, "Suspended", "they count anew", "Nothing was suspended."),
    (GateState::Shadow, "Counting", "most reviews first", "No case was eligible yet."),
];

/// `GET /gates`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "gates").await?;
    let several_orgs = orgs_of(&app, &me).await?.len() > 1;
    let mut tx = app.store.read().await?;
    let modes = policies::of_user(&mut tx, me.user.id).await?.into_iter().map(|one| {
        let name = if several_orgs { text::visible(&one.name) } else { String::new() };
        (name, mode(app.config.policy.of(&one.own).auto_close))
    });
    let modes = modes.collect();
    let unsure = held::is_unsure(&mut tx, now_ms()).await?;
    let mut parts = Vec::with_capacity(PARTS.len());
    for (state, title, note, none) in PARTS {
        let found = gates::listed(&mut tx, me.scope(), state, now_ms() - DAYS * DAY_MS).await?;
        let full = i64::try_from(found.len()).is_ok_and(|count| count == MOST);
        let doubts = gates::doubts(&mut tx, &found.iter().map(|one| one.gate.id).collect::<Vec<_>>()).await?;
        let rows = found.iter().map(|one| row(one, &doubts)).collect();
        parts.push(Part { id: state, title, note, none, rows, full });
    }
    drop(tx);
    Ok(Page(Index { chrome, modes, parts, several_orgs, unsure }).into_response())
}

fn row(one: &Listed, doubts: &[Doubt]) -> Row {
    Row {
        page: if one.gate.level == GateLevel::Rule { links::rule(&one.gate.key) } else { String::new() },
        gate: named(&one.gate, doubts),
        org: text::visible(&one.org),
        closed: one.closed,
    }
}

/// A step.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    note: String,
    /// `gates` where it was taken from the list.
    to: String,
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
        None if known.level == GateLevel::Rule && form.to != "gates" => {
            Ok(Redirect::to(&links::rule(&known.key)).into_response())
        }
        None => Ok(Redirect::to("/gates").into_response()),
    }
}
