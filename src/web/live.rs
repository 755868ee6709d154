//! The live feed: server-sent events that name the cases that changed; pages fetch themselves again.
//!
//! The timeline is the feed: one task looks for its newest entry, at once where this process
//! changed something and twice a second otherwise, so that a worker in another process is seen too.
use super::App;
use super::auth::SignedIn;
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::{Store, changes, orgs};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch as channel};

/// Follows the newest entry of the timeline until the store is closed.
///
/// # Errors
/// Where the database can't be read at the start.
pub async fn watch(store: Store, wake: Arc<Notify>) -> Result<channel::Receiver<i64>, sqlx::Error> {
    let newest = async |store: &Store| changes::newest(&mut store.read().await?).await;
    let (sender, receiver) = channel::channel(newest(&store).await?);
    tokio::spawn(async move {
        while !sender.is_closed() {
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            if let Ok(id) = newest(&store).await {
                sender.send_if_modified(|known| std::mem::replace(known, id) != id);
            }
        }
    });
    Ok(receiver)
}

struct Feed {
    app: App,
    me: SignedIn,
    orgs: Vec<i64>,
    last: i64,
    waiting: VecDeque<changes::Changed>,
    newest: channel::Receiver<i64>,
    _place: OwnedSemaphorePermit,
    _own: OwnPlace,
}

/// One of the few streams of a session; gives its place back when the stream ends.
struct OwnPlace {
    app: App,
    session: Vec<u8>,
}

impl OwnPlace {
    fn take(app: &App, session: &[u8]) -> Option<Self> {
        let mut open = app.open_streams.lock().ok()?;
        let count = open.entry(session.to_vec()).or_insert(0);
        if *count >= limits::STREAMS_PER_SESSION {
            return None;
        }
        *count += 1;
        Some(Self { app: app.clone(), session: session.to_vec() })
    }
}

impl Drop for OwnPlace {
    fn drop(&mut self) {
        if let Ok(mut open) = self.app.open_streams.lock()
            && let Some(count) = open.get_mut(&self.session)
        {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.session);
            }
        }
    }
}

/// `GET /events`
pub async fn events(me: SignedIn, State(app): State<App>, headers: HeaderMap) -> Result<impl IntoResponse> {
    let place = Arc::clone(&app.streams)
        .try_acquire_owned()
        .map_err(|_| AppError::NotReady("Too many live pages are open."))?;
    let own = OwnPlace::take(&app, &me.session).ok_or(AppError::NotReady("You have too many live pages open."))?;
    let newest = app.newest.clone();
    let asked = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let orgs = orgs::of_user(&mut app.store.read().await?, me.user.id).await?.into_iter().map(|org| org.id).collect();
    let last = asked.unwrap_or(*newest.borrow());
    let feed = Feed { app, me, orgs, last, waiting: VecDeque::new(), newest, _place: place, _own: own };
    let first = futures_util::stream::iter([Ok(Event::default().event("hello").data(last.to_string()))]);
    Ok(Sse::new(first.chain(stream(feed))).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)).text("beat")))
}

fn stream(feed: Feed) -> impl Stream<Item = std::result::Result<Event, Infallible>> {
    futures_util::stream::unfold(feed, |mut feed| async move {
        loop {
            while let Some(change) = feed.waiting.pop_front() {
                feed.last = change.id;
                if feed.orgs.contains(&change.org_id) {
                    let event =
                        Event::default().id(change.id.to_string()).event("case").data(change.case_number.to_string());
                    return Some((Ok(event), feed));
                }
            }
            feed.refill().await?;
        }
    })
}

impl Feed {
    /// Waits for entries; nothing where the session is over or the store is gone.
    async fn refill(&mut self) -> Option<()> {
        if *self.newest.borrow_and_update() <= self.last {
            let changed = tokio::time::timeout(Duration::from_mins(1), self.newest.changed()).await;
            if matches!(changed, Ok(Err(_))) || !self.still_signed_in().await {
                return None;
            }
        }
        let mut tx = self.app.store.read().await.ok()?;
        self.waiting = changes::since(&mut tx, self.last, 256).await.ok()?.into();
        Some(())
    }

    async fn still_signed_in(&self) -> bool {
        let Ok(mut tx) = self.app.store.read().await else { return false };
        let now = now_ms();
        let idle = now - crate::limits::SESSION_IDLE_MS;
        matches!(crate::store::sessions::user(&mut tx, &self.me.session, now, idle).await, Ok(Some(_)))
    }
}
