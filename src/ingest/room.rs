//! Room for what is delivered: so many bytes are held at once, as they were sent and as they are unpacked, until they
//! are stored. What is read of them takes a few times as much for a moment.
use crate::limits;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for the bytes of deliveries.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// The room of each way in. What comes by webhook is proven by its body alone, so that it must not take the room of those
/// who have a token.
#[derive(Debug, Clone)]
pub struct Rooms {
    /// For those with a token.
    pub calls: Room,
    /// For webhooks.
    pub webhooks: Room,
}

impl Default for Rooms {
    fn default() -> Self {
        let room = || Room(Arc::new(Semaphore::new(limits::INGEST_HELD)));
        Self { calls: room(), webhooks: room() }
    }
}

/// There is no room left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no room for more deliveries")]
pub struct NoRoom;

/// What one delivery holds of a room; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    room: Room,
    held: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// A place that holds nothing yet.
    pub fn place(&self) -> Place {
        Place { room: self.clone(), held: None }
    }
}

impl Place {
    /// Takes so many bytes more.
    ///
    /// # Errors
    /// Where there is no room for them; what it holds it goes on to hold.
    pub fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let bytes = u32::try_from(bytes).map_err(|_| NoRoom)?;
        let more = Arc::clone(&self.room.0).try_acquire_many_owned(bytes).map_err(|_| NoRoom)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}
