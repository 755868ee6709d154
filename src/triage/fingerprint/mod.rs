//! Fingerprint: a behaviour without its instance, so that repeats fall together and near-misses don't.
//!
//! It is SHA-256 over a canonical text of the rule's path and the fields that carry behaviour;
//! `event` picks them for each type of event. In paths and command lines (`normal`), what differs
//! from one run to the next (numbers, GUIDs, hashes, temporary names, addresses, profile and
//! version folders) becomes a typed placeholder. What tells behaviours apart stays: folders,
//! switches, encoded payloads, signatures, the parent, the kind of user.
mod event;
mod family;
mod normal;
mod other;

pub use family::{Behaviour, is_cut};
pub use normal::{command, path, user_class};

use super::injection;
use crate::domain::Detection;
use sha2::{Digest, Sha256};

/// The version of the canonical text; a change makes all fingerprints new.
const VERSION: &str = "2";

/// The fingerprint in hex.
pub fn of(detection: &Detection) -> String {
    hex::encode(Sha256::digest(canonical(detection)))
}

/// The fingerprint with what a behaviour has in common with others; `family` says how.
pub fn behaviour(detection: &Detection) -> Behaviour {
    family::of(&lines(detection))
}

/// The text that is hashed, one `name=value` a line.
pub fn canonical(detection: &Detection) -> String {
    lines(detection).join("\n")
}

fn lines(detection: &Detection) -> Vec<String> {
    let mut lines = vec![
        format!("version={VERSION}"),
        format!("rule={}", detection.rule.path),
        format!("event={}", detection.event_type),
    ];
    event::lines(detection, &mut lines);
    // Fields that are no part of a behaviour may hold words to a model; such an event is never a mere repeat.
    if !injection::scan(detection).is_empty() {
        lines.push("steers=yes".to_owned());
    }
    lines
}

/// Every field of the event, instances as placeholders; nothing where there are more than are compared.
pub fn fields(detection: &Detection) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    other::leaves("", &detection.event, &mut lines);
    (lines.len() < other::MOST_LEAVES).then_some(lines)
}
