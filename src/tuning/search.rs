//! Exclusions that a rule's false positives suggest: few conditions that many of them meet, and none that must be kept.
//!
//! `column` reads the documents' fields, `item` makes single conditions that several acts of people agree on (`place`
//! where paths vary), `sets` combines them level by level, `pick` tries the best on every sample by the rule itself;
//! `shape` tells later documents from earlier ones.
//! Pure, bounded, and in a fixed order: the same samples give the same candidates. A person proposes one; the stored
//! back-test over all detections and a second person decide as for any other.
mod bits;
mod column;
mod item;
mod pick;
mod place;
mod sets;
mod shape;

pub use shape::{Shape, changed};

use super::condition::{self, Condition};
use bits::Bits;
use serde_json::Value;
use std::collections::BTreeSet;

/// Acts of people that must have declared what a candidate covers; many cases declared at once are one act.
pub const LEAST: usize = 5;

/// What became of a detection's case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Declared false positive: what is to be covered.
    FalsePositive,
    /// Declared benign true positive: neither sought nor kept.
    Benign,
    /// Declared true positive: must be kept.
    TruePositive,
    /// Declared undetermined: must be kept.
    Undetermined,
    /// Declared false positive, but a text in it tries to steer a model, or a provider calls a value of it malicious:
    /// must be kept.
    Flagged,
}

/// A detection of the rule in a case that a person declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its case.
    pub case: i64,
    /// By which act that was declared.
    pub act: String,
    /// What was declared.
    pub side: Side,
    /// The detection's document.
    pub document: Value,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Covered.
    pub covered: usize,
    /// Of all.
    pub all: usize,
}

impl Share {
    fn with(self, covered: bool) -> Self {
        Self { covered: self.covered + usize::from(covered), all: self.all + 1 }
    }
}

/// An exclusion to propose.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Tells it among others: 16 hexadecimal digits of its rule's SHA-256.
    pub key: String,
    /// Its conditions, the rule itself first.
    pub conditions: Vec<Condition>,
    /// The same in LimaCharlie's syntax.
    pub rule: Value,
    /// Words for its name.
    pub pattern: String,
    /// Detections of cases declared false positive.
    pub false_positives: Share,
    /// Detections of cases declared benign true positive.
    pub benign: Share,
    /// Detections that must be kept, none of which it covers.
    pub kept: usize,
    /// The fields whose values an attacker can write.
    pub written: Vec<String>,
    /// Whether all of its conditions are on such fields.
    pub only_written: bool,
    /// A shell, or a tool that attackers like, among what it covers, where no condition looks at what it was told to do.
    pub unasked: Option<String>,
    /// The newest case that it covers.
    pub case: i64,
}

/// Why there is no candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {
    /// Fewer than [`LEAST`] acts declared a false positive.
    Few,
    /// No two conditions that say enough hold for as many.
    Unlike,
    /// All that hold would hide what must be kept as well.
    Shared,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The candidates, best first, at most three.
    pub candidates: Vec<Candidate>,
    /// Why there is none.
    pub nothing: Option<Nothing>,
}

/// The samples by what they are for.
struct Samples<'a> {
    all: &'a [Sample],
    /// The condition that names the rule.
    rule: Option<Condition>,
    /// Places of those to be covered.
    targets: Vec<usize>,
    /// Places of those to be kept.
    kept: Vec<usize>,
    /// The act of each target.
    acts: Vec<usize>,
}

impl<'a> Samples<'a> {
    fn of(all: &'a [Sample]) -> Self {
        let places =
            |wanted: fn(Side) -> bool| -> Vec<usize> { (0..all.len()).filter(|at| wanted(all[*at].side)).collect() };
        let targets = places(|side| side == Side::FalsePositive);
        let acts: BTreeSet<&str> = targets.iter().map(|at| all[*at].act.as_str()).collect();
        let acts: Vec<&str> = acts.into_iter().collect();
        let act = |at: &usize| acts.binary_search(&all[*at].act.as_str()).unwrap_or_default();
        Self {
            rule: targets.first().and_then(|at| rule_of(&all[*at].document)),
            acts: targets.iter().map(act).collect(),
            kept: places(|side| matches!(side, Side::TruePositive | Side::Undetermined | Side::Flagged)),
            targets,
            all,
        }
    }

    /// How many acts declared these targets; counting ends where there are enough.
    fn acts_of(&self, targets: &Bits) -> usize {
        let mut seen: Vec<usize> = Vec::with_capacity(LEAST);
        for place in targets.places() {
            if !seen.contains(&self.acts[place]) {
                seen.push(self.acts[place]);
            }
            if seen.len() == LEAST {
                break;
            }
        }
        seen.len()
    }
}

/// The condition that names the rule: its path, or its title where a detection has no path.
fn rule_of(document: &Value) -> Option<Condition> {
    let mut all = condition::of(document);
    let at = ["source_rule", "cat"].iter().find_map(|key| all.iter().position(|condition| condition.key == *key))?;
    Some(all.swap_remove(at))
}

/// Looks for exclusions that cover what was declared false positive and nothing that must be kept. `refused` are rules
/// that people did not want; they are not brought up again.
pub fn search(all: &[Sample], refused: &[Value]) -> Found {
    let samples = Samples::of(all);
    let nothing = |why| Found { candidates: Vec::new(), nothing: Some(why) };
    let every = Bits::of(samples.targets.len(), |_| true);
    if samples.acts_of(&every) < LEAST {
        return nothing(Nothing::Few);
    }
    let is_target = |at: usize| all[at].side == Side::FalsePositive;
    let columns = column::columns(all, is_target);
    let items = item::of(&columns, &samples);
    let sets = sets::clean(&items, &samples);
    let any = sets.any;
    let candidates = pick::best(sets.clean, &items, &samples, refused);
    match (candidates.is_empty(), any) {
        (false, _) => Found { candidates, nothing: None },
        (true, true) => nothing(Nothing::Shared),
        (true, false) => nothing(Nothing::Unlike),
    }
}
