//! The dashboard's numbers: each with the list that holds exactly the cases it counts.
use super::Period;
use crate::domain::{Severity, Verdict};
use crate::store::daily::{self, Day};
use crate::store::dashboard::{TIMED, WAITING, Waiting};
use crate::web::view::chart::{Chart, chart};
use crate::web::view::moments::{days, moment};
use crate::web::view::strip::day_text;
use crate::web::view::words::{self, Glyph, duration, waiting};

/// A number, the list behind it, and a remark with a list of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figure {
    /// The number as shown.
    pub text: String,
    /// The list.
    pub href: String,
    /// The remark, or empty.
    pub more: String,
    /// Its list, or empty.
    pub more_href: String,
}

/// The five numbers.
pub struct Numbers {
    /// Cases that wait for a decision.
    pub waiting: Figure,
    /// The median time from opening to the first declaration.
    pub took: Figure,
    /// Cases whose verdict was declared in the period and stands.
    pub decided: Figure,
    /// Cases of which a verdict was overturned in the period.
    pub overturned: Figure,
    /// Cases that AI had closed and a person overturned.
    pub spot: Figure,
}

/// The verdicts in the order of the chart's pieces.
pub const VERDICTS: [Verdict; 4] =
    [Verdict::FalsePositive, Verdict::BenignTruePositive, Verdict::Undetermined, Verdict::TruePositive];

/// A day of the table: the day, and for each verdict a count and its list.
pub struct DayLine {
    /// The day.
    pub day: String,
    /// Counts with their lists, in the order of [`VERDICTS`].
    pub cells: Vec<(i64, String)>,
}

/// Cases a day by verdict, drawn and as a table with the newest day first.
pub struct PerDay {
    /// The drawing.
    pub chart: Chart,
    /// The days on which something was decided.
    pub lines: Vec<DayLine>,
    /// The verdicts' shapes.
    pub verdicts: Vec<Glyph>,
}

/// The five numbers.
pub fn numbers(period: &Period, all: &[Day], waits: &[Waiting], took: &[i64]) -> Numbers {
    let sum = |figure: &str| all.iter().filter(|day| day.figure == figure).map(|day| day.cases).sum::<i64>();
    let decided: i64 = VERDICTS.iter().map(|verdict| sum(verdict.as_str())).sum();
    let whole = days(period.first, period.last);
    let list = |more: &[(&str, &str)]| period.list(more);
    let overturned = sum(daily::OVERTURNED);
    Numbers {
        waiting: wait_figure(period, waits),
        took: took_figure(took, sum(daily::FIRST_DECIDED), list(&[("first_decided", &whole)])),
        decided: Figure {
            text: decided.to_string(),
            href: list(&[("decided", &whole)]),
            more: format!("{} true positive", sum(Verdict::TruePositive.as_str())),
            more_href: list(&[("decided", &whole), ("verdict", "true_positive")]),
        },
        overturned: Figure { text: overturned.to_string(), href: list(&[("overturned", &whole)]), ..Figure::default() },
        spot: Figure {
            text: sum(daily::SPOT_WRONG).to_string(),
            href: list(&[("overturned", &whole), ("spot", "true")]),
            more: format!("{} checked", sum(daily::SPOT_CHECKED)),
            more_href: list(&[("decided", &whole), ("spot", "true")]),
        },
    }
}

fn wait_figure(period: &Period, waits: &[Waiting]) -> Figure {
    let count: i64 = waits.iter().map(|one| one.cases).sum();
    let oldest = waits.iter().map(|one| one.oldest_ms).min();
    Figure {
        text: if count >= WAITING { format!("{WAITING}+") } else { count.to_string() },
        href: period.waiting(&[]),
        more: oldest.map(|ms| format!("oldest {}", waiting(period.now_ms - ms))).unwrap_or_default(),
        more_href: period.waiting(&[("sort", "oldest")]),
    }
}

/// The median by nearest rank, and the time within which 95 of 100 were decided.
fn took_figure(took: &[i64], all: i64, href: String) -> Figure {
    let rank = |share: usize| took.get((took.len() * share).div_ceil(100).saturating_sub(1)).copied();
    let of = if all > TIMED { format!(" of the newest {TIMED}") } else { String::new() };
    let (Some(half), Some(most)) = (rank(50), rank(95)) else {
        return Figure { text: "none".to_owned(), href, ..Figure::default() };
    };
    let more = format!("95% within {}{of}", duration(most));
    Figure { text: duration(half), href, more, more_href: String::new() }
}

/// Cases a day by verdict.
pub fn per_day(period: &Period, all: &[Day]) -> PerDay {
    let of = |day: i64, verdict: &Verdict| {
        all.iter().find(|one| one.day == day && one.figure == verdict.as_str()).map_or(0, |one| one.cases)
    };
    let counts: Vec<[i64; 4]> =
        (period.first..=period.last).map(|day| VERDICTS.map(|verdict| of(day, &verdict))).collect();
    let line = |(day, counts): (i64, &[i64; 4])| {
        let cell = |(verdict, count): (Verdict, &i64)| {
            (*count, period.list(&[("decided", &days(day, day)), ("verdict", verdict.as_str())]))
        };
        DayLine { day: day_text(day), cells: VERDICTS.into_iter().zip(counts).map(cell).collect() }
    };
    let lines = (period.first..).zip(&counts).filter(|(_, counts)| counts.iter().any(|count| *count > 0)).map(line);
    let mut lines: Vec<DayLine> = lines.collect();
    lines.reverse();
    PerDay {
        chart: chart(period.first, &counts),
        lines,
        verdicts: VERDICTS.iter().map(|verdict| words::person(*verdict)).collect(),
    }
}

/// A stretch of ages.
pub struct Age {
    /// In words.
    pub words: &'static str,
    /// Its share of the most, in percent.
    pub share: i64,
    /// How many cases, and their list.
    pub cases: (i64, String),
    /// Critical and high ones: the word, how many, their list.
    pub severe: Vec<(&'static str, i64, String)>,
}

/// What divides the ages, in milliseconds.
pub const AGES_MS: [i64; 3] = [3_600_000, 4 * 3_600_000, 24 * 3_600_000];
const WORDS: [&str; 4] = ["Under 1 h", "1 to 4 h", "4 to 24 h", "Over 24 h"];

/// Waiting cases by age.
pub fn ages(period: &Period, waits: &[Waiting]) -> Vec<Age> {
    let ends = AGES_MS.map(|age| moment(period.now_ms - age));
    let stretches = [
        format!("{}..", ends[0]),
        format!("{}..{}", ends[1], ends[0]),
        format!("{}..{}", ends[2], ends[1]),
        format!("..{}", ends[2]),
    ];
    let count = |age: i64, severity: Option<Severity>| -> i64 {
        let of = waits.iter().filter(|one| one.age == age && severity.is_none_or(|only| one.severity == only));
        of.map(|one| one.cases).sum()
    };
    let most = (0..4).map(|age| count(age, None)).max().unwrap_or_default().max(1);
    let one = |(age, (words, stretch)): (i64, (&'static str, String))| {
        let severe = [Severity::Critical, Severity::High].into_iter().map(|severity| {
            let list = period.waiting(&[("opened", &stretch), ("severity", severity.as_str())]);
            (severity.label(), count(age, Some(severity)), list)
        });
        let cases = count(age, None);
        Age {
            words,
            share: cases * 100 / most,
            cases: (cases, period.waiting(&[("opened", &stretch)])),
            severe: severe.filter(|(_, cases, _)| *cases > 0).collect(),
        }
    };
    (0..).zip(WORDS.into_iter().zip(stretches)).map(one).collect()
}
