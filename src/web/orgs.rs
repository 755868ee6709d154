//! Organisations, for admins: their own ones with what belongs to each, a new one, another name or LimaCharlie id.
use super::App;
use super::auth::SignedIn;
use super::form::{Fields, RowId};
use super::page::{Chrome, Page};
use super::view::text::visible;
use crate::admin::{AdminError, By, orgs as acts};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::Tx;
use crate::store::orgs::{self, OPEN_MOST, Told};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// An organisation, and what stands in its form.
struct Line {
    id: i64,
    slug: String,
    name: String,
    /// Its LimaCharlie organisation, or empty.
    oid: String,
    people: i64,
    tokens: i64,
    open: String,
    cloud: bool,
    form: OrgForm,
}

fn line(one: Told, typed: Option<&OrgForm>) -> Line {
    let stored = OrgForm {
        slug: String::new(),
        name: one.org.name.clone(),
        oid: one.org.oid.unwrap_or_default(),
        version: one.version,
    };
    Line {
        id: one.org.id,
        slug: one.org.slug,
        name: visible(&one.org.name),
        oid: stored.oid.clone(),
        people: one.people,
        tokens: one.tokens,
        open: if one.open >= OPEN_MOST { format!("{OPEN_MOST}+") } else { one.open.to_string() },
        cloud: one.org.cloud_allowed,
        // What was typed is kept; it is sent again with the version that stands now.
        form: typed.map_or(stored.clone(), |typed| OrgForm { version: stored.version, ..typed.clone() }),
    }
}

#[derive(Template)]
#[template(path = "admin/orgs.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
    /// A new one as it was typed.
    new: OrgForm,
    problem: String,
    /// The organisation that the problem is about; 0 for a new one.
    about: i64,
}

/// An organisation as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OrgForm {
    slug: String,
    name: String,
    oid: String,
    version: i64,
}

/// `GET /admin/orgs`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    page(&app, &me, (0, OrgForm::default()), (StatusCode::OK, String::new())).await
}

async fn page(
    app: &App,
    me: &SignedIn,
    (about, typed): (i64, OrgForm),
    (status, problem): (StatusCode, String),
) -> Result<Response> {
    let chrome = Chrome::of(app, me, "orgs").await?;
    let found = orgs::told(&mut app.store.read().await?, me.user.id, now_ms()).await?;
    let lines = found.into_iter().map(|one| {
        let typed = (one.org.id == about).then_some(&typed);
        line(one, typed)
    });
    let lines = lines.collect();
    let new = if about == 0 { typed } else { OrgForm::default() };
    Ok((status, Page(Index { chrome, lines, new, problem, about })).into_response())
}

/// `POST /admin/orgs`
pub async fn add(me: SignedIn, State(app): State<App>, Fields(form): Fields<OrgForm>) -> Result<Response> {
    let actor = me.actor();
    let mut tx = app.store.write().await?;
    let new = acts::New { slug: form.slug.trim(), name: &form.name, oid: form.oid.trim() };
    if let Err(error) = acts::add(&mut tx, me.admin(&actor), new).await {
        drop(tx);
        return page(&app, &me, (0, form), AppError::from(error).shown()?).await;
    }
    finish(&app, tx).await
}

/// `POST /admin/orgs/{id}`
pub async fn change(
    me: SignedIn,
    State(app): State<App>,
    RowId(id): RowId,
    Fields(form): Fields<OrgForm>,
) -> Result<Response> {
    let actor = me.actor();
    let mut tx = app.store.write().await?;
    if let Err(error) = set(&mut tx, me.admin(&actor), id, &form).await {
        drop(tx);
        return page(&app, &me, (id, form), AppError::from(error).shown()?).await;
    }
    finish(&app, tx).await
}

async fn set(tx: &mut Tx, by: By<'_>, id: i64, form: &OrgForm) -> Result<(), AdminError> {
    acts::at(tx, by, id, form.version).await?;
    acts::rename(tx, by, id, &form.name).await?;
    acts::set_oid(tx, by, id, form.oid.trim()).await
}

async fn finish(app: &App, tx: Tx) -> Result<Response> {
    tx.commit().await?;
    app.ended.send_replace(());
    Ok(Redirect::to("/admin/orgs").into_response())
}
