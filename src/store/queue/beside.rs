//! The neighbours of a case in a list: what comes next after a verdict, and what `j` and `k` go to.
use super::super::{Result, Scope, Tx, on};
use super::{Cursor, Filter, by_view, rows, sql};

/// A direction in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Towards its end.
    After,
    /// Towards its beginning.
    Before,
}

/// Where a case stands in every order, whether or not it is in the list.
pub async fn place(tx: &mut Tx, number: i64) -> Result<Option<Cursor>> {
    let place: Option<(i64, i64, i64)> =
        on!(tx, |db| sqlx::query_as("SELECT queue_rank, opened_ms, number FROM cases WHERE number = $1")
            .bind(number)
            .fetch_optional(db))?;
    Ok(place.map(|(rank, opened, number)| Cursor(rank, opened, number)))
}

/// The number of the nearest case of a list beside a place.
pub async fn beside(tx: &mut Tx, scope: Scope, filter: &Filter, place: Cursor, way: Way) -> Result<Option<i64>> {
    let sql = match way {
        Way::After => sql::page(filter, by_view(tx)),
        Way::Before => sql::before(filter, by_view(tx)),
    };
    let found = rows(tx, scope, filter, &sql, place, 1).await?;
    Ok(found.first().map(|row| row.case.number))
}
