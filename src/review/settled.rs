//! What a change of a decision means for the figures: the first declaration, and a verdict that did not stand.
use crate::domain::{Status, reason};
use crate::store::cases::{Case, Decision};

/// What is changed so soon after it was declared was a slip, not a verdict.
const SLIP_MS: i64 = 60_000;

/// The decision with what it means: a verdict is overturned where a person declares another one over it, takes it
/// back or opens the case again, later than a minute after it was declared; what AI had closed is overturned where
/// a person opens it again or declares what contradicts the vote.
pub(super) fn settled(case: &Case, to: &Decision, now_ms: i64) -> Decision {
    let mut to = to.clone();
    let slip = case.decided_ms.is_some_and(|at| now_ms - at < SLIP_MS);
    // A duplicate's question is answered by the other case, not otherwise.
    let duplicate = to.reason == reason::DUPLICATE;
    if case.verdict.decided() && to.verdict != case.verdict && !slip && !duplicate {
        to.overturned_ms = Some(now_ms);
        to.first_decided_ms = case.first_decided_ms;
    }
    if closed_by_ai(case) && (to.verdict.decided() || to.status.is_open()) {
        to.spot_checked = true;
        if !to.verdict.decided() || to.verdict.contradicts(case.machine_verdict) {
            to.overturned_ms = Some(now_ms);
        }
    }
    if to.verdict.decided() {
        to.first_decided_ms = to.first_decided_ms.or(to.decided_ms);
    }
    if !to.verdict.decided() {
        to.by_program = Some(false);
    }
    if !duplicate {
        to.duplicate_of = None;
    }
    if to.status.is_open() {
        to.machine_closed_ms = None;
    }
    // What is decided or closed needs nobody to wait for it; an undo lets it stand aside again while its time is ahead.
    let ahead = case.snoozed_until_ms.is_some_and(|at| at > now_ms);
    to.snoozed = to.snoozed && ahead && !to.verdict.decided() && to.status.is_open();
    to
}

/// Whether no person closed it; the same as the queue's view of spot checks.
fn closed_by_ai(case: &Case) -> bool {
    case.status == Status::Closed && case.decided_by.is_empty() && case.reason.is_empty()
}
