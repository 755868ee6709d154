//! A person's own page: how pages look, which keys work, for how long an undo is offered, where they are signed in.
mod password;

pub use password::{change, password};

use super::App;
use super::auth::{self, SignedIn};
use super::form::Fields;
use super::page::{Chrome, Page};
use super::view::words::{When, clocks, when};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::record::{Entry, audit};
use crate::store::{second, sessions, users};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// A session as the page names it.
struct SessionView {
    handle: String,
    began: When,
    clocks: String,
    seen: When,
    client: String,
    here: bool,
}

/// What could not be saved, by form.
#[derive(Default)]
struct Wrong {
    zone: String,
    /// What was typed as the time zone.
    typed: String,
    undo: String,
    /// What was typed as the undo time.
    typed_undo: String,
    old: String,
    new: String,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Show {
    chrome: Chrome,
    role: &'static str,
    /// The undo time of the installation, in seconds.
    undo_s: u32,
    /// Their own, or empty.
    own_undo: String,
    zones: Vec<String>,
    sessions: Vec<SessionView>,
    /// Whether a second factor is in use.
    second: bool,
    /// Whether they have a password here.
    password: bool,
    wrong: Wrong,
    done: &'static str,
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    done: String,
}

/// `GET /profile`
pub async fn show(me: SignedIn, State(app): State<App>, asked: super::form::Asked<Query>) -> Result<Response> {
    let done = match asked.0.done.as_str() {
        "look" => "Saved.",
        "password" => "The password is changed. Your other sessions are signed out.",
        "session" => "Signed out there.",
        _ => "",
    };
    page(&app, &me, StatusCode::OK, (Wrong::default(), done)).await
}

async fn page(app: &App, me: &SignedIn, status: StatusCode, (wrong, done): (Wrong, &'static str)) -> Result<Response> {
    let chrome = Chrome::of(app, me, "profile").await?;
    let now = now_ms();
    let mut tx = app.store.read().await?;
    let open = sessions::of_user(&mut tx, me.user.id, now, app.idle_since(now)).await?;
    let second = second::of(&mut tx, me.user.id).await?.is_some_and(|known| known.confirmed_ms.is_some());
    drop(tx);
    let line = |one: &sessions::Session| SessionView {
        handle: handle(&one.token_hash),
        began: when(one.created_ms),
        clocks: clocks(one.created_ms, &chrome.zone),
        seen: when(one.seen_ms),
        client: one.client.clone(),
        here: one.token_hash == me.session,
    };
    let sessions = open.iter().map(line).collect();
    let zones = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let role = me.user.role.label();
    let own_undo = me.user.undo_s.map(|seconds| seconds.to_string()).unwrap_or_default();
    let undo_s = app.config.policy.undo_s;
    let password = !me.user.password_hash.is_empty();
    Ok((status, Page(Show { chrome, role, undo_s, own_undo, zones, sessions, second, password, wrong, done }))
        .into_response())
}

/// A session's name on pages: it tells nothing of the stored hash.
fn handle(token_hash: &[u8]) -> String {
    let name = [b"session ".as_slice(), token_hash].concat();
    hex::encode(auth::fingerprint(&hex::encode(name)).get(..8).unwrap_or_default())
}

/// How pages look and answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LookForm {
    theme: String,
    density: String,
    keys: String,
    zone: String,
    /// Seconds, or empty for the installation's; a form without it changes nothing of it.
    undo_s: Option<String>,
}

/// Seconds for which a person may have an undo offered.
const UNDO_S: std::ops::RangeInclusive<i64> = 3..=60;

/// `POST /profile`
pub async fn look(me: SignedIn, State(app): State<App>, Fields(form): Fields<LookForm>) -> Result<Response> {
    let invalid = |field: &str, text: &str| AppError::Invalid { field: field.to_owned(), text: text.to_owned() };
    if !matches!(form.theme.as_str(), "" | "dark" | "light") {
        return Err(invalid("theme", "must be dark, light or empty"));
    }
    if !matches!(form.density.as_str(), "" | "compact") {
        return Err(invalid("density", "must be compact or empty"));
    }
    let typed = form.zone.trim();
    let zone = if typed.eq_ignore_ascii_case("utc") { "" } else { typed };
    let known = jiff::tz::db().get(zone).ok().and_then(|found| found.iana_name().map(str::to_owned));
    let Some(zone) = known.or_else(|| zone.is_empty().then(String::new)) else {
        let text = "No such time zone. Give an IANA name, such as Europe/Berlin.".to_owned();
        let wrong = Wrong { zone: text, typed: typed.to_owned(), ..Wrong::default() };
        return page(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, (wrong, "")).await;
    };
    let undo_s = match undo_time(form.undo_s.as_deref(), me.user.undo_s) {
        Ok(undo_s) => undo_s,
        Err(typed_undo) => {
            let undo = "3 to 60 seconds, or nothing for what the installation has.".to_owned();
            let wrong = Wrong { undo, typed_undo, ..Wrong::default() };
            return page(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, (wrong, "")).await;
        }
    };
    save(&app, &me, &users::Look { theme: form.theme, density: form.density, keys: form.keys != "off", zone, undo_s })
        .await?;
    Ok(Redirect::to("/profile?done=look").into_response())
}

/// The undo time that was typed, or what was typed where it is none.
fn undo_time(typed: Option<&str>, now: Option<i64>) -> std::result::Result<Option<i64>, String> {
    match typed.map(str::trim) {
        None => Ok(now),
        Some("") => Ok(None),
        Some(text) => {
            let seconds = text.parse().ok().filter(|seconds| UNDO_S.contains(seconds));
            seconds.map(Some).ok_or_else(|| text.to_owned())
        }
    }
}

async fn save(app: &App, me: &SignedIn, look: &users::Look) -> Result<()> {
    let words = |theme: &str, density: &str, keys: bool, zone: &str, undo_s: Option<i64>| {
        let undo = undo_s.map_or_else(|| "usual".to_owned(), |seconds| seconds.to_string());
        format!("theme={theme} density={density} keys={keys} zone={zone} undo={undo}")
    };
    let user = &me.user;
    let old = words(&user.theme, &user.density, user.keys, &user.zone, user.undo_s);
    let new = words(&look.theme, &look.density, look.keys, &look.zone, look.undo_s);
    let mut tx = app.store.write().await?;
    users::set_look(&mut tx, me.user.id, look).await?;
    let object = format!("user:{}", me.user.username);
    let entry = Entry { action: "profile", object: &object, old: &old, new: &new };
    audit(&mut tx, &me.actor(), None, &entry, now_ms()).await?;
    Ok(tx.commit().await?)
}

/// Which session to end: one by its name, or empty for all others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SessionForm {
    session: String,
}

/// `POST /profile/sessions`
pub async fn sign_out(me: SignedIn, State(app): State<App>, Fields(form): Fields<SessionForm>) -> Result<Response> {
    let now = now_ms();
    let mut tx = app.store.write().await?;
    let open = sessions::of_user(&mut tx, me.user.id, now, app.idle_since(now)).await?;
    if form.session.is_empty() {
        sessions::end_others(&mut tx, me.user.id, &me.session).await?;
    } else if let Some(one) = open.iter().find(|one| handle(&one.token_hash) == form.session) {
        sessions::end(&mut tx, &one.token_hash).await?;
    }
    let which = if form.session.is_empty() { "all others" } else { &form.session };
    let entry =
        Entry { action: "session_ended", object: "session", old: &which.chars().take(40).collect::<String>(), new: "" };
    audit(&mut tx, &me.actor(), None, &entry, now).await?;
    tx.commit().await?;
    app.ended.send_replace(());
    Ok(Redirect::to("/profile?done=session").into_response())
}
