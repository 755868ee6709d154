//! Conjunctions of conditions that hide none of what must be kept, found level by level from pairs on.
//!
//! A set is only extended while it would still hide something that must be kept, so that each that is found is minimal:
//! without any one of its conditions it would hide that, or say too little. Work is bounded by [`BEAM`] and [`LARGEST`].
use super::bits::Bits;
use super::item::Item;
use super::{LEAST, Samples};

/// Sets of one size that are extended, those first that would hide least of what must be kept.
const BEAM: usize = 400;
/// Conditions of the largest set, beside the rule itself.
const LARGEST: usize = 4;

/// Conditions by their places, and who meets all of them.
#[derive(Debug, Clone)]
pub(super) struct Set {
    /// The conditions' places, in order.
    pub items: Vec<usize>,
    /// The false positives.
    pub targets: Bits,
    /// Those that must be kept.
    kept: Bits,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// Sets that hide nothing that must be kept.
    pub clean: Vec<Set>,
    /// Whether any set says enough, be it that it hides what must be kept.
    pub any: bool,
}

/// All minimal sets that say enough and hide nothing that must be kept.
pub(super) fn clean(items: &[Item], samples: &Samples<'_>) -> Sets {
    let single =
        |(at, item): (usize, &Item)| Set { items: vec![at], targets: item.targets.clone(), kept: item.kept.clone() };
    let mut level: Vec<Set> = items.iter().enumerate().map(single).collect();
    let mut found = Sets::default();
    for size in 2..=LARGEST {
        let mut next = Vec::new();
        for set in &level {
            for larger in extended(set, items, samples) {
                let enough = says_enough(&larger, items);
                found.any = found.any || enough;
                if !enough || !larger.kept.is_empty() {
                    next.push(larger);
                } else if size == 2 || is_minimal(&larger, items) {
                    found.clean.push(larger);
                }
            }
        }
        next.sort_by(|one: &Set, other: &Set| {
            let key = |set: &Set| (set.kept.count(), std::cmp::Reverse(set.targets.count()));
            key(one).cmp(&key(other)).then_with(|| one.items.cmp(&other.items))
        });
        next.truncate(BEAM);
        level = next;
    }
    found
}

/// The set with each condition behind its last one that is on another field, where enough acts still agree.
fn extended<'a>(set: &'a Set, items: &'a [Item], samples: &'a Samples<'_>) -> impl Iterator<Item = Set> + 'a {
    let from = set.items.last().map_or(0, |last| last + 1);
    (from..items.len()).filter_map(move |at| {
        let item = &items[at];
        if set.items.iter().any(|own| items[*own].path == item.path) {
            return None;
        }
        let targets = set.targets.and(&item.targets);
        (samples.acts_of(&targets) >= LEAST).then(|| Set {
            items: set.items.iter().copied().chain([at]).collect(),
            kept: set.kept.and(&item.kept),
            targets,
        })
    })
}

/// Two conditions that tell of the event, about two things or about installed software: path and hash of a tool of the
/// system say nothing of what it was used for.
fn says_enough(set: &Set, items: &[Item]) -> bool {
    let specific = || set.items.iter().map(|at| &items[*at]).filter(|item| item.condition.specific);
    let Some(first) = specific().next() else { return false };
    let apart = specific().any(|item| item.subject != first.subject);
    specific().count() >= 2 && (apart || specific().any(|item| item.installed))
}

fn is_minimal(set: &Set, items: &[Item]) -> bool {
    set.items.iter().all(|without| {
        let rest: Vec<usize> = set.items.iter().copied().filter(|at| at != without).collect();
        let kept = rest.iter().skip(1).fold(items[rest[0]].kept.clone(), |kept, at| kept.and(&items[*at].kept));
        let smaller = Set { items: rest, targets: set.targets.clone(), kept };
        !smaller.kept.is_empty() || !says_enough(&smaller, items)
    })
}
