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

/// Folds entries of one run that follow each other; people's acts are never folded.
pub fn items(entries: &[Entry]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut run = None;
    for entry in entries {
        let at = when(entry.at_ms);
        let human = matches!(entry.actor_kind, ActorKind::Person | ActorKind::Token);
        let group = entry.run_id.filter(|_| !human);
        if let Some(last) = items.last_mut().filter(|_| group.is_some() && group == run) {
            last.folded.push((at, start(&entry.text, 500), entry.actor.clone()));
        } else {
            let new_day = items.last().is_none_or(|last| last.at.day != at.day);
            let text = start(&entry.text, 500);
            items.push(Item {
                at,
                new_day,
                human,
                text,
                who: entry.actor.clone(),
                id: entry.id,
                undone: entry.undone_ms.is_some(),
                folded: Vec::new(),
            });
        }
        run = group;
    }
    items
}
