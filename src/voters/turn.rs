//! Whose turn it is at an endpoint: so many at once, and the model that is loaded before the others.
//!
//! A small GPU holds one model. Served in the order of their arrival, two models would push each
//! other out with every question, so those of the model served last go first; a few in a row,
//! then whoever waits longest for another one.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// So many of one model in a row while others wait.
pub const IN_A_ROW: u32 = 8;

/// The queue at an endpoint.
pub struct Turns(Mutex<Queue>);

struct Queue {
    size: usize,
    free: usize,
    model: String,
    in_a_row: u32,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    model: String,
    call: oneshot::Sender<Place>,
}

/// A place at the endpoint; given back when dropped.
pub struct Place(Arc<Turns>);

impl Turns {
    /// A queue that lets so many in at once, at least one.
    pub fn new(size: usize) -> Arc<Self> {
        let size = size.max(1);
        let queue = Queue { size, free: size, model: String::new(), in_a_row: 0, waiting: VecDeque::new() };
        Arc::new(Self(Mutex::new(queue)))
    }

    /// Lets so many in at once, if that is more than now.
    pub fn widen(self: &Arc<Self>, size: usize) {
        let more = size.saturating_sub(self.queue().size);
        self.queue().size += more;
        for _ in 0..more {
            self.call_next();
        }
    }

    /// Waits for a place; `model` is empty where it does not matter. A wait that is given up costs nothing.
    pub async fn wait(self: &Arc<Self>, model: &str) -> Option<Place> {
        let called = {
            let mut queue = self.queue();
            if queue.free > 0 {
                queue.free -= 1;
                queue.serve(model);
                return Some(Place(Arc::clone(self)));
            }
            let (call, called) = oneshot::channel();
            queue.waiting.push_back(Waiting { model: model.to_owned(), call });
            called
        };
        // The queue forgets nobody, so the call comes.
        called.await.ok()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.queue().waiting.len()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a place on. Whoever has given up waiting drops it, which hands it on again.
    fn call_next(self: &Arc<Self>) {
        let next = {
            let mut queue = self.queue();
            let next = queue.next();
            if next.is_none() {
                queue.free += 1;
            }
            next
        };
        if let Some(next) = next {
            drop(next.call.send(Place(Arc::clone(self))));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.call_next();
    }
}

impl Queue {
    fn next(&mut self) -> Option<Waiting> {
        // Those who gave up must not count as a turn of their model.
        self.waiting.retain(|waiting| !waiting.call.is_closed());
        let may_stay = self.in_a_row < IN_A_ROW;
        let at = self.waiting.iter().position(|waiting| (waiting.model == self.model) == may_stay);
        let next = self.waiting.remove(at.unwrap_or_default())?;
        self.serve(&next.model);
        Some(next)
    }

    fn serve(&mut self, model: &str) {
        if self.model != model {
            model.clone_into(&mut self.model);
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
    }
}
