//! A person's own page: how pages look, which keys work, where they are signed in, and their password.
use super::App;
use super::auth::{self, SignedIn, hash_new};
use super::form::Fields;
use super::login::check;
use super::page::{Chrome, Page};
use super::throttle;
use super::view::words::{When, clocks, when};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::record::{Ended, Entry, audit, audit_as};
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
    old: String,
    new: String,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Show {
    chrome: Chrome,
    role: &'static str,
    undo_s: u32,
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
    let open = sessions::of_user(&mut tx, me.user.id, now, now - limits::SESSION_IDLE_MS).await?;
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
    let (role, undo_s) = (me.user.role.label(), app.config.policy.undo_s);
    let password = !me.user.password_hash.is_empty();
    Ok((status, Page(Show { chrome, role, undo_s, zones, sessions, second, password, wrong, done })).into_response())
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
}

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
    let look = users::Look { theme: form.theme, density: form.density, keys: form.keys != "off", zone };
    let words = |theme: &str, density: &str, keys: bool, zone: &str| {
        format!("theme={theme} density={density} keys={keys} zone={zone}")
    };
    let old = words(&me.user.theme, &me.user.density, me.user.keys, &me.user.zone);
    let new = words(&look.theme, &look.density, look.keys, &look.zone);
    let mut tx = app.store.write().await?;
    users::set_look(&mut tx, me.user.id, &look).await?;
    let object = format!("user:{}", me.user.username);
    let entry = Entry { action: "profile", object: &object, old: &old, new: &new };
    audit(&mut tx, &me.actor(), None, &entry, now_ms()).await?;
    tx.commit().await?;
    Ok(Redirect::to("/profile?done=look").into_response())
}

/// The old password and the new one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    old: String,
    new: String,
}

/// `POST /profile/password`
pub async fn password(me: SignedIn, State(app): State<App>, Fields(form): Fields<PasswordForm>) -> Result<Response> {
    let (account, place) = (format!("account:{}", me.user.username), format!("address:{}", me.client));
    if let Err(wait) = throttle::both(&app.store, &account, &place).await? {
        return Err(AppError::TooMany(wait));
    }
    let object = format!("user:{}", me.user.username);
    if !check(&app, Some(me.user.clone()), form.old).await? {
        let mut tx = app.store.write().await?;
        let entry = Entry { action: "password_refused", object: &object, old: "", new: "" };
        audit_as(&mut tx, &me.actor(), None, &entry, Ended::Failed, now_ms()).await?;
        tx.commit().await?;
        let wrong = Wrong { old: "This is not your password.".to_owned(), ..Wrong::default() };
        return page(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, (wrong, "")).await;
    }
    let name = me.user.username.clone();
    let hashed = tokio::task::spawn_blocking(move || hash_new(&name, &form.new)).await;
    let hash = match hashed.map_err(|error| AppError::Internal(error.into()))? {
        Ok(hash) => hash,
        Err(problem) => {
            let wrong = Wrong { new: problem.to_string(), ..Wrong::default() };
            return page(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, (wrong, "")).await;
        }
    };
    let mut tx = app.store.write().await?;
    throttle::was_right(&mut tx, &account, &place).await?;
    users::set_password(&mut tx, me.user.id, &hash).await?;
    sessions::end_others(&mut tx, me.user.id, &me.session).await?;
    let entry = Entry { action: "password", object: &object, old: "", new: "" };
    audit(&mut tx, &me.actor(), None, &entry, now_ms()).await?;
    tx.commit().await?;
    app.ended.send_replace(());
    Ok(Redirect::to("/profile?done=password").into_response())
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
    let open = sessions::of_user(&mut tx, me.user.id, now, now - limits::SESSION_IDLE_MS).await?;
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
