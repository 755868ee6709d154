//! Where cases stand that left a list while somebody looked at it, for the rows that stay on the page.
use super::App;
use super::auth::SignedIn;
use super::form::Asked;
use super::page::Page;
use super::view::text::visible;
use super::view::words;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::cases::{self, State};
use askama::Template;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// Which cases.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    numbers: String,
}

#[derive(Template)]
#[template(path = "cases/states.html")]
struct States {
    states: Vec<(i64, String)>,
}

/// `GET /cases/states?numbers=458,459`
pub async fn index(me: SignedIn, Shared(app): Shared<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let numbers: Option<Vec<i64>> = query.numbers.split(',').map(|number| number.trim().parse().ok()).collect();
    let most = usize::try_from(limits::PAGE_MOST).unwrap_or_default();
    let numbers = numbers.filter(|numbers| numbers.len() <= most);
    let numbers = numbers.ok_or_else(|| AppError::BadRequest(format!("numbers: must be at most {most} numbers")))?;
    let mut tx = app.store.read().await?;
    let found = cases::states(&mut tx, me.scope(), &numbers).await?;
    Ok(Page(States { states: found.iter().map(|state| (state.number, said(state))).collect() }).into_response())
}

/// Why it is not in the list any more.
fn said(state: &State) -> String {
    if let Some(into) = state.merged_into {
        return format!("Became part of #{into}");
    }
    if state.verdict.decided() {
        return format!("Decided by {}: {}", visible(&state.decided_by), words::person(state.verdict).short);
    }
    match &state.assignee {
        _ if !state.status.is_open() => "Closed".to_owned(),
        Some(name) => format!("Not in this view any more; {} has it", visible(name)),
        None => "Not in this view any more".to_owned(),
    }
}
