//! Flags about what voters state and the event does not bear out.
use super::Named;
use crate::domain::{Claim, ClaimKind, ClaimState, Vote};
use std::collections::BTreeSet;

/// So many statements are told one by one; the page strikes all of them.
const MOST: usize = 8;

/// Votes that are counted otherwise, signers that nobody knows, and each other statement that fails.
pub(super) fn flags(panel: &[Vote], claims: &[Claim]) -> Vec<Named> {
    let mut flags: Vec<Named> = panel.iter().filter_map(|vote| turned(vote, claims)).collect();
    flags.extend(signer(claims));
    let others = |state: ClaimState| {
        let unknown_signer = move |claim: &Claim| claim.kind == ClaimKind::Signer && state == ClaimState::Unsupported;
        claims.iter().filter(move |claim| claim.state == state && !unknown_signer(claim))
    };
    let failing = others(ClaimState::Contradicted).chain(others(ClaimState::Unsupported));
    let mut told = BTreeSet::new();
    let each: Vec<Named> =
        failing.filter(|claim| told.insert((claim.kind, &claim.quote, &claim.voter))).map(one).collect();
    let more = each.len().saturating_sub(MOST);
    flags.extend(each.into_iter().take(MOST));
    if more > 0 {
        flags.push(("claims", format!("More statements. {more} others are struck through below.")));
    }
    flags
}

/// A vote that is counted as a review because the event contradicts its ground.
fn turned(vote: &Vote, claims: &[Claim]) -> Option<Named> {
    let verdict = vote.verdict()?;
    let claim = claims.iter().find(|claim| claim.voter == vote.voter && claim.breaks(verdict))?;
    let said = verdict.label().to_lowercase();
    let text = format!(
        "Vote turned. {} says {said} because of \u{201c}{}\u{201d}. {} It is counted as needs review.",
        vote.voter, claim.quote, claim.says
    );
    Some(("vote_turned", text))
}

/// Voters that name a signer that the event does not name.
fn signer(claims: &[Claim]) -> Option<Named> {
    let unknown =
        || claims.iter().filter(|claim| claim.kind == ClaimKind::Signer && claim.state == ClaimState::Unsupported);
    let says = &unknown().next()?.says;
    let voters: BTreeSet<&str> = unknown().map(|claim| claim.voter.as_str()).collect();
    let who = if voters.len() == 1 { "One voter names".to_owned() } else { format!("{} voters name", voters.len()) };
    Some(("signer_unknown", format!("Signer unknown. {who} a signer. {says}")))
}

fn one(claim: &Claim) -> Named {
    let (kind, head) = match claim.state {
        ClaimState::Contradicted => ("claim_contradicted", "Contradicted by the event"),
        _ => ("claim_unsupported", "Not in the event"),
    };
    (kind, format!("{head}. {} states \u{201c}{}\u{201d}. {}", claim.voter, claim.quote, claim.says))
}
