//! Undo of the last act of a person, whichever case it was on.
//!
//! An act is an entry of the timeline that carries its way back. What is done to many cases at once
//! leaves one entry on each; its own undo takes them back together.
use super::small::moved;
use super::undo::put_back;
use super::{ReviewError, stale, undo};
use crate::domain::Status;
use crate::store::cases::Case;
use crate::store::timeline::{self, Entry};
use crate::store::{Actor, Change, Tx, record};

/// What the timeline says of a case that was opened again after the window.
const REOPENED: &str = "Reopened by undo after the window";

/// Takes an act of the actor back: within the window as if it had not been, after it as a new step
/// that opens the case again.
///
/// # Errors
/// `Conflict` where it was undone already or something was decided after it.
pub async fn undo_act(
    tx: &mut Tx,
    actor: &Actor,
    (case, entry): (&Case, &Entry),
    window_ms: i64,
    now_ms: i64,
) -> Result<i64, ReviewError> {
    if now_ms <= entry.at_ms + window_ms || case.status != Status::Closed {
        return undo(tx, actor, case, entry.id, false, now_ms).await;
    }
    if timeline::decided_after(tx, case.number, entry.id).await? || timeline::undone(tx, entry.id, now_ms).await? == 0 {
        return Err(ReviewError::Conflict(stale(case)));
    }
    let to = Status::InProgress;
    put_back(tx, actor, case, &moved(case, to, "", now_ms), now_ms).await?;
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "status",
        text: REOPENED,
        old: case.status.as_str(),
        new: to.as_str(),
        run: None,
        undo: None,
    };
    Ok(record(tx, actor, change, now_ms).await?)
}
