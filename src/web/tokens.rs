//! API tokens, for admins: which there are, a new one that is shown once, and the end of one.
use super::App;
use super::auth::{SignedIn, fingerprint, orgs_of};
use super::form::{Asked, Fields, RowId};
use super::page::{Chrome, Page};
use super::view::text::visible;
use super::view::words::{When, when};
use crate::admin::{AdminError, tokens as acts};
use crate::api::bearer::new_token;
use crate::clock::now_ms;
use crate::domain::role::Scope;
use crate::error::{AppError, Result};
use crate::limits::PAGE;
use crate::store::orgs::Org;
use crate::store::tokens::{self, Listed};
use crate::store::{Tx, idempotency};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Scopes with what they are for.
const SCOPES: &[(Scope, &str)] = &[
    (Scope::Ingest, "deliver detections"),
    (Scope::Read, "read cases"),
    (Scope::Write, "change cases, ask for actions"),
    (Scope::Admin, "administer"),
];

struct Line {
    id: i64,
    name: String,
    org: String,
    scopes: String,
    created: When,
    owner: String,
    expires: When,
    used: Option<When>,
    state: &'static str,
    /// Why it is refused although it lives.
    held: &'static str,
    live: bool,
}

fn line(one: Listed, now: i64) -> Line {
    let token = one.token;
    let (state, live) = match (token.revoked_ms, token.expires_ms <= now) {
        (Some(_), _) => ("revoked", false),
        (None, true) => ("expired", false),
        (None, false) => ("live", true),
    };
    Line {
        id: token.id,
        name: visible(&token.name),
        org: one.org,
        scopes: token.scopes.replace(',', ", "),
        created: when(one.created_ms),
        held: if live { token.held() } else { "" },
        owner: token.owner.as_deref().map_or("command line".to_owned(), visible),
        expires: when(token.expires_ms),
        used: token.used_ms.map(when),
        state,
        live,
    }
}

#[derive(Template)]
#[template(path = "admin/tokens.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
    orgs: Vec<Org>,
    later: bool,
    more: Option<i64>,
    typed: TokenForm,
    problem: String,
    /// Name and text of a token that was just made; the text is shown this once.
    made: Option<(String, String)>,
    key: String,
}

/// Which tokens.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    after: String,
}

/// `GET /admin/tokens`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let after = match query.after.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| AppError::BadRequest("after: is no place in this list".to_owned()))?),
    };
    let typed = TokenForm { days: "90".to_owned(), ..TokenForm::default() };
    list(&app, &me, after, (StatusCode::OK, typed, String::new(), None)).await
}

async fn list(
    app: &App,
    me: &SignedIn,
    after: Option<i64>,
    (status, typed, problem, made): (StatusCode, TokenForm, String, Option<(String, String)>),
) -> Result<Response> {
    let chrome = Chrome::of(app, me, "tokens").await?;
    let orgs = orgs_of(app, me).await?;
    let mut tx = app.store.read().await?;
    let mut found = tokens::page(&mut tx, me.user.id, after.unwrap_or(i64::MAX), PAGE + 1).await?;
    drop(tx);
    let full = i64::try_from(found.len()).is_ok_and(|count| count > PAGE);
    if full {
        found.pop();
    }
    let more = found.last().filter(|_| full).map(|last| last.token.id);
    let now = now_ms();
    let lines = found.into_iter().map(|one| line(one, now)).collect();
    let key = hex::encode(rand::random::<[u8; 8]>());
    let later = after.is_some();
    Ok((status, Page(Index { chrome, lines, orgs, later, more, typed, problem, made, key })).into_response())
}

/// A token as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    org: String,
    name: String,
    ingest: String,
    read: String,
    write: String,
    admin: String,
    days: String,
    idempotency_key: String,
}

impl TokenForm {
    fn ticked(&self, scope: impl std::borrow::Borrow<Scope>) -> bool {
        let field = match scope.borrow() {
            Scope::Ingest => &self.ingest,
            Scope::Read => &self.read,
            Scope::Write => &self.write,
            Scope::Admin => &self.admin,
        };
        !field.is_empty()
    }
}

/// `POST /admin/tokens`: the answer shows the token once.
pub async fn create(me: SignedIn, State(app): State<App>, Fields(mut form): Fields<TokenForm>) -> Result<Response> {
    let orgs = orgs_of(&app, &me).await?;
    if let (true, [only]) = (form.org.is_empty(), orgs.as_slice()) {
        form.org.clone_from(&only.slug);
    }
    let mut tx = app.store.write().await?;
    let sent = format!("token/{}", form.idempotency_key.chars().take(100).collect::<String>());
    if !form.idempotency_key.is_empty() && !idempotency::take(&mut tx, me.user.id, &sent, now_ms()).await? {
        return Ok(Redirect::to("/admin/tokens").into_response());
    }
    match make(&mut tx, &me, &form).await {
        Ok(token) => {
            tx.commit().await?;
            let typed = TokenForm { days: "90".to_owned(), ..TokenForm::default() };
            let made = Some((visible(form.name.trim()), token));
            list(&app, &me, None, (StatusCode::CREATED, typed, String::new(), made)).await
        }
        Err(error) => {
            drop(tx);
            let (status, problem) = AppError::from(error).shown()?;
            list(&app, &me, None, (status, form, problem, None)).await
        }
    }
}

async fn make(tx: &mut Tx, me: &SignedIn, form: &TokenForm) -> Result<String, AdminError> {
    let (token, actor) = (new_token(), me.actor());
    let scopes: Vec<Scope> = Scope::ALL.iter().copied().filter(|scope| form.ticked(scope)).collect();
    let new = acts::New {
        org: &form.org,
        name: &form.name,
        hash: &fingerprint(&token),
        scopes: &scopes,
        days: form.days.trim().parse().unwrap_or_default(),
    };
    acts::add(tx, me.admin(&actor), new).await?;
    Ok(token)
}

/// `POST /admin/tokens/{id}/revoke`: it is refused from the next request on, and its streams end.
pub async fn revoke(me: SignedIn, State(app): State<App>, RowId(id): RowId) -> Result<Response> {
    let actor = me.actor();
    let mut tx = app.store.write().await?;
    acts::revoke(&mut tx, me.admin(&actor), id).await?;
    tx.commit().await?;
    app.ended.send_replace(());
    Ok(Redirect::to("/admin/tokens").into_response())
}
