//! Signing in and out, and the look that a person chose.
use super::App;
use super::auth::{SignedIn, cookie, cookie_name, fingerprint, unproven, verify};
use super::edge::Asker;
use super::form::{Asked, Fields};
use super::page::Page;
use super::{second, throttle};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::record::{Ended, Entry, audit, audit_as};
use crate::store::{Actor, ActorKind, Tx, sessions, users};
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    username: String,
    next: String,
    error: String,
    nobody: bool,
    demo: bool,
    /// After how long a session ends that is not used.
    idle: String,
    /// The other way in: its name and address.
    other: Option<(String, String)>,
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    next: String,
}

/// `GET /login`
pub async fn show(me: Option<SignedIn>, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    if me.is_some() {
        return Ok(Redirect::to(&safe_next(&query.next)).into_response());
    }
    let nobody = !users::any(&mut app.store.read().await?).await?;
    let form = LoginForm { next: query.next, ..LoginForm::default() };
    Ok(Page(page(&app, form, String::new(), nobody)).into_response())
}

/// The way in by the provider of the settings.
fn other(app: &App, next: &str) -> Option<(String, String)> {
    let name = app.config.oidc.as_ref()?.name.clone();
    let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", &safe_next(next)).finish();
    Some((name, format!("/login/oidc?{next}")))
}

/// The form.
#[derive(Debug, Default, Deserialize)]
pub struct LoginForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`
pub async fn sign_in(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    parts: Parts,
    jar: CookieJar,
    Fields(form): Fields<LoginForm>,
) -> Result<Response> {
    let username = form.username.trim().to_lowercase();
    let actor = unproven(&app, &parts, ActorKind::Person, &username);
    let (account, place) =
        (format!("account:{}", &username[..username.floor_char_boundary(100)]), format!("address:{}", actor.client));
    let object = format!("account:{}", actor.name);
    if let Err(wait) = throttle::both(&app.store, &account, &place).await? {
        slowed_down(&app, &actor, &object).await?;
        return Ok(refuse(
            &app,
            form,
            AppError::TooMany(wait).status(),
            &format!("Too many tries. Try again in {wait} s, or ask an admin."),
            Some(wait),
        ));
    }
    let user = users::by_name(&mut app.store.read().await?, &username).await?;
    let fits = check(&app, user.clone(), form.password.clone()).await?;
    let mut tx = app.store.write().await?;
    let (Some(user), true) = (user, fits) else {
        crate::metrics::login_failed("password");
        let entry = Entry { action: "login_failed", object: &object, old: "", new: "" };
        audit_as(&mut tx, &actor, None, &entry, Ended::Failed, now_ms()).await?;
        tx.commit().await?;
        return Ok(refuse(&app, form, StatusCode::UNAUTHORIZED, "User name or password is not right.", None));
    };
    asker.is(&user.username);
    throttle::was_right(&mut tx, &account, &place).await?;
    match second::begin(&app, tx, &user, &form.next).await? {
        Ok(waits) => Ok(waits),
        Err(tx) => enter(&app, tx, jar, (&user, &actor), &form.next).await,
    }
}

/// Begins a session in place of the one that the browser may have, commits, and goes on to a page of ours.
pub(super) async fn enter(
    app: &App,
    mut tx: Tx,
    jar: CookieJar,
    (user, actor): (&users::User, &Actor),
    next: &str,
) -> Result<Response> {
    if let Some(old) = jar.get(cookie_name(app.insecure_cookies())) {
        sessions::end(&mut tx, &fingerprint(old.value())).await?;
    }
    let token = hex::encode(rand::random::<[u8; 32]>());
    let (now, hash) = (now_ms(), fingerprint(&token));
    // The password was looked at before this transaction began, and may have been taken from them meanwhile.
    if !users::signed_in(&mut tx, user.id, &user.password_hash, now).await? {
        return Ok(Redirect::to("/login").into_response());
    }
    sessions::insert(&mut tx, &hash, user.id, &actor.client, now, app.session_end(now)).await?;
    let object = format!("account:{}", user.username);
    audit(&mut tx, actor, None, &Entry { action: "login", object: &object, old: "", new: "" }, now).await?;
    tx.commit().await?;
    app.ended.send_replace(());
    Ok((jar.add(cookie(app, token)), Redirect::to(&safe_next(next))).into_response())
}

/// Enters a try that was refused without a look at the password, once a minute for each address.
pub(super) async fn slowed_down(app: &App, actor: &Actor, object: &str) -> Result<()> {
    crate::metrics::login_failed("slowed");
    if app.buckets.take(&format!("login_slowed: {}", actor.client), 1.0 / 60.0, 1.0).is_ok() {
        let mut tx = app.store.write().await?;
        let entry = Entry { action: "login_slowed", object, old: "", new: "" };
        audit_as(&mut tx, actor, None, &entry, Ended::Denied, now_ms()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Hashing takes memory and time on purpose: two at once, off the async threads.
pub(super) async fn check(app: &App, user: Option<users::User>, password: String) -> Result<bool> {
    let place = tokio::time::timeout(Duration::from_secs(5), Arc::clone(&app.hashing).acquire_owned()).await;
    let Ok(Ok(_place)) = place else { return Err(AppError::Busy) };
    if password.len() > limits::PASSWORD {
        return Ok(false);
    }
    tokio::task::spawn_blocking(move || verify(user.as_ref(), &password))
        .await
        .map_err(|error| AppError::Internal(error.into()))
}

fn page(app: &App, form: LoginForm, error: String, nobody: bool) -> Login {
    let (idle, other) = (app.config.server.idle_words(), other(app, &form.next));
    Login { username: form.username, next: form.next, error, nobody, demo: app.demo, idle, other }
}

fn refuse(app: &App, form: LoginForm, status: StatusCode, error: &str, wait: Option<u64>) -> Response {
    later((status, Page(page(app, form, error.to_owned(), false))).into_response(), wait)
}

/// An answer that says in how many seconds to try again.
pub(super) fn later(mut response: Response, wait: Option<u64>) -> Response {
    if let Some(value) = wait.and_then(|wait| wait.to_string().parse().ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// `POST /logout`
pub async fn sign_out(me: SignedIn, State(app): State<App>, jar: CookieJar) -> Result<Response> {
    let mut tx = app.store.write().await?;
    sessions::end(&mut tx, &me.session).await?;
    audit(&mut tx, &me.actor(), None, &Entry { action: "logout", object: "session", old: "", new: "" }, now_ms())
        .await?;
    tx.commit().await?;
    app.ended.send_replace(());
    let name = cookie_name(app.insecure_cookies());
    Ok((jar.remove(Cookie::build(name).path("/").secure(!app.insecure_cookies())), Redirect::to("/login"))
        .into_response())
}

/// The look.
#[derive(Debug, Deserialize)]
pub struct ThemeForm {
    theme: String,
}

/// `POST /profile/theme`
pub async fn theme(
    me: SignedIn,
    State(app): State<App>,
    headers: HeaderMap,
    Fields(form): Fields<ThemeForm>,
) -> Result<Response> {
    if !matches!(form.theme.as_str(), "" | "dark" | "light") {
        return Err(AppError::Invalid { field: "theme".to_owned(), text: "must be dark, light or empty".to_owned() });
    }
    let mut tx = app.store.write().await?;
    users::set_theme(&mut tx, me.user.id, &form.theme).await?;
    tx.commit().await?;
    let from = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).and_then(|url| url.split_once("://"));
    let path = from.and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned())).unwrap_or_default();
    Ok(Redirect::to(&safe_next(&path)).into_response())
}

/// A path of ours to go on to: it begins with one slash and nothing that a browser reads as a host.
pub(super) fn safe_next(next: &str) -> String {
    let ours = next.starts_with('/') && !next[1..].starts_with(['/', '\\']) && !next.chars().any(char::is_control);
    if ours { next.to_owned() } else { "/".to_owned() }
}
