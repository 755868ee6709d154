//! A file that is read again when it changed. What was read before stays where the new one can't be read.
use crate::clock::now_ms;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// A file is looked at no more often.
const AGAIN_MS: u64 = 60_000;
/// Whoever asks waits so long for it to be read again; what takes longer is there for the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// When a file was changed, and its size.
type Stamp = (Option<SystemTime>, u64);

/// What a file holds.
pub(super) struct Watched<T> {
    inner: Arc<Inner<T>>,
}

struct Inner<T> {
    file: String,
    read: fn(&str) -> Result<T, String>,
    now: RwLock<Arc<T>>,
    failure: RwLock<Option<(String, i64)>>,
    /// As it was when it was last read, and when it was last looked at.
    looked: Mutex<(Option<Stamp>, i64)>,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads a file for the first time.
    pub(super) fn open(file: &str, read: fn(&str) -> Result<T, String>) -> Result<Self, String> {
        let stamp = stamp(file)?;
        let inner = Inner {
            file: file.to_owned(),
            read,
            now: RwLock::new(Arc::new(read(file)?)),
            failure: RwLock::default(),
            looked: Mutex::new((Some(stamp), now_ms())),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the file held when it could last be read.
    pub(super) fn get(&self) -> Arc<T> {
        Arc::clone(&self.inner.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why it can't be read as it is now, and since when that is known.
    pub(super) fn failure(&self) -> Option<(String, i64)> {
        self.inner.failure.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads it again where it changed, at most once a minute.
    pub(super) async fn refresh(&self) {
        let inner = Arc::clone(&self.inner);
        // A file of millions of hashes takes its time: that must not hold up a vote.
        let reading = tokio::spawn(async move { inner.look().await });
        let _ = timeout(PATIENCE, reading).await;
    }
}

impl<T: Send + Sync + 'static> Inner<T> {
    async fn look(self: Arc<Self>) {
        // Whoever reads it already does so for all.
        let Ok(mut looked) = self.looked.try_lock() else { return };
        let now = now_ms();
        if now.abs_diff(looked.1) < AGAIN_MS {
            return;
        }
        looked.1 = now;
        let (this, before) = (Arc::clone(&self), looked.0);
        let read = tokio::task::spawn_blocking(move || this.changed(before)).await;
        let failure = match read {
            Ok(Ok(None)) => return,
            Ok(Ok(Some((stamp, read)))) => {
                looked.0 = Some(stamp);
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                None
            }
            Ok(Err(why)) => Some(why),
            Err(error) => Some(error.to_string()),
        };
        let mut known = self.failure.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &failure {
            // A file that can't be read is tried again, whatever its time and size.
            looked.0 = None;
            tracing::warn!(file = self.file, why, "a list could not be read again; what was read before stays");
        }
        let since = known.as_ref().map_or(now, |(_, since)| *since);
        *known = failure.map(|why| (format!("{}: {why}", self.file), since));
    }

    /// What the file holds, where it is another one than before.
    fn changed(&self, before: Option<Stamp>) -> Result<Option<(Stamp, T)>, String> {
        let stamp = stamp(&self.file)?;
        if before == Some(stamp) {
            return Ok(None);
        }
        Ok(Some((stamp, (self.read)(&self.file)?)))
    }
}

/// Taken before a file is read, so that what changes meanwhile is read again.
fn stamp(file: &str) -> Result<Stamp, String> {
    let data = std::fs::metadata(file).map_err(|error| error.to_string())?;
    Ok((data.modified().ok(), data.len()))
}
