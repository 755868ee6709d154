//! Two runs of a case compared: what changed in words, and each voter's two votes side by side.
use super::words::{self, Glyph, percent};
use crate::store::runs::{Flag, Run};
use crate::store::votes::Stored;
use std::collections::BTreeSet;

/// A vote in one of the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Its verdict's shape.
    pub glyph: Glyph,
    /// Stated confidence, or empty.
    pub confidence: String,
    /// The start of its own words.
    pub said: String,
}

/// A voter in both runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The voter.
    pub voter: String,
    /// Its vote in the earlier and in the later run.
    pub sides: [Option<Side>; 2],
    /// Whether it changed its mind.
    pub turned: bool,
}

/// What changed from one run to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The run that is compared with.
    pub from: i64,
    /// The shown run.
    pub to: i64,
    /// The most important change, in a sentence.
    pub head: String,
    /// Other changes.
    pub lines: Vec<String>,
    /// The votes.
    pub votes: Vec<Pair>,
}

/// Compares two runs, each with its votes.
pub fn compared((from, before): (&Run, &[&Stored]), (to, after): (&Run, &[&Stored])) -> Compared {
    let names = |votes: &[&Stored]| votes.iter().map(|vote| vote.voter.clone()).collect::<BTreeSet<_>>();
    let (old, new) = (names(before), names(after));
    let pairs: Vec<Pair> = old.union(&new).map(|voter| pair(voter, before, after)).collect();
    let mut lines = Vec::new();
    lines.extend(told("Only in the later run: ", new.difference(&old)));
    lines.extend(told("Only in the earlier run: ", old.difference(&new)));
    for pair in pairs.iter().filter(|pair| pair.turned) {
        if let [Some(from), Some(to)] = &pair.sides {
            let (from, to) = (from.glyph.word.to_lowercase(), to.glyph.word.to_lowercase());
            lines.push(format!("{} turned from {from} to {to}.", pair.voter));
        }
    }
    lines.extend(flags("flag", &from.flags.0, &to.flags.0));
    lines.extend(flags("veto", &from.vetoes.0, &to.vetoes.0));
    lines.extend(models(before, after));
    Compared { from: from.number, to: to.number, head: head(from, to), lines, votes: pairs }
}

fn head(from: &Run, to: &Run) -> String {
    let stated = match (from.confidence.map(percent), to.confidence.map(percent)) {
        (Some(one), Some(two)) if one == two => format!("Confidence {one} in both"),
        (Some(one), Some(two)) => format!("Confidence {one} to {two}"),
        (None, Some(two)) => format!("Confidence {two}, none before"),
        (Some(one), None) => format!("Confidence {one} before, none now"),
        (None, None) => "No confidence in either".to_owned(),
    };
    let label = |run: &Run| run.machine_verdict.label().to_lowercase();
    let verdict = if from.machine_verdict == to.machine_verdict {
        "verdict the same".to_owned()
    } else {
        format!("verdict from {} to {}", label(from), label(to))
    };
    format!("{stated}, {verdict}.")
}

fn told<'a>(head: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: Vec<&str> = names.map(String::as_str).collect();
    (!names.is_empty()).then(|| format!("{head}{}.", names.join(", ")))
}

fn pair(voter: &str, before: &[&Stored], after: &[&Stored]) -> Pair {
    let of = |votes: &[&Stored]| votes.iter().find(|vote| vote.voter == voter).copied().cloned();
    let (one, two) = (of(before), of(after));
    let verdict = |vote: &Option<Stored>| vote.as_ref().and_then(|vote| vote.verdict);
    let turned = verdict(&one).zip(verdict(&two)).is_some_and(|(one, two)| one != two);
    Pair { voter: voter.to_owned(), sides: [one.map(|vote| side(&vote)), two.map(|vote| side(&vote))], turned }
}

fn side(vote: &Stored) -> Side {
    let said = vote.answer.as_ref().map_or(vote.detail.as_str(), |answer| &answer.0.what_happened);
    Side {
        glyph: words::vote(vote.state, vote.verdict),
        confidence: vote.confidence.map(percent).unwrap_or_default(),
        said: super::text::start(said, 400),
    }
}

/// Flags or vetoes that came or went.
fn flags(word: &str, before: &[Flag], after: &[Flag]) -> Vec<String> {
    let only = |these: &[Flag], those: &[Flag], head: String| {
        let gone =
            these.iter().filter(|flag| flag.kind != "supported" && !those.iter().any(|other| other.kind == flag.kind));
        gone.map(|flag| format!("{head}: {}", super::text::start(&flag.text, 300))).collect::<Vec<_>>()
    };
    let mut lines = only(after, before, format!("New {word}"));
    lines.extend(only(before, after, format!("No longer a {word}")));
    lines
}

/// Changes of the prompt and of the models behind the voters.
fn models(before: &[&Stored], after: &[&Stored]) -> Vec<String> {
    let mut lines = Vec::new();
    let prompts = |votes: &[&Stored]| {
        let versions = votes.iter().map(|vote| vote.prompt_version.as_str()).filter(|version| !version.is_empty());
        versions.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    };
    let (one, two) = (prompts(before), prompts(after));
    if one != two && !one.is_empty() && !two.is_empty() {
        lines.push(format!("Prompt {one} before, {two} now."));
    }
    for new in after {
        let Some(old) = before.iter().find(|old| old.voter == new.voter) else { continue };
        if old.model != new.model {
            lines.push(format!("{} was {} and is {} now.", new.voter, old.model, new.model));
        } else if old.digest != new.digest && !old.digest.is_empty() && !new.digest.is_empty() {
            let short = |digest: &str| digest[..digest.floor_char_boundary(12)].to_owned();
            lines.push(format!("{}: digest {} before, {} now.", new.voter, short(&old.digest), short(&new.digest)));
        }
    }
    lines
}
