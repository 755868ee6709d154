//! The time, in one place, so that a test can set it.
use std::sync::atomic::{AtomicI64, Ordering};

/// What a test added to the real time.
static OFFSET_MS: AtomicI64 = AtomicI64::new(0);

/// Now, in UTC milliseconds since 1970.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond() + OFFSET_MS.load(Ordering::Relaxed)
}

/// Moves the program's clock; for tests.
pub fn advance(ms: i64) {
    OFFSET_MS.fetch_add(ms, Ordering::Relaxed);
}
