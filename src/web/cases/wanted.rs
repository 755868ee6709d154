//! What of a case its address asks for: the run, the one to compare it with, whose entries of the timeline.
use super::load::ENTRIES;
use crate::store::timeline::Who;
use crate::web::done::Told;
use crate::web::view::case::{self as view, CaseData, RunLine};
use crate::web::view::compare::Compared;
use crate::web::view::timeline::Item;
use serde::Deserialize;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    pub(super) run: Option<i64>,
    pub(super) merged: Option<i64>,
    /// There where a case that is part of another one is to be shown by itself.
    pub(super) alone: Option<String>,
    pub(super) against: Option<i64>,
    pub(super) who: Who,
    pub(super) older: Option<i64>,
    pub(super) from: Option<String>,
    pub(super) done: String,
    pub(super) undone: String,
    /// Whether a person looks, rather than a script that refreshes the page.
    #[serde(skip)]
    pub(super) looked: bool,
    pub(super) snoozed: String,
    pub(super) notes: String,
}

impl Query {
    pub(super) fn wanted(&self) -> Wanted {
        Wanted { run: self.run, against: self.against, who: self.who, older: self.older, notes: note_kind(&self.notes) }
    }

    pub(super) fn told(&self) -> Told {
        let (done, undone, snoozed) = (self.done.clone(), self.undone.clone(), self.snoozed.clone());
        Told { done, undone, snoozed, ..Told::default() }
    }
}

/// What of the case is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// The run to show.
    pub run: Option<i64>,
    /// The run to compare it with.
    pub against: Option<i64>,
    /// Whose entries of the timeline.
    pub who: Who,
    /// Entries of the timeline before this one.
    pub older: Option<i64>,
    /// The one kind of notes to show.
    pub notes: Option<&'static str>,
}

fn note_kind(word: &str) -> Option<&'static str> {
    crate::review::NOTE_KINDS.iter().map(|(kind, _)| *kind).find(|kind| *kind == word)
}

/// The runs of the case, and two of them side by side.
pub(super) struct RunsView {
    pub(super) lines: Vec<RunLine>,
    pub(super) pair: Option<Compared>,
}

impl RunsView {
    pub(super) fn of(data: &CaseData, wanted: Wanted) -> Self {
        Self {
            lines: view::run_lines(data, wanted.run, wanted.against),
            pair: view::compared(data, wanted.run, wanted.against),
        }
    }
}

/// The part of the timeline that is shown.
pub(super) struct Lane {
    pub(super) items: Vec<Item>,
    pub(super) entries: usize,
    pub(super) who: Who,
    /// The entry after which older ones follow on another page.
    pub(super) older: Option<i64>,
}

impl Lane {
    pub(super) fn of(data: &CaseData, wanted: Wanted) -> Self {
        let last = data.timeline.get(usize::try_from(ENTRIES - 1).unwrap_or_default());
        Self {
            items: view::timeline_items(data),
            entries: data.timeline.len(),
            who: wanted.who,
            older: last.map(|last| last.id),
        }
    }
}
