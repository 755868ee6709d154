//! Keys of providers, voters and organisations on the page of integrations: written, never shown.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::Fields;
use super::integrations;
use super::view::text::visible;
use super::view::words::{When, waiting, when};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::jobs::keys;
use crate::limits;
use crate::secret::Key;
use crate::store::record::{Entry, audit};
use crate::store::secrets::{self, New, Stored};
use crate::store::wall::as_program;
use crate::store::{lookups, orgs};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// A key that can be set.
pub struct KeyView {
    /// Its name in the form.
    pub name: String,
    /// Whose key it is, for people.
    pub label: String,
    /// Whether a file or the environment gives it, which wins.
    pub fixed: bool,
    /// What is stored.
    pub stored: Option<StoredView>,
    /// The version of what is stored, or 0.
    pub version: i64,
}

/// A stored key, without the key.
pub struct StoredView {
    /// Its last characters, or empty.
    pub ends: String,
    /// Who set it.
    pub by: String,
    /// When.
    pub at: When,
    /// How long ago.
    pub age: String,
    /// Whether our key file does not open it.
    pub sealed: bool,
}

/// A key that may be set: its name, its label, its organisation where it has one, and how it is used.
struct Settable {
    name: String,
    label: String,
    org: Option<i64>,
    fixed: bool,
    provider: Option<String>,
}

/// All that may be set by a person: those of the installation, and those of their organisations.
async fn settable(app: &App, me: &SignedIn) -> Result<Vec<Settable>> {
    let mut all = Vec::new();
    let one = |key: &Key, label: String, org, provider| Settable {
        name: key.name().to_owned(),
        label,
        org,
        fixed: key.is_fixed(),
        provider,
    };
    for seat in &app.intel.seats {
        let provider = seat.provider.as_ref();
        if let Some(key) = provider.key() {
            all.push(one(key, visible(provider.label()), None, Some(provider.name().to_owned())));
        }
    }
    let orgs: Vec<orgs::Org> = orgs_of(app, me).await?;
    for org in &orgs {
        if let Some(client) = app.connections.of(&org.slug) {
            all.push(one(client.key(), format!("LimaCharlie of {}", org.slug), Some(org.id), None));
        }
    }
    if let Ok(seats) = app.panel.current(&app.store).await {
        for voter in &seats.all {
            if let Some(key) = voter.key() {
                all.push(one(key, format!("Voter {}", visible(voter.name())), None, None));
            }
        }
    }
    Ok(all)
}

/// The keys of the page.
pub async fn all(app: &App, me: &SignedIn) -> Result<Vec<KeyView>> {
    let settable = settable(app, me).await?;
    let stored = secrets::all(&mut app.store.read().await?).await?;
    Ok(settable.into_iter().map(|one| view(app, one, &stored)).collect())
}

/// How long ago, to the minute.
fn ago(ms: i64) -> String {
    if ms < 60_000 { "just now".to_owned() } else { format!("{} ago", waiting(ms)) }
}

fn view(app: &App, one: Settable, all: &[Stored]) -> KeyView {
    let stored = all.iter().find(|stored| stored.name == one.name);
    KeyView {
        stored: stored.map(|stored| StoredView {
            ends: visible(&stored.ends),
            by: visible(&stored.set_by),
            at: when(stored.set_ms),
            age: ago(now_ms() - stored.set_ms),
            sealed: app.vault.unseal_for(&stored.name, &stored.sealed).is_err(),
        }),
        version: stored.map_or(0, |stored| stored.version),
        name: one.name,
        label: one.label,
        fixed: one.fixed,
    }
}

/// A key as it was typed. It has no `Debug`, which would show it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Form {
    name: String,
    value: String,
    version: i64,
}

/// What is wrong with a key; never with the key in it.
fn problem(value: &str) -> Option<String> {
    let (least, most) = limits::KEY_BYTES;
    if !(least..=most).contains(&value.len()) {
        return Some(format!("Key: must have {least} to {most} bytes."));
    }
    let printable = value.bytes().all(|byte| byte.is_ascii_graphic());
    (!printable).then(|| "Key: must hold printable ASCII without blanks.".to_owned())
}

/// The end of a key that is long enough that its end tells nothing.
fn ends(value: &str) -> &str {
    if value.len() < limits::KEY_TOLD { "" } else { &value[value.len() - 4..] }
}

/// `POST /admin/integrations/keys`: sets or replaces a key.
pub async fn set(me: SignedIn, State(app): State<App>, Fields(form): Fields<Form>) -> Result<Response> {
    let one = find(&app, &me, &form.name).await?;
    let value = form.value.trim();
    if let Some(text) = problem(value) {
        return integrations::refused(&app, &me, (StatusCode::UNPROCESSABLE_ENTITY, text)).await;
    }
    let sealed = app.vault.seal_for(&one.name, value).map_err(|error| AppError::Internal(error.into()))?;
    let mut tx = app.store.write().await?;
    let new = New { name: &one.name, org_id: one.org, sealed: &sealed, ends: ends(value), set_by: &me.user.username };
    let fresh = secrets::version(&mut tx, &one.name).await? == form.version;
    if !fresh || secrets::set(&mut tx, new, form.version, now_ms()).await? == 0 {
        drop(tx);
        return stale(&app, &me).await;
    }
    if let Some(provider) = &one.provider {
        // One that refused the key before would be left alone for a while still.
        lookups::leave_alone(&mut tx, provider, now_ms()).await?;
    }
    let action = if form.version == 0 { "secret_set" } else { "secret_replaced" };
    let object = format!("secret:{}", one.name);
    audit(&mut tx, &me.actor(), one.org, &Entry { action, object: &object, old: "", new: "" }, now_ms()).await?;
    tx.commit().await?;
    renew(&app).await
}

/// `POST /admin/integrations/keys/remove`
pub async fn remove(me: SignedIn, State(app): State<App>, Fields(form): Fields<Form>) -> Result<Response> {
    let one = find(&app, &me, &form.name).await?;
    let mut tx = app.store.write().await?;
    if secrets::remove(&mut tx, &one.name, form.version).await? == 0 {
        drop(tx);
        return stale(&app, &me).await;
    }
    let object = format!("secret:{}", one.name);
    let entry = Entry { action: "secret_removed", object: &object, old: "", new: "" };
    audit(&mut tx, &me.actor(), one.org, &entry, now_ms()).await?;
    tx.commit().await?;
    renew(&app).await
}

async fn stale(app: &App, me: &SignedIn) -> Result<Response> {
    let text = "Somebody changed this key meanwhile. Nothing was done; this is how it stands now.".to_owned();
    integrations::refused(app, me, (StatusCode::CONFLICT, text)).await
}

async fn find(app: &App, me: &SignedIn, name: &str) -> Result<Settable> {
    let all = settable(app, me).await?;
    all.into_iter().find(|one| one.name == name).ok_or(AppError::Unknown("key"))
}

/// Lets this process use what was changed at once; others do so within seconds. The process has the keys of all
/// organisations, and not only those of who changed one.
async fn renew(app: &App) -> Result<Response> {
    as_program(keys::load(&app.store, &app.vault, &app.config.keys)).await?;
    Ok(Redirect::to("/admin/integrations#keys").into_response())
}
