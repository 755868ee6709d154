//! Errors in common in words, and effective votes over time as bars: only attributes, so that no style is needed.
use super::listing::Listing;
use super::strip::day_text;
use super::text;
use super::words::percent;
use crate::store::activity::DAY_MS;
use crate::store::measured::PROGRAMS_MOST;
use crate::triage::resample::Spread;
use crate::triage::shared_errors::{Pair, Period};

/// The drawing's width, what is left of the bars, the line on which they stand, and the highest one's top.
const WIDTH: i64 = 640;
const LEFT: i64 = 36;
const FOOT: i64 = 170;
const TOP: i64 = 20;

/// Two voters in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairView {
    /// Their names.
    pub names: String,
    /// In which way.
    pub kind: &'static str,
    /// Cases that both decided, and their list.
    pub cases: (i64, String),
    /// In which each was wrong, and their lists.
    pub alone: [(i64, String); 2],
    /// In which both were, and their list.
    pub both: (i64, String),
    /// The share of those with its interval, or empty.
    pub share: String,
    /// What independent errors would give, or empty.
    pub independent: String,
    /// Whether that is more often than chance explains.
    pub telling: bool,
}

/// The address of a list of cases.
pub fn address(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    format!("/models/together/cases?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

/// A pair; `from` is the day with which the figures begin.
pub fn pair_view(pair: &Pair, names: &[&str], from: &str) -> PairView {
    let (one, other) = (names[pair.of.0], names[pair.of.1]);
    let list = |wrong: &str| {
        address(&[("from", from), ("one", one), ("other", other), ("kind", pair.kind.as_str()), ("wrong", wrong)])
    };
    let independent = if pair.cases == 0 { String::new() } else { fine(pair.independent) };
    PairView {
        names: format!("{} and {}", text::visible(one), text::visible(other)),
        kind: pair.kind.label(),
        cases: (pair.cases, list("")),
        alone: [(pair.wrong.0, list("one")), (pair.wrong.1, list("other"))],
        both: (pair.wrong.2, list("true")),
        share: pair.share.map(with_interval).unwrap_or_default(),
        independent,
        telling: pair.is_telling(),
    }
}

fn with_interval((share, low, high): (f64, f64, f64)) -> String {
    format!("{} ({} to {})", fine(share), fine(low), fine(high))
}

/// How many cases since a day are left out because a program declared them, and their list; nothing where none are.
pub fn left_out(programs: i64, from: &str) -> Option<(String, String)> {
    let list =
        || Listing::default().with(&[("view", "all"), ("reviewed", "programs"), ("decided", &format!("{from}.."))]);
    let more = if programs >= PROGRAMS_MOST { "+" } else { "" };
    (programs > 0).then(|| (format!("{programs}{more}"), list()))
}

/// Small shares with one decimal: errors are rare.
fn fine(share: f64) -> String {
    if share < 0.1 && share > 0.0 { format!("{:.1}%", share * 100.0) } else { percent(share) }
}

/// A period in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodView {
    /// Its first day.
    pub from: String,
    /// Cases that at least two voters decided, and their list.
    pub cases: (i64, String),
    /// In which at least two were wrong, and their list.
    pub together: (i64, String),
    /// The share of those with its interval, or empty.
    pub share: String,
    /// Voters that took part.
    pub members: i64,
    /// The mean correlation of errors with its interval, or empty.
    pub rho: String,
    /// Effective votes with their interval, or empty.
    pub effective: String,
    /// Whether a correlation in it is assumed.
    pub assumed: bool,
}

/// A period for the table.
pub fn period_view(period: &Period) -> PeriodView {
    let (from, to) = (day_text(period.from_ms / DAY_MS), day_text(period.to_ms / DAY_MS));
    let list = |wrong: &str| address(&[("from", &from), ("to", &to), ("wrong", wrong)]);
    let votes = period.votes.as_ref();
    let spread = |of: fn(&Spread) -> (f64, f64), digits: usize| {
        let between = period.spread.as_ref().map(of);
        between.map(|(low, high)| format!(" ({low:.digits$} to {high:.digits$})")).unwrap_or_default()
    };
    PeriodView {
        cases: (period.cases, list("")),
        together: (period.together, list("true")),
        share: period.share.map(with_interval).unwrap_or_default(),
        members: period.members,
        rho: votes.map(|votes| format!("{:.2}{}", votes.rho, spread(|own| own.rho, 2))).unwrap_or_default(),
        effective: votes
            .map(|votes| format!("{:.1}{}", votes.effective, spread(|own| own.effective, 1)))
            .unwrap_or_default(),
        assumed: votes.is_some_and(|votes| votes.assumed),
        from,
    }
}

/// A bar: its left side, top and height, whether it is assumed, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Its left side.
    pub x: i64,
    /// Its top.
    pub y: i64,
    /// Its height.
    pub height: i64,
    /// Whether a correlation in it is assumed.
    pub assumed: bool,
    /// What it says.
    pub told: String,
}

/// The drawing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn {
    /// A bar for each period with votes.
    pub bars: Vec<Bar>,
    /// Their width.
    pub width: i64,
    /// Lines across: place, number of votes.
    pub lines: Vec<(i64, i64)>,
    /// Days below: place, text.
    pub labels: Vec<(i64, String)>,
}

/// Effective votes of periods, the oldest first.
pub fn drawn(all: &[Period]) -> Drawn {
    let count = i64::try_from(all.len()).unwrap_or(1).max(1);
    let most = all.iter().map(|period| period.members).max().unwrap_or_default().max(1);
    let slot = (WIDTH - LEFT) / count;
    let width = (slot * 2 / 3).clamp(2, 40);
    let mut drawing = Drawn { width, ..Drawn::default() };
    drawing.lines = (0..=most).map(|votes| (FOOT - (FOOT - TOP) * votes / most, votes)).collect();
    let every = (count * 44).div_euclid(WIDTH - LEFT) + 1;
    for (at, period) in (0_i64..).zip(all) {
        let x = LEFT + at * slot + (slot - width) / 2;
        let from = day_text(period.from_ms / DAY_MS);
        if at % every == 0 {
            drawing.labels.push((x + width / 2, from.get(5..).unwrap_or_default().to_owned()));
        }
        let Some(votes) = &period.votes else { continue };
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some hundred points")]
        let height = ((FOOT - TOP) as f64 * votes.effective / most as f64).round() as i64;
        let assumed = if votes.assumed { ", a correlation is assumed" } else { "" };
        let between = period.spread.map(|own| format!(" ({:.1} to {:.1})", own.effective.0, own.effective.1));
        let between = between.unwrap_or_default();
        let told =
            format!("From {from}: {} votes like {:.1} independent{between}{assumed}", period.members, votes.effective);
        drawing.bars.push(Bar { x, y: FOOT - height, height, assumed: votes.assumed, told });
    }
    drawing
}
