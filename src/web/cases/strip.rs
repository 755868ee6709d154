//! The list that a case was opened from, beside the case on wide screens: the next one is one glance away.
use crate::error::Result;
use crate::store::Tx;
use crate::store::queue::Row;
use crate::web::auth::SignedIn;
use crate::web::trail::Trail;
use crate::web::view::row::{RowView, row};

/// Rows that are shown, and how many of them stand before the case.
const ROWS: usize = 20;
const BEFORE: usize = 6;

/// The part of the list around the case.
pub(super) struct Strip {
    /// What the list is called.
    pub(super) title: &'static str,
    /// Its rows, each with the address of the case.
    pub(super) rows: Vec<(String, RowView)>,
}

/// The rows of a list's page around a case; from its beginning where the case is not on it any more.
pub(super) async fn strip(
    tx: &mut Tx,
    me: &SignedIn,
    trail: &Trail,
    number: i64,
    clock: (&str, i64),
) -> Result<Option<Strip>> {
    let Some((title, found)) = trail.page(tx, me).await? else { return Ok(None) };
    let at = found.iter().position(|row| row.case.number == number).unwrap_or_default();
    let start = at.saturating_sub(BEFORE).min(found.len().saturating_sub(ROWS));
    let one = |found: &Row| {
        let number = found.case.number;
        (trail.case(number, &[]), row(found, false, false, clock))
    };
    Ok(Some(Strip { title, rows: found.iter().skip(start).take(ROWS).map(one).collect() }))
}
