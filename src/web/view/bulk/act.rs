//! An act over many cases in words: what it did, and what became of the others.
use super::cases;
use crate::domain::reason;
use crate::store::bulk::{Act, ActState, MemberState, Named, Why};
use crate::web::view::text::{start, visible};
use crate::web::view::words::{When, when};

/// Cases of an act that one page lists.
pub const PAGE: i64 = 100;

/// What an act did, in one sentence.
pub fn said(act: &Act) -> String {
    let done = cases(usize::try_from(act.done).unwrap_or_default());
    let how = if act.close { "closed as" } else { "declared" };
    let verdict = act.verdict.label().to_lowercase();
    let taken = cases(usize::try_from(act.undone).unwrap_or_default());
    match act.state {
        ActState::Running => format!("{} of {} cases looked at.", act.done + act.left_out, act.members),
        ActState::Undoing => format!("{} of {} cases taken back.", act.undone + act.stayed, act.done),
        ActState::Undone if act.undone == 1 && act.close => "Undone. 1 case is open again.".to_owned(),
        ActState::Undone if act.close => format!("Undone. {taken} are open again."),
        ActState::Undone => format!("Undone. {taken} as they were before."),
        _ if act.done == 0 => "No case was decided.".to_owned(),
        _ => format!("{done} {how} {verdict}."),
    }
}

/// What became of the other cases, such as `2 left out: host flags`.
pub fn rest(act: &Act, reasons: &[(MemberState, Why, i64)]) -> Option<String> {
    let (state, word) = match act.state {
        ActState::Undoing | ActState::Undone => (MemberState::Stayed, "stayed"),
        _ => (MemberState::LeftOut, "left out"),
    };
    let of_state: Vec<_> = reasons.iter().filter(|(one, ..)| *one == state).collect();
    match of_state.as_slice() {
        [] => None,
        [(_, why, count)] => Some(format!("{count} {word}: {}", why.label())),
        [(_, why, first), others @ ..] => {
            let count: i64 = first + others.iter().map(|(.., count)| count).sum::<i64>();
            Some(format!("{count} {word}: {} and more", why.label()))
        }
    }
}

/// A case that was left out or stayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its host.
    pub host: String,
    /// Why.
    pub why: &'static str,
    /// The same in more words.
    pub detail: String,
}

/// An act.
#[derive(Debug, Clone)]
pub struct ActView {
    /// Its id.
    pub id: i64,
    /// What it did.
    pub said: String,
    /// How far it is.
    pub state: &'static str,
    /// Whether it is under way.
    pub going: bool,
    /// Why it was stopped.
    pub error: String,
    /// How many cases are through, and of how many.
    pub progress: (i64, i64),
    /// Who acted, and when.
    pub by: (String, When),
    /// Who took it back, or empty.
    pub undone_by: String,
    /// The verdict with its reason.
    pub declared: String,
    /// Whether the cases were closed as well.
    pub close: bool,
    /// Decided, left out, taken back, stayed.
    pub counts: (i64, i64, i64, i64),
    /// Why how many cases were left out or stayed.
    pub reasons: Vec<String>,
    /// Cases that were left out.
    pub left_out: Vec<Line>,
    /// Cases that stayed.
    pub stayed: Vec<Line>,
    /// Where the next page begins.
    pub more: Option<i64>,
    /// Whether it can be taken back by who looks at it.
    pub may_undo: bool,
    /// The undo form's key.
    pub key: String,
}

impl ActView {
    /// An act with those of its cases that it left as they were.
    pub fn of(
        act: &Act,
        reasons: &[(MemberState, Why, i64)],
        (left_out, stayed): (&[Named], &[Named]),
        may_undo: bool,
    ) -> Self {
        let taking = matches!(act.state, ActState::Undoing | ActState::Undone);
        let because = reason::label(&act.reason).to_lowercase();
        let because = if because.is_empty() { because } else { format!(", {because}") };
        let in_words = |(state, why, count): &(MemberState, Why, i64)| {
            format!("{count} {}: {}", state.label().to_lowercase(), why.label())
        };
        Self {
            id: act.id,
            said: said(act),
            state: act.state.label(),
            going: matches!(act.state, ActState::Running | ActState::Undoing),
            error: visible(&act.error),
            progress: if taking { (act.undone + act.stayed, act.done) } else { (act.done + act.left_out, act.members) },
            by: (visible(&act.actor), when(act.created_ms)),
            undone_by: visible(&act.undone_by),
            declared: format!("{}{because}", act.verdict.label()),
            close: act.close,
            counts: (act.done, act.left_out, act.undone, act.stayed),
            reasons: reasons.iter().map(in_words).collect(),
            more: more(left_out).into_iter().chain(more(stayed)).min(),
            left_out: left_out.iter().map(line).collect(),
            stayed: stayed.iter().map(line).collect(),
            may_undo: may_undo && !taking && (act.done > 0 || act.state == ActState::Running),
            key: hex::encode(rand::random::<[u8; 8]>()),
        }
    }
}

/// The last case of a full page.
fn more(named: &[Named]) -> Option<i64> {
    named.last().filter(|_| i64::try_from(named.len()).is_ok_and(|rows| rows == PAGE)).map(|last| last.case_number)
}

fn line(named: &Named) -> Line {
    Line {
        number: named.case_number,
        title: start(&named.title, 200),
        host: start(&named.hostname, 100),
        why: named.why.map_or("", Why::label),
        detail: visible(&named.detail),
    }
}
