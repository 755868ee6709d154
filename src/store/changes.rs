//! The live feed: which cases changed since an entry of the timeline.
//!
//! On `PostgreSQL` an entry can be committed after one with a higher number, so the last thousand are looked through
//! for those that came late. `SQLite` has one writer: there the numbers are in the order of the commits.
use super::{Result, Tx, on};
use std::collections::BTreeSet;

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

/// How far the timeline is. It changes with every commit that adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Newest {
    /// The id of the newest entry, 0 where there is none.
    pub id: i64,
    /// How many there are among those that may still be joined by late ones.
    near: i64,
}

/// So many numbers before the newest one an entry may still come.
const fn late(tx: &Tx) -> i64 {
    if matches!(tx, Tx::Postgres(_)) { 1_000 } else { 0 }
}

/// How far the timeline is now.
pub async fn newest(tx: &mut Tx) -> Result<Newest> {
    let late = late(tx);
    on!(tx, |db| sqlx::query_as(
        "SELECT m.id, (SELECT CAST(COUNT(*) AS BIGINT) FROM timeline t WHERE t.id > m.id - $1) AS near
         FROM (SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) AS id FROM timeline) AS m"
    )
    .bind(late)
    .fetch_one(db))
}

/// What a listener has heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// The newest entry.
    pub last: i64,
    /// Those shortly before it.
    near: BTreeSet<i64>,
}

impl Heard {
    /// Takes for heard what is there up to an entry.
    pub async fn up_to(tx: &mut Tx, last: i64) -> Result<Self> {
        let late = late(tx);
        let near: Vec<i64> = if late == 0 {
            Vec::new()
        } else {
            on!(tx, |db| sqlx::query_scalar("SELECT id FROM timeline WHERE id > $1 AND id <= $2 ORDER BY id")
                .bind(last.saturating_sub(late))
                .bind(last)
                .fetch_all(db))?
        };
        Ok(Self { last, near: near.into_iter().collect() })
    }

    /// Takes an entry for heard.
    pub fn hear(&mut self, id: i64) {
        self.last = self.last.max(id);
        self.near.insert(id);
        if self.near.len() > 2_000 {
            self.near = self.near.split_off(&(self.last - 1_000));
        }
    }
}

/// Entries that were not heard, oldest first, at most `limit`.
pub async fn since(tx: &mut Tx, heard: &Heard, limit: i64) -> Result<Vec<Changed>> {
    let late = late(tx);
    let mut found: Vec<Changed> = on!(tx, |db| sqlx::query_as(
        "SELECT id, case_number, org_id, kind FROM timeline WHERE id > $1 ORDER BY id LIMIT $2"
    )
    .bind(heard.last.saturating_sub(late))
    .bind(limit + late)
    .fetch_all(db))?;
    if late > 0 {
        found.retain(|one| !heard.near.contains(&one.id));
    }
    Ok(found)
}
