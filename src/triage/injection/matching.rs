//! Looks for everything at once and weighs what stands close together.
use super::Technique;
use super::fold::{self, Folded};
use super::foreign;
use super::literals;
use super::pairs::{Class, Mark, PAIRS, Pair};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::VecDeque;
use std::sync::LazyLock;

/// From this weight on a text counts, and one that our own people write.
const ENOUGH: u32 = 3;
const IN_OURS: u32 = 5;
/// What stands within so many bytes is weighed together.
const WINDOW: usize = 400;
/// Up to this length the words and the signs of a text are weighed together.
const SHORT: usize = 4_000;
/// Bytes before and after a hit in an excerpt.
const BEFORE: usize = 50;
const AFTER: usize = 130;

static WORDS: LazyLock<Table> = LazyLock::new(|| {
    let mut all = literals::words();
    all.extend(foreign::all());
    Table::new(all.into_iter().map(|(text, mark)| (fold_words(&text), mark)))
});
static SIGNS: LazyLock<Table> =
    LazyLock::new(|| Table::new(literals::signs().into_iter().map(|(text, mark)| (text.to_owned(), mark))));
static SQUEEZED: LazyLock<Table> = LazyLock::new(|| {
    let squeeze = |text: &str| text.chars().map(fold::squeeze).collect::<String>();
    Table::new(literals::squeezed().into_iter().map(|(text, mark)| (squeeze(&text), mark)))
});

/// The best evidence in a text, where it weighs enough: the technique and an excerpt.
pub(super) fn find(folded: &Folded, ours: bool) -> Option<(Technique, String)> {
    let threshold = if ours { IN_OURS } else { ENOUGH };
    let words = WORDS.best(&folded.words, ours);
    let signs = SIGNS.best(&folded.plain, ours);
    let squeezed = SQUEEZED.best(&folded.squeezed, ours);
    let together =
        if folded.plain.len() <= SHORT { words.weight + signs.weight } else { words.weight.max(signs.weight) };
    if together >= threshold {
        let best = if signs.strongest.0 > words.strongest.0 { (signs, &folded.plain) } else { (words, &folded.words) };
        return best.0.told(best.1);
    }
    if squeezed.weight >= threshold { squeezed.told(&folded.squeezed) } else { None }
}

/// A pattern of words: a blank in front of it is a word's start, a star at its end leaves the word open.
fn fold_words(text: &str) -> String {
    let (stem, open) = text.strip_suffix('*').map_or((text, false), |stem| (stem, true));
    let folded = fold::fold(stem).words;
    let inner = folded.trim();
    let start = if text.starts_with('~') { "" } else { " " };
    format!("{start}{inner}{}", if open { "" } else { " " })
}

/// What one view of a text weighs.
#[derive(Debug, Clone, Copy, Default)]
struct Best {
    weight: u32,
    /// The heaviest hit of the window: its weight, technique and place.
    strongest: (u32, Option<Technique>, usize),
}

impl Best {
    fn told(self, view: &str) -> Option<(Technique, String)> {
        let at = self.strongest.2;
        let from = view.floor_char_boundary(at.saturating_sub(BEFORE));
        let to = view.floor_char_boundary((at + AFTER).min(view.len()));
        Some((self.strongest.1?, view[from..to].to_owned()))
    }
}

/// The patterns of one view.
struct Table {
    automaton: Option<AhoCorasick>,
    marks: Vec<Mark>,
}

/// A hit that carries weight.
#[derive(Clone, Copy)]
struct Hit {
    /// What was hit: a pattern's place in the table, or a pair's behind them.
    id: usize,
    at: usize,
    weight: u32,
    technique: Technique,
}

impl Table {
    fn new(patterns: impl Iterator<Item = (String, Mark)>) -> Self {
        let (texts, marks): (Vec<String>, Vec<Mark>) = patterns.unzip();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&texts);
        // A table that can't be built would leave the gate open unseen; the tests build all of them.
        Self { automaton: automaton.ok(), marks }
    }

    /// The heaviest window of a view.
    fn best(&self, view: &str, ours: bool) -> Best {
        let Some(automaton) = &self.automaton else { return Best::default() };
        let mut window = Window::new(self.marks.len() + PAIRS.len(), ours);
        let mut last = [None; Class::COUNT];
        for found in automaton.find_overlapping_iter(view) {
            let id = found.pattern().as_usize();
            match self.marks[id] {
                Mark::Alone(technique, weight) => window.add(Hit { id, at: found.start(), weight, technique }),
                Mark::Field(weight) => {
                    if is_key(view, found.start(), found.end()) {
                        window.add(Hit { id, at: found.start(), weight, technique: Technique::Answer });
                    }
                }
                Mark::Class(class) => {
                    let pairs = PAIRS.iter().enumerate();
                    for (at, pair) in pairs.filter(|(_, pair)| pair.fits(class, found.start(), &last)) {
                        let id = self.marks.len() + at;
                        let Pair { technique, weight, .. } = *pair;
                        window.add(Hit { id, at: found.start(), weight, technique });
                    }
                    last[class as usize] = Some(found.end());
                }
            }
        }
        window.best
    }
}

impl Pair {
    /// Whether this class, starting here, follows its partner closely enough.
    fn fits(&self, class: Class, start: usize, last: &[Option<usize>; Class::COUNT]) -> bool {
        let near = |other: Class| last[other as usize].is_some_and(|end| start <= end + self.gap);
        (class == self.then && near(self.first)) || (self.either && class == self.first && near(self.then))
    }
}

/// Whether a name stands where a key would: whole, and followed by `:` or `=`.
fn is_key(view: &str, start: usize, end: usize) -> bool {
    let before = view[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let after = view[end..].trim_start_matches(['"', '\'', '\\', ' ', '`', '*']);
    before && view[end..].len() - after.len() <= 8 && after.starts_with([':', '=']) && !after.starts_with(":\\")
}

/// Hits of the last few hundred bytes, each kind counted once.
struct Window {
    ours: bool,
    recent: VecDeque<Hit>,
    counts: Vec<u32>,
    weight: u32,
    best: Best,
}

impl Window {
    fn new(kinds: usize, ours: bool) -> Self {
        Self { ours, recent: VecDeque::new(), counts: vec![0; kinds], weight: 0, best: Best::default() }
    }

    fn add(&mut self, hit: Hit) {
        if self.ours && matches!(hit.technique, Technique::Steering | Technique::Authority | Technique::Answer) {
            return;
        }
        while let Some(old) = self.recent.front().copied().filter(|old| old.at + WINDOW < hit.at) {
            self.recent.pop_front();
            self.counts[old.id] -= 1;
            if self.counts[old.id] == 0 {
                self.weight -= old.weight;
            }
        }
        if self.counts[hit.id] == 0 {
            self.weight += hit.weight;
        }
        self.counts[hit.id] += 1;
        self.recent.push_back(hit);
        if self.weight > self.best.weight {
            self.best.weight = self.weight;
            if hit.weight > self.best.strongest.0 {
                self.best.strongest = (hit.weight, Some(hit.technique), hit.at);
            }
        }
    }
}
