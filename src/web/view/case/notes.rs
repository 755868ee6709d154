//! The notes of a case.
use super::CaseData;
use crate::domain::Role;
use crate::review::{NOTE_KINDS, may_change_note};
use crate::store::notes::Note;
use crate::store::{Actor, ActorKind};
use crate::web::markdown::{self, Html};
use crate::web::view::text::visible;
use crate::web::view::words::{When, when};

/// A note.
pub struct NoteView {
    /// Its id.
    pub id: i64,
    /// The case that it came with.
    pub origin: Option<i64>,
    /// Who wrote it.
    pub author: String,
    /// Its kind in words.
    pub kind: &'static str,
    /// When.
    pub at: When,
    /// Its text.
    pub body: Html,
    /// Whether a person wrote it.
    pub human: bool,
    /// `edited 2 times`, or empty.
    pub edited: String,
    /// Who removed it, or empty; then it has no text here.
    pub removed: String,
    /// Whether the one who looks may edit and remove it.
    pub may_change: bool,
}

/// The notes that are shown, and the kinds that there are.
#[derive(Default)]
pub struct Notes {
    /// Newest first.
    pub shown: Vec<NoteView>,
    /// How many there are of all kinds.
    pub all: usize,
    /// Kinds where there are several: the word, its label, whether it is chosen.
    pub kinds: Vec<(&'static str, &'static str, bool)>,
    /// What whoever takes the case should read first.
    pub handoff: Option<NoteView>,
}

/// The label of a kind of note.
pub fn note_kind(code: &str) -> &'static str {
    NOTE_KINDS.iter().find(|(known, _)| *known == code).map_or("", |(_, label)| label)
}

impl Notes {
    /// The notes of a case for somebody: analysts may change their own, leads everybody's.
    pub fn of(data: &CaseData, only: Option<&'static str>, (actor, role): (&Actor, Role)) -> Self {
        let (may, any) = (role >= Role::Analyst, role >= Role::Lead);
        let view = |note: &Note| view(note, may && may_change_note(actor, note, any));
        let there = |kind: &str| data.notes.iter().any(|note| note.kind == kind && !note.is_removed());
        let kinds: Vec<_> = NOTE_KINDS.iter().filter(|(kind, _)| there(kind)).collect();
        let kinds = if kinds.len() > 1 || only.is_some() { kinds } else { Vec::new() };
        Self {
            shown: data.notes.iter().filter(|note| only.is_none_or(|kind| note.kind == kind)).map(view).collect(),
            all: data.notes.len(),
            kinds: kinds.into_iter().map(|(kind, label)| (*kind, *label, only == Some(*kind))).collect(),
            handoff: handoff(data).map(view),
        }
    }
}

/// The newest handoff note that nobody has taken the case after.
fn handoff(data: &CaseData) -> Option<&Note> {
    let newest = data.notes.iter().find(|note| note.kind == "handoff" && !note.is_removed())?;
    let taken = data.case.assigned_ms.is_some_and(|at| at > newest.created_ms);
    (!taken && data.case.status.is_open()).then_some(newest)
}

fn view(note: &Note, may_change: bool) -> NoteView {
    let edited = match note.edits() {
        0 => String::new(),
        1 => "edited once".to_owned(),
        count => format!("edited {count} times"),
    };
    NoteView {
        id: note.id,
        origin: note.origin_case,
        author: visible(&note.author),
        kind: note_kind(&note.kind),
        at: when(note.created_ms),
        body: if note.is_removed() { Html::default() } else { markdown::note(&note.body) },
        human: matches!(note.author_kind, ActorKind::Person),
        edited,
        removed: visible(&note.removed_by),
        may_change: may_change && !note.is_removed(),
    }
}
