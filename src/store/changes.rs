//! The live feed: which cases changed since an entry of the timeline.
use super::{Result, Tx, on};

/// A changed case.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Changed {
    /// The timeline's id, for `Last-Event-ID`.
    pub id: i64,
    /// The case.
    pub case_number: i64,
    /// Its organisation.
    pub org_id: i64,
    /// What kind of change.
    pub kind: String,
}

/// The id of the newest entry, 0 where there is none.
pub async fn newest(tx: &mut Tx) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar("SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM timeline").fetch_one(db))
}

/// Entries after an id, oldest first, at most `limit`.
pub async fn since(tx: &mut Tx, id: i64, limit: i64) -> Result<Vec<Changed>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, case_number, org_id, kind FROM timeline WHERE id > $1 ORDER BY id LIMIT $2"
    )
    .bind(id)
    .bind(limit)
    .fetch_all(db))
}
