//! Blind reviews: how analysts who did not know what the panel says compare with it.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::Asked;
use super::measured::List;
use super::page::{Chrome, Page};
use super::view::listing::word;
use super::view::reviews::{self as view, CaseView, LineView, Which};
use super::view::text::visible;
use super::view::{lists, pivot};
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::activity::DAY_MS;
use crate::store::{measured, reviews};
use crate::triage::reviews::{by_person, figures};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "models/reviews.html")]
struct Show {
    chrome: Chrome,
    /// How many cases are in blind review now.
    waiting: i64,
    days: i64,
    all: LineView,
    people: Vec<LineView>,
    /// What is missed: the share, its interval, the list of the reviews that tell it.
    missed: Option<(String, String, String)>,
    /// Where panel and analyst disagree.
    apart: Vec<CaseView>,
    /// What was declared otherwise since.
    reversed: Vec<CaseView>,
}

/// `GET /models/reviews`
pub async fn show(me: SignedIn, State(app): State<App>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "models").await?;
    let several = orgs_of(&app, &me).await?.len() > 1;
    let mut tx = app.store.read().await?;
    let found = reviews::newest(&mut tx, me.scope(), now_ms() - measured::DAYS * DAY_MS).await?;
    let waiting = reviews::waiting(&mut tx, me.scope()).await?;
    drop(tx);
    let all: Vec<_> = found.iter().map(view::review).collect();
    let together = figures(all.iter());
    Ok(Page(Show {
        chrome,
        waiting,
        days: measured::DAYS,
        missed: view::missed(&together),
        all: view::line("", &together),
        people: by_person(&all).iter().map(|(who, of)| view::line(who, of)).collect(),
        apart: view::cases(&found, several, |one| one.agrees() == Some(false)),
        reversed: view::cases(&found, several, |one| one.now != one.declared),
    })
    .into_response())
}

/// So many cases stand on a page.
const LISTED: usize = 100;

/// Which reviews.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    which: String,
    /// Who declared, or empty.
    by: String,
    /// The last case of the page before, as its time and number.
    after: String,
}

/// `GET /models/reviews/cases`: the cases that a number of the page counts.
pub async fn cases(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let which = word::<Which>("which", &query.which)?.unwrap_or(Which::All);
    let after = lists::after(&query.after)?;
    let chrome = Chrome::of(&app, &me, "models").await?;
    let several = orgs_of(&app, &me).await?.len() > 1;
    let mut tx = app.store.read().await?;
    let found = reviews::newest(&mut tx, me.scope(), now_ms() - measured::DAYS * DAY_MS).await?;
    let fits = |one: &&reviews::Review| {
        (query.by.is_empty() || one.blind_by == query.by)
            && which.holds(&view::review(one))
            && (one.blind_ms, one.number) < after
    };
    let found: Vec<&reviews::Review> = found.iter().filter(fits).take(LISTED + 1).collect();
    let (shown, more) = lists::page(&found, LISTED, |one| (one.blind_ms, one.number));
    let numbers: Vec<i64> = shown.iter().map(|one| one.number).collect();
    let lines = measured::lines(&mut tx, &numbers).await?;
    drop(tx);
    let by = if query.by.is_empty() { String::new() } else { format!(" of {}", visible(&query.by)) };
    Ok(Page(List {
        chrome,
        head: format!("Blind reviews{by}{}", which.label()),
        cases: lines.iter().map(|line| pivot::case(line, several)).collect(),
        more: more.map(|end| format!("{}&after={end}", view::list(&query.by, which))),
    })
    .into_response())
}
