//! Locks of `PostgreSQL` that belong to no row. All of them end with their transaction, so that a connection that is
//! lost leaves none behind. `SQLite` has one writer and needs none.
use super::{Result, Tx, on};

/// Work that one process does at a time; the others leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Single {
    /// Giving older rows what they lack.
    Reindex = 7_302,
}

/// The first of the numbers that stand for hosts whose detections are being taken in.
const HOSTS: i32 = 7_400;
/// So many numbers stand for all hosts: few locks for a large batch, and different hosts seldom meet.
const BUCKETS: i32 = 64;

/// Stands for the gates of an organisation.
const GATES: i32 = 7_500;

/// Waits until nobody else works on the gates of an organisation. Who needs a case as well takes that first.
pub async fn gates(tx: &mut Tx, org_id: i64) -> Result<()> {
    let Tx::Postgres(tx) = tx else { return Ok(()) };
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext(current_schema() || ' ' || $2))")
        .bind(GATES)
        .bind(org_id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes a work until the end of the transaction; `false` where another process is at it.
pub async fn single(tx: &mut Tx, work: Single) -> Result<bool> {
    if matches!(tx, Tx::Sqlite(_)) {
        return Ok(true);
    }
    // Several installations may share a database, each with a schema of its own.
    on!(tx, |db| sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1, hashtext(current_schema()))")
        .bind(work as i32)
        .fetch_one(db))
}

/// Waits until no other server takes in detections of these hosts, each an organisation's id and a sensor's name.
/// What is read afterwards knows theirs, so that two servers never open two cases for one behaviour.
pub async fn hosts(tx: &mut Tx, hosts: impl Iterator<Item = (i64, String)>) -> Result<()> {
    let Tx::Postgres(tx) = tx else { return Ok(()) };
    let bucket = |(org, sid): (i64, String)| {
        let sum = sid.bytes().fold(org, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        HOSTS + i32::try_from(sum.rem_euclid(BUCKETS.into())).unwrap_or_default()
    };
    let mut buckets: Vec<i32> = hosts.map(bucket).collect();
    // Everybody takes them in the same order, so nobody waits for somebody who waits.
    buckets.sort_unstable();
    buckets.dedup();
    sqlx::query(
        "SELECT pg_advisory_xact_lock(b.bucket, hashtext(current_schema()))
         FROM UNNEST($1) WITH ORDINALITY AS b (bucket, place) ORDER BY b.place",
    )
    .bind(buckets)
    .execute(&mut **tx)
    .await
    .map(drop)
}
