//! Giving many cases to somebody.
use super::Selection;
use crate::limits::BULK_AT_ONCE;
use crate::review::{ReviewError, assign as assign_one};
use crate::store::bulk::{self, Purpose};
use crate::store::{Actor, Scope, Tx};

/// Gives the cases of a selection to somebody, or with an empty name to nobody; returns their numbers, nothing where
/// one of them may not be seen.
///
/// # Errors
/// `Invalid` where the selection holds nothing or too much, or where the name is not of somebody who can decide
/// cases of one of the organisations.
pub async fn assign(
    tx: &mut Tx,
    (actor, scope): (&Actor, Scope),
    selection: &Selection,
    name: &str,
    now_ms: i64,
) -> Result<Option<Vec<i64>>, ReviewError> {
    let numbers = super::numbers(tx, scope, selection).await?;
    if numbers.len() > BULK_AT_ONCE {
        let text = format!("At most {BULK_AT_ONCE} cases are assigned at once.");
        return ReviewError::invalid("numbers", text);
    }
    let found = bulk::facts(tx, scope, &numbers, Purpose::Change).await?;
    if found.len() < numbers.len() {
        return Ok(None);
    }
    for facts in &found {
        assign_one(tx, actor, &facts.case, name, now_ms).await?;
    }
    Ok(Some(numbers))
}
