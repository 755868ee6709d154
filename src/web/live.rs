//! The live feed: server-sent events that name the cases that changed; pages fetch themselves again.
//!
//! The timeline is the feed: one task looks for its newest entry, at once where this process
//! changed something or another one tells of a change, and twice a second otherwise.
mod feed;
mod present;

use self::feed::{Feed, Listener, Places, Telling};
use self::present::Here;
pub use self::present::Present;

use super::App;
use super::auth::SignedIn;
use super::form::Asked;
use crate::api::bearer::Bearer;
use crate::domain::role::Scope;
use crate::error::{AppError, Result};
use crate::store::changes::{self, Heard, Newest};
use crate::store::{Store, cases};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch as channel};

/// Follows the newest entry of the timeline until the store is closed.
///
/// # Errors
/// Where the database can't be read at the start.
pub async fn watch(store: Store, wake: Arc<Notify>) -> Result<channel::Receiver<Newest>, sqlx::Error> {
    let newest = async |store: &Store| changes::newest(&mut store.read().await?).await;
    let (sender, receiver) = channel::channel(newest(&store).await?);
    tokio::spawn(async move {
        while !sender.is_closed() {
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            if let Ok(now) = newest(&store).await {
                sender.send_if_modified(|known| std::mem::replace(known, now) != now);
            }
        }
    });
    Ok(receiver)
}

/// What the page that listens shows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Shows {
    /// A case.
    case: Option<i64>,
}

/// `GET /events`: `case` with a number, for pages; `beat` where nothing happened for 15 s. With `case` the person
/// counts as looking at that case, and hears who else comes and goes.
pub async fn events(
    me: SignedIn,
    State(app): State<App>,
    Asked(shows): Asked<Shows>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    let seen = match shows.case {
        Some(number) => cases::visible(&mut app.store.read().await?, me.scope(), number).await?,
        None => None,
    };
    let here = seen.map(|case| app.present.come(case.number, &me.user.username));
    let listener = Listener::Person { user: me.user.id, session: me.session };
    let telling: Telling = |change| Event::default().event("case").data(change.case_number.to_string());
    open(app, listener, here, &headers, telling).await
}

/// `GET /api/v1/stream`: `case` with `{"number","kind"}`, for programs.
pub async fn stream(me: Bearer, State(app): State<App>, headers: HeaderMap) -> Result<impl IntoResponse> {
    me.may(Scope::Read)?;
    let telling: Telling = |change| {
        let told = serde_json::json!({"number": change.case_number, "kind": change.kind});
        Event::default().event("case").data(told.to_string())
    };
    open(app, Listener::Program { hash: me.hash }, None, &headers, telling).await
}

/// Opens a stream that begins after `Last-Event-ID`, or now.
async fn open(
    app: App,
    listener: Listener,
    here: Option<Here>,
    headers: &HeaderMap,
    telling: Telling,
) -> Result<impl IntoResponse + use<>> {
    let places = Places::take(&app, &listener).map_err(AppError::Crowded)?;
    let asked = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let last = asked.unwrap_or(app.newest.borrow().id);
    let heard = Heard::up_to(&mut app.store.read().await?, last).await?;
    let orgs = listener.orgs(&app).await?.ok_or(AppError::Unauthorized)?;
    // Proxies that collect an answer before they pass it on would hold the feed back.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((unbuffered, Sse::new(Feed { app, listener, orgs, heard, telling, here, _places: places }.stream())))
}
