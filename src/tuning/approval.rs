//! The approval of an exclusion by a second person: it counts once the back-test, run again, finds nothing against it.
use super::exclusion::{ExclusionError, change, invalid, refused, trace};
use crate::domain::{ExclusionState, HitKind, WorkState};
use crate::jobs::{backtest, publish_exclusion};
use crate::store::exclusions::{self, Exclusion, Step};
use crate::store::{Actor, Tx};

/// Agrees to an exclusion. It counts once the back-test, which runs again now, still finds nothing against it.
///
/// # Errors
/// `Refused` where the person wrote it, or the back-test speaks against it; `Invalid` where warnings were not looked at.
pub async fn approve(
    tx: &mut Tx,
    actor: &Actor,
    exclusion: &Exclusion,
    acknowledged: bool,
    now_ms: i64,
) -> Result<(), ExclusionError> {
    if exclusion.state_at(now_ms) != ExclusionState::Proposed {
        return refused("Only a proposed exclusion can be approved.");
    }
    if exclusion.proposed_by == actor.name {
        return refused("A second person has to approve it: you proposed it yourself.");
    }
    if exclusion.test_state != WorkState::Done {
        return refused("The back-test is not done yet.");
    }
    if let Some(text) = objection(exclusion) {
        return refused(text);
    }
    if needs_a_look(exclusion) && !acknowledged {
        return invalid("acknowledged", "Look at the cases with a warning first, and say that you did.");
    }
    let to = ExclusionState::Proposed;
    change(tx, actor, exclusion, to, (&actor.name, acknowledged), "", now_ms).await?;
    exclusions::set_looked_at(tx, exclusion.id, doubtful(exclusion)).await?;
    backtest::ask(tx, exclusion.id, now_ms).await?;
    Ok(())
}

/// What in the back-test forbids an exclusion.
pub fn objection(exclusion: &Exclusion) -> Option<String> {
    match exclusion.hidden(HitKind::TruePositive) {
        0 => None,
        1 => Some("It would hide a detection of a case that was declared true positive.".to_owned()),
        count => Some(format!("It would hide {count} detections of cases that were declared true positive.")),
    }
}

/// Whether the back-test found what a lead has to look at.
pub fn needs_a_look(exclusion: &Exclusion) -> bool {
    doubtful(exclusion) > 0
}

/// Detections with a warning, or that could not be evaluated.
fn doubtful(exclusion: &Exclusion) -> i64 {
    exclusion.hidden(HitKind::Warned) + exclusion.test_unread
}

/// Ends the back-test of an exclusion that was approved on condition of it: it is approved, or the approval is void.
/// `undo_ms` is for how long it can be taken back before it is written to LimaCharlie, where there is one.
///
/// # Errors
/// Where the database refuses.
pub async fn tested(tx: &mut Tx, exclusion: &Exclusion, undo_ms: Option<i64>, now_ms: i64) -> Result<(), sqlx::Error> {
    if exclusion.state != ExclusionState::Proposed || exclusion.approver.is_empty() {
        return Ok(());
    }
    let against = match objection(exclusion) {
        None if doubtful(exclusion) > if exclusion.acknowledged { exclusion.looked_at } else { 0 } => {
            Some("The back-test found cases with a warning that were not there before.".to_owned())
        }
        None if exclusion.expires_ms <= now_ms => Some("Its time is over.".to_owned()),
        against => against,
    };
    let (to, approver, note) = match against {
        Some(text) => {
            let note = format!("The approval by {} does not count: {text}", exclusion.approver);
            (ExclusionState::Proposed, "", note)
        }
        None => (ExclusionState::Approved, exclusion.approver.as_str(), String::new()),
    };
    let counts = to == ExclusionState::Approved;
    let step = Step {
        from: ExclusionState::Proposed,
        to,
        approver,
        acknowledged: counts && exclusion.acknowledged,
        by: if counts { approver } else { "FusionSOC" },
        note: &note,
    };
    if exclusions::step(tx, exclusion.id, &step, now_ms).await? {
        let (action, new) =
            if counts { ("exclusion_approved", approver) } else { ("exclusion_approval_void", note.as_str()) };
        trace(tx, &Actor::system(), (exclusion.org_id, exclusion.id), action, ("proposed", new), now_ms).await?;
        if let Some(undo_ms) = undo_ms.filter(|_| counts) {
            publish_exclusion::ask(tx, exclusion.id, now_ms + undo_ms).await?;
        }
    }
    Ok(())
}
