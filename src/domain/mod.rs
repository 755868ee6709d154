//! The words of the trade as plain data: no database, no network, no HTTP.
//!
//! Every closed list of words (verdict, severity, status …) is one enum made by
//! `words!`, so that a column, a form field, a JSON value and a label can't drift.

mod words;
pub(crate) use words::words;

pub mod action;
pub mod answer;
pub mod auto_close;
pub mod blind;
pub mod chain;
pub mod claim;
pub mod command;
pub mod detection;
pub mod dossier;
pub mod evidence;
pub mod exclusion;
pub mod gate;
pub mod intel;
pub mod known_good;
pub mod local;
pub mod observable;
pub mod path;
pub mod platform;
pub mod reason;
pub mod receipt;
pub mod report;
pub mod role;
pub mod search;
pub mod severity;
pub mod spans;
pub mod stated;
pub mod status;
pub mod tag;
pub mod technique;
pub mod template;
pub mod terms;
pub mod verdict;
pub mod vote;
pub mod weighing;

pub use answer::Answer;
pub use auto_close::AutoClose;
pub use blind::Blind;
pub use claim::{Claim, ClaimKind, ClaimState};
pub use detection::{Detection, Invalid};
pub use dossier::Dossier;
pub use exclusion::{ExclusionState, HitKind, WorkState};
pub use gate::{GateEvent, GateLevel, GateState};
pub use observable::{Observable, ObservableKind};
pub use report::Report;
pub use role::Role;
pub use severity::Severity;
pub use status::Status;
pub use verdict::{MachineVerdict, Outcome, Verdict};
pub use vote::{Failure, Vote, VoteState};
pub use weighing::{Weighing, Weights};
pub use words::{UnknownWord, plural};
