//! Search: words of detections and notes, the cases that hold them, and values that begin alike.
//!
//! This is where the two databases differ: `SQLite` has its FTS5 tables beside the rows, `PostgreSQL`
//! a `tsvector` in each row. Both hold the words of our own tokeniser and no others, and both are asked
//! in texts that are put together from such words alone, so nothing that a person types is read as syntax.
mod cases;
mod index;
mod matching;
mod pivots;

pub use cases::{Hit, Listed, Page, by_conditions, by_words};
pub use index::{
    Unindexed, index_detection, index_detections, index_note, reindex_detection, reindex_note, unindexed_detections,
    unindexed_notes,
};
pub use matching::{Index, Match, matching};
pub use pivots::{Host, NoteHit, Rule, Value, hosts, notes, rules, similar, values};

use super::{Result, Scope, Tx, on};

/// The organisations that may be searched, by id and short name.
pub async fn orgs(tx: &mut Tx, scope: Scope) -> Result<Vec<(i64, String)>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT o.id, o.slug FROM orgs o
         WHERE o.id = $1 OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = o.id AND m.user_id = $2) ORDER BY o.slug"
    )
    .bind(scope.org_id)
    .bind(scope.user_id)
    .fetch_all(db)
    })
}

/// Numbers for an `IN`; of none, one that nothing has.
fn list(numbers: &[i64]) -> String {
    if numbers.is_empty() {
        return "-1".to_owned();
    }
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}
