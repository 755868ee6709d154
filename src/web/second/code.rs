//! The step at sign-in that asks for a code. Until it is given, the sign-in opens nothing.
use super::super::App;
use super::super::auth::{fingerprint, host_cookie, unproven};
use super::super::edge::Asker;
use super::super::form::{Asked, Fields};
use super::super::login::{enter, later, safe_next};
use super::super::page::Page;
use super::super::{throttle, totp};
use super::opened;
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::record::{Ended, Entry, audit_as};
use crate::store::users::User;
use crate::store::{ActorKind, Tx, second};
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "login_code.html")]
struct Ask {
    next: String,
    error: String,
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    next: String,
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    code: String,
    next: String,
}

/// The cookie of a sign-in that waits for its code.
const fn cookie_name(insecure: bool) -> &'static str {
    if insecure { "fusionsoc-code" } else { "__Host-fusionsoc-code" }
}

/// Lets a sign-in wait for its code, where its person has a second factor, and commits; else the transaction comes back.
pub async fn begin(app: &App, mut tx: Tx, user: &User, next: &str) -> Result<std::result::Result<Response, Tx>> {
    let known = second::of(&mut tx, user.id).await?;
    if known.is_none_or(|known| known.confirmed_ms.is_none()) {
        return Ok(Err(tx));
    }
    let token = hex::encode(rand::random::<[u8; 32]>());
    second::wait(&mut tx, &fingerprint(&token), user.id, now_ms() + limits::CODE_MS).await?;
    tx.commit().await?;
    let jar = CookieJar::new().add(host_cookie(app, cookie_name(app.insecure_cookies()), token));
    let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", &safe_next(next)).finish();
    Ok(Ok((jar, Redirect::to(&format!("/login/code?{next}"))).into_response()))
}

/// `GET /login/code`
pub async fn show(State(app): State<App>, jar: CookieJar, Asked(query): Asked<Query>) -> Result<Response> {
    let Some((_, _)) = waiting(&app, &jar).await? else { return Ok(Redirect::to("/login").into_response()) };
    Ok(Page(Ask { next: query.next, error: String::new() }).into_response())
}

/// Who waits, and the hash of their cookie.
async fn waiting(app: &App, jar: &CookieJar) -> Result<Option<(User, Vec<u8>)>> {
    let Some(token) = jar.get(cookie_name(app.insecure_cookies())) else { return Ok(None) };
    let hash = fingerprint(token.value());
    let user = second::waiting(&mut app.store.read().await?, &hash, now_ms()).await?;
    Ok(user.map(|user| (user, hash)))
}

/// `POST /login/code`
pub async fn sign_in(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    parts: Parts,
    jar: CookieJar,
    Fields(form): Fields<CodeForm>,
) -> Result<Response> {
    let Some((user, hash)) = waiting(&app, &jar).await? else { return Ok(Redirect::to("/login").into_response()) };
    let actor = unproven(&app, &parts, ActorKind::Person, &user.username);
    // Not the account's own count: a right password clears that one, and must not clear this.
    let (account, place) = (format!("code:{}", user.username), format!("address:{}", actor.client));
    if let Err(wait) = throttle::both(&app.store, &account, &place).await? {
        crate::metrics::login_failed("slowed");
        let error = format!("Too many tries. Try again in {wait} s, or ask an admin.");
        return Ok(refuse(form.next, AppError::TooMany(wait).status(), error, Some(wait)));
    }
    asker.is(&user.username);
    let mut tx = app.store.write().await?;
    let object = format!("account:{}", user.username);
    if !is_right(&app, &mut tx, user.id, &form.code).await? {
        crate::metrics::login_failed("code");
        let entry = Entry { action: "code_failed", object: &object, old: "", new: "" };
        audit_as(&mut tx, &actor, None, &entry, Ended::Failed, now_ms()).await?;
        tx.commit().await?;
        return Ok(refuse(form.next, StatusCode::UNAUTHORIZED, "This code is not right.".to_owned(), None));
    }
    // Two requests with one cookie: one of them signs in.
    if !second::done(&mut tx, &hash).await? {
        return Ok(Redirect::to("/login").into_response());
    }
    throttle::was_right(&mut tx, &account, &place).await?;
    let name = cookie_name(app.insecure_cookies());
    let jar = jar.remove(Cookie::build(name).path("/").secure(!app.insecure_cookies()));
    enter(&app, tx, jar, (&user, &actor), &form.next).await
}

/// Whether a code is the generator's, or one of the recovery codes; it is used up then.
pub async fn is_right(app: &App, tx: &mut Tx, user_id: i64, code: &str) -> Result<bool> {
    let Some(known) = second::of(tx, user_id).await?.filter(|known| known.confirmed_ms.is_some()) else {
        return Ok(false);
    };
    if let Some(step) = totp::step(&opened(app, &known)?, code, now_ms()) {
        return Ok(second::use_step(tx, user_id, step).await?);
    }
    match totp::stored(code) {
        Some(hash) => Ok(second::use_code(tx, user_id, &hash, now_ms()).await?),
        None => Ok(false),
    }
}

fn refuse(next: String, status: StatusCode, error: String, wait: Option<u64>) -> Response {
    later((status, Page(Ask { next, error })).into_response(), wait)
}
