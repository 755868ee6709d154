//! Holds every request against the table of routes before its handler runs, and enters what was denied.
use super::App;
use super::auth::{SignedIn, unproven};
use super::origin;
use super::routes::{self, Route, Who};
use super::view::text::start;
use crate::api::bearer::Bearer;
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::record::{Ended, Entry, audit_as};
use crate::store::wall::{self, Whose, as_program};
use crate::store::{Actor, ActorKind, Store};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// The characters of an address that the ledger keeps.
const OBJECT: usize = 200;

/// Who asks.
enum Caller {
    /// Nobody that this route has to know.
    Unnamed,
    /// A signed-in person.
    Person(Box<SignedIn>),
    /// A program.
    Program(Box<Bearer>),
}

impl Caller {
    /// Whose rows the request is about: who signs in or delivers proves only on the way who they are.
    fn whose(&self, route: &Route) -> Whose {
        match self {
            Self::Unnamed => Whose::Programs,
            _ if routes::BEYOND.contains(&route.path) => Whose::Programs,
            Self::Person(me) => Whose::Of(Arc::clone(&me.orgs)),
            Self::Program(bearer) => Whose::Of([bearer.token.org_id].into()),
        }
    }
}

/// The layer.
pub async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let here: Vec<Route> = routes::all().filter(|route| route.path == path).collect();
    if here.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let Some(route) = here.iter().find(|route| route.method == method.as_str()) else { return other_method(&here) };
    let (mut parts, body) = request.into_parts();
    let foreign = origin::refuses(&app, &parts);
    let caller = as_program(identify(&app, &mut parts, route.who)).await;
    let asked = format!("{} {}", parts.method, start(parts.uri.path(), OBJECT));
    let unknown = unproven(&app, &parts, ActorKind::Token, "no valid token");
    let response = match &caller {
        _ if foreign => AppError::Forbidden("This request came from another site.").into_response(),
        Ok(caller) => match admit(route.who, caller) {
            Ok(()) if has_to_change_first(caller, route) => Redirect::to("/profile/password").into_response(),
            Ok(()) => caller.whose(route).scope(next.run(Request::from_parts(parts, body))).await,
            Err(refused) => refused.into_response(),
        },
        Err(error) => {
            if matches!(error, AppError::Unauthorized) {
                crate::metrics::login_failed("token");
                enter_unknown(&app, unknown, asked);
            }
            return caller.err().map_or_else(|| StatusCode::UNAUTHORIZED.into_response(), AppError::into_response);
        }
    };
    // A webhook without its signature is entered by its handler, which knows the source.
    if route.path == "/api/v1/detections" && response.status() == StatusCode::UNAUTHORIZED {
        enter_unknown(&app, unknown, asked);
    } else if let Ok(caller) = caller {
        enter(&app, &caller, route, &asked, response.status());
    }
    response
}

/// Enters a call without a token that holds: once a minute for each address, and no more than one a second of all
/// together, as addresses cost nothing.
fn enter_unknown(app: &App, actor: Actor, asked: String) {
    let first = app.buckets.take(&format!("no token: {}", actor.client), 1.0 / 60.0, 1.0).is_ok();
    if first && app.buckets.take("no token", 1.0, 20.0).is_ok() {
        wall::spawn(write(app.store.clone(), actor, None, "token_refused", asked));
    }
}

/// A known address, used in a way that it does not have.
fn other_method(here: &[Route]) -> Response {
    let all = here.iter().map(|route| if route.method == "GET" { "GET,HEAD" } else { route.method });
    let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
    if let Ok(value) = HeaderValue::from_str(&all.collect::<Vec<_>>().join(",")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// Finds out who asks; the handler takes it from the request and does not look again.
async fn identify(app: &App, parts: &mut Parts, who: Who) -> Result<Caller> {
    Ok(match who {
        Who::Anybody | Who::Sender => Caller::Unnamed,
        Who::Watcher => {
            crate::api::metrics::admit(app, &parts.headers)?;
            Caller::Unnamed
        }
        Who::Person(_) => {
            let me = <SignedIn as FromRequestParts<App>>::from_request_parts(parts, app).await?;
            parts.extensions.insert(me.clone());
            Caller::Person(Box::new(me))
        }
        Who::Token(_) => {
            let bearer = Bearer::from_request_parts(parts, app).await?;
            parts.extensions.insert(bearer.clone());
            Caller::Program(Box::new(bearer))
        }
    })
}

fn admit(who: Who, caller: &Caller) -> Result<()> {
    match (who, caller) {
        (Who::Anybody | Who::Sender | Who::Watcher, _) => Ok(()),
        (Who::Person(role), Caller::Person(me)) => me.must_be(role),
        (Who::Token(scope), Caller::Program(bearer)) => bearer.may(scope),
        _ => Err(AppError::Unauthorized),
    }
}

/// Whether this person has a password that somebody else knows, and wants something else than to change it.
fn has_to_change_first(caller: &Caller, route: &Route) -> bool {
    let Caller::Person(me) = caller else { return false };
    me.user.must_change && !routes::FIRST.contains(&(route.method, route.path))
}

/// Enters a denial, and an object that was not there or is another organisation's: once a minute for each
/// caller and route, so that nobody can fill the ledger.
fn enter(app: &App, caller: &Caller, route: &Route, asked: &str, status: StatusCode) {
    let action = match status {
        StatusCode::FORBIDDEN => "denied",
        StatusCode::NOT_FOUND if route.path.contains('{') || route.method != "GET" => "not_found",
        _ => return,
    };
    let (name, actor, org_id) = match caller {
        Caller::Unnamed => return,
        Caller::Person(me) => (format!("person {}", me.user.id), me.actor(), None),
        Caller::Program(bearer) => (format!("token {}", bearer.token.id), bearer.actor(), Some(bearer.token.org_id)),
    };
    let bucket = format!("{action}: {name} {} {}", route.method, route.path);
    if app.buckets.take(&bucket, 1.0 / 60.0, 1.0).is_ok() {
        // Not part of the request: whether a thing is there must not show in how long its refusal takes.
        wall::spawn(write(app.store.clone(), actor, org_id, action, asked.to_owned()));
    }
}

async fn write(store: Store, actor: Actor, org_id: Option<i64>, action: &'static str, object: String) {
    let written = async {
        let mut tx = store.write().await?;
        let entry = Entry { action, object: &object, old: "", new: "" };
        audit_as(&mut tx, &actor, org_id, &entry, Ended::Denied, now_ms()).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "a denial could not be entered");
    }
}
