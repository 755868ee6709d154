//! What a voter states and the event does not bear out, for its vote on a page.
use crate::domain::claim::Passage;
use crate::domain::{Answer, Claim};
use crate::store::runs::Run;
use crate::store::votes::Stored;
use crate::web::markdown::{self, Html, Strike};

/// What is struck through in a part of a vote.
pub fn strikes(vote: &Stored, field: Passage) -> Vec<Strike> {
    let failing = vote.claims.0.iter().filter(|claim| claim.field == field && claim.fails());
    failing.map(strike).collect()
}

fn strike(claim: &Claim) -> Strike {
    Strike { place: claim.start..claim.end, mark: claim.state.label(), why: claim.says.clone() }
}

/// The evidence that a vote names, each with its head.
pub fn evidence(vote: &Stored, answer: &Answer) -> Vec<(&'static str, Html)> {
    let all = [
        ("Malicious", &answer.evidence_malicious, Some(Passage::EvidenceMalicious)),
        ("Benign", &answer.evidence_benign, Some(Passage::EvidenceBenign)),
        ("Reason", &answer.false_positive_reason, Some(Passage::FalsePositiveReason)),
        ("Missing", &answer.missing_information, None),
    ];
    let named = all.into_iter().filter(|(_, text, _)| !text.is_empty());
    let shown = |text: &str, field: Option<Passage>| {
        markdown::plain(text, &field.map(|field| strikes(vote, field)).unwrap_or_default())
    };
    named.map(|(head, text, field)| (head, shown(text, field))).collect()
}

/// Whether a vote is counted as a review because the event contradicts its ground.
pub fn is_turned(vote: &Stored) -> bool {
    vote.verdict.is_some_and(|verdict| vote.claims.0.iter().any(|claim| claim.breaks(verdict)))
}

/// How a vote is counted, where that is not what it said.
pub fn turned(vote: &Stored, run: &Run) -> String {
    let ground = vote.verdict.and_then(|verdict| vote.claims.0.iter().find(|claim| claim.breaks(verdict)));
    match ground {
        Some(claim) if !run.recorded => format!("Counted as needs review. {}", claim.says),
        _ => String::new(),
    }
}
