//! Webhook sources on the page of integrations: a new one, and a second secret for one that is there.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::Fields;
use super::integrations;
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::ingest::signature::SHORTEST_SECRET;
use crate::limits;
use crate::store::record::{Entry, audit};
use crate::store::sources;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The only kind of source.
const KIND: &str = "limacharlie";

/// A source.
pub struct SourceView {
    /// Its name in the address.
    pub name: String,
    /// Its organisation.
    pub org: String,
    /// When it last delivered.
    pub seen: Option<When>,
    /// Whether two secrets are accepted.
    pub two: bool,
    /// Whether our key file does not open its secret.
    pub sealed: bool,
}

/// The sources of a person's organisations.
pub async fn all(app: &App, me: &SignedIn) -> Result<Vec<SourceView>> {
    let orgs = orgs_of(app, me).await?;
    let all = sources::all(&mut app.store.read().await?).await?;
    let views = all.into_iter().filter_map(|one| {
        let org = orgs.iter().find(|org| org.id == one.org_id)?;
        Some(SourceView {
            org: org.slug.clone(),
            seen: one.seen_ms.map(when),
            two: one.next_secret.is_some(),
            sealed: app.vault.unseal_since(&sources::bound_to(&one.name), &one.secret).is_err(),
            name: one.name,
        })
    });
    Ok(views.collect())
}

/// A source as it was typed. It has no `Debug`: that would show the secret.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Form {
    org: String,
    name: String,
    secret: String,
}

fn problem(form: &Form) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !(1..=64).contains(&form.name.len()) || !form.name.bytes().all(fits) {
        return Some("Name: 1 to 64 letters, digits, dots, dashes and underscores.".to_owned());
    }
    bad_secret(&form.secret)
}

fn bad_secret(secret: &str) -> Option<String> {
    let most = limits::KEY_BYTES.1;
    let fits = (SHORTEST_SECRET..=most).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic());
    (!fits).then(|| format!("Secret: {SHORTEST_SECRET} to {most} characters of printable ASCII without blanks."))
}

/// `POST /admin/integrations/sources`: adds a source.
pub async fn add(me: SignedIn, State(app): State<App>, Fields(mut form): Fields<Form>) -> Result<Response> {
    form.secret = form.secret.trim().to_owned();
    let orgs = orgs_of(&app, &me).await?;
    let org = orgs.iter().find(|org| org.slug == form.org).ok_or(AppError::Unknown("organisation"))?;
    if let Some(text) = problem(&form) {
        return integrations::refused(&app, &me, (StatusCode::UNPROCESSABLE_ENTITY, text)).await;
    }
    let sealed = app.vault.seal_for(&sources::bound_to(&form.name), &form.secret);
    let sealed = sealed.map_err(|error| AppError::Internal(error.into()))?;
    let mut tx = app.store.write().await?;
    if sources::by_name(&mut tx, KIND, &form.name).await?.is_some() {
        drop(tx);
        let text = "Name: there is a webhook with this name already.".to_owned();
        return integrations::refused(&app, &me, (StatusCode::UNPROCESSABLE_ENTITY, text)).await;
    }
    sources::insert(&mut tx, org.id, KIND, &form.name, &sealed, now_ms()).await?;
    let object = format!("source:{}", form.name);
    let entry = Entry { action: "source_added", object: &object, old: "", new: "" };
    audit(&mut tx, &me.actor(), Some(org.id), &entry, now_ms()).await?;
    tx.commit().await?;
    Ok(Redirect::to("/admin/integrations#sources").into_response())
}

/// Whether this is one of a webhook's secrets already.
fn holds(app: &App, source: &sources::Source, secret: &str) -> bool {
    let sealed = [Some(&source.secret), source.next_secret.as_ref()];
    let bound = sources::bound_to(&source.name);
    let mut open = sealed.into_iter().flatten().filter_map(|sealed| app.vault.unseal_for(&bound, sealed).ok());
    open.any(|known| known.expose() == secret)
}

/// `POST /admin/integrations/sources/rotate`: adds a second secret; the older of two falls away.
pub async fn rotate(me: SignedIn, State(app): State<App>, Fields(form): Fields<Form>) -> Result<Response> {
    let orgs = orgs_of(&app, &me).await?;
    let found = sources::by_name(&mut app.store.read().await?, KIND, &form.name).await?;
    let found = found.filter(|one| orgs.iter().any(|org| org.id == one.org_id)).ok_or(AppError::Unknown("webhook"))?;
    let secret = form.secret.trim();
    if let Some(text) = bad_secret(secret) {
        return integrations::refused(&app, &me, (StatusCode::UNPROCESSABLE_ENTITY, text)).await;
    }
    let sealed = app.vault.seal_for(&sources::bound_to(&found.name), secret);
    let sealed = sealed.map_err(|error| AppError::Internal(error.into()))?;
    let mut tx = app.store.write().await?;
    // Pressed twice, it must not push out the secret that is still in use.
    let stored = sources::by_name(&mut tx, KIND, &found.name).await?;
    if stored.is_some_and(|stored| holds(&app, &stored, secret)) {
        return Ok(Redirect::to("/admin/integrations#sources").into_response());
    }
    sources::rotate(&mut tx, found.id, &sealed).await?;
    let object = format!("source:{}", found.name);
    let entry = Entry { action: "source_rotated", object: &object, old: "", new: "" };
    audit(&mut tx, &me.actor(), Some(found.org_id), &entry, now_ms()).await?;
    tx.commit().await?;
    Ok(Redirect::to("/admin/integrations#sources").into_response())
}
