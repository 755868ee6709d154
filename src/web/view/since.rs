//! What others did to a case since a person last looked at it, in one line with links.
use super::text::visible;
use super::timeline::Item;
use super::words::duration;
use crate::store::looks::TOLD;
use crate::store::timeline::Entry;

/// What changed since a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// How long ago the look was.
    pub ago: String,
    /// What happened: its words, and where it stands on the page.
    pub parts: Vec<(String, String)>,
    /// The newest entry of the timeline that the person knew.
    seen_id: i64,
    /// The person.
    me: String,
}

/// Starts of kinds that are counted, each with its words for one and for several and its part of the page.
const COUNTED: &[(&[&str], &str, &str, &str)] = &[
    (&["vote"], "vote", "votes", "#votes"),
    (&["note"], "note", "notes", "#notes"),
    (&["detection_joined", "case_merged"], "new detection", "new detections", "#detections"),
    (&["triaged"], "run ended", "runs ended", "#why"),
    (&["evidence"], "piece of evidence", "pieces of evidence", "#evidence"),
    (&["action"], "step of an action", "steps of actions", "#actions"),
];

/// Kinds of which each is told with who did it.
const NAMED: &[(&str, &str)] = &[
    ("verdict", "verdict"),
    ("undo", "undone"),
    ("status", "status changed"),
    ("assign", "assigned"),
    ("severity", "severity changed"),
    ("question_reopened", "question reopened"),
    ("machine_closed", "closed by the machine"),
    ("machine_reopened", "open again"),
];

fn of(entry: &Entry, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| entry.kind.starts_with(kind))
}

/// The changes after a look in words; nothing where there are none.
pub fn since(changes: &[Entry], (seen_id, seen_ms): (i64, i64), me: &str, now_ms: i64) -> Option<Since> {
    if changes.is_empty() {
        return None;
    }
    let named = changes.iter().rev().filter_map(|entry| {
        let (_, words) = NAMED.iter().find(|(kind, _)| *kind == entry.kind)?;
        Some((format!("{words} by {}", visible(&entry.actor)), format!("#e{}", entry.id)))
    });
    let mut parts: Vec<(String, String)> = named.collect();
    for (kinds, one, several, place) in COUNTED {
        match changes.iter().filter(|entry| of(entry, kinds)).count() {
            0 => {}
            1 => parts.push((format!("1 {one}"), (*place).to_owned())),
            count => parts.push((format!("{count} {several}"), (*place).to_owned())),
        }
    }
    let known = |entry: &&Entry| {
        NAMED.iter().any(|(kind, _)| *kind == entry.kind) || COUNTED.iter().any(|(kinds, ..)| of(entry, kinds))
    };
    let more = changes.len() - changes.iter().filter(known).count();
    if more > 0 {
        let other = if parts.is_empty() { "" } else { "other " };
        parts.push((format!("{more} {other}{}", if more == 1 { "entry" } else { "entries" }), "#timeline".to_owned()));
    }
    if i64::try_from(changes.len()).is_ok_and(|count| count >= TOLD) {
        parts.push(("and more".to_owned(), "#timeline".to_owned()));
    }
    Some(Since { ago: duration(now_ms - seen_ms), parts, seen_id, me: me.to_owned() })
}

impl Since {
    /// Whether a line of the timeline came after the look and is not the person's own.
    pub fn is_new(&self, item: &Item) -> bool {
        item.id > self.seen_id && !(item.human && item.who == self.me)
    }
}
