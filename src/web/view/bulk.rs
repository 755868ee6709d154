//! Many cases by one act, in words: the review of a selection, and an act with what became of it.
mod act;

pub use act::*;

use super::case::{Choice, choices};
use super::text::{start, visible};
use super::words::{When, when};
use crate::domain::Verdict;
use crate::limits::BULK_AT_ONCE;
use crate::review::bulk::{Difference, Pattern, Plan, may_return};
use crate::store::bulk::{NewMember, Why};

/// Cases that are named for each reason of being left out.
const NAMED: usize = 30;
/// The longest value that is shown, in characters.
const LONGEST: usize = 120;

/// A number of cases.
pub fn cases(count: usize) -> String {
    if count == 1 { "1 case".to_owned() } else { format!("{count} cases") }
}

/// What is carried from one form to the next.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The chosen numbers, separated by commas.
    pub numbers: String,
    /// Query strings of chosen lists.
    pub lists: Vec<String>,
    /// The chosen verdict.
    pub verdict: Option<Verdict>,
    /// The reason's code.
    pub reason: String,
    /// The note.
    pub note: String,
    /// Whether the cases are to stay open.
    pub opens: bool,
    /// The query string of the list that it comes from.
    pub from: String,
    /// The field that is wrong, and how.
    pub error: (String, String),
    /// When the selection was shown.
    pub shown_ms: i64,
    /// Whether a lead looks at it.
    pub lead: bool,
}

impl Kept {
    /// What is wrong with a field, or empty.
    pub fn error_of(&self, field: &str) -> &str {
        if self.error.0 == field { &self.error.1 } else { "" }
    }
}

/// Cases that are left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// `2 left out: host flags`.
    pub heading: String,
    /// What can be done about it.
    pub help: &'static str,
    /// Whether they may be put back in.
    pub may_return: bool,
    /// The cases: number, why, whether it is put back in.
    pub cases: Vec<(i64, String, bool)>,
    /// How many are not named.
    pub more: usize,
}

/// A selection for the review's page.
pub struct ReviewView {
    /// Cases in all.
    pub cases: String,
    /// Cases that would be decided.
    pub going: usize,
    /// The same with its word.
    pub going_text: String,
    /// What is left out.
    pub left_out: Vec<LeftOut>,
    /// The patterns, each with the address of its cases.
    pub patterns: Vec<(Pattern, String)>,
    /// Patterns that are not shown.
    pub more_patterns: usize,
    /// What is the same in all.
    pub same: Vec<(&'static str, String)>,
    /// What differs.
    pub differ: Vec<Difference>,
    /// The first and the last event.
    pub events: Option<(When, When)>,
    /// The verdicts that there are for many cases.
    pub choices: Vec<Choice>,
    /// The form's key.
    pub key: String,
    /// What is carried on.
    pub kept: Kept,
    /// The list that it comes from.
    pub back: String,
    /// Whether only a lead may decide so many.
    pub needs_lead: bool,
    /// Whether none can be decided, nor put back in.
    pub nothing: bool,
}

impl ReviewView {
    /// A selection, looked at.
    pub fn of(plan: &Plan, kept: Kept, back: &str) -> Self {
        let (going, compared) = (plan.going(), &plan.comparison);
        let list = |pattern: &Pattern| {
            let query =
                [("view", "all"), ("fingerprint", &pattern.fingerprint), ("org", &pattern.org), ("group", "off")];
            let address = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            let shown = Pattern {
                title: start(&pattern.title, LONGEST),
                chain: start(&pattern.chain, LONGEST),
                ..pattern.clone()
            };
            (shown, format!("/cases?{address}"))
        };
        let many = |verdict: &Choice| verdict.value != Verdict::TruePositive.as_str();
        Self {
            cases: cases(plan.members.len()),
            going,
            going_text: cases(going),
            left_out: Why::ALL.iter().filter_map(|why| left_out(plan, *why)).collect(),
            patterns: compared.patterns.iter().map(list).collect(),
            more_patterns: compared.all_patterns.saturating_sub(compared.patterns.len()),
            same: compared.same.iter().map(|(field, value)| (*field, start(value, LONGEST))).collect(),
            differ: compared.differ.iter().map(shown).collect(),
            events: compared.events_ms.map(|(first, last)| (when(first), when(last))),
            choices: choices(kept.verdict.unwrap_or(Verdict::Pending)).into_iter().filter(many).collect(),
            key: hex::encode(rand::random::<[u8; 8]>()),
            needs_lead: going > BULK_AT_ONCE && !kept.lead,
            nothing: going == 0
                && kept.note.is_empty()
                && !plan.members.iter().any(|member| member.why.is_some_and(may_return)),
            back: back.to_owned(),
            kept,
        }
    }
}

fn shown(one: &Difference) -> Difference {
    let values = one.values.iter().map(|(value, count)| (start(value, LONGEST), *count)).collect();
    Difference { values, ..one.clone() }
}

const fn help(why: Why) -> &'static str {
    match why {
        Why::Outlier | Why::Split => "Tick what you looked at, to decide it with the others.",
        Why::Decided => "There is nothing left to decide.",
        Why::Triaging => "Come back to these when all votes are in.",
        Why::Changed => "Look at these again first.",
        _ => "These are decided one at a time, with what argues against it in sight.",
    }
}

fn left_out(plan: &Plan, why: Why) -> Option<LeftOut> {
    let all: Vec<&NewMember> = plan.left_out(why).collect();
    let named = all.iter().take(NAMED).map(|one| (one.case_number, visible(&one.detail), one.back));
    (!all.is_empty()).then(|| LeftOut {
        heading: format!("{} left out: {}", all.len(), why.label()),
        help: help(why),
        may_return: may_return(why),
        cases: named.collect(),
        more: all.len().saturating_sub(NAMED),
    })
}
