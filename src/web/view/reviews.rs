//! Blind reviews in words.
use super::text::{start, visible};
use super::words::{Glyph, When, duration, machine, percent, person, when};
use crate::store::reviews as store;
use crate::triage::reviews::{Figures, Review};

/// Cases of each list.
const LISTED: usize = 50;

/// A line of the table.
pub struct LineView {
    /// Who; empty for all together.
    pub who: String,
    /// How many reviews.
    pub reviews: i64,
    /// How often they agree with the panel, with the interval.
    pub agrees: String,
    /// How many were declared otherwise since.
    pub reversed: i64,
    /// The median time from opening to declaration.
    pub took: String,
}

/// A case.
pub struct CaseView {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its host, and its organisation where there are several.
    pub host: String,
    /// Who declared it.
    pub by: String,
    /// What they declared.
    pub declared: Glyph,
    /// What the panel had said.
    pub machine: Glyph,
    /// What stands now.
    pub now: Glyph,
    /// When it was declared.
    pub at: When,
}

/// A review as figures take it.
pub fn review(one: &store::Review) -> Review<'_> {
    Review {
        by: &one.blind_by,
        declared: one.blind_verdict,
        machine: one.blind_machine,
        // A case that became part of another one or waits for a question anew was not declared otherwise.
        now: if one.verdict.decided() || one.overturned_ms.is_some_and(|at| at > one.blind_ms) {
            one.verdict
        } else {
            one.blind_verdict
        },
        took_ms: one.blind_ms - one.opened_ms,
        share: one.blind_share,
    }
}

/// Figures in words.
pub fn line(who: &str, of: &Figures) -> LineView {
    let (low, high) = of.interval();
    LineView {
        who: visible(who),
        reviews: of.reviews,
        agrees: match of.compared {
            0 => "nothing to compare".to_owned(),
            compared => format!("{} of {compared} ({} to {})", of.agreed, percent(low), percent(high)),
        },
        reversed: of.reversed,
        took: of.median_ms.map(duration).unwrap_or_default(),
    }
}

/// The share of what the panel calls a false positive and is none, in words.
pub fn missed(of: &Figures) -> String {
    of.missed.map(percent).unwrap_or_default()
}

/// The newest cases that fit.
pub fn cases(all: &[store::Review], several: bool, fits: impl Fn(&Review<'_>) -> bool) -> Vec<CaseView> {
    all.iter().filter(|one| fits(&review(one))).take(LISTED).map(|one| case(one, several)).collect()
}

fn case(one: &store::Review, several: bool) -> CaseView {
    let host = start(&one.hostname, 80);
    CaseView {
        number: one.number,
        title: start(&one.title, 200),
        host: if several { format!("{host} · {}", one.org) } else { host },
        by: visible(&one.blind_by),
        declared: person(one.blind_verdict),
        machine: machine(one.blind_machine),
        now: person(one.verdict),
        at: when(one.blind_ms),
    }
}
