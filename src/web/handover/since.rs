//! From when on the handover page tells: the person's mark, a number of hours, or a moment.
use crate::error::{AppError, Result};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// Nothing older is told.
const LONGEST_MS: i64 = 31 * 24 * HOUR_MS;
/// The choices: the word in the address, what stands on the button, hours.
pub const HOURS: [(&str, &str, i64); 3] = [("8h", "8 hours", 8), ("12h", "12 hours", 12), ("24h", "24 hours", 24)];

/// The moment, and what it is in words.
pub fn moment(asked: &str, mark: Option<i64>, now_ms: i64) -> Result<(i64, &'static str)> {
    let (at, words) = match (asked, mark) {
        ("", Some(mark)) => (mark, "what you marked as read"),
        ("", None) => (now_ms - 12 * HOUR_MS, "12 hours ago"),
        (text, _) => match HOURS.iter().find(|(word, ..)| *word == text) {
            Some((_, _, hours)) => (now_ms - hours * HOUR_MS, "a number of hours"),
            None => (typed(text).ok_or_else(bad)?, "a moment of your choice"),
        },
    };
    Ok((at.clamp(now_ms - LONGEST_MS, now_ms), words))
}

fn bad() -> AppError {
    AppError::BadRequest("since: must be 8h, 12h, 24h or a moment in UTC such as 2026-03-23T06:00".to_owned())
}

/// A moment as RFC 3339, or as a field of date and time sends it, in UTC.
fn typed(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    let there: DateTime = text.parse().ok()?;
    Some(TimeZone::UTC.to_timestamp(there).ok()?.as_millisecond())
}
