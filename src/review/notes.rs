//! Editing and removing notes. Every text that a note ever had is kept.
use super::small::{note_fields, step};
use super::{ReviewError, whole};
use crate::store::cases::Case;
use crate::store::notes::{self, Note};
use crate::store::{Actor, ActorKind, Tx};

/// Whether somebody may change a note: who wrote it, and with `any` everybody's.
pub fn may_change_note(actor: &Actor, note: &Note, any: bool) -> bool {
    any || (note.author_kind == actor.kind && note.author == actor.name && actor.kind != ActorKind::System)
}

/// Gives a note another text; the same text again changes nothing.
///
/// # Errors
/// `Invalid` where the text can't be a note's or the note is another's, `Conflict` where somebody else edited or
/// removed it since the `version` that the person saw.
pub async fn edit_note(
    tx: &mut Tx,
    actor: &Actor,
    (case, note): (&Case, &Note),
    (body, kind): (&str, &str),
    version: Option<i64>,
    any: bool,
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    if !may_change_note(actor, note, any) {
        return ReviewError::invalid("body", "Only its author or a lead can edit a note.");
    }
    let (body, kind) = note_fields(body, kind)?;
    if note.is_removed() {
        return Err(ReviewError::Conflict(format!("{} removed this note. Yours was not saved.", note.removed_by)));
    }
    if version.is_some_and(|version| version != note.version) {
        return Err(ReviewError::Conflict(stale(note)));
    }
    if (body.as_str(), kind) == (note.body.as_str(), note.kind.as_str()) {
        return Ok(());
    }
    if !notes::edit(tx, case.org_id, note, (&body, kind), &actor.name, now_ms).await? {
        return Err(ReviewError::Conflict(stale(note)));
    }
    let whose = if note.author == actor.name { String::new() } else { format!(" of {}", note.author) };
    // Without its words, which the note has: it may be removed one day.
    let text = format!("Note{whose} edited");
    let versions = (format!("note:{}#{}", note.id, note.version), format!("note:{}#{}", note.id, note.version + 1));
    step(tx, actor, case, "note_edited", &text, (&versions.0, &versions.1), now_ms).await
}

fn stale(note: &Note) -> String {
    let by = if note.edited_by.is_empty() { &note.author } else { &note.edited_by };
    format!("{by} edited this note while you were at it. Yours was not saved.")
}

/// Takes a note out of the case; a mark stays, and its text in the history.
///
/// # Errors
/// `Invalid` where the note is another's.
pub async fn remove_note(
    tx: &mut Tx,
    actor: &Actor,
    (case, note): (&Case, &Note),
    any: bool,
    now_ms: i64,
) -> Result<(), ReviewError> {
    if !may_change_note(actor, note, any) {
        return ReviewError::invalid("body", "Only its author or a lead can remove a note.");
    }
    if !notes::remove(tx, case.number, note, &actor.name, now_ms).await? {
        return Ok(());
    }
    let text = format!("Removed a note of {}", note.author);
    step(tx, actor, case, "note_removed", &text, (&format!("note:{}", note.id), ""), now_ms).await
}
