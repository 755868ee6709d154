//! Times, durations, shares and the shape of each verdict.
pub use crate::domain::plural;

use crate::domain::{Blind, Failure, MachineVerdict, Severity, Verdict, VoteState};
use crate::review::sight::Sight;
use jiff::Timestamp;

/// A time as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// For `datetime`.
    pub iso: String,
    /// In full, UTC.
    pub full: String,
    /// Hours, minutes, seconds.
    pub clock: String,
    /// Hours to milliseconds.
    pub exact: String,
    /// The day.
    pub day: String,
}

impl When {
    /// Hours and minutes, `14:31`.
    pub fn short(&self) -> &str {
        self.clock.get(..5).unwrap_or(&self.clock)
    }

    /// The date alone, `2026-03-19`.
    pub fn date(&self) -> &str {
        self.iso.split('T').next().unwrap_or_default()
    }
}

/// A time of the store.
pub fn when(ms: i64) -> When {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    let text = |format: &str| at.strftime(format).to_string();
    When {
        iso: text("%Y-%m-%dT%H:%M:%S%.3fZ"),
        full: text("%Y-%m-%d %H:%M:%S UTC"),
        clock: text("%H:%M:%S"),
        exact: text("%H:%M:%S%.3f"),
        day: text("%A %-d %B %Y, UTC"),
    }
}

/// A time in full by UTC, and by the clock of a zone where one is named and known.
pub fn clocks(ms: i64, zone: &str) -> String {
    let full = when(ms).full;
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    match at.in_tz(zone) {
        Ok(there) if !zone.is_empty() => format!("{full}, {} {zone}", there.strftime("%Y-%m-%d %H:%M:%S")),
        _ => full,
    }
}

/// A duration in words with the two or three largest units: `3 d 21 h 46 min`, `4 min 03 s`, `12 s`.
pub fn duration(ms: i64) -> String {
    let s = ms.max(0) / 1000;
    let (d, h, min, s) = (s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60);
    match (d, h, min) {
        (1.., _, _) => format!("{d} d {h} h {min:02} min"),
        (0, 1.., _) => format!("{h} h {min:02} min"),
        (0, 0, 1..) => format!("{min} min {s:02} s"),
        _ => format!("{s} s"),
    }
}

/// A waiting time for lists: only its largest unit or two.
pub fn waiting(ms: i64) -> String {
    let min = ms.max(0) / 60_000;
    match (min / 1440, min / 60 % 24, min % 60) {
        (d @ 1.., h, _) => format!("{d} d {h} h"),
        (0, h @ 1.., m) => format!("{h} h {m:02} min"),
        (_, _, m) => format!("{m} min"),
    }
}

/// A share as whole percent.
pub fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// A number of bytes.
#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
pub fn bytes(count: i64) -> String {
    match count {
        ..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{:.1} KiB", count as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.2} MiB", count as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", count as f64 / 1_073_741_824.0),
    }
}

/// A shape, a hue and a word: never one without the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyph {
    /// The icon's name in the sprite.
    pub icon: &'static str,
    /// The hue's short name: `fp`, `tp`, `bt`, `su`, `un`.
    pub hue: &'static str,
    /// The word.
    pub word: &'static str,
    /// The word in lists.
    pub short: &'static str,
}

const BLIND: Glyph = Glyph { icon: "un", hue: "un", word: "In blind review", short: "Blind" };
const UNDECIDED: Glyph = Glyph { icon: "un", hue: "un", word: "Not decided", short: "Open" };

/// The glyph of the panel's verdict.
pub const fn machine(verdict: MachineVerdict) -> Glyph {
    match verdict {
        MachineVerdict::FalsePositive => Glyph { icon: "fp", hue: "fp", word: "False positive", short: "FP" },
        MachineVerdict::TruePositive => Glyph { icon: "tp", hue: "tp", word: "True positive", short: "TP" },
        MachineVerdict::NeedsReview => Glyph { icon: "su", hue: "su", word: "Needs review", short: "Review" },
        MachineVerdict::None => Glyph { icon: "un", hue: "un", word: "No vote yet", short: "Waiting" },
    }
}

/// What stands for the verdict of a case in a list, and whose word it is: a person's, else the panel's.
pub const fn said(person_said: Verdict, machine_said: MachineVerdict, blind: Blind) -> (Glyph, &'static str) {
    match (person_said, machine_said, blind) {
        (Verdict::Pending, _, Blind::Waiting) => (BLIND, "review"),
        (Verdict::Pending, MachineVerdict::None, _) => (machine(MachineVerdict::None), ""),
        (Verdict::Pending, said, _) => (machine(said), "by vote"),
        (said, ..) => (person(said), "by analyst"),
    }
}

/// What stands for the verdict of a case on the page of another one: in blind review of either of them nothing of the
/// panel.
pub const fn said_beside(sight: Sight, person_said: Verdict, machine_said: MachineVerdict, blind: Blind) -> Glyph {
    if sight.is_blind() && !person_said.decided() && !matches!(blind, Blind::Waiting) {
        return UNDECIDED;
    }
    said(person_said, machine_said, blind).0
}

/// The glyph of a person's verdict.
pub const fn person(verdict: Verdict) -> Glyph {
    match verdict {
        Verdict::FalsePositive => machine(MachineVerdict::FalsePositive),
        Verdict::TruePositive => machine(MachineVerdict::TruePositive),
        Verdict::BenignTruePositive => {
            Glyph { icon: "bt", hue: "bt", word: "Benign true positive", short: "Benign TP" }
        }
        Verdict::Undetermined => Glyph { icon: "un", hue: "un", word: "Not enough evidence", short: "Unclear" },
        Verdict::Pending => UNDECIDED,
    }
}

/// The glyph of a vote.
pub const fn vote(state: VoteState, verdict: Option<MachineVerdict>) -> Glyph {
    match (state, verdict) {
        (VoteState::Ok, Some(verdict)) => machine(verdict),
        (VoteState::Failed, _) => Glyph { icon: "err", hue: "un", word: "No vote", short: "Error" },
        (VoteState::Abstained, _) => Glyph { icon: "un", hue: "un", word: "Abstained", short: "Abstained" },
        _ => Glyph { icon: "un", hue: "un", word: "Waiting", short: "Waiting" },
    }
}

/// Why there is no vote, as a sentence about the voter.
pub fn no_vote(voter: &str, failure: Option<Failure>, detail: &str) -> String {
    let what = failure.map_or("abstains", Failure::label);
    let detail = detail.trim_end_matches('.');
    if detail.is_empty() { format!("{voter} {what}.") } else { format!("{voter} {what}: {detail}.") }
}

/// Severity for the signal bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sev {
    /// `info`, `low`, `med`, `high`, `crit`.
    pub class: &'static str,
    /// The word.
    pub word: &'static str,
}

/// A severity for the signal bars.
pub const fn severity(severity: Severity) -> Sev {
    let class = match severity {
        Severity::Informational => "info",
        Severity::Low => "low",
        Severity::Medium => "med",
        Severity::High => "high",
        Severity::Critical => "crit",
    };
    Sev { class, word: severity.label() }
}
