//! Blind reviews in words.
use super::text::{start, visible};
use super::words::{Glyph, When, duration, machine, percent, person, when};
use crate::domain::words;
use crate::store::reviews as store;
use crate::triage::reviews::{Figures, Review};

/// Cases of each list.
const LISTED: usize = 50;

/// A number and the list of its cases.
pub type Count = (i64, String);

/// A line of the table.
pub struct LineView {
    /// Who; empty for all together.
    pub who: String,
    /// How many reviews, and their list.
    pub reviews: Count,
    /// How many of them agree with the panel,
    pub agreed: Count,
    /// of how many that can be compared,
    pub compared: Count,
    /// and the interval of that share, or empty.
    pub interval: String,
    /// How many were declared otherwise since, and their list.
    pub reversed: Count,
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
    let count = |number: i64, which: Which| (number, list(who, which));
    LineView {
        who: visible(who),
        reviews: count(of.reviews, Which::All),
        agreed: count(of.agreed, Which::Agreed),
        compared: count(of.compared, Which::Compared),
        interval: if of.compared == 0 { String::new() } else { between(of.interval()) },
        reversed: count(of.reversed, Which::Reversed),
        took: of.median_ms.map(duration).unwrap_or_default(),
    }
}

fn between((low, high): (f64, f64)) -> String {
    format!("{} to {}", percent(low), percent(high))
}

/// The share of what the panel calls a false positive and is none, its interval, and the list of the reviews that tell it.
pub fn missed(of: &Figures) -> Option<(String, String, String)> {
    let interval = of.missed_interval().map(between).unwrap_or_default();
    of.missed.map(|share| (percent(share), interval, list("", Which::Missed)))
}

words! {
    /// Which reviews are listed.
    Which ("which") {
        /// All of them.
        All = "all", "";
        /// Those that can be compared with the panel.
        Compared = "compared", ", compared with the panel";
        /// Those that agree with it.
        Agreed = "agreed", " that agree with the panel";
        /// Those that don't.
        Apart = "apart", " that disagree with the panel";
        /// Those that were declared otherwise since.
        Reversed = "reversed", ", declared otherwise since";
        /// Those of what the panel calls a false positive.
        Missed = "missed", " of what the panel calls a false positive";
    }
}

impl Which {
    /// Whether a review is one of them.
    pub fn holds(self, one: &Review<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Compared => one.agrees().is_some(),
            Self::Agreed => one.agrees() == Some(true),
            Self::Apart => one.agrees() == Some(false),
            Self::Reversed => one.is_reversed(),
            Self::Missed => one.tells_missed(),
        }
    }
}

/// The address of a list, of one person or of all.
pub fn list(by: &str, which: Which) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("which", which.as_str());
    if !by.is_empty() {
        query.append_pair("by", by);
    }
    format!("/models/reviews/cases?{}", query.finish())
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
