//! A call to somebody outside, from its beginning to its answer.
use super::called;
use std::time::Instant;

/// A call that is under way. Whoever gives up waiting drops it, and it counts as one without an answer.
pub struct Call {
    provider: &'static str,
    status: &'static str,
    began: Instant,
}

impl Call {
    /// A call that begins now.
    pub fn begin(provider: &'static str) -> Self {
        Self { provider, status: "none", began: Instant::now() }
    }

    /// Its answer came with this status.
    pub fn answered(mut self, status: u16) {
        self.status = class(status);
    }

    /// It was taken by somebody who speaks no HTTP.
    pub fn taken(mut self) {
        self.status = "ok";
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        called(self.provider, self.status, self.began.elapsed());
    }
}

/// The class of an HTTP status.
pub const fn class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}
