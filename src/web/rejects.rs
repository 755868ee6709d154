//! Refused deliveries, for an admin to see what is wrong with a source.
use super::App;
use super::auth::SignedIn;
use super::page::{Chrome, Page};
use super::view::text::{start, visible};
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::record::{Entry, audit};
use crate::store::rejects;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

struct Line {
    id: i64,
    replayed: Option<When>,
    /// Whether it can be taken in after all: it is whole, and it is known whose it is.
    whole: bool,
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
    let chrome = Chrome::of(&app, &me, "rejects").await?;
    let found = rejects::newest(&mut app.store.read().await?, me.user.id).await?;
    let lines = found.into_iter().map(|reject| Line {
        id: reject.id,
        replayed: reject.replayed_ms.map(when),
        whole: !reject.cut && reject.org_id.is_some() && reject.status != 401,
        at: when(reject.at_ms),
        source: visible(&reject.source),
        status: reject.status,
        error: visible(&reject.error),
        size: reject.size,
        body: start(&reject.body, 4_000),
    });
    Ok(Page(Index { lines: lines.collect(), chrome }).into_response())
}

/// `POST /admin/rejects/{id}/replay`: takes a refused delivery in after all, once its reason is gone.
pub async fn replay(me: SignedIn, State(app): State<App>, Path(id): Path<String>) -> Result<Response> {
    let id = id.parse().map_err(|_| AppError::NotFound)?;
    let found = rejects::by_id(&mut app.store.read().await?, me.user.id, id).await?;
    // What was not signed by its source is nobody's to take in.
    let reject = found.filter(|reject| !reject.cut && reject.status != 401).ok_or(AppError::NotFound)?;
    let count = crate::api::replay(&app, &reject).await?;
    let mut tx = app.store.write().await?;
    rejects::replayed(&mut tx, id, now_ms()).await?;
    let (object, new) = (format!("reject:{id}"), format!("{count} detections"));
    let entry = Entry { action: "replayed", object: &object, old: "refused", new: &new };
    audit(&mut tx, &me.actor(), reject.org_id, &entry, now_ms()).await?;
    tx.commit().await?;
    Ok(Redirect::to("/admin/rejects").into_response())
}
