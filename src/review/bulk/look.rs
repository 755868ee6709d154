//! Whether a case may be decided together with others, by itself: what [`super::odd`] adds is how it compares.
use super::caution_of;
use crate::domain::{MachineVerdict, Outcome};
use crate::review::sight;
use crate::store::bulk::{Said, Why};
use crate::store::cases::Case;
use crate::store::runs::RunState;

/// The longest reason in words, in characters.
const LONGEST: usize = 400;

/// Why a case is left out, or nothing. What the verdict would be plays no part: no act over many declares a true
/// positive, so a vote that says one stands against all of them.
pub(super) fn why(case: &Case, said: &[Said]) -> Option<(Why, String)> {
    if case.verdict.decided() {
        let text = format!("{} decided {}.", case.decided_by, case.verdict.label().to_lowercase());
        return Some((Why::Decided, text));
    }
    if !case.status.is_open() {
        return Some((Why::Decided, "It is closed.".to_owned()));
    }
    if sight(case).is_blind() {
        // It is decided on the evidence, so no vote is waited for and none stands against it.
        return None;
    }
    if matches!(case.triage_state, RunState::Queued | RunState::Running) {
        return Some((Why::Triaging, "Not all votes are in.".to_owned()));
    }
    if said.is_empty() {
        return Some((Why::NoVote, "No vote is in.".to_owned()));
    }
    let caution = caution_of(case, said);
    if caution.machine == MachineVerdict::TruePositive {
        return Some((Why::Otherwise, "The vote says true positive.".to_owned()));
    }
    if !caution.things.is_empty() {
        let why = if caution.of_host { Why::HostFlags } else { Why::Flags };
        return Some((why, caution.things.join(" ").chars().take(LONGEST).collect()));
    }
    let apart = [Outcome::Split, Outcome::NoQuorum, Outcome::Degraded];
    if let Some(outcome) = said.iter().filter_map(|said| said.outcome).find(|outcome| apart.contains(outcome)) {
        return Some((Why::Split, format!("The votes came out {}.", outcome.label().to_lowercase())));
    }
    (caution.machine != MachineVerdict::FalsePositive)
        .then(|| (Why::Otherwise, "The vote asks for a review.".to_owned()))
}

/// A case that changed since it was shown.
pub(super) fn since(case: &Case, shown_ms: Option<i64>) -> Option<(Why, String)> {
    let changed = shown_ms.is_some_and(|shown| case.updated_ms > shown);
    changed.then(|| (Why::Changed, "It changed after you looked at it.".to_owned()))
}

/// Whether a person may put a case back in that was left out so. Whatever argues against a verdict is decided one
/// case at a time, with what argues against it in sight.
pub const fn may_return(why: Why) -> bool {
    matches!(why, Why::Outlier | Why::Split)
}
