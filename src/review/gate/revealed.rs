//! What the gates learn of a case when it leaves blind review.
use super::Scopes;
use crate::store::cases::Case;
use crate::store::{Result, Tx, gates};

/// Counts a case as eligible that became so while nobody was to know; `case` is the case before it left blind review.
pub(in crate::review) async fn revealed(tx: &mut Tx, case: &Case, now_ms: i64) -> Result<()> {
    let Some(kept) = gates::kept(tx, case.number).await? else { return Ok(()) };
    let mut scopes = Scopes::begin(tx, kept.org_id).await?;
    scopes.gates = gates::of_case(tx, &kept).await?;
    scopes.eligible(tx, &kept, now_ms).await?;
    scopes.keep(tx, None, now_ms).await
}
