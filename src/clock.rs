//! The time, in one place, so that a test can set it.
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};

/// What was added to the real time.
static OFFSET_MS: AtomicI64 = AtomicI64::new(0);

thread_local! {
    /// The same for what runs on this thread.
    static OFFSET_HERE_MS: Cell<i64> = const { Cell::new(0) };
}

/// Now, in UTC milliseconds since 1970.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond() + moved_ms()
}

/// What was added to the real time here, for who takes the real time from elsewhere.
pub fn moved_ms() -> i64 {
    OFFSET_MS.load(Ordering::Relaxed) + OFFSET_HERE_MS.get()
}

/// Moves the clock for what runs on this thread; for tests, which share a process and have a thread each.
pub fn advance_here(ms: i64) {
    OFFSET_HERE_MS.set(OFFSET_HERE_MS.get() + ms);
}

/// Moves the program's clock; for programs that play a recording.
pub fn advance(ms: i64) {
    OFFSET_MS.fetch_add(ms, Ordering::Relaxed);
}
