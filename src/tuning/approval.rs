//! The approval of an exclusion by a second person: it counts once the back-test, run again, finds nothing against it.
use super::exclusion::{ExclusionError, change, invalid, refused, told, trace};
use crate::domain::{ExclusionState, HitKind, WorkState};
use crate::jobs::{backtest, publish_exclusion};
use crate::store::exclusions::{self, Exclusion, Step};
use crate::store::{Actor, Tx};

/// What a person agrees to.
#[derive(Debug, Clone, Copy)]
pub struct Agreed {
    /// Whether they say that they looked at the cases with a warning.
    pub acknowledged: bool,
    /// Which back-test their page told of, where it said so.
    pub test_no: Option<i64>,
}

/// Agrees to an exclusion. It counts once the back-test, which runs again now, still finds nothing against it.
///
/// # Errors
/// `Refused` where the person wrote it, or the back-test speaks against it or is not the one that they saw; `Invalid`
/// where warnings were not looked at.
pub async fn approve(
    tx: &mut Tx,
    actor: &Actor,
    exclusion: &Exclusion,
    agreed: Agreed,
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
    if agreed.test_no.is_some_and(|seen| seen != exclusion.test_no) {
        return refused("The back-test was run again after you opened this page. Look at what it found now.");
    }
    if let Some(text) = objection(exclusion) {
        return refused(text);
    }
    if needs_a_look(exclusion) && !agreed.acknowledged {
        return invalid("acknowledged", "Look at the cases with a warning first, and say that you did.");
    }
    let to = ExclusionState::Proposed;
    change(tx, actor, exclusion, to, (&actor.name, agreed.acknowledged), "", now_ms).await?;
    exclusions::set_looked_at(tx, exclusion.id, exclusion.test_unread).await?;
    exclusions::keep_looked(tx, exclusion.id).await?;
    backtest::again(tx, exclusion.id, now_ms).await?;
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
    exclusion.hidden(HitKind::Warned) + exclusion.test_unread > 0
}

/// Whether the back-test after an approval found what nobody looked at before it.
async fn has_more(tx: &mut Tx, exclusion: &Exclusion) -> Result<bool, sqlx::Error> {
    if !exclusion.acknowledged {
        return Ok(needs_a_look(exclusion));
    }
    Ok(exclusion.test_unread > exclusion.looked_at || exclusions::unlooked(tx, exclusion.id).await? > 0)
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
        None if has_more(tx, exclusion).await? => {
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
        let system = Actor::system();
        trace(tx, &system, (exclusion.org_id, exclusion.id), action, ("proposed", new), now_ms).await?;
        let words = if counts { ("was approved", "") } else { ("was not approved", note.as_str()) };
        told(tx, &system, exclusion, words, now_ms).await?;
        if let Some(undo_ms) = undo_ms.filter(|_| counts) {
            publish_exclusion::ask(tx, exclusion.id, now_ms + undo_ms).await?;
        }
    }
    Ok(())
}
