//! The end of an exclusion: its time is over or people take it out of use, and what of it may still be in LimaCharlie.
use super::exclusion::{ExclusionError, change, reason, refused, told, trace};
use crate::domain::{ExclusionState, WorkState};
use crate::jobs::publish_exclusion;
use crate::store::exclusions::{self, Exclusion};
use crate::store::{Actor, Tx};

/// Exclusions that are ended in one go.
const OVER: i64 = 200;
/// What is said of one that nobody but people can take out.
const BY_HAND: &str = "It was put into LimaCharlie by hand: take it out there as well";

/// Ends exclusions whose time is over. LimaCharlie ends those itself that were written there; they are removed all the
/// same, and of those that somebody put there by hand it is told that only people can take them out.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn end_those_over(tx: &mut Tx, now_ms: i64) -> Result<(), sqlx::Error> {
    for one in exclusions::over(tx, now_ms, OVER).await? {
        let note = if one.is_by_hand() { BY_HAND } else { "" };
        let approver = (one.approver.as_str(), one.acknowledged);
        match change(tx, &Actor::system(), &one, ExclusionState::Expired, approver, note, now_ms).await {
            Err(ExclusionError::Store(error)) => return Err(error),
            // Somebody was faster.
            Err(_) => continue,
            Ok(()) => {}
        }
        if one.state != ExclusionState::Proposed {
            take_out(tx, &one, now_ms).await?;
        }
    }
    Ok(())
}

/// Asks for its removal from LimaCharlie where it was written there, and for a person's where one put it there.
async fn take_out(tx: &mut Tx, exclusion: &Exclusion, now_ms: i64) -> Result<(), sqlx::Error> {
    if exclusion.is_by_hand() {
        exclusions::set_published(tx, exclusion.id, WorkState::Unknown, BY_HAND, &exclusion.etag).await?;
    } else if exclusion.publish_state != WorkState::None {
        publish_exclusion::ask(tx, exclusion.id, now_ms).await?;
    }
    Ok(())
}

/// Whether only people can take it out of LimaCharlie, so that there is nothing to try again from here.
pub fn is_for_people(exclusion: &Exclusion) -> bool {
    exclusion.publish_state == WorkState::Unknown && exclusion.publish_result == BY_HAND
}

/// Notes that a person saw that one which is over is not in LimaCharlie any more.
///
/// # Errors
/// `Refused` where it is in force, or nothing of it can be there.
pub async fn taken_out(tx: &mut Tx, actor: &Actor, exclusion: &Exclusion, now_ms: i64) -> Result<(), ExclusionError> {
    if !exclusion.may_be_left(now_ms) {
        return refused("There is nothing of it in LimaCharlie.");
    }
    exclusions::set_published(tx, exclusion.id, WorkState::Done, "Taken out by hand", "").await?;
    trace(tx, actor, (exclusion.org_id, exclusion.id), "exclusion_taken_out", ("", "by hand"), now_ms).await?;
    Ok(told(tx, actor, exclusion, ("was taken out of LimaCharlie by hand", ""), now_ms).await?)
}

/// Takes an exclusion out of use; what was written to LimaCharlie is removed there.
///
/// # Errors
/// `Refused` where it is not in force, `Invalid` without a reason.
pub async fn disable(
    tx: &mut Tx,
    actor: &Actor,
    exclusion: &Exclusion,
    note: &str,
    now_ms: i64,
) -> Result<(), ExclusionError> {
    if !exclusion.state_at(now_ms).in_force() {
        return refused("Only an exclusion that is approved or active can be disabled.");
    }
    let note = reason(note)?;
    let approver = (exclusion.approver.as_str(), exclusion.acknowledged);
    change(tx, actor, exclusion, ExclusionState::Disabled, approver, note, now_ms).await?;
    Ok(take_out(tx, exclusion, now_ms).await?)
}
