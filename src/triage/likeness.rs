//! How alike two behaviours are that are not equal, and in what they differ.
//!
//! Compared are the canonical texts of `fingerprint` without the lines that are equal by construction (version, rule,
//! type of event): with them everything would look alike. The measure is Dice's coefficient over character trigrams,
//! `2·|A∩B| / (|A|+|B|)` counted with repetitions (L. R. Dice, "Measures of the Amount of Ecologic Association Between
//! Species", Ecology 26, 1945; over character n-grams as in G. W. Adamson and J. Boreham, Information Storage and
//! Retrieval 10, 1974). Near is not equal: one word more may be the attack, so the words that differ are told, and
//! whether one of them is of a kind that tells trust.
use super::fingerprint::is_cut;
use crate::domain::local::Tokens;
use std::collections::HashMap;
use std::fmt::Write;

/// What may be said of two texts that are not equal.
const MOST: f64 = 0.99;
/// Lines that all behaviours of a rule share, or that say nothing about what happened.
const SHARED: [&str; 3] = ["version=", "rule=", "event="];
/// Words of each side that are shown, and characters of one.
const SHOWN: usize = 6;
const LONGEST: usize = 48;
/// Folders that users can write to, as paths are normalised.
const WRITABLE: [&str; 9] = [
    "\\temp\\",
    "\\tmp\\",
    "\\users\\",
    "\\programdata\\",
    "\\appdata\\",
    "\\downloads\\",
    "\\perflogs\\",
    "\\dev\\shm\\",
    "\\home\\",
];

/// Two texts, the case's own first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Compared {
    /// 0 to 0.99; 0 where one of them was cut, as nobody knows what its end held.
    pub alike: f64,
    /// Words that only the first one has.
    pub only_here: Tokens,
    /// Words that only the other one has.
    pub only_there: Tokens,
    /// Whether the first one has a word that a benign verdict on the other one can't cover.
    pub graver: bool,
}

/// Compares two canonical texts.
pub fn compare(here: &str, there: &str) -> Compared {
    if is_cut(here) || is_cut(there) || here.is_empty() || there.is_empty() {
        return Compared { graver: true, ..Compared::default() };
    }
    let (ours, theirs) = (lines(here), lines(there));
    let (own_words, other_words) = (words(&ours), words(&theirs));
    let (added, removed) = (missing(&own_words, &other_words), missing(&other_words, &own_words));
    Compared {
        alike: dice(&ours.join("\n"), &theirs.join("\n")).min(MOST),
        graver: added.iter().any(|word| is_grave(word)),
        only_here: shown(&added),
        only_there: shown(&removed),
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').filter(|line| !SHARED.iter().any(|shared| line.starts_with(shared))).collect()
}

/// Dice's coefficient over trigrams with repetitions; of texts shorter than that, over the whole.
fn dice(one: &str, other: &str) -> f64 {
    let (one, other) = (trigrams(one), trigrams(other));
    let common: u32 = one.iter().map(|(gram, count)| other.get(gram).map_or(0, |found| *found.min(count))).sum();
    let all = one.values().sum::<u32>() + other.values().sum::<u32>();
    if all == 0 { 0.0 } else { f64::from(2 * common) / f64::from(all) }
}

fn trigrams(text: &str) -> HashMap<[char; 3], u32> {
    let chars: Vec<char> = text.chars().collect();
    let mut all = HashMap::new();
    for gram in chars.windows(3) {
        *all.entry([gram[0], gram[1], gram[2]]).or_default() += 1;
    }
    all
}

/// The words of a command line one by one, every other line as a whole.
fn words<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let of = |line: &'a str| match line.split_once('=') {
        Some((name, value)) if name.ends_with("command") => value.split_whitespace().collect(),
        _ => vec![line],
    };
    lines.iter().flat_map(|line| of(line)).filter(|word| !word.is_empty()).collect()
}

/// The words of one side that the other one has not, or not as often, in their order.
fn missing<'a>(from: &[&'a str], other: &[&str]) -> Vec<&'a str> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in other {
        *left.entry(word).or_default() += 1;
    }
    let is_missing = |word: &&&str| match left.get_mut(**word) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    from.iter().filter(is_missing).copied().collect()
}

/// Whether a benign verdict on a behaviour without this word says nothing about one with it.
fn is_grave(word: &str) -> bool {
    let word = word.to_lowercase();
    let is = |name: &str| word.split_once('=').is_some_and(|(field, _)| field == name || field.ends_with(name));
    // Whom a file is by, what it is, and where a name leads to are never a mere variant.
    let names =
        || ["domain_name", "cname", "hash", "cert_subject", "cert_issuer", "registry_value"].into_iter().any(is);
    let writable = || WRITABLE.iter().any(|folder| word.contains(folder));
    is("signed")
        || is("user")
        || is("steers")
        || word.contains("<blob:")
        || word.contains("<ip:public>")
        || word.contains("://")
        || word.starts_with("to=")
        || writable()
        || names()
}

fn shown(words: &[&str]) -> Tokens {
    Tokens {
        shown: words.iter().take(SHOWN).map(|word| plain(word)).collect(),
        more: words.len().saturating_sub(SHOWN),
    }
}

/// A word as printable ASCII without backticks, its middle cut: it can't leave a code span, hide, or fill a page.
fn plain(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars().take(4 * LONGEST) {
        match c {
            '`' => out.push('\''),
            '!'..='~' | ' ' => out.push(c),
            other => {
                // Writing to a String can't fail.
                let _ = write!(out, "[U+{:04X}]", u32::from(other));
            }
        }
    }
    if out.len() <= LONGEST && word.chars().count() <= LONGEST {
        return out;
    }
    let (head, tail) = (LONGEST * 6 / 10, out.len() - LONGEST * 3 / 10);
    format!("{}...{}", &out[..head], &out[tail..])
}
