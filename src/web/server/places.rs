//! Places for connections. Where all are taken, somebody who keeps us waiting makes room for the next one: of the address
//! that has most such connections, the one that has waited longest. So whoever opens many and sends or reads little
//! pushes out their own first. Event streams, which come back by themselves, go only where nobody else waits.
use super::sent::Sent;
use axum::body::Body;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// All places.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    kept: Arc<Kept>,
}

/// Connections that can make room, and who is told when there is one more.
#[derive(Default)]
struct Kept {
    turns: Mutex<Turns>,
    more: Notify,
}

#[derive(Default)]
struct Turns {
    next: u64,
    /// Those whose client has the next word, by address and by when that began.
    waiting: HashMap<IpAddr, BTreeMap<u64, CancellationToken>>,
    /// Event streams, by when they began.
    listening: BTreeMap<u64, CancellationToken>,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Client,
    Stream,
    Ours,
}

/// One connection's place, given back when dropped.
pub struct Place {
    kept: Arc<Kept>,
    address: IpAddr,
    turn: Mutex<(Turn, u64)>,
    /// Cancelled where this connection has to make room.
    pub gone: CancellationToken,
    _held: OwnedSemaphorePermit,
}

impl Kept {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// Takes out who has to make room.
    fn pushed_out(&mut self) -> Option<CancellationToken> {
        let oldest = |all: &BTreeMap<u64, CancellationToken>| all.keys().next().copied().unwrap_or(u64::MAX);
        let most = self.waiting.iter().max_by_key(|(_, all)| (all.len(), u64::MAX - oldest(all)));
        let Some(address) = most.map(|(address, _)| *address) else {
            return self.listening.pop_first().map(|(_, gone)| gone);
        };
        let all = self.waiting.get_mut(&address)?;
        let (_, gone) = all.pop_first()?;
        if all.is_empty() {
            self.waiting.remove(&address);
        }
        Some(gone)
    }

    fn remove(&mut self, address: IpAddr, (turn, since): (Turn, u64)) {
        match turn {
            Turn::Client => {
                if let Some(all) = self.waiting.get_mut(&address) {
                    all.remove(&since);
                    if all.is_empty() {
                        self.waiting.remove(&address);
                    }
                }
            }
            Turn::Stream => drop(self.listening.remove(&since)),
            Turn::Ours => {}
        }
    }
}

impl Places {
    /// So many.
    pub fn new(count: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), kept: Arc::default() }
    }

    /// A place for a client, at once where one is free or can be made free; else as soon as one can.
    pub async fn take(&self, address: IpAddr) -> Option<Arc<Place>> {
        let held = loop {
            if let Ok(held) = Arc::clone(&self.free).try_acquire_owned() {
                break held;
            }
            let more = self.kept.more.notified();
            let pushed_out = self.kept.turns().pushed_out();
            if let Some(gone) = pushed_out {
                gone.cancel();
                break Arc::clone(&self.free).acquire_owned().await.ok()?;
            }
            tokio::select! {
                held = Arc::clone(&self.free).acquire_owned() => break held.ok()?,
                () = more => {}
            }
        };
        let (kept, gone) = (Arc::clone(&self.kept), CancellationToken::new());
        let place = Place { kept, address, turn: Mutex::new((Turn::Ours, 0)), gone, _held: held };
        place.waits();
        crate::metrics::connected(1);
        Some(Arc::new(place))
    }
}

impl Place {
    /// From now on it is the client's turn: to send a request or the rest of it, or to read an answer.
    pub fn waits(&self) {
        self.turn(Turn::Client);
    }

    /// From now on the client listens to a stream of events.
    pub fn listens(&self) {
        self.turn(Turn::Stream);
    }

    /// From now on it is our turn.
    pub fn works(&self) {
        self.turn(Turn::Ours);
    }

    fn turn(&self, to: Turn) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.kept.turns();
        all.remove(self.address, *turn);
        all.next += 1;
        *turn = (to, all.next);
        // Who was pushed out is on the way out, and makes room only once.
        if self.gone.is_cancelled() {
            return;
        }
        let (since, gone) = (turn.1, self.gone.clone());
        match to {
            Turn::Client => drop(all.waiting.entry(self.address).or_default().insert(since, gone)),
            Turn::Stream => drop(all.listening.insert(since, gone)),
            Turn::Ours => return,
        }
        drop(all);
        self.kept.more.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.works();
        crate::metrics::connected(-1);
    }
}

/// Tells that the body of a request has come, when it is dropped.
pub struct Arriving(pub Arc<Place>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.works();
    }
}

/// An answer's body that tells of each piece that the client took.
pub fn sent(body: Body, place: Arc<Place>) -> Body {
    Body::new(Sent { body, place })
}
