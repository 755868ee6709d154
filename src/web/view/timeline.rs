//! The timeline: newest first, by day, what machines did in one go folded into one line.
use super::text::start;
use super::words::{When, when};
use crate::store::ActorKind;
use crate::store::timeline::Entry;

/// One line, with those that it folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// When.
    pub at: When,
    /// A new day begins above this line.
    pub new_day: bool,
    /// Whether a person or a program of theirs did it.
    pub human: bool,
    /// What happened.
    pub text: String,
    /// Who did it.
    pub who: String,
    /// The entry's id, for its anchor.
    pub id: i64,
    /// Whether it was undone.
    pub undone: bool,
    /// Folded lines: time, text, who.
    pub folded: Vec<(When, String, String)>,
}

/// Machine entries this close to each other are one go.
const ONE_GO_MS: i64 = 60_000;

/// Folds what machines did in one go: entries of one run, or within a minute. People's acts are never folded.
pub fn items(entries: &[Entry]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = entries;
    while let Some(first) = rest.first() {
        let together = |entry: &Entry| {
            let near = entry.run_id == first.run_id && first.run_id.is_some() || first.at_ms - entry.at_ms < ONE_GO_MS;
            !human(first) && !human(entry) && near
        };
        let count = 1 + rest[1..].iter().take_while(|entry| together(entry)).count();
        items.push(item(&rest[..count], items.last()));
        rest = &rest[count..];
    }
    items
}

const fn human(entry: &Entry) -> bool {
    matches!(entry.actor_kind, ActorKind::Person | ActorKind::Token)
}

/// One line for entries, newest first: the important ones in words, the others folded.
fn item(group: &[Entry], above: Option<&Item>) -> Item {
    let important = |entry: &&Entry| {
        matches!(entry.kind.as_str(), "case_opened" | "detection_joined" | "triaged" | "run_interrupted")
    };
    let titles: Vec<_> = group.iter().rev().filter(important).map(|entry| start(&entry.text, 500)).collect();
    let newest = &group[0];
    let (text, folded): (String, Vec<&Entry>) = if titles.is_empty() {
        (start(&newest.text, 500), group[1..].iter().collect())
    } else {
        (titles.join(". "), group.iter().filter(|entry| !important(entry)).collect())
    };
    let at = when(newest.at_ms);
    Item {
        new_day: above.is_none_or(|above| above.at.day != at.day),
        human: human(newest),
        who: newest.actor.clone(),
        id: newest.id,
        undone: newest.undone_ms.is_some(),
        folded: folded
            .into_iter()
            .map(|entry| (when(entry.at_ms), start(&entry.text, 500), entry.actor.clone()))
            .collect(),
        text,
        at,
    }
}
