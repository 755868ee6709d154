//! The few candidates that are shown: most covered first, by conditions that an attacker can't write, each proven by
//! the rule itself on every sample.
use super::column::title;
use super::item::Item;
use super::sets::Set;
use super::{Candidate, Samples, Share, Side};
use crate::domain::path::file_name;
use crate::features::role;
use crate::tuning::condition::{self, Condition};
use crate::tuning::rule::Rule;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Candidates that are shown.
pub(super) const SHOWN: usize = 3;
/// Candidates that are tried on the documents until there are enough.
const TRIED: usize = 12;
/// What a condition costs that an attacker can write, and one more than two, in percent of the false positives.
const WRITTEN: i64 = 15;
const FURTHER: i64 = 2;
/// Where a detection holds what a process was told to do, and which program it is.
const COMMAND: &str = "detect/event/COMMAND_LINE";
const IMAGE: &str = "/detect/event/FILE_PATH";

/// The best of the sets, none of which only repeats another.
pub(super) fn best(mut sets: Vec<Set>, items: &[Item], samples: &Samples<'_>, refused: &[Value]) -> Vec<Candidate> {
    let all = samples.targets.len();
    let place = |set: &Set| (std::cmp::Reverse(worth(set, items, all)), effort(set, items));
    sets.sort_by(|one, other| place(one).cmp(&place(other)).then_with(|| one.items.cmp(&other.items)));
    let (mut picked, mut candidates): (Vec<Set>, Vec<Candidate>) = (Vec::new(), Vec::new());
    let mut tries = 0;
    for set in sets {
        if candidates.len() == SHOWN || tries == TRIED {
            break;
        }
        if picked.iter().any(|other| repeats(&set, other)) {
            continue;
        }
        tries += 1;
        if let Some(candidate) = proven(&set, items, samples).filter(|one| !refused.contains(&one.rule)) {
            candidates.push(candidate);
            picked.push(set);
        }
    }
    candidates
}

/// Percent of the false positives that are covered, less what speaks against the conditions.
fn worth(set: &Set, items: &[Item], all: usize) -> i64 {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let written = set.items.iter().filter(|at| items[**at].written).count();
    let covered = number(set.targets.count() * 100 / all.max(1));
    covered - WRITTEN * number(written) - FURTHER * number(set.items.len().saturating_sub(2))
}

/// Of sets worth the same, the one whose conditions are harder to forge.
fn effort(set: &Set, items: &[Item]) -> u32 {
    set.items.iter().map(|at| u32::from(items[*at].class)).sum()
}

/// A set with a condition of another one that covers no more.
fn repeats(set: &Set, other: &Set) -> bool {
    set.targets.is_within(&other.targets) && set.items.iter().any(|at| other.items.contains(at))
}

/// The set as an exclusion, where the rule itself hides nothing that must be kept; what can't be evaluated counts as hidden.
fn proven(set: &Set, items: &[Item], samples: &Samples<'_>) -> Option<Candidate> {
    let mut conditions = vec![samples.rule.clone()?];
    conditions.extend(set.items.iter().map(|at| items[*at].condition.clone()));
    let chosen: Vec<&Condition> = conditions.iter().collect();
    let document = condition::combine(&chosen).ok()?;
    let rule = Rule::read(&document).ok()?;
    let hides = |at: &usize| rule.matches(&samples.all[*at].document);
    if samples.kept.iter().any(|at| hides(at).unwrap_or(true)) {
        return None;
    }
    let covered: Vec<usize> = samples.targets.iter().copied().filter(|at| hides(at) == Ok(true)).collect();
    let newest = covered.iter().map(|at| samples.all[*at].case).max()?;
    let benign = samples.all.iter().enumerate().filter(|(_, sample)| sample.side == Side::Benign);
    let benign = benign.fold(Share::default(), |share, (at, _)| share.with(hides(&at).unwrap_or(true)));
    let written = set.items.iter().map(|at| &items[*at]).filter(|item| item.written);
    Some(Candidate {
        key: hex::encode(Sha256::digest(document.to_string()))[..16].to_owned(),
        pattern: pattern(set, items),
        false_positives: Share { covered: covered.len(), all: samples.targets.len() },
        benign,
        kept: samples.kept.len(),
        written: written.map(|item| title(&item.path).to_owned()).collect(),
        only_written: set.items.iter().all(|at| items[*at].written),
        unasked: unasked(set, items, &covered, samples),
        case: newest,
        rule: document,
        conditions,
    })
}

/// A shell, or a tool that attackers like, that a covered detection is about, where no condition is on its command line.
fn unasked(set: &Set, items: &[Item], covered: &[usize], samples: &Samples<'_>) -> Option<String> {
    if set.items.iter().any(|at| items[*at].path == COMMAND) {
        return None;
    }
    let images = covered.iter().filter_map(|at| samples.all[*at].document.pointer(IMAGE)?.as_str());
    let mut names = images.map(|path| file_name(path).to_lowercase());
    names.find(|name| matches!(role::of(name), "shell" | "lolbas"))
}

/// Words for the exclusion's name: the last part of the value that is hardest to forge.
fn pattern(set: &Set, items: &[Item]) -> String {
    let first = set.items.iter().map(|at| &items[*at].condition).find_map(|condition| condition.rule["value"].as_str());
    let last = first.and_then(|value| value.trim_end_matches(['\\', '/']).rsplit(['\\', '/']).next());
    last.unwrap_or("found").to_owned()
}
