//! One open stream: what it may see, what it has told, and when it ends.
use super::present::Here;
use crate::clock::now_ms;
use crate::limits;
use crate::store::changes::{self, Heard, Newest};
use crate::store::{Result, orgs, sessions, tokens, wall};
use crate::web::App;
use axum::response::sse::Event;
use futures_util::{Stream, StreamExt, stream};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A stream that says nothing for so long says that it is alive.
const BEAT: Duration = Duration::from_secs(15);
/// How often it is looked up whether the listener may still listen: another process can end a session too.
const CHECK: Duration = Duration::from_secs(10);
/// How long that holds where something is to be told.
const FRESH: Duration = Duration::from_secs(1);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// Who listens.
pub enum Listener {
    /// A person, by the session's hash.
    Person {
        /// The person.
        user: i64,
        /// The session.
        session: Vec<u8>,
    },
    /// A program, by the token's hash.
    Program {
        /// The token.
        hash: Vec<u8>,
    },
}

impl Listener {
    /// The organisations whose cases it hears of now; nothing where it may not listen any more.
    pub async fn orgs(&self, app: &App) -> Result<Option<Vec<i64>>> {
        let mut tx = app.store.read().await?;
        let now = now_ms();
        match self {
            Self::Person { user, session } => {
                if sessions::user(&mut tx, session, now, app.idle_since(now)).await?.is_none() {
                    return Ok(None);
                }
                let of_user = orgs::of_user(&mut tx, *user).await?;
                Ok(Some(of_user.into_iter().map(|org| org.id).collect()))
            }
            Self::Program { hash } => Ok(tokens::live(&mut tx, hash, now).await?.map(|token| vec![token.org_id])),
        }
    }

    /// What its few places are counted by.
    fn place(&self) -> &[u8] {
        match self {
            Self::Person { session: place, .. } | Self::Program { hash: place } => place,
        }
    }
}

/// Places of a stream: one of all, and one of the few that a session or token has. Given back when dropped.
pub struct Places {
    app: App,
    own: Vec<u8>,
    _one_of_all: OwnedSemaphorePermit,
}

impl Places {
    /// Takes both, or says which is missing.
    pub fn take(app: &App, listener: &Listener) -> std::result::Result<Self, &'static str> {
        if app.stopping.is_cancelled() {
            return Err("The server is about to stop.");
        }
        let all = std::sync::Arc::clone(&app.streams).try_acquire_owned();
        let all = all.map_err(|_| "Too many live pages are open.")?;
        let mut open = app.open_streams.lock().map_err(|_| "Live pages are out of order.")?;
        let count = open.entry(listener.place().to_vec()).or_insert(0);
        if *count >= limits::STREAMS_PER_SESSION {
            return Err("You have too many live pages open.");
        }
        *count += 1;
        Ok(Self { app: app.clone(), own: listener.place().to_vec(), _one_of_all: all })
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        if let Ok(mut open) = self.app.open_streams.lock()
            && let Some(count) = open.get_mut(&self.own)
        {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.own);
            }
        }
    }
}

/// How a change is told.
pub type Telling = fn(&changes::Changed) -> Event;

/// An open stream.
pub struct Feed {
    /// The running program.
    pub app: App,
    /// Who listens.
    pub listener: Listener,
    /// The organisations that it hears of.
    pub orgs: Vec<i64>,
    /// What it has told.
    pub heard: Heard,
    /// How it tells.
    pub telling: Telling,
    /// The case that the page shows, with the person at it.
    pub here: Option<Here>,
    /// Its places.
    pub _places: Places,
}

struct Open {
    feed: Feed,
    newest: watch::Receiver<Newest>,
    looked: Newest,
    moves: broadcast::Receiver<i64>,
    ended: watch::Receiver<()>,
    waiting: VecDeque<changes::Changed>,
    checked: Instant,
    beat: Instant,
}

impl Feed {
    /// The events: first `hello` with the entry that it begins after, then what changes, and a beat in silence.
    pub fn stream(self) -> impl Stream<Item = std::result::Result<Event, Infallible>> {
        let hello = Event::default().event("hello").retry(RETRY).data(self.heard.last.to_string());
        let open = Open {
            newest: self.app.newest.clone(),
            looked: Newest::default(),
            moves: self.app.present.moves(),
            ended: self.app.ended.subscribe(),
            feed: self,
            waiting: VecDeque::new(),
            checked: Instant::now(),
            beat: Instant::now() + BEAT,
        };
        let (sender, events) = mpsc::channel(limits::STREAM_WAITING);
        let over = CancellationToken::new();
        // It looks again and again who may hear what: that is no one organisation's.
        wall::spawn(open.tell(sender, over.clone().drop_guard()));
        let rest = stream::unfold(events, async |mut events| events.recv().await.map(|event| (Ok(event), events)));
        // What still waits is not told once the listener may not listen any more.
        stream::iter([Ok(hello)]).chain(rest).take_until(over.cancelled_owned())
    }
}

impl Open {
    /// Tells until nobody listens, or may listen, or the listener does not keep up, or the server stops.
    async fn tell(mut self, sender: mpsc::Sender<Event>, _over: DropGuard) {
        let stopping = self.feed.app.stopping.clone();
        loop {
            let event = tokio::select! {
                event = self.next() => event,
                () = sender.closed() => None,
                () = stopping.cancelled() => None,
            };
            let (Some(event), Some(place)) = (event, self.place(&sender).await) else { return };
            place.send(event);
        }
    }

    /// A place among the events that wait, where one becomes free in time.
    async fn place<'a>(&mut self, sender: &'a mpsc::Sender<Event>) -> Option<mpsc::Permit<'a, Event>> {
        let late = Instant::now() + BEAT;
        loop {
            tokio::select! {
                place = sender.reserve() => return place.ok(),
                changed = self.ended.changed() => {
                    changed.ok()?;
                    self.check().await?;
                }
                () = tokio::time::sleep_until(late) => return None,
            }
        }
    }

    /// Looks up whether the listener may still listen, and to whom.
    async fn check(&mut self) -> Option<()> {
        self.feed.orgs = self.feed.listener.orgs(&self.feed.app).await.ok()??;
        self.checked = Instant::now();
        Some(())
    }

    /// The next event; nothing where the listener may not listen any more or the store is gone.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.ended.has_changed().ok()? {
                self.ended.mark_unchanged();
                self.check().await?;
            }
            if !self.waiting.is_empty() && self.checked.elapsed() >= FRESH {
                self.check().await?;
            }
            if let Some(change) = self.waiting.pop_front() {
                self.feed.heard.hear(change.id);
                if self.feed.orgs.contains(&change.org_id) {
                    self.beat = Instant::now() + BEAT;
                    return Some((self.feed.telling)(&change).id(self.feed.heard.last.to_string()));
                }
            } else if self.may_be_new() {
                let mut tx = self.feed.app.store.read().await.ok()?;
                self.waiting = changes::since(&mut tx, &self.feed.heard, 256).await.ok()?.into();
            } else if let Some(event) = self.silence().await? {
                self.beat = Instant::now() + BEAT;
                return Some(event);
            }
        }
    }

    /// Whether the timeline went on since it was last looked at, or has more than one look brought.
    fn may_be_new(&mut self) -> bool {
        let newest = *self.newest.borrow_and_update();
        let before = std::mem::replace(&mut self.looked, newest);
        newest != before || newest.id > self.feed.heard.last
    }

    /// Waits for something to happen, with what is to be told where that is no change.
    async fn silence(&mut self) -> Option<Option<Event>> {
        tokio::select! {
            changed = self.newest.changed() => changed.ok()?,
            changed = self.ended.changed() => {
                changed.ok()?;
                self.check().await?;
            }
            case = moved(&mut self.moves, self.feed.here.as_ref()) => {
                return Some(Some(Event::default().event("case").data(case.to_string())));
            }
            () = tokio::time::sleep_until(self.beat) => {
                return Some(Some(Event::default().event("beat").data(now_ms().to_string())));
            }
            () = tokio::time::sleep_until(self.checked + CHECK) => self.check().await?,
        }
        Some(None)
    }
}

/// Waits until somebody comes to the case of this page or goes; for ever where the page shows none.
async fn moved(moves: &mut broadcast::Receiver<i64>, here: Option<&Here>) -> i64 {
    let Some(here) = here else { return std::future::pending().await };
    loop {
        match moves.recv().await {
            Ok(case) if case != here.case() => {}
            // Who fell behind may have missed one that was meant for this page.
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return here.case(),
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}
