//! Blind reviews: how analysts who did not know what the panel says compare with it.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::page::{Chrome, Page};
use super::view::reviews::{self as view, CaseView, LineView};
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::activity::DAY_MS;
use crate::store::{measured, reviews};
use crate::triage::reviews::{by_person, figures};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "models/reviews.html")]
struct Show {
    chrome: Chrome,
    /// How many cases are in blind review now.
    waiting: i64,
    days: i64,
    all: LineView,
    people: Vec<LineView>,
    missed: String,
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
