//! Votes that came in after a person had decided, and say otherwise.
use super::text::visible;
use super::words::percent;
use crate::domain::{MachineVerdict, Verdict, VoteState};
use crate::store::cases::Case;
use crate::store::votes::Stored;

/// What each voter says whose newest vote came after the decision and goes against it; `me` is who reads.
pub fn dissent(case: &Case, votes: &[Stored], me: &str) -> Vec<String> {
    let Some(decided) = case.decided_ms.filter(|_| case.verdict.decided()) else { return Vec::new() };
    let who = if case.decided_by == me { "you" } else { &case.decided_by };
    let verdict = case.verdict.label().to_lowercase();
    let newest = |vote: &Stored| !votes.iter().any(|other| other.voter == vote.voter && other.run_id > vote.run_id);
    let late = votes
        .iter()
        .filter(|vote| vote.counts() && vote.state == VoteState::Ok && vote.carried_from.is_none() && newest(vote));
    let late = late.filter(|vote| vote.answered_ms.is_some_and(|at| at > decided));
    late.filter_map(|vote| vote.verdict.filter(|said| against(case.verdict, *said)).map(|said| (vote, said)))
        .map(|(vote, said)| {
            let sure = vote.confidence.map(|share| format!(", {}", percent(share))).unwrap_or_default();
            let said = said.label().to_lowercase();
            format!("{} says {said}{sure}, after {} decided {verdict}.", visible(&vote.voter), visible(who))
        })
        .collect()
}

/// Whether a vote says the opposite of a person's verdict.
const fn against(verdict: Verdict, said: MachineVerdict) -> bool {
    match said {
        MachineVerdict::TruePositive => !matches!(verdict, Verdict::TruePositive),
        MachineVerdict::FalsePositive => matches!(verdict, Verdict::TruePositive),
        MachineVerdict::None | MachineVerdict::NeedsReview => false,
    }
}
