//! Undo: puts back what a decision changed, as a new entry; the old one stays.
use super::declare::{By, apply};
use super::snooze::undo_snooze;
use super::{ReviewError, blind, stale, whole};
use crate::store::cases::{Case, Decision};
use crate::store::{Actor, ActorKind, Change, Tx, record, timeline};

/// Undoes a decision of a case; `any` where the actor may undo what others decided.
///
/// # Errors
/// `Invalid` where there is no such entry or it can't be undone, `Conflict` where it was undone or
/// something was decided after it.
pub async fn undo(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    event: i64,
    any: bool,
    now_ms: i64,
) -> Result<i64, ReviewError> {
    // Before anything is noted as undone: an act over many cases goes on after a refusal.
    whole(case)?;
    let Some(entry) = timeline::in_case(tx, case.number, event).await? else {
        return Err(ReviewError::Missing("entry"));
    };
    // What the machine closed is nobody's: every analyst may open it again.
    let of_person = matches!(entry.actor_kind, ActorKind::Person | ActorKind::Token);
    let others = of_person && entry.actor != actor.name && !any;
    if entry.kind == "snooze" && !others {
        return undo_snooze(tx, actor, (case, &entry), now_ms).await;
    }
    let undo = entry.undo.as_deref();
    let Some(before) = undo.and_then(|undo| serde_json::from_str::<Decision>(undo).ok()) else {
        return ReviewError::invalid("event", "This can't be undone.");
    };
    if others {
        return ReviewError::invalid("event", "Only a lead can undo what somebody else decided.");
    }
    take_back(tx, case, event, now_ms).await?;
    put_back(tx, actor, case, &before, now_ms).await?;
    let open = if before.status.is_open() && !case.status.is_open() { "; the case is open again" } else { "" };
    let text = format!("Undone: {}{open}", entry.text);
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "undo",
        text: &text,
        old: case.verdict.as_str(),
        new: before.verdict.as_str(),
        run: None,
        undo: None,
    };
    Ok(record(tx, actor, change, now_ms).await?)
}

/// Sets what stood before a decision; a review that was declared blind is none any more.
pub(super) async fn put_back(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    before: &Decision,
    now_ms: i64,
) -> Result<(), ReviewError> {
    apply(tx, By::one(actor), case, before).await?;
    Ok(blind::undone(tx, actor, case, before, now_ms).await?)
}

/// Notes an entry as undone, once, and only where nothing was decided after it.
async fn take_back(tx: &mut Tx, case: &Case, event: i64, now_ms: i64) -> Result<(), ReviewError> {
    if timeline::decided_after(tx, case.number, event).await? {
        return Err(ReviewError::Conflict(stale(case)));
    }
    match timeline::undone(tx, event, now_ms).await? {
        0 => Err(ReviewError::Conflict("This was undone already.".to_owned())),
        _ => Ok(()),
    }
}
