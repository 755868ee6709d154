//! What shuts a gate without a review: a lower limit, and evidence that grew old.
use super::Scopes;
use crate::config::Policy;
use crate::store::{Result, Tx, gates, policies};
use crate::triage::policy::Kept;

/// Holds limit and vetoes of a policy against all gates of an organisation; those that stand and have lost their proof are
/// suspended.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn policy_is(tx: &mut Tx, org_id: i64, policy: &Policy, now_ms: i64) -> Result<()> {
    let vetoes: Kept = policy.vetoes().into();
    let text = serde_json::to_string(&vetoes).unwrap_or_default();
    let mut scopes = Scopes::begin(tx, org_id).await?;
    scopes.gates = gates::under_other(tx, org_id, (policy.limit, &text)).await?;
    scopes.count(tx, now_ms).await?;
    for at in 0..scopes.gates.len() {
        scopes.accept(at, (policy.limit, &vetoes), now_ms);
    }
    // Those that only count are looked at with their next review.
    fall(&mut scopes, now_ms);
    scopes.keep(tx, None, now_ms).await
}

/// Suspends all gates whose evidence grew too old. With the settings at hand, their limits are held against the gates
/// as well: they may have changed while nothing ran.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn check(tx: &mut Tx, settings: Option<&Policy>, now_ms: i64) -> Result<()> {
    for org_id in gates::orgs_standing(tx).await? {
        if let Some(settings) = settings {
            let holds = settings.of(&policies::of_org(tx, org_id).await?);
            policy_is(tx, org_id, &holds, now_ms).await?;
        }
        let mut scopes = Scopes::begin(tx, org_id).await?;
        scopes.gates = gates::standing(tx, org_id).await?;
        scopes.count(tx, now_ms).await?;
        fall(&mut scopes, now_ms);
        scopes.keep(tx, None, now_ms).await?;
    }
    Ok(())
}

fn fall(scopes: &mut Scopes, now_ms: i64) {
    for at in 0..scopes.gates.len() {
        if scopes.gates[at].state.stands() {
            scopes.follow(at, false, now_ms);
        }
    }
}
