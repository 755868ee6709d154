//! What the voters of a run state, compared with its event and kept with each vote.
//!
//! It is stored, not worked out for each page: it decided how a vote was counted, and a finished run never
//! changes, while intelligence about the same event may.
use crate::domain::{Claim, Dossier};
use crate::store::{Tx, votes};
use crate::triage::claims;

/// The statements of the voters whose words are their own. The built-in ones speak from the event itself.
pub(super) fn of(dossier: &Dossier, stored: &[votes::Stored], counts: bool) -> Vec<Claim> {
    let chosen = stored.iter().filter(|vote| vote.counts() == counts && vote.kind != "builtin");
    let answers = chosen.filter_map(|vote| vote.answer.as_ref().map(|answer| (vote, &answer.0)));
    answers.flat_map(|(vote, answer)| claims::of_answer(dossier, &vote.voter, answer)).collect()
}

/// Keeps each voter's statements with its vote.
pub(crate) async fn keep(tx: &mut Tx, stored: &[votes::Stored], claims: &[Claim]) -> crate::store::Result<()> {
    for vote in stored {
        let own: Vec<Claim> = claims.iter().filter(|claim| claim.voter == vote.voter).cloned().collect();
        if !own.is_empty() {
            votes::claimed(tx, vote.id, own).await?;
        }
    }
    Ok(())
}
