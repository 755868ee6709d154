//! How often something may happen: token buckets for callers, growing waits for wrong passwords.
use crate::clock::now_ms;
use crate::store::throttles::{self, Throttle};
use crate::store::{Result, Store, Tx};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Wrong passwords that cost nothing.
const FREE: i64 = 5;
/// The longest wait.
const LONGEST_MS: i64 = 60_000;
/// Failures older than this are forgotten.
pub const WINDOW_MS: i64 = crate::limits::THROTTLE_MS;

/// Counts a try at signing in before the password is looked at; `Err` holds the seconds to wait, and
/// then the caller must not commit: a refused try counts for nothing.
///
/// # Errors
/// Where the database refuses.
pub async fn try_once(tx: &mut Tx, name: &str, now_ms: i64) -> Result<std::result::Result<(), u64>> {
    let counted = throttles::count(tx, name, now_ms).await?;
    // No wait is longer: another one was begun by a clock that was ahead.
    if (now_ms + 1..=now_ms + LONGEST_MS).contains(&counted.blocked_ms) {
        return Ok(Err(u64::try_from((counted.blocked_ms - now_ms + 999) / 1000).unwrap_or(1)));
    }
    let before = if now_ms - counted.first_ms < WINDOW_MS {
        Throttle { failures: counted.failures - 1, ..counted }
    } else {
        Throttle { failures: 0, first_ms: now_ms, blocked_ms: 0 }
    };
    throttles::set(tx, name, after(before, now_ms)).await?;
    Ok(Ok(()))
}

/// Counts a try for an account and an address in one transaction; a refused one counts for neither.
///
/// # Errors
/// Where the database refuses.
pub async fn both(store: &Store, account: &str, address: &str) -> Result<std::result::Result<(), u64>> {
    let mut tx = store.write().await?;
    let now = now_ms();
    for name in [address, account] {
        if let Err(wait) = try_once(&mut tx, name, now).await? {
            return Ok(Err(wait));
        }
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// Counts a try for one name alone.
///
/// # Errors
/// Where the database refuses.
pub async fn one(store: &Store, name: &str) -> Result<std::result::Result<(), u64>> {
    let mut tx = store.write().await?;
    let counted = try_once(&mut tx, name, now_ms()).await?;
    if counted.is_ok() {
        tx.commit().await?;
    }
    Ok(counted)
}

/// The state after one more try: five are free, then 1, 2, 4 … 60 s.
pub fn after(before: Throttle, now_ms: i64) -> Throttle {
    let failures = before.failures + 1;
    let wait = if failures < FREE { 0 } else { (1_000_i64 << (failures - FREE).clamp(0, 6)).min(LONGEST_MS) };
    Throttle { failures, first_ms: before.first_ms, blocked_ms: if wait == 0 { 0 } else { now_ms + wait } }
}

/// Takes a try back that turned out to be right.
///
/// # Errors
/// Where the database refuses.
pub async fn was_right(tx: &mut Tx, account: &str, address: &str) -> Result<()> {
    throttles::clear(tx, account).await?;
    take_back(tx, address).await
}

/// Takes a try back for one name alone.
///
/// # Errors
/// Where the database refuses.
pub async fn take_back(tx: &mut Tx, address: &str) -> Result<()> {
    if let Some(known) = throttles::get(tx, address).await? {
        throttles::set(tx, address, Throttle { failures: (known.failures - 1).max(0), blocked_ms: 0, ..known }).await?;
    }
    Ok(())
}

/// How full a bucket was, and when.
#[derive(Debug, Clone, Copy)]
struct Level {
    filled: f64,
    at: Instant,
    per_second: f64,
    burst: f64,
}

impl Level {
    fn now(&self, now: Instant) -> f64 {
        (self.filled + now.duration_since(self.at).as_secs_f64() * self.per_second).min(self.burst)
    }
}

/// So many buckets are kept before those that are full again are dropped.
const KEPT: usize = 10_000;

/// Token buckets by name.
#[derive(Default)]
pub struct Buckets {
    levels: Mutex<HashMap<String, Level>>,
    /// Until when more names than are kept share one bucket, because a look for full ones found too few.
    crowded: Mutex<Option<Instant>>,
}

/// The bucket that names share where there are too many.
const SHARED: &str = "all others";

impl Buckets {
    /// Takes one from a bucket that holds `burst` and fills by `per_second`; `Err` holds the seconds until the next one
    /// is there. 0 is no limit.
    ///
    /// # Errors
    /// Where the bucket is empty.
    pub fn take(&self, name: &str, per_second: f64, burst: f64) -> std::result::Result<(), u64> {
        if per_second <= 0.0 {
            return Ok(());
        }
        let Ok(mut levels) = self.levels.lock() else { return Ok(()) };
        let now = Instant::now();
        let name =
            if levels.len() >= KEPT && !levels.contains_key(name) { self.room(&mut levels, name, now) } else { name };
        let level = levels.get(name).map_or(burst, |known| Level { per_second, burst, ..*known }.now(now));
        let left = level - 1.0;
        let kept = if left >= 0.0 { left } else { level };
        levels.insert(name.to_owned(), Level { filled: kept, at: now, per_second, burst });
        if left >= 0.0 { Ok(()) } else { Err(seconds(-left / per_second)) }
    }

    /// Makes room for a name, which comes from whoever calls: a full bucket is as good as none. It is looked for those
    /// once a second at most, and what finds no room shares one bucket.
    fn room<'a>(&self, levels: &mut HashMap<String, Level>, name: &'a str, now: Instant) -> &'a str {
        let Ok(mut crowded) = self.crowded.lock() else { return SHARED };
        if crowded.is_none_or(|until| until <= now) {
            levels.retain(|_, known| known.now(now) < known.burst);
            *crowded = Some(now + Duration::from_secs(1));
        }
        if levels.len() < KEPT { name } else { SHARED }
    }

    /// The seconds until something can be taken, where nothing can be now; takes nothing.
    pub fn empty_for(&self, name: &str) -> Option<u64> {
        let levels = self.levels.lock().ok()?;
        let level = levels.get(name)?;
        let left = level.now(Instant::now()) - 1.0;
        (left < 0.0).then(|| seconds(-left / level.per_second))
    }
}

/// Whole seconds that are at least as long, and at least one.
fn seconds(wait: f64) -> u64 {
    Duration::try_from_secs_f64(wait)
        .map_or(u64::MAX, |wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        .max(1)
}
