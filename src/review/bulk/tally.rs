//! How often each value of a field stands in many cases, within bounds.
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// So many different values of a field are kept as text; others are only counted.
const KEPT: usize = 500;
/// The longest value that is kept, in characters.
const LONGEST: usize = 300;

/// A value's stand-in.
pub(super) fn hash(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The values of one field.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    counts: HashMap<u64, (usize, String)>,
    all: usize,
}

impl Tally {
    /// Counts a value, which is shown as `text`.
    pub(super) fn add(&mut self, value: u64, text: &str) {
        self.all += 1;
        let kept = self.counts.len() < KEPT;
        let text = || if kept { text.chars().take(LONGEST).collect() } else { String::new() };
        self.counts.entry(value).or_insert_with(|| (0, text())).0 += 1;
    }

    /// How many different values there are.
    pub(super) fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// How many cases were counted.
    pub(super) const fn all(&self) -> usize {
        self.all
    }

    /// How often a value stands there, and as what it is shown.
    pub(super) fn of(&self, value: u64) -> (usize, &str) {
        self.counts.get(&value).map_or((0, ""), |(count, text)| (*count, text))
    }

    /// The value that stands in most cases.
    pub(super) fn usual(&self) -> Option<u64> {
        self.counts.iter().max_by_key(|(value, (count, _))| (*count, **value)).map(|(value, _)| *value)
    }

    /// The most frequent values with their counts, as texts.
    pub(super) fn top(&self, most: usize) -> Vec<(String, usize)> {
        let mut all: Vec<_> = self.counts.values().filter(|(_, text)| !text.is_empty()).collect();
        all.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        all.into_iter().take(most).map(|(count, text)| (text.clone(), *count)).collect()
    }
}
