//! How far the machine may go alone with a rule, in words.
use super::text::visible;
use super::words::{When, plural, when};
use crate::domain::{AutoClose, GateLevel, GateState};
use crate::review::gate::{proof, standing};
use crate::store::gates::{Board, Doubt, Gate};
use crate::triage::gate::due;

/// What an organisation has proven of a rule.
pub struct ProvenView {
    /// The organisation's name; empty where there is only one.
    pub org: String,
    /// Rule, family and organisation.
    pub gates: Vec<GateView>,
    /// What is set there, in words.
    pub mode: &'static str,
    /// What would have been closed.
    pub board: Board,
}

/// A gate.
pub struct GateView {
    /// Its id.
    pub id: i64,
    /// What it is about.
    pub about: String,
    /// Where it stands.
    pub state: &'static str,
    /// Since when.
    pub since: When,
    /// Why, where something happened to it.
    pub why: String,
    /// How far it is, in words.
    pub text: String,
    /// What keeps it from letting cases be closed, where something does.
    pub doubt: Option<Doubt>,
    /// What a lead can do with it: the step's word, and the button's.
    pub steps: &'static [(&'static str, &'static str)],
}

/// A gate among those of other scopes, in words: named by what it is about. `doubts` are cases that gates wait for.
pub fn named(one: &Gate, doubts: &[Doubt]) -> GateView {
    let about = match one.level {
        GateLevel::Rule => visible(&one.key),
        GateLevel::Family => format!("Family {}", visible(&one.key)),
        GateLevel::Org => "All rules of the organisation".to_owned(),
    };
    GateView { about, ..gate(one, doubts) }
}

/// A gate in words.
pub fn gate(gate: &Gate, doubts: &[Doubt]) -> GateView {
    GateView {
        id: gate.id,
        about: match gate.level {
            GateLevel::Rule => "This rule".to_owned(),
            GateLevel::Family => format!("Its family {}", visible(&gate.key)),
            GateLevel::Org => "All rules of the organisation".to_owned(),
        },
        state: gate.state.label(),
        since: when(gate.state_ms),
        why: visible(&gate.state_why),
        text: match gate.state {
            GateState::Shadow | GateState::Suspended => counting(gate),
            GateState::Proposed => format!("Proven: {}. A lead has to switch it on.", proof(gate)),
            GateState::Active => format!("Proven: {}. What is drawn for review goes on counting.", proof(gate)),
        },
        doubt: doubts.iter().find(|one| one.gate == gate.id && gate.state == GateState::Active).copied(),
        steps: match gate.state {
            GateState::Shadow | GateState::Suspended => &[],
            GateState::Proposed => &[("activate", "Switch on"), ("decline", "Decline")],
            GateState::Active => &[("suspend", "Shut")],
        },
    }
}

fn counting(gate: &Gate) -> String {
    let (reviews, errors) = (plural(gate.n, "review"), plural(gate.k, "true positive"));
    match due(&standing(gate)) {
        Some(due) => {
            let more = plural((due - gate.n).max(0), "more reviewed case");
            format!("{reviews}, {errors}. It needs {more} before it is looked at, at {due}.")
        }
        None => format!("{reviews}, {errors}. With the limit that is set here nothing can be proven."),
    }
}

/// What the setting of an organisation makes of an open gate.
pub const fn mode(mode: AutoClose) -> &'static str {
    match mode {
        AutoClose::Off => "Automatic closing is off: reviews are counted, and nothing is closed without a person.",
        AutoClose::Shadow => "Automatic closing only watches: nothing is closed without a person.",
        AutoClose::Propose => "Where a gate is active, closing is proposed on the case; a person does it.",
        AutoClose::Auto => {
            "Where a gate is active, eligible cases are closed without a person, but for those drawn for review."
        }
    }
}
