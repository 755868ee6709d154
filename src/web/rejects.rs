//! Refused deliveries, for an admin to see what is wrong with a source.
use super::App;
use super::auth::SignedIn;
use super::page::{Chrome, Page};
use super::view::text::{start, visible};
use super::view::words::{When, when};
use crate::domain::Role;
use crate::error::Result;
use crate::store::rejects;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

struct Line {
    at: When,
    source: String,
    status: i64,
    error: String,
    body: String,
    size: i64,
}

#[derive(Template)]
#[template(path = "admin/rejects.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
}

/// `GET /admin/rejects`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    me.must_be(Role::Admin)?;
    let chrome = Chrome::of(&app, &me, "rejects").await?;
    let found = rejects::newest(&mut app.store.read().await?, me.user.id).await?;
    let lines = found.into_iter().map(|reject| Line {
        at: when(reject.at_ms),
        source: visible(&reject.source),
        status: reject.status,
        error: visible(&reject.error),
        size: reject.size,
        body: start(&reject.body, 4_000),
    });
    Ok(Page(Index { lines: lines.collect(), chrome }).into_response())
}
