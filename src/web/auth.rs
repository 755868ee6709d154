//! Who is asking: the session behind a cookie, and passwords.
use super::App;
use super::edge::{Asker, RequestId};
use super::view::text::start;
use crate::actions::wish::Wish;
use crate::admin::By;
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::cases::Case;
use crate::store::users::User;
use crate::store::{Actor, ActorKind, Scope, Store, orgs, sessions, wall};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use zxcvbn::{Score, zxcvbn};

/// The address of the connection's other end.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The client's address: the connection's, or behind a trusted proxy the last one that it names.
pub fn client_address(app: &App, parts: &Parts) -> String {
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    if !app.config.server.trusted_proxies.contains(&peer) {
        return peer.to_string();
    }
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse::<IpAddr>().ok());
    last.unwrap_or(peer).to_string()
}

/// Somebody whom nothing proves yet, by the name that they gave: cut, and with what is hidden in it made visible.
pub fn unproven(app: &App, parts: &Parts, kind: ActorKind, name: &str) -> Actor {
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    Actor { kind, name: start(name, 64), client: client_address(app, parts), request_id }
}

/// A signed-in person. As an extractor it sends everybody else to the sign-in page.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// The session's hash.
    pub session: Vec<u8>,
    /// The client's address.
    pub client: String,
    /// The request's id.
    pub request_id: String,
    /// Their organisations, for the store's wall.
    pub orgs: Arc<[i64]>,
}

impl SignedIn {
    /// Whose rows they may see.
    pub const fn scope(&self) -> Scope {
        Scope::user(self.user.id)
    }

    /// They as the one who acts.
    pub fn actor(&self) -> Actor {
        Actor {
            kind: ActorKind::Person,
            name: self.user.username.clone(),
            client: self.client.clone(),
            request_id: self.request_id.clone(),
        }
    }

    /// For how long an undo is offered to them.
    pub fn undo_ms(&self, app: &App) -> i64 {
        app.undo_ms(self.user.undo_s)
    }

    /// What they wish for a case.
    pub fn wish<'a>(&self, app: &App, actor: &'a Actor, case: &'a Case) -> Wish<'a> {
        app.wish(actor, Some(self.user.id), self.undo_ms(app), case)
    }

    /// They as the one who administers.
    pub fn admin<'a>(&self, actor: &'a Actor) -> By<'a> {
        By { actor, admin: Some(self.user.id), now_ms: now_ms() }
    }

    /// Goes on only where their role suffices.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub fn must_be(&self, role: Role) -> Result<()> {
        if self.user.role >= role { Ok(()) } else { Err(AppError::Forbidden(refusal(role))) }
    }
}

const fn refusal(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Your role can't see this.",
        Role::Analyst => "Your role can read cases, not decide them.",
        Role::Lead => "Only a lead may do this.",
        Role::Admin => "Only an admin may do this.",
    }
}

/// The cookie's name: the `__Host-` prefix binds it to this host, and needs `Secure`.
pub const fn cookie_name(insecure: bool) -> &'static str {
    if insecure { "fusionsoc" } else { "__Host-fusionsoc" }
}

/// The session's cookie.
pub fn cookie(app: &App, token: String) -> Cookie<'static> {
    host_cookie(app, cookie_name(app.insecure_cookies()), token)
}

/// A cookie that no script reads and that goes to this host alone.
pub(super) fn host_cookie(app: &App, name: &'static str, value: String) -> Cookie<'static> {
    let secure = !app.insecure_cookies();
    Cookie::build((name, value)).path("/").http_only(true).secure(secure).same_site(SameSite::Lax).build()
}

/// What is stored of a session's or token's secret.
pub fn fingerprint(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        // What was posted can't be gone back to; the page it was posted from can.
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let get = parts.method == axum::http::Method::GET;
        let next = if get { path } else { path.rsplit_once('/').map_or("/", |(page, _)| page) }.to_owned();
        <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?.ok_or(AppError::SignedOut(next))
    }
}

impl OptionalFromRequestParts<App> for SignedIn {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(Some(known.clone()));
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(token) = jar.get(cookie_name(app.insecure_cookies())).map(Cookie::value) else { return Ok(None) };
        let (session, now) = (fingerprint(token), now_ms());
        let mut tx = app.store.read().await?;
        let found = sessions::user(&mut tx, &session, now, app.idle_since(now)).await?;
        let Some((user, seen_ms)) = found else { return Ok(None) };
        let orgs = wall::orgs_of(&mut tx, user.id).await?;
        drop(tx);
        // Once a minute is enough to know that a session is in use.
        if now - seen_ms > 60_000 {
            wall::spawn(touch(app.store.clone(), session.clone(), now));
        }
        if let Some(asker) = parts.extensions.get::<Asker>() {
            asker.is(&user.username);
        }
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Some(Self { user, session, client: client_address(app, parts), request_id, orgs }))
    }
}

/// Notes that a session is in use. Not part of the request: pages must stay readable where nothing can be written.
async fn touch(store: Store, session: Vec<u8>, now: i64) {
    let touched = async {
        let mut tx = store.write().await?;
        sessions::touch(&mut tx, &session, now).await?;
        tx.commit().await
    };
    if let Err(error) = touched.await {
        tracing::warn!(%error, "a session could not be noted as in use");
    }
}

/// The organisations that a person belongs to, for the filter and the head of pages.
///
/// # Errors
/// Where the database refuses.
pub async fn orgs_of(app: &App, me: &SignedIn) -> Result<Vec<orgs::Org>> {
    let mut tx = app.store.read().await?;
    Ok(orgs::of_user(&mut tx, me.user.id).await?)
}

/// A password that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Its length is wrong.
    #[error("password: must have 12 to 1024 bytes")]
    Length,
    /// It is the user's name.
    #[error("password: must not be the user name")]
    IsName,
    /// It is among the first that are guessed.
    #[error("password: is too easy to guess; use several words, or let a password manager make one")]
    Common,
    /// It could not be hashed.
    #[error("password: could not be hashed")]
    Hash,
}

/// What a million guesses find, by zxcvbn's estimate (Wheeler, USENIX Security 2016), is below this.
const GUESSED: Score = Score::Two;

/// Checks and hashes a new password: argon2id with m = 19,456 KiB, t = 2, p = 1.
///
/// # Errors
/// See [`PasswordError`].
pub fn hash_new(username: &str, password: &str) -> std::result::Result<String, PasswordError> {
    if !(12..=limits::PASSWORD).contains(&password.len()) {
        return Err(PasswordError::Length);
    }
    if password.eq_ignore_ascii_case(username) {
        return Err(PasswordError::IsName);
    }
    if zxcvbn(password, &[username, "fusionsoc"]).score() < GUESSED {
        return Err(PasswordError::Common);
    }
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
}

/// A hash that nobody's password fits, so that an unknown name takes as long as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$2G9tq0oHjFz3sC8l1rYg3u0k1cQvO3c8m4gI5hZr0bA";

/// Whether a password fits the hash of a person, or of nobody.
pub fn verify(user: Option<&User>, password: &str) -> bool {
    // Who signs in by a provider alone has no password, and takes as long as anybody.
    let user = user.filter(|user| !user.password_hash.is_empty());
    let hash = user.map_or(NOBODY, |user| &user.password_hash);
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    let fits = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    fits && user.is_some_and(|user| !user.disabled)
}
