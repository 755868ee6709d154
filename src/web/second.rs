//! The second factor: setting a code generator up, taking it away, new recovery codes. The step at sign-in is in `code`.
mod code;

pub use code::{begin, show as show_code, sign_in};

use super::App;
use super::auth::SignedIn;
use super::form::Fields;
use super::login::check;
use super::page::{Chrome, Page};
use super::{throttle, totp};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::record::{Ended, Entry, audit, audit_as};
use crate::store::second::{self, Second};
use crate::store::{Tx, sessions};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "second.html")]
struct Show {
    chrome: Chrome,
    on: bool,
    left: i64,
    /// The key while it is being set up, or empty.
    secret: String,
    /// Its picture: the path of the dark squares, and the width.
    picture: Option<(String, i32)>,
    /// Recovery codes, once.
    codes: Vec<String>,
    wrong: &'static str,
    done: &'static str,
}

/// What the forms hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SecondForm {
    password: String,
    code: String,
}

/// `GET /profile/second`
pub async fn show(me: SignedIn, State(app): State<App>) -> Result<Response> {
    page(&app, &me, StatusCode::OK, "").await
}

async fn page(app: &App, me: &SignedIn, status: StatusCode, wrong: &'static str) -> Result<Response> {
    let chrome = Chrome::of(app, me, "profile").await?;
    let mut tx = app.store.read().await?;
    let known = second::of(&mut tx, me.user.id).await?;
    let left = second::codes_left(&mut tx, me.user.id).await?;
    drop(tx);
    let on = known.as_ref().is_some_and(|known| known.confirmed_ms.is_some());
    let (secret, picture) = match known.filter(|_| !on) {
        Some(known) => {
            let bytes = opened(app, &known)?;
            (totp::typed(&bytes), totp::picture(&bytes, &me.user.username))
        }
        None => (String::new(), None),
    };
    let (codes, done) = (Vec::new(), "");
    Ok((status, Page(Show { chrome, on, left, secret, picture, codes, wrong, done })).into_response())
}

/// The secret of a generator.
fn opened(app: &App, known: &Second) -> Result<Vec<u8>> {
    let broken = |error: anyhow::Error| AppError::Internal(error);
    let text = app.vault.unseal(&known.secret).map_err(|error| broken(error.into()))?;
    hex::decode(text.expose()).map_err(|error| broken(error.into()))
}

/// `POST /profile/second`: begins to set one up.
pub async fn set_up(me: SignedIn, State(app): State<App>, Fields(form): Fields<SecondForm>) -> Result<Response> {
    counted(&app, &me).await?;
    if !check(&app, Some(me.user.clone()), form.password).await? {
        noted(&app, &me, "second_factor_refused").await?;
        return page(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, "This is not your password.").await;
    }
    let sealed = app.vault.seal(&hex::encode(totp::new_secret())).map_err(|error| AppError::Internal(error.into()))?;
    let mut tx = app.store.write().await?;
    throttle::was_right(&mut tx, &account(&me), &place(&me)).await?;
    // Where one is in use already, nothing begins.
    if second::begin(&mut tx, me.user.id, &sealed).await? > 0 {
        note(&mut tx, &me, "second_factor_begun").await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/profile/second").into_response())
}

/// `POST /profile/second/confirm`: puts it into use once a code of it came back; shows the recovery codes.
pub async fn confirm(me: SignedIn, State(app): State<App>, Fields(form): Fields<SecondForm>) -> Result<Response> {
    counted(&app, &me).await?;
    let mut tx = app.store.write().await?;
    let waiting = second::of(&mut tx, me.user.id).await?.filter(|known| known.confirmed_ms.is_none());
    let Some(waiting) = waiting else { return Ok(Redirect::to("/profile/second").into_response()) };
    let now = now_ms();
    let step = totp::step(&opened(&app, &waiting)?, &form.code, now);
    let Some(step) = step else {
        drop(tx);
        let text = "This is not the code of now. Is the clock of your generator right?";
        return page(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, text).await;
    };
    second::use_step(&mut tx, me.user.id, step).await?;
    second::confirm(&mut tx, me.user.id, now).await?;
    sessions::end_others(&mut tx, me.user.id, &me.session).await?;
    note(&mut tx, &me, "second_factor_on").await?;
    codes(app, me, tx, "The second factor is in use, and your other sessions are signed out.").await
}

/// `POST /profile/second/codes`: recovery codes in place of those there are.
pub async fn renew(me: SignedIn, State(app): State<App>, Fields(form): Fields<SecondForm>) -> Result<Response> {
    if let Some(refused) = both(&app, &me, form).await? {
        return Ok(refused);
    }
    let mut tx = app.store.write().await?;
    note(&mut tx, &me, "recovery_codes").await?;
    codes(app, me, tx, "Your old recovery codes are worth nothing now.").await
}

/// `POST /profile/second/off`
pub async fn off(me: SignedIn, State(app): State<App>, Fields(form): Fields<SecondForm>) -> Result<Response> {
    if let Some(refused) = both(&app, &me, form).await? {
        return Ok(refused);
    }
    let mut tx = app.store.write().await?;
    second::remove(&mut tx, me.user.id).await?;
    sessions::end_others(&mut tx, me.user.id, &me.session).await?;
    note(&mut tx, &me, "second_factor_off").await?;
    tx.commit().await?;
    app.ended.send_replace(());
    Ok(Redirect::to("/profile/second").into_response())
}

/// Makes new recovery codes, commits, and shows them this once.
async fn codes(app: App, me: SignedIn, mut tx: Tx, done: &'static str) -> Result<Response> {
    let codes = totp::new_codes();
    let hashes: Vec<Vec<u8>> = codes.iter().filter_map(|code| totp::stored(code)).collect();
    second::set_codes(&mut tx, me.user.id, &hashes).await?;
    throttle::was_right(&mut tx, &account(&me), &place(&me)).await?;
    tx.commit().await?;
    app.ended.send_replace(());
    let chrome = Chrome::of(&app, &me, "profile").await?;
    let (left, secret, picture, wrong) = (0, String::new(), None, "");
    Ok(Page(Show { chrome, on: true, left, secret, picture, codes, wrong, done }).into_response())
}

/// Asks for password and code; the page that says what is wrong where one of them is.
async fn both(app: &App, me: &SignedIn, form: SecondForm) -> Result<Option<Response>> {
    counted(app, me).await?;
    let fits = check(app, Some(me.user.clone()), form.password).await?;
    let mut tx = app.store.write().await?;
    if fits && code::is_right(app, &mut tx, me.user.id, &form.code).await? {
        throttle::was_right(&mut tx, &account(me), &place(me)).await?;
        tx.commit().await?;
        return Ok(None);
    }
    drop(tx);
    noted(app, me, "second_factor_refused").await?;
    let text = "Password or code is not right.";
    Ok(Some(page(app, me, StatusCode::UNPROCESSABLE_ENTITY, text).await?))
}

fn account(me: &SignedIn) -> String {
    format!("account:{}", me.user.username)
}

fn place(me: &SignedIn) -> String {
    format!("address:{}", me.client)
}

/// Counts a try, before anything is looked at.
async fn counted(app: &App, me: &SignedIn) -> Result<()> {
    match throttle::both(&app.store, &account(me), &place(me)).await? {
        Ok(()) => Ok(()),
        Err(wait) => Err(AppError::TooMany(wait)),
    }
}

/// Enters that something was refused.
async fn noted(app: &App, me: &SignedIn, action: &str) -> Result<()> {
    let object = format!("user:{}", me.user.username);
    let entry = Entry { action, object: &object, old: "", new: "" };
    let mut tx = app.store.write().await?;
    audit_as(&mut tx, &me.actor(), None, &entry, Ended::Failed, now_ms()).await?;
    Ok(tx.commit().await?)
}

async fn note(tx: &mut Tx, me: &SignedIn, action: &str) -> Result<()> {
    let object = format!("user:{}", me.user.username);
    let entry = Entry { action, object: &object, old: "", new: "" };
    Ok(audit(tx, &me.actor(), None, &entry, now_ms()).await?)
}
