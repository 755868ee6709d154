//! How many calls LimaCharlie allows: what its headers said last, and until when nothing is sent.
use super::{Client, Error};
use crate::clock::now_ms;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::sync::PoisonError;
use std::time::Duration;

/// Where the answer says nothing, LimaCharlie's own clients wait so long.
const USUAL_WAIT: Duration = Duration::from_secs(10);

/// A warning or a refusal by LimaCharlie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// Calls in a window.
    pub calls: Option<u64>,
    /// Seconds of a window.
    pub period_s: Option<u64>,
    /// When it came, in UTC milliseconds.
    pub at_ms: i64,
    /// Whether the call was refused; a warning on a call that was answered comes before that.
    pub refused: bool,
}

#[derive(Debug, Default)]
pub(super) struct Quota {
    last: Option<Warning>,
    quiet_until_ms: i64,
}

impl Client {
    /// The last warning, where there was one.
    pub fn quota_warning(&self) -> Option<Warning> {
        self.0.quota.lock().unwrap_or_else(PoisonError::into_inner).last
    }

    /// Takes note of the headers of an answer that was not refused.
    pub(super) fn note_quota(&self, headers: &HeaderMap) {
        let (calls, period_s) = announced(headers);
        if calls.is_some() || period_s.is_some() {
            let warning = Warning { calls, period_s, at_ms: now_ms(), refused: false };
            tracing::warn!(?calls, ?period_s, "LimaCharlie warns of its limit for calls");
            self.0.quota.lock().unwrap_or_else(PoisonError::into_inner).last = Some(warning);
        }
    }

    /// Takes note of a refusal; gives the wait and what to say where it is too long.
    pub(super) fn note_refusal(&self, headers: &HeaderMap) -> (Duration, Error) {
        let (calls, period_s) = announced(headers);
        // After a whole window calls are allowed again, whatever was counted.
        let wait = retry_after(headers).or(period_s.map(Duration::from_secs)).unwrap_or(USUAL_WAIT);
        let until_ms = now_ms().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        let mut quota = self.0.quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota.last = Some(Warning { calls, period_s, at_ms: now_ms(), refused: true });
        quota.quiet_until_ms = quota.quiet_until_ms.max(until_ms);
        (wait, Error::RateLimited { until_ms, calls, period_s })
    }

    /// How long nothing may be sent, and what to say where that is too long.
    pub(super) fn quiet(&self) -> Option<(Duration, Error)> {
        let quota = self.0.quota.lock().unwrap_or_else(PoisonError::into_inner);
        let left = u64::try_from(quota.quiet_until_ms - now_ms()).ok().filter(|left| *left > 0)?;
        let (calls, period_s) = quota.last.map_or((None, None), |last| (last.calls, last.period_s));
        let error = Error::RateLimited { until_ms: quota.quiet_until_ms, calls, period_s };
        Some((Duration::from_millis(left), error))
    }
}

fn announced(headers: &HeaderMap) -> (Option<u64>, Option<u64>) {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    (number("x-ratelimit-quota"), number("x-ratelimit-period"))
}

/// `Retry-After` in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    Some(Duration::from_millis(u64::try_from(at - now_ms()).unwrap_or_default()))
}
