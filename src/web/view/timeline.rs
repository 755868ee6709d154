//! The timeline: newest first, by day, what machines did in one go folded into one line.
use super::text::start;
use super::words::{When, when};
use crate::store::ActorKind;
use crate::store::runs::Run;
use crate::store::timeline::{Entry, Who};

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
    /// The number of the run that it belongs to.
    pub run: Option<i64>,
    /// Folded lines: time, text, who.
    pub folded: Vec<(When, String, String)>,
}

/// Whose entries can be chosen: the choice, its word in the address, its label.
pub const LANES: [(Who, &str, &str); 3] =
    [(Who::All, "", "All"), (Who::People, "people", "People"), (Who::Machine, "machine", "Machine")];

/// The choice as a part of an address that has others already.
pub const fn lane(who: &Who) -> &'static str {
    match who {
        Who::All => "",
        Who::People => "&who=people",
        Who::Machine => "&who=machine",
    }
}

/// Machine entries this close to each other are one go.
const ONE_GO_MS: i64 = 60_000;

/// Folds what machines did in one go: entries of one run, or within a minute. People's acts are never folded.
pub fn items(entries: &[Entry], runs: &[Run]) -> Vec<Item> {
    let mut items = Vec::new();
    let changes: Vec<Entry> = entries.iter().filter(|entry| !is_no_change(&entry.text)).cloned().collect();
    let mut rest = changes.as_slice();
    while let Some(first) = rest.first() {
        let together = |entry: &Entry| {
            let near = entry.run_id == first.run_id && first.run_id.is_some() || first.at_ms - entry.at_ms < ONE_GO_MS;
            !human(first) && !human(entry) && near
        };
        let count = 1 + rest[1..].iter().take_while(|entry| together(entry)).count();
        items.push(item(&rest[..count], runs, items.last()));
        rest = &rest[count..];
    }
    items
}

/// Whether a text says that something became what it was, as other systems record it.
fn is_no_change(text: &str) -> bool {
    let change = text.split_once(": ").map_or("", |(_, change)| change);
    let sides = change.split_once(" → ").or_else(|| change.split_once(" to "));
    sides.is_some_and(|(before, after)| before.trim() == after.trim().trim_end_matches('.'))
}

const fn human(entry: &Entry) -> bool {
    matches!(entry.actor_kind, ActorKind::Person | ActorKind::Token)
}

/// Steps of one go that are told; of more only the first and the last are, and all are folded.
const MANY: usize = 6;

/// The steps of one go in words, oldest first.
fn told(titles: &[String]) -> String {
    match titles {
        [first, between @ .., last] if titles.len() > MANY => {
            format!("{first}. {} more steps. {last}", between.len())
        }
        _ => titles.join(". "),
    }
}

/// One line for entries, newest first: the important ones in words, the others folded.
fn item(group: &[Entry], runs: &[Run], above: Option<&Item>) -> Item {
    let important = |entry: &&Entry| {
        let known = [
            "case_opened",
            "detection_joined",
            "triaged",
            "run_interrupted",
            "gate",
            "machine_closed",
            "machine_reopened",
        ];
        known.contains(&entry.kind.as_str())
    };
    let titles: Vec<_> = group.iter().rev().filter(important).map(|entry| start(&entry.text, 500)).collect();
    let newest = &group[0];
    let (text, folded): (String, Vec<&Entry>) = if titles.is_empty() {
        (start(&newest.text, 500), group[1..].iter().collect())
    } else {
        let rest = group.iter().filter(|entry| titles.len() > MANY || !important(entry)).collect();
        (told(&titles), rest)
    };
    let at = when(newest.at_ms);
    Item {
        new_day: above.is_none_or(|above| above.at.day != at.day),
        human: human(newest),
        who: newest.actor.clone(),
        id: newest.id,
        run: newest.run_id.and_then(|id| runs.iter().find(|run| run.id == id)).map(|run| run.number),
        undone: newest.undone_ms.is_some(),
        folded: folded
            .into_iter()
            .map(|entry| (when(entry.at_ms), start(&entry.text, 500), entry.actor.clone()))
            .collect(),
        text,
        at,
    }
}
