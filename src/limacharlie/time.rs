//! What LimaCharlie's own clock shows, by the `Date` of its answers: ours may be wrong.
use super::Client;
use crate::clock;
use reqwest::header::{DATE, HeaderMap};
use std::sync::atomic::Ordering;

impl Client {
    /// The second in which LimaCharlie last answered, by its clock; nothing where it said none yet.
    pub fn answered_s(&self) -> Option<i64> {
        Some(self.0.answered_s.load(Ordering::Relaxed)).filter(|second| *second > 0)
    }

    /// Takes note of an answer's time. What a test adds to the time is added to both clocks.
    pub(super) fn note_time(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok());
        if let Some(date) = date {
            let second = date.timestamp().as_second() + clock::moved_ms().div_euclid(1000);
            self.0.answered_s.store(second, Ordering::Relaxed);
        }
    }
}
