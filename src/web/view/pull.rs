//! How far LimaCharlie's detections were pulled, for the intake page and the warning above the queue.
use super::text::visible;
use super::words::{When, duration, when};
use crate::config::LimaCharlieConfig;
use crate::store::pulls::{Gap, Pull};

/// A pull that failed so often in a row is told to those who can do something about it.
const FAILURES: i64 = 3;
/// One that is so late as well.
const LATE_S: i64 = 600;

/// An organisation's pull.
#[derive(Debug, Clone)]
pub struct PullView {
    /// The organisation's short name.
    pub org: String,
    /// Everything up to here is read.
    pub done: When,
    /// How long ago that is.
    pub behind: String,
    /// When a pull last came to its end.
    pub read: Option<When>,
    /// The last error, since when it fails, and how often.
    pub error: Option<(String, When, i64)>,
    /// What could not be read.
    pub gaps: Vec<GapView>,
    /// Whether the settings still have it.
    pub configured: bool,
}

/// A stretch that could not be read; both ends are included.
#[derive(Debug, Clone)]
pub struct GapView {
    /// The first second.
    pub from: When,
    /// The last second.
    pub to: When,
    /// How long it is.
    pub length: String,
    /// Why it could not be read.
    pub error: String,
}

/// A pull with its gaps.
pub fn pull(pull: &Pull, gaps: &[Gap], settings: &[LimaCharlieConfig], now_ms: i64) -> PullView {
    let since = pull.failing_since_ms.map(when);
    PullView {
        org: pull.org.clone(),
        done: when(pull.done_s * 1000),
        behind: duration(now_ms - pull.done_s * 1000),
        read: pull.read_ms.map(when),
        error: since.map(|since| (visible(&pull.error), since, pull.failures)),
        gaps: gaps.iter().map(gap).collect(),
        configured: of(pull, settings).is_some(),
    }
}

fn gap(gap: &Gap) -> GapView {
    GapView {
        from: when(gap.from_s * 1000),
        to: when(gap.to_s * 1000),
        length: duration((gap.to_s - gap.from_s + 1) * 1000),
        error: visible(&gap.error),
    }
}

fn of<'a>(pull: &Pull, settings: &'a [LimaCharlieConfig]) -> Option<&'a LimaCharlieConfig> {
    settings.iter().find(|one| one.org == pull.org && one.pull_every_s > 0)
}

/// What is wrong with a pull, as a sentence; nothing where it fails only for a moment.
pub fn trouble(pull: &Pull, settings: &[LimaCharlieConfig], now_ms: i64) -> Option<String> {
    let every_s = i64::from(of(pull, settings)?.pull_every_s);
    let late = now_ms.div_euclid(1000) - pull.done_s > LATE_S.max(5 * every_s);
    if pull.failures < FAILURES && !late {
        return None;
    }
    let done = when(pull.done_s * 1000).full;
    let why = if pull.error.is_empty() { "nothing pulls at the moment".to_owned() } else { visible(&pull.error) };
    Some(format!("No detections of {} are pulled since {done}: {why}", pull.org))
}
