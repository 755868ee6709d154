//! The notes of a case.
use super::CaseData;
use crate::web::markdown::{self, Html};
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
    pub kind: String,
    /// When.
    pub at: When,
    /// Its text.
    pub body: Html,
    /// Whether a person wrote it.
    pub human: bool,
}

/// The notes, newest first.
pub fn note_views(data: &CaseData) -> Vec<NoteView> {
    let kind = |code: &str| {
        crate::review::NOTE_KINDS.iter().find(|(known, _)| *known == code).map_or("", |(_, label)| label).to_owned()
    };
    data.notes
        .iter()
        .map(|note| NoteView {
            id: note.id,
            origin: note.origin_case,
            author: note.author.clone(),
            kind: kind(&note.kind),
            at: when(note.created_ms),
            body: markdown::note(&note.body),
            human: matches!(note.author_kind, crate::store::ActorKind::Person),
        })
        .collect()
}
