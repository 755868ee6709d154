//! People, for admins: who there is, what they may do, and what is done where one comes, goes or is locked out.
mod steps;

pub use steps::step;

use super::App;
use super::auth::{SignedIn, hash_new, orgs_of};
use super::form::{Asked, Fields, RowId};
use super::page::{Chrome, Page};
use super::view::text::visible;
use super::view::words::{When, when};
use crate::admin::{AdminError, people as acts};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::orgs::Org;
use crate::store::people::{self, Now, Person, Shared};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// A person as pages show them.
struct Line {
    id: i64,
    name: String,
    role: Role,
    /// Short names of the organisations that they share with the admin.
    orgs: Vec<String>,
    /// Whether there are others.
    elsewhere: bool,
    disabled: bool,
    must_change: bool,
    second: bool,
    added: When,
    signed_in: Option<When>,
    seen: Option<When>,
    sessions: i64,
    version: i64,
}

fn line(one: &Person, shared: &[Shared]) -> Line {
    Line {
        id: one.id,
        name: visible(&one.username),
        role: one.role,
        orgs: shared.iter().filter(|org| org.user_id == one.id).map(|org| org.slug.clone()).collect(),
        elsewhere: one.elsewhere,
        disabled: one.disabled,
        must_change: one.must_change,
        second: one.second,
        added: when(one.created_ms),
        signed_in: one.signed_in_ms.map(when),
        seen: one.seen_ms.map(when),
        sessions: one.sessions,
        version: one.version,
    }
}

/// A password that is shown this once.
struct Given {
    name: String,
    password: String,
}

/// A person to add, as it was typed.
#[derive(Debug, Default)]
struct Typed {
    name: String,
    role: String,
    orgs: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin/people.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
    orgs: Vec<Org>,
    q: String,
    later: bool,
    more: Option<String>,
    typed: Typed,
    problem: String,
    given: Option<Given>,
}

/// Which people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    q: String,
    after: String,
}

fn now(app: &App) -> Now {
    let now_ms = now_ms();
    Now { now_ms, idle_since_ms: app.idle_since(now_ms) }
}

/// `GET /admin/users`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    if [&query.q, &query.after].iter().any(|text| text.contains('\0')) {
        return Err(AppError::BadRequest("A filter holds a NUL character.".to_owned()));
    }
    list(&app, &me, query, (StatusCode::OK, Typed::default(), String::new(), None)).await
}

async fn list(
    app: &App,
    me: &SignedIn,
    query: Query,
    (status, typed, problem, given): (StatusCode, Typed, String, Option<Given>),
) -> Result<Response> {
    let chrome = Chrome::of(app, me, "users").await?;
    let orgs = orgs_of(app, me).await?;
    let q = query.q.trim().to_lowercase();
    let mut tx = app.store.read().await?;
    let mut found = people::page(&mut tx, me.user.id, now(app), (&q, &query.after), limits::PAGE + 1).await?;
    let full = i64::try_from(found.len()).is_ok_and(|count| count > limits::PAGE);
    if full {
        found.pop();
    }
    let ids: Vec<i64> = found.iter().map(|one| one.id).collect();
    let shared = people::shared(&mut tx, me.user.id, &ids).await?;
    drop(tx);
    let more = found.last().filter(|_| full).map(|last| {
        let mut next = form_urlencoded::Serializer::new(String::new());
        next.extend_pairs([("q", q.as_str()), ("after", last.username.as_str())]);
        format!("/admin/users?{}", next.finish())
    });
    let lines = found.iter().map(|one| line(one, &shared)).collect();
    let later = !query.after.is_empty();
    Ok((status, Page(Index { chrome, lines, orgs, q, later, more, typed, problem, given })).into_response())
}

/// `POST /admin/users`: the server makes the first password, and the answer shows it once.
pub async fn add(
    me: SignedIn,
    State(app): State<App>,
    Fields(form): Fields<Vec<(String, String)>>,
) -> Result<Response> {
    let text = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, text)| text.trim().to_owned());
    let orgs = form.iter().filter(|(name, _)| name == "org").map(|(_, slug)| slug.clone()).collect();
    let (name, role) = (text("name").unwrap_or_default().to_lowercase(), text("role").unwrap_or_default());
    let typed = Typed { name, role, orgs };
    let password = one_time();
    let added = match typed.role.parse() {
        Ok(role) => put(&app, &me, &typed, role, password.clone()).await,
        Err(_) => Err(AdminError::Invalid { field: "role", text: "viewer, analyst, lead or admin." }.into()),
    };
    match added.map_err(AppError::shown) {
        Ok(()) => {
            let given = Given { name: typed.name, password };
            let told = (StatusCode::CREATED, Typed::default(), String::new(), Some(given));
            list(&app, &me, Query::default(), told).await
        }
        Err(Ok((status, problem))) => list(&app, &me, Query::default(), (status, typed, problem, None)).await,
        Err(Err(error)) => Err(error),
    }
}

async fn put(app: &App, me: &SignedIn, typed: &Typed, role: Role, password: String) -> Result<()> {
    let mine = orgs_of(app, me).await?;
    if typed.orgs.iter().any(|slug| !mine.iter().any(|org| org.slug == *slug)) {
        return Err(AppError::Unknown("organisation"));
    }
    let hash = hashed(app, password).await?;
    let actor = me.actor();
    let mut tx = app.store.write().await?;
    let new = acts::New { name: &typed.name, role, orgs: &typed.orgs, hash: &hash, must_change: true };
    acts::add(&mut tx, me.admin(&actor), new).await?;
    Ok(tx.commit().await?)
}

/// A password of 100 random bits, in letters and digits that can't be taken for each other.
fn one_time() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let random = rand::random::<[u8; 20]>().map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
    random.chunks(5).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Hashing takes memory and time on purpose: in its turn, off the async threads.
async fn hashed(app: &App, password: String) -> Result<String> {
    let place = tokio::time::timeout(Duration::from_secs(5), Arc::clone(&app.hashing).acquire_owned()).await;
    let Ok(Ok(_place)) = place else { return Err(AppError::Busy) };
    let hashed = tokio::task::spawn_blocking(move || hash_new("", &password)).await;
    let hashed = hashed.map_err(|error| AppError::Internal(error.into()))?;
    hashed.map_err(|error| AppError::Internal(error.into()))
}

#[derive(Template)]
#[template(path = "admin/person.html")]
struct Show {
    chrome: Chrome,
    one: Line,
    /// The organisations that they share with the admin.
    shared: Vec<Shared>,
    /// Those that the admin can put them into.
    others: Vec<Org>,
    is_self: bool,
    problem: String,
    done: &'static str,
    given: Option<Given>,
}

/// What was done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Told {
    done: String,
}

/// `GET /admin/users/{id}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    RowId(id): RowId,
    Asked(told): Asked<Told>,
) -> Result<Response> {
    let done = steps::done(&told.done);
    page(&app, &me, id, (StatusCode::OK, String::new(), done, None)).await
}

/// The page of a person whom the admin sees.
async fn page(
    app: &App,
    me: &SignedIn,
    id: i64,
    (status, problem, done, given): (StatusCode, String, &'static str, Option<Given>),
) -> Result<Response> {
    let mut tx = app.store.read().await?;
    let found = people::one(&mut tx, me.user.id, now(app), id).await?.ok_or(AppError::Unknown("person"))?;
    let shared = people::shared(&mut tx, me.user.id, &[id]).await?;
    drop(tx);
    let chrome = Chrome::of(app, me, "users").await?;
    let mut others = orgs_of(app, me).await?;
    others.retain(|org| !shared.iter().any(|known| known.org_id == org.id));
    let (one, is_self) = (line(&found, &shared), id == me.user.id);
    Ok((status, Page(Show { chrome, one, shared, others, is_self, problem, done, given })).into_response())
}
