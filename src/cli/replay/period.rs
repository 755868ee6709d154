//! The period whose cases are counted. What came before it is played all the same: it is what gates rest on.
use super::Past;
use clap::Args;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Which cases are counted.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Period {
    /// Count only the cases of so many days before the end; all, where nothing is said. What came before is played as
    /// well, as evidence.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
    /// Play only what came before this time, RFC 3339 or a date (its beginning in UTC); up to now, where nothing is
    /// said.
    #[arg(long, value_parser = moment)]
    until: Option<i64>,
}

/// A moment that is named by a time or a date, in UTC milliseconds.
fn moment(text: &str) -> Result<i64, String> {
    let named = text.parse::<Timestamp>().ok().or_else(|| {
        let date = text.parse::<Date>().ok()?;
        TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
    });
    named.map(Timestamp::as_millisecond).ok_or_else(|| "must be a time as 2026-03-01T08:00:00Z, or a date".to_owned())
}

impl Period {
    /// Where it begins.
    pub(super) fn since_ms(&self, now_ms: i64) -> i64 {
        let end = self.until.unwrap_or(now_ms);
        self.days.map_or(i64::MIN, |days| end.saturating_sub(i64::from(days) * DAY_MS))
    }

    /// Where it ends.
    pub(super) fn until_ms(&self) -> i64 {
        self.until.unwrap_or(i64::MAX)
    }
}

/// The eligible cases of a period, as they are told.
#[derive(Debug)]
pub(super) struct Counted {
    /// How many there are.
    pub(super) eligible: usize,
    /// Those of them that were declared.
    pub(super) declared: usize,
    /// The times of the first and the last.
    pub(super) between: Option<(i64, i64)>,
    /// How many were eligible before.
    pub(super) before: usize,
    /// When the first of these was.
    pub(super) since_ms: Option<i64>,
}

impl Counted {
    /// Counts them.
    pub(super) fn of(past: &[Past], until_ms: i64) -> Self {
        let counted = || past.iter().filter(|one| one.counted);
        let before = || past.iter().filter(|one| !one.counted && one.at_ms < until_ms).map(|one| one.at_ms);
        let times = || counted().map(|one| one.at_ms);
        Self {
            eligible: counted().count(),
            declared: counted().filter(|one| one.verdict.decided()).count(),
            between: times().min().zip(times().max()),
            before: before().count(),
            since_ms: before().min(),
        }
    }
}
