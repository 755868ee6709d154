//! Detections a day as a strip of bars: only attributes, so that no style is needed, and the same in words.
use super::words::when;
use crate::store::activity::DAY_MS;

/// Days in a strip.
pub const DAYS: i64 = 30;
/// The height of a strip's drawing.
const HEIGHT: i64 = 40;

/// A bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Its left side.
    pub x: i64,
    /// Its top.
    pub y: i64,
    /// Its height.
    pub height: i64,
}

/// A strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strip {
    /// One bar for each day with detections.
    pub bars: Vec<Bar>,
    /// What it shows, in words.
    pub label: String,
    /// The first and the last day.
    pub ends: (String, String),
    /// The days with detections and how many, newest first.
    pub days: Vec<(String, i64)>,
}

/// A day of the store as text.
pub fn day_text(day: i64) -> String {
    when(day.saturating_mul(DAY_MS)).date().to_owned()
}

/// The [`DAYS`] days that end with `end`.
pub fn strip(days: &[(i64, i64)], end: i64) -> Strip {
    let first = end - DAYS + 1;
    let mut found: Vec<(i64, i64)> =
        days.iter().copied().filter(|(day, count)| (first..=end).contains(day) && *count > 0).collect();
    found.sort_unstable();
    let most = found.iter().map(|(_, count)| *count).max().unwrap_or(1);
    let bars = found.iter().map(|(day, count)| {
        let height = (count.saturating_mul(HEIGHT) / most).clamp(3, HEIGHT);
        Bar { x: (day - first) * 10 + 1, y: HEIGHT - height, height }
    });
    let ends = (day_text(first), day_text(end));
    let sum: i64 = found.iter().map(|(_, count)| count).sum();
    let peak = found.iter().max_by_key(|(_, count)| *count);
    let label = match peak {
        None => format!("No detections from {} to {}", ends.0, ends.1),
        Some((day, count)) => {
            format!(
                "Detections a day from {} to {}: {sum} in all, at most {count}, on {}",
                ends.0,
                ends.1,
                day_text(*day)
            )
        }
    };
    Strip {
        bars: bars.collect(),
        label,
        ends,
        days: found.iter().rev().map(|(day, count)| (day_text(*day), *count)).collect(),
    }
}
