//! Who looked at which case: noted after the page was made, off its path, many with one commit.
use crate::clock::now_ms;
use crate::store::looks::{self, Look};
use crate::store::{Result, Store};
use axum::http::HeaderMap;
use tokio::sync::mpsc;

/// Looks that may wait to be written; what is beyond is not noted, and then a change is told once more.
const WAITING: usize = 1_024;
/// Looks that share a commit.
const BATCH: usize = 200;

/// Takes looks and writes them.
#[derive(Clone)]
pub struct Looks(mpsc::Sender<Look>);

impl Looks {
    /// Starts the task that writes; it ends when the last `Looks` is dropped.
    pub fn start(store: Store) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(write(store, receiver));
        Self(sender)
    }

    /// Notes that a person looked at a case whose timeline went up to an entry.
    pub fn note(&self, user_id: i64, case: i64, seen_id: i64) {
        let look = Look { user_id, case, seen_id, at_ms: now_ms() };
        if self.0.try_send(look).is_err() {
            tracing::debug!(case, "a look was not noted");
        }
    }
}

async fn write(store: Store, mut receiver: mpsc::Receiver<Look>) {
    let mut all = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut all, BATCH).await > 0 {
        if let Err(error) = commit(&store, &all).await {
            tracing::warn!(%error, "looks were not noted");
        }
        all.clear();
    }
}

async fn commit(store: &Store, all: &[Look]) -> Result<()> {
    let mut tx = store.write().await?;
    looks::note(&mut tx, all).await?;
    tx.commit().await
}

/// Whether a person looks at the page, rather than a script that refreshes it or a browser that fetches it ahead.
pub fn is_look(headers: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
    };
    !headers.contains_key("x-live")
        && !["purpose", "sec-purpose", "x-moz"].iter().any(|name| says(name, "prefetch") || says(name, "prerender"))
}
