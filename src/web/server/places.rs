//! Places for connections. Where all are taken, the connection that has kept us waiting longest makes room for the next
//! one: whoever opens many and sends little pushes out their own, and nobody who asks something.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// All places.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    waiting: Arc<Mutex<Waiting>>,
}

/// Connections whose client has the next word, by when that began.
#[derive(Default)]
struct Waiting {
    next: u64,
    since: BTreeMap<u64, CancellationToken>,
}

/// One connection's place, given back when dropped.
pub struct Place {
    waiting: Arc<Mutex<Waiting>>,
    since: Mutex<Option<u64>>,
    /// Cancelled where this connection has to make room.
    pub gone: CancellationToken,
    _held: OwnedSemaphorePermit,
}

impl Places {
    /// So many.
    pub fn new(count: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), waiting: Arc::default() }
    }

    /// A place, at once where one is free or can be made free; else when somebody leaves.
    pub async fn take(&self) -> Option<Arc<Place>> {
        let held = if let Ok(held) = Arc::clone(&self.free).try_acquire_owned() {
            held
        } else {
            let oldest = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).since.pop_first();
            if let Some((_, gone)) = oldest {
                gone.cancel();
            }
            Arc::clone(&self.free).acquire_owned().await.ok()?
        };
        let place = Place {
            waiting: Arc::clone(&self.waiting),
            since: Mutex::default(),
            gone: CancellationToken::new(),
            _held: held,
        };
        place.waits();
        Some(Arc::new(place))
    }
}

impl Place {
    /// From now on it is the client's turn: to send a request or the rest of it, or to read an answer.
    pub fn waits(&self) {
        self.turn(true);
    }

    /// From now on it is our turn.
    pub fn works(&self) {
        self.turn(false);
    }

    fn turn(&self, waits: bool) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = since.take() {
            waiting.since.remove(&known);
        }
        if waits {
            waiting.next += 1;
            let now = waiting.next;
            waiting.since.insert(now, self.gone.clone());
            *since = Some(now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.works();
    }
}

/// Tells that the body of a request has come, when it is dropped.
pub struct Arriving(pub Arc<Place>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.works();
    }
}
