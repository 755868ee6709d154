//! The work queue: a table, a lease, and nothing else.
//!
//! A job is inserted in the transaction of the change that needs it. Whoever claims it holds a
//! lease; finishing and renewing name owner and attempt, so that a worker that lost its lease
//! can't change anything (fencing). When a job is due and how long a lease lasts is a matter of
//! one clock: see [`time`].
mod claiming;
mod time;
mod workers;

pub use claiming::{ANY, URGENT, Which, claim, due, give_back};
pub use time::{no_further, time};
pub use workers::{forget_workers, last_worker, worker_seen, workers};

use super::many::places;
use super::{Result, Tx, on, run};

/// A claimed job.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Job {
    /// Its id.
    pub id: i64,
    /// What kind of job.
    pub kind: String,
    /// Its input as JSON.
    pub payload: String,
    /// Who holds the lease.
    pub owner: String,
    /// How often it was claimed.
    pub attempt: i64,
}

/// A lease further in the future than this was written by a clock that was wrong.
const ABSURD_LEASE_MS: i64 = 600_000;

/// Puts a job into the queue unless one with this key waits already; `false` where it does. One that was given up
/// makes way. `run_at_ms` is a moment by the clock of this process.
pub async fn enqueue(tx: &mut Tx, kind: &str, key: &str, payload: &str, priority: i64, run_at_ms: i64) -> Result<bool> {
    let stamp = time::stamp(tx, "$5", "$6");
    insert(tx, (kind, key, payload, priority), run_at_ms, stamp).await
}

/// The same for a moment by the clock that jobs go by, see [`time`]: one that all processes mean alike,
/// such as an hour.
pub async fn enqueue_for(
    tx: &mut Tx,
    kind: &str,
    key: &str,
    payload: &str,
    priority: i64,
    run_at_ms: i64,
) -> Result<bool> {
    insert(tx, (kind, key, payload, priority), run_at_ms, ("$5 - $6".to_owned(), 0)).await
}

/// What is put into the queue: kind, key, payload and priority.
type New<'a> = (&'a str, &'a str, &'a str, i64);

async fn insert(tx: &mut Tx, new: New<'_>, run_at_ms: i64, stamp: (String, i64)) -> Result<bool> {
    if add(tx, new, run_at_ms, &stamp).await? {
        return Ok(true);
    }
    // A job that was given up would keep its key for ever.
    let gone = run!(tx, sqlx::query("DELETE FROM jobs WHERE dedup_key = $1 AND dead = TRUE").bind(new.1))?;
    Ok(gone > 0 && add(tx, new, run_at_ms, &stamp).await?)
}

async fn add(
    tx: &mut Tx,
    (kind, key, payload, priority): New<'_>,
    run_at_ms: i64,
    (at, here_ms): &(String, i64),
) -> Result<bool> {
    let sql = format!(
        "INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms) VALUES ($1, $2, $3, $4, {at}) ON CONFLICT (dedup_key) DO NOTHING"
    );
    let sql = sqlx::AssertSqlSafe(sql.as_str());
    let added =
        run!(tx, sqlx::query(sql).bind(kind).bind(key).bind(payload).bind(priority).bind(run_at_ms).bind(*here_ms))?;
    Ok(added > 0)
}

/// Puts a job into the queue, or brings the one that waits with this key forward and back to life. Its row stays
/// locked until the transaction ends, so that whoever finishes it meanwhile sees what this transaction leaves to do.
pub async fn hasten(tx: &mut Tx, kind: &str, key: &str, payload: &str, priority: i64, run_at_ms: i64) -> Result<u64> {
    let (at, here_ms) = time::stamp(tx, "$5", "$6");
    let sql = sqlx::AssertSqlSafe(format!(
        "INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms) VALUES ($1, $2, $3, $4, {at})
         ON CONFLICT (dedup_key) DO UPDATE SET dead = FALSE, attempt = CASE WHEN jobs.dead THEN 0 ELSE jobs.attempt END,
            run_at_ms = CASE WHEN jobs.dead OR excluded.run_at_ms < jobs.run_at_ms THEN excluded.run_at_ms ELSE jobs.run_at_ms END"
    ));
    run!(tx, sqlx::query(sql).bind(kind).bind(key).bind(payload).bind(priority).bind(run_at_ms).bind(here_ms))
}

/// Takes a job that nobody holds out of the queue again, because what it was for is done.
pub async fn withdraw(tx: &mut Tx, key: &str, now_ms: i64) -> Result<u64> {
    let now_ms = time(tx, now_ms).await?;
    run!(tx, sqlx::query("DELETE FROM jobs WHERE dedup_key = $1 AND leased_until_ms < $2").bind(key).bind(now_ms))
}

/// Keeps the lease; `false` where it is lost.
pub async fn renew(tx: &mut Tx, job: &Job, now_ms: i64, lease_ms: i64) -> Result<bool> {
    let time_ms = time(tx, now_ms).await?;
    let kept = run!(
        tx,
        sqlx::query("UPDATE jobs SET leased_until_ms = $1 WHERE id = $2 AND owner = $3 AND attempt = $4")
            .bind(time_ms + lease_ms)
            .bind(job.id)
            .bind(&job.owner)
            .bind(job.attempt)
    )?;
    Ok(kept > 0)
}

/// Whether another worker holds the job now, or nobody does: it was taken away from this one. A job that is done
/// is not.
pub async fn taken(tx: &mut Tx, job: &Job) -> Result<bool> {
    let id: Option<i64> =
        on!(tx, |db| sqlx::query_scalar("SELECT id FROM jobs WHERE id = $1 AND (owner <> $2 OR attempt <> $3)")
            .bind(job.id)
            .bind(&job.owner)
            .bind(job.attempt)
            .fetch_optional(db))?;
    Ok(id.is_some())
}

const HOLDS: &str = "SELECT id FROM jobs WHERE id = $1 AND owner = $2 AND attempt = $3";
/// On `PostgreSQL` nobody else may claim it before what follows is stored; `SQLite` has one writer.
const HOLDS_POSTGRES: &str = "SELECT id FROM jobs WHERE id = $1 AND owner = $2 AND attempt = $3 FOR UPDATE";

/// Whether this worker still holds the job, and goes on holding it until the transaction ends; called inside a
/// transaction that writes a result. Where others bring the job forward while they hold a row that this transaction
/// needs, that row is taken first.
pub async fn holds(tx: &mut Tx, job: &Job) -> Result<bool> {
    let sql = if matches!(tx, Tx::Postgres(_)) { HOLDS_POSTGRES } else { HOLDS };
    let id: Option<i64> =
        on!(tx, |db| sqlx::query_scalar(sql).bind(job.id).bind(&job.owner).bind(job.attempt).fetch_optional(db))?;
    Ok(id.is_some())
}

/// Removes a finished job; `false` where the lease is lost, never so after [`holds`] in the same transaction.
pub async fn finish(tx: &mut Tx, job: &Job) -> Result<bool> {
    let gone = run!(
        tx,
        sqlx::query("DELETE FROM jobs WHERE id = $1 AND owner = $2 AND attempt = $3")
            .bind(job.id)
            .bind(&job.owner)
            .bind(job.attempt)
    )?;
    Ok(gone > 0)
}

/// Puts a job back for later, or marks it dead, with the reason.
pub async fn put_back(tx: &mut Tx, job: &Job, run_at_ms: i64, error: &str, dead: bool) -> Result<u64> {
    let (at, here_ms) = time::stamp(tx, "$1", "$7");
    let sql = sqlx::AssertSqlSafe(format!(
        "UPDATE jobs SET leased_until_ms = 0, owner = '', run_at_ms = {at}, error = $2, dead = $3 WHERE id = $4 AND owner = $5 AND attempt = $6"
    ));
    run!(
        tx,
        sqlx::query(sql)
            .bind(run_at_ms)
            .bind(error)
            .bind(dead)
            .bind(job.id)
            .bind(&job.owner)
            .bind(job.attempt)
            .bind(here_ms)
    )
}

/// Jobs of a kind.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Depth {
    /// The kind.
    pub kind: String,
    /// Those that wait or are worked on, counted up to [`DEEP`].
    pub waiting: i64,
    /// Those that were given up.
    pub dead: i64,
    /// Since when the oldest is due that nobody works on, by the clock of who asks.
    pub due_ms: Option<i64>,
}

/// Where counting jobs stops.
pub const DEEP: i64 = 100_000;

/// How many jobs there are of some kinds.
pub async fn depths(tx: &mut Tx, kinds: &[&str], now_ms: i64) -> Result<Vec<Depth>> {
    let time_ms = time(tx, now_ms).await?;
    let count = |dead, to: &str| {
        format!(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM jobs j WHERE j.kind = v.column1 AND j.dead = {dead} LIMIT {DEEP}) AS counted) AS {to}"
        )
    };
    let at = kinds.len();
    let sql = format!(
        "SELECT v.column1 AS kind, {}, {}, (SELECT j.run_at_ms - ${} FROM jobs j WHERE j.kind = v.column1 AND j.dead = FALSE
            AND j.run_at_ms <= ${} AND (j.leased_until_ms < ${} OR j.leased_until_ms > ${}) ORDER BY j.run_at_ms LIMIT 1) AS due_ms
         FROM (VALUES {}) AS v ORDER BY v.column1",
        count("FALSE", "waiting"),
        count("TRUE", "dead"),
        at + 3,
        at + 1,
        at + 1,
        at + 2,
        places(at, 1)
    );
    on!(tx, |db| {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
        for kind in kinds {
            query = query.bind(*kind);
        }
        query.bind(time_ms).bind(time_ms + ABSURD_LEASE_MS).bind(time_ms - now_ms).fetch_all(db)
    })
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Dead {
    /// Its id.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// How often it was tried.
    pub attempt: i64,
    /// Why it failed the last time.
    pub error: String,
    /// When that was, or a little later.
    pub run_at_ms: i64,
}

/// Jobs that were given up, the newest first within their priority.
pub async fn dead(tx: &mut Tx, limit: i64) -> Result<Vec<Dead>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, kind, attempt, error, run_at_ms FROM jobs WHERE dead = TRUE
         ORDER BY priority DESC, run_at_ms, id LIMIT $1"
    )
    .bind(limit)
    .fetch_all(db))
}

/// Kind, payload and why it was given up.
pub type GivenUp = (String, String, String);

/// Brings a job back that was given up, as if it were new.
pub async fn revive(tx: &mut Tx, id: i64, now_ms: i64) -> Result<Option<GivenUp>> {
    let time_ms = time(tx, now_ms).await?;
    on!(tx, |db| sqlx::query_as(
        "UPDATE jobs SET dead = FALSE, attempt = 0, leased_until_ms = 0, owner = '', run_at_ms = $1
         WHERE id = $2 AND dead = TRUE RETURNING kind, payload, error"
    )
    .bind(time_ms)
    .bind(id)
    .fetch_optional(db))
}

/// Forgets a job that was given up.
pub async fn dismiss(tx: &mut Tx, id: i64) -> Result<Option<GivenUp>> {
    on!(tx, |db| sqlx::query_as("DELETE FROM jobs WHERE id = $1 AND dead = TRUE RETURNING kind, payload, error")
        .bind(id)
        .fetch_optional(db))
}
