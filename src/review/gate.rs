//! The gate, as declarations and people move it: what a declaration counts for, what a lead switches, what shuts by
//! itself, and how the machine closes a case and takes that back.
//!
//! Decisions are those of [`crate::triage::gate`]; here they are applied to the rows of a case's scopes, told as events
//! of the gate, in the ledger, and on the case's timeline, all in the caller's transaction.
mod closing;
mod declared;
mod revealed;
mod scopes;
mod steps;
mod upkeep;

pub(crate) use closing::{Closing, close, reopen};
pub(in crate::review) use closing::{open_after, taken_back};
pub(crate) use declared::declared_before;
pub(in crate::review) use declared::{declared, follow, followed};
pub(in crate::review) use revealed::revealed;
pub(crate) use scopes::{Scopes, standing};
pub use steps::{Step, step};
pub(crate) use upkeep::{check, policy_is};

use crate::domain::GateLevel;
use crate::store::gates::Gate;

/// What a gate is about, in words.
pub fn about(gate: &Gate) -> String {
    match gate.level {
        GateLevel::Rule => format!("the gate of the rule {}", gate.key),
        GateLevel::Family => format!("the gate of the family {}", gate.key),
        GateLevel::Org => "the gate of the organisation".to_owned(),
    }
}

/// What a gate rests on, in words: reviews, errors, bound and limit of its look.
pub fn proof(gate: &Gate) -> String {
    let (Some(n), Some(k), Some(bound)) = (gate.look_n, gate.look_k, gate.look_bound) else {
        return "it rests on no look".to_owned();
    };
    let errors = if k == 1 { "1 true positive".to_owned() } else { format!("{k} true positives") };
    format!("{errors} in {n} reviews, so at most {:.2} % (limit {:.2} %)", bound * 100.0, gate.limit * 100.0)
}
