//! Sign-in by OpenID Connect: authorization code with PKCE, state and nonce.
//!
//! `provider` asks where to send people, `claims` holds what comes back against every rule, `person` makes a person of
//! ours of it, `refusal` is what is said where that fails. A GET that begins a session is what the protocol wants: that
//! no other site can begin one lies in the state, which is bound to a cookie of the browser that asked for it.
mod claims;
mod person;
mod provider;
mod refusal;
mod wire;

pub use provider::Provider;

use super::App;
use super::auth::{SignedIn, client_address, fingerprint, host_cookie, unproven};
use super::edge::Asker;
use super::form::Asked;
use super::login::{enter, later, safe_next, slowed_down};
use super::view::text::start as beginning;
use super::{second, throttle};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::identities::{self, SignIn};
use crate::store::{Actor, ActorKind};
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use claims::Came;
use openidconnect::{Nonce, PkceCodeVerifier};
use provider::Proof;
use refusal::No;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The query of the button.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    next: String,
}

/// What the provider sends a browser back with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Back {
    state: String,
    code: String,
    error: String,
    iss: String,
}

/// The cookie of a browser whose sign-in is at the provider.
const fn cookie_name(insecure: bool) -> &'static str {
    if insecure { "fusionsoc-oidc" } else { "__Host-fusionsoc-oidc" }
}

/// What the browser holds.
fn held<'a>(app: &App, jar: &'a CookieJar) -> Option<&'a str> {
    let value = jar.get(cookie_name(app.insecure_cookies()))?.value();
    (value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(value)
}

/// Nonce and code verifier of a sign-in. Neither the cookie nor the database alone tells them.
fn proof(browser: &str, seed: &[u8]) -> Proof {
    let part = |label: &str| {
        hex::encode(Sha256::new().chain_update(label).chain_update(seed).chain_update(browser).finalize())
    };
    Proof { nonce: Nonce::new(part("nonce")), verifier: PkceCodeVerifier::new(part("verifier")) }
}

/// `GET /login/oidc`: sends the browser to the provider.
pub async fn start(
    me: Option<SignedIn>,
    State(app): State<App>,
    parts: Parts,
    jar: CookieJar,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let Some(provider) = app.oidc.clone() else { return Err(AppError::Unknown("page")) };
    let next = if query.next.len() > limits::OIDC_NEXT { "/".to_owned() } else { safe_next(&query.next) };
    if me.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    // Each writes a row, for anybody.
    app.buckets.take(&format!("oidc: {}", client_address(&app, &parts)), 1.0, 60.0).map_err(AppError::TooMany)?;
    // One cookie for all tabs of a browser, so that none spoils the sign-in of another.
    let browser = held(&app, &jar).map_or_else(|| hex::encode(rand::random::<[u8; 32]>()), str::to_owned);
    let (state, seed) = (hex::encode(rand::random::<[u8; 32]>()), rand::random::<[u8; 32]>());
    let address = match provider.address(state.clone(), &proof(&browser, &seed)).await {
        Ok(address) => address,
        Err(no) => return refusal::not_begun(no, &provider.config.name),
    };
    let expires_ms = now_ms() + limits::OIDC_MS;
    let sign_in = SignIn { browser_hash: fingerprint(&browser), seed: seed.to_vec(), next, expires_ms };
    let mut tx = app.store.write().await?;
    identities::begin(&mut tx, &fingerprint(&state), &sign_in).await?;
    tx.commit().await?;
    let mut cookie = Cookie::build(host_cookie(&app, cookie_name(app.insecure_cookies()), browser));
    if let Ok(life) = Duration::from_millis(limits::OIDC_MS.unsigned_abs()).try_into() {
        cookie = cookie.max_age(life);
    }
    Ok((jar.add(cookie), Redirect::to(&address)).into_response())
}

/// `GET /login/oidc/callback`: the browser is back.
pub async fn callback(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    parts: Parts,
    jar: CookieJar,
    Asked(back): Asked<Back>,
) -> Result<Response> {
    let Some(provider) = app.oidc.clone() else { return Err(AppError::Unknown("page")) };
    let name = &provider.config.name;
    let mut actor = unproven(&app, &parts, ActorKind::Person, "nobody yet");
    // Neither the address's count of passwords nor that of sign-ins on their way: an image on a foreign page comes
    // without our cookie, and could fill both.
    let place = format!("oidc:{}", actor.client);
    let counted = if held(&app, &jar).is_some() {
        throttle::one(&app.store, &place).await?
    } else {
        app.buckets.take(&format!("oidc stray: {}", actor.client), 1.0, 20.0)
    };
    if let Err(wait) = counted {
        slowed_down(&app, &actor, "account:").await?;
        let text = format!("Too many tries. Try again in {wait} s.");
        return Ok(later(refusal::page(StatusCode::TOO_MANY_REQUESTS, text), Some(wait)));
    }
    let came = match returned(&app, &provider, &jar, back).await {
        Ok((came, next)) => {
            actor.name = beginning(&came.username, 64);
            asker.is(&actor.name);
            signed_in(&app, &provider, jar, (&came, &next), &actor, &place).await
        }
        Err(no) => Err(no),
    };
    match came {
        Ok(response) => Ok(response),
        Err(no) => refusal::refuse(&app, &actor, no, name).await,
    }
}

/// Who comes back, and the page that they wanted. The state is used up, whatever becomes of it.
async fn returned(app: &App, provider: &Provider, jar: &CookieJar, back: Back) -> Result<(Came, String), No> {
    let mut tx = app.store.write().await?;
    let begun = identities::take(&mut tx, &fingerprint(&back.state)).await?;
    tx.commit().await?;
    let Some(begun) = begun else { return Err(No::plain("unknown state, or one that was used")) };
    if begun.expires_ms <= now_ms() {
        return Err(No::plain("expired state"));
    }
    let browser = held(app, jar).filter(|browser| fingerprint(browser) == begun.browser_hash);
    let Some(browser) = browser else { return Err(No::plain("state of another browser")) };
    if !back.error.is_empty() {
        return Err(No::plain(format!("the provider says {}", beginning(&back.error, 64))));
    }
    if !back.iss.is_empty() && back.iss != provider.config.issuer {
        return Err(No::plain("answer of another issuer"));
    }
    Ok((provider.came(back.code, proof(browser, &begun.seed)).await?, begun.next))
}

/// Begins the session of who came, or asks for the code of their second factor.
async fn signed_in(
    app: &App,
    provider: &Provider,
    jar: CookieJar,
    (came, next): (&Came, &str),
    actor: &Actor,
    place: &str,
) -> Result<Response, No> {
    let mut tx = app.store.write().await?;
    let user = match person::admit(&mut tx, &provider.config, came, actor).await {
        Ok(user) => user,
        Err(No::Unmapped) => {
            // That sessions end has to last.
            tx.commit().await?;
            app.ended.send_replace(());
            return Err(No::Unmapped);
        }
        Err(no) => return Err(no),
    };
    throttle::take_back(&mut tx, place).await?;
    let actor = Actor { name: user.username.clone(), ..actor.clone() };
    let name = cookie_name(app.insecure_cookies());
    let jar = jar.remove(Cookie::build(name).path("/").secure(!app.insecure_cookies()));
    Ok(match second::begin(app, tx, &user, next).await? {
        Ok(waits) => {
            app.ended.send_replace(());
            (jar, waits).into_response()
        }
        Err(tx) => enter(app, tx, jar, (&user, &actor), next).await?,
    })
}
