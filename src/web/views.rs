//! Saved views of the queue: saved, renamed, put in order, forgotten, chosen to begin with.
use super::App;
use super::auth::SignedIn;
use super::form::{Fields, Named};
use super::page::{Chrome, Page};
use super::queue::tabs::href;
use super::view::listing::Listing;
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::queue::{Sort, View};
use crate::store::record::{Entry, audit};
use crate::store::views::{self, SavedView};
use crate::store::{Tx, idempotency};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// A saved view as its page shows it.
struct Line {
    id: i64,
    name: String,
    href: String,
    start: bool,
    /// What it asks for, in words.
    asks: Vec<String>,
}

/// What a person typed that could not be saved.
#[derive(Default)]
struct Typed {
    /// The view to rename, or 0 for a new one.
    id: i64,
    name: String,
    query: String,
    error: String,
}

#[derive(Template)]
#[template(path = "cases/views.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
    typed: Typed,
    most: usize,
    key: String,
}

/// `GET /views`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    page(&app, &me, Typed::default()).await
}

async fn page(app: &App, me: &SignedIn, typed: Typed) -> Result<Response> {
    let chrome = Chrome::of(app, me, "queue").await?;
    let saved = views::of_user(&mut app.store.read().await?, me.user.id).await?;
    let status = if typed.error.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let lines = saved.into_iter().map(line).collect();
    let key = hex::encode(rand::random::<[u8; 8]>());
    Ok((status, Page(Index { chrome, lines, typed, most: limits::SAVED_VIEWS, key })).into_response())
}

fn line(saved: SavedView) -> Line {
    let listing: Listing = serde_urlencoded::from_str(&saved.query).unwrap_or_default();
    let view = listing.view.parse::<View>().map_or_else(|_| listing.view.clone(), |view| view.label().to_owned());
    let sort = listing.sort.parse::<Sort>().ok().map(|sort| sort.label().to_owned());
    let chips = listing.chips().into_iter().map(|(_, chip)| chip);
    let asks = std::iter::once(view).chain(chips).chain(sort).collect();
    Line { id: saved.id, href: href(&saved), name: saved.name, start: saved.start, asks }
}

/// A name and the filter to save under it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ViewForm {
    name: String,
    query: String,
    idempotency_key: String,
}

/// `POST /views`
pub async fn save(me: SignedIn, State(app): State<App>, Fields(form): Fields<ViewForm>) -> Result<Response> {
    let listing: Listing = serde_urlencoded::from_str(&form.query).map_err(|_| AppError::Invalid {
        field: "query".to_owned(),
        text: "is not a filter of the queue".to_owned(),
    })?;
    // Only what a list knows is kept, and only where it can be read.
    let (filter, _, _) = listing.parts(View::NeedsDecision, Sort::Risk)?;
    let query = Listing { view: filter.view.to_string(), ..listing }.query(&[]);
    let mut tx = app.store.write().await?;
    let token = format!("view/{}", form.idempotency_key.chars().take(100).collect::<String>());
    if !form.idempotency_key.is_empty() && !idempotency::take(&mut tx, me.user.id, &token, now_ms()).await? {
        return Ok(Redirect::to("/views").into_response());
    }
    let all = views::of_user(&mut tx, me.user.id).await?;
    let problem = if all.len() >= limits::SAVED_VIEWS {
        Some(format!("You have {} views. Delete one first.", limits::SAVED_VIEWS))
    } else {
        wrong_name(&all, 0, form.name.trim())
    };
    if let Some(error) = problem {
        drop(tx);
        return page(&app, &me, Typed { id: 0, name: form.name, query, error }).await;
    }
    let id = views::insert(&mut tx, me.user.id, form.name.trim(), &query, now_ms()).await?;
    note(&mut tx, &me, "view_saved", id, ("", &format!("{}: {query}", form.name.trim()))).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/cases?{query}&saved={id}")).into_response())
}

/// What is wrong with a name.
fn wrong_name(all: &[SavedView], id: i64, name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("Give the view a name.".to_owned());
    }
    if name.chars().count() > limits::VIEW_NAME || name.chars().any(char::is_control) {
        return Some(format!("A name has at most {} characters, all of them visible.", limits::VIEW_NAME));
    }
    all.iter().any(|view| view.name == name && view.id != id).then(|| "You have a view of this name.".to_owned())
}

/// `POST /views/{id}/{step}`: `rename`, `delete`, `up`, `down`, `start`, `unstart`.
pub async fn step(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<ViewForm>,
) -> Result<Response> {
    let [id, step] = parts.as_slice() else { return Err(AppError::Unknown("view")) };
    let id: i64 = id.parse().map_err(|_| AppError::Unknown("view"))?;
    let mut tx = app.store.write().await?;
    let all = views::of_user(&mut tx, me.user.id).await?;
    let view = all.iter().find(|view| view.id == id).ok_or(AppError::Unknown("view"))?;
    match step.as_str() {
        "rename" => {
            let name = form.name.trim();
            if let Some(error) = wrong_name(&all, id, name) {
                drop(tx);
                return page(&app, &me, Typed { id, name: form.name, query: String::new(), error }).await;
            }
            views::rename(&mut tx, me.user.id, id, name).await?;
            note(&mut tx, &me, "view_renamed", id, (&view.name, name)).await?;
        }
        "delete" => {
            views::delete(&mut tx, me.user.id, id).await?;
            note(&mut tx, &me, "view_deleted", id, (&format!("{}: {}", view.name, view.query), "")).await?;
        }
        "up" | "down" => reorder(&mut tx, &me, &all, (id, step == "up")).await?,
        "start" | "unstart" => {
            let begin = step == "start";
            views::set_start(&mut tx, me.user.id, if begin { id } else { 0 }).await?;
            let (old, new) = if begin { ("", view.name.as_str()) } else { (view.name.as_str(), "") };
            note(&mut tx, &me, "view_start", id, (old, new)).await?;
        }
        _ => return Err(AppError::Unknown("step")),
    }
    tx.commit().await?;
    Ok(Redirect::to("/views").into_response())
}

/// Changes places with the neighbour.
async fn reorder(tx: &mut Tx, me: &SignedIn, all: &[SavedView], (id, up): (i64, bool)) -> Result<()> {
    let mut ids: Vec<i64> = all.iter().map(|view| view.id).collect();
    let at = ids.iter().position(|one| *one == id).unwrap_or_default();
    let to = if up { at.saturating_sub(1) } else { (at + 1).min(ids.len() - 1) };
    ids.swap(at, to);
    for (place, id) in (1_i64..).zip(&ids) {
        views::place(tx, me.user.id, *id, place).await?;
    }
    note(tx, me, "view_moved", id, (&(at + 1).to_string(), &(to + 1).to_string())).await
}

async fn note(tx: &mut Tx, me: &SignedIn, action: &str, id: i64, (old, new): (&str, &str)) -> Result<()> {
    Ok(audit(tx, &me.actor(), None, &Entry { action, object: &format!("view:{id}"), old, new }, now_ms()).await?)
}
