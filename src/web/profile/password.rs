//! A person's own password. Who has one that an admin gave them can open nothing else before they chose their own.
use super::{Wrong, page};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::record::{Ended, Entry, audit, audit_as};
use crate::store::{sessions, users};
use crate::web::App;
use crate::web::auth::{SignedIn, hash_new};
use crate::web::form::Fields;
use crate::web::login::check;
use crate::web::page::Page;
use crate::web::throttle;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The page of the password alone.
#[derive(Template)]
#[template(path = "password.html")]
struct Change {
    username: String,
    theme: String,
    wrong: Wrong,
}

/// `GET /profile/password`: for whoever has to change it first.
pub async fn change(me: SignedIn) -> Response {
    if !me.user.must_change {
        return Redirect::to("/profile").into_response();
    }
    Page(Change { username: me.user.username, theme: me.user.theme, wrong: Wrong::default() }).into_response()
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
    let same = form.old == form.new;
    if !check(&app, Some(me.user.clone()), form.old).await? {
        let mut tx = app.store.write().await?;
        let entry = Entry { action: "password_refused", object: &object, old: "", new: "" };
        audit_as(&mut tx, &me.actor(), None, &entry, Ended::Failed, now_ms()).await?;
        tx.commit().await?;
        return refuse(&app, &me, Wrong { old: "This is not your password.".to_owned(), ..Wrong::default() }).await;
    }
    if same {
        return refuse(&app, &me, Wrong { new: "This is the old one.".to_owned(), ..Wrong::default() }).await;
    }
    let name = me.user.username.clone();
    let hashed = tokio::task::spawn_blocking(move || hash_new(&name, &form.new)).await;
    let hash = match hashed.map_err(|error| AppError::Internal(error.into()))? {
        Ok(hash) => hash,
        Err(problem) => return refuse(&app, &me, Wrong { new: problem.to_string(), ..Wrong::default() }).await,
    };
    let mut tx = app.store.write().await?;
    // An admin may have given them another one while this one was looked at.
    if !users::change_password(&mut tx, me.user.id, &me.user.password_hash, &hash).await? {
        return Ok(Redirect::to("/login").into_response());
    }
    throttle::was_right(&mut tx, &account, &place).await?;
    sessions::end_others(&mut tx, me.user.id, &me.session).await?;
    let entry = Entry { action: "password", object: &object, old: "", new: "" };
    audit(&mut tx, &me.actor(), None, &entry, now_ms()).await?;
    tx.commit().await?;
    app.ended.send_replace(());
    Ok(Redirect::to("/profile?done=password").into_response())
}

/// The page that has the form, with what is wrong.
async fn refuse(app: &App, me: &SignedIn, wrong: Wrong) -> Result<Response> {
    if me.user.must_change {
        let (username, theme) = (me.user.username.clone(), me.user.theme.clone());
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(Change { username, theme, wrong })).into_response());
    }
    page(app, me, StatusCode::UNPROCESSABLE_ENTITY, (wrong, "")).await
}
