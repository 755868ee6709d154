//! Search: one field, and what it finds in groups.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::Asked;
use super::page::{Chrome, Page};
use super::view::found::{self, CaseView, Chip, Line};
use super::view::text::{start, visible};
use crate::error::Result;
use crate::review::ReviewError;
use crate::review::search::{self, Named, Outcome};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    q: String,
    after: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Index {
    chrome: Chrome,
    shown: String,
    chips: Vec<Chip>,
    problems: Vec<String>,
    asks: bool,
    cases: Vec<CaseView>,
    groups: Vec<(&'static str, Vec<Line>)>,
    nothing: bool,
    nearest: Option<(String, String)>,
    stopped: bool,
    more: Option<String>,
    first: Option<String>,
}

/// `GET /search`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let q = query.q.trim();
    let mut tx = app.store.read().await?;
    match search::named(&mut tx, me.scope(), q).await? {
        Some(Named::Case(number)) => return Ok(Redirect::to(&format!("/cases/{number}")).into_response()),
        Some(Named::Observable(kind, value)) => {
            return Ok(Redirect::to(&format!("/observables/{kind}/{value}")).into_response());
        }
        None => {}
    }
    let (outcome, refused) = match search::search(&mut tx, me.scope(), q, &query.after).await {
        Ok(outcome) => (outcome, None),
        Err(ReviewError::Invalid { text, .. }) => (Outcome::default(), Some(text)),
        Err(error) => return Err(error.into()),
    };
    drop(tx);
    let several = orgs_of(&app, &me).await?.len() > 1;
    let mut chrome = Chrome::of(&app, &me, "search").await?;
    q.clone_into(&mut chrome.q);
    let groups = found::groups(&outcome.pivots, several);
    let page = Index {
        chrome,
        shown: start(q, 200),
        chips: found::chips(&outcome.query),
        problems: problems(&outcome, refused),
        asks: outcome.query.asks(),
        nothing: outcome.query.asks() && outcome.cases.is_empty() && groups.is_empty() && outcome.next.is_none(),
        cases: outcome.cases.iter().map(|hit| found::case(hit, several)).collect(),
        nearest: outcome.nearest.map(|(known, q)| (visible(&known), found::address(&q, ""))),
        stopped: outcome.stopped,
        more: outcome.next.map(|next| found::address(q, &next)),
        first: (!query.after.is_empty()).then(|| found::address(q, "")),
        groups,
    };
    Ok(Page(page).into_response())
}

/// What the person should know of the question.
fn problems(outcome: &Outcome, refused: Option<String>) -> Vec<String> {
    let broad = outcome.broad.iter().map(|start| {
        format!("Many words begin with “{start}”, and not all of them were looked for. Type more of it, or put it in quotes.")
    });
    let own = outcome.query.problems().map(str::to_owned);
    own.chain(refused).chain(broad).map(|text| visible(&text)).collect()
}

/// What may be asked, for the page before a question.
pub fn help() -> &'static [(&'static str, &'static str)] {
    &[
        ("expand.exe", "words of everything an event says, in this order; the last may be a beginning"),
        ("\"exact words\"", "whole words only"),
        ("-word", "without these"),
        ("host: hash: path: user: ip: domain: rule: technique:", "words in this field"),
        ("verdict: machine: status: severity: org:", "about the case, such as verdict:false_positive"),
        ("after:2026-03-19 before:2026-03-20", "when it happened, UTC"),
        ("#459", "straight to the case; a whole hash straight to it"),
    ]
}
