//! The work queue: a table, a lease, and nothing else.
//!
//! A job is inserted in the transaction of the change that needs it. Whoever claims it holds a
//! lease; finishing and renewing name owner and attempt, so that a worker that lost its lease
//! can't change anything (fencing).
use super::many::places;
use super::{Result, Tx, on, run};
use crate::clock;

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

/// The time by which leases run. Workers on several machines have a clock each, which may be wrong or be put right at
/// any moment; the database of all of them has one.
async fn lease_time(tx: &mut Tx, now_ms: i64) -> Result<i64> {
    let Tx::Postgres(tx) = tx else { return Ok(now_ms) };
    sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + $1")
        .bind(clock::moved_ms())
        .fetch_one(&mut **tx)
        .await
}

/// A lease further in the future than this was written by a clock that was wrong.
const ABSURD_LEASE_MS: i64 = 600_000;

/// Puts a job into the queue unless one with this key waits already; `false` where it does.
pub async fn enqueue(tx: &mut Tx, kind: &str, key: &str, payload: &str, priority: i64, run_at_ms: i64) -> Result<bool> {
    let added = run!(
        tx,
        sqlx::query("INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (dedup_key) DO NOTHING")
            .bind(kind)
            .bind(key)
            .bind(payload)
            .bind(priority)
            .bind(run_at_ms)
    )?;
    Ok(added > 0)
}

/// Puts a job into the queue, or brings the one that waits with this key forward and back to life. Its row stays
/// locked until the transaction ends, so that whoever finishes it meanwhile sees what this transaction leaves to do.
pub async fn hasten(tx: &mut Tx, kind: &str, key: &str, payload: &str, priority: i64, run_at_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (dedup_key) DO UPDATE SET dead = FALSE,
                run_at_ms = CASE WHEN jobs.dead OR excluded.run_at_ms < jobs.run_at_ms THEN excluded.run_at_ms ELSE jobs.run_at_ms END"
        )
        .bind(kind)
        .bind(key)
        .bind(payload)
        .bind(priority)
        .bind(run_at_ms)
    )
}

/// Takes a job that nobody holds out of the queue again, because what it was for is done.
pub async fn withdraw(tx: &mut Tx, key: &str, now_ms: i64) -> Result<u64> {
    let now_ms = lease_time(tx, now_ms).await?;
    run!(tx, sqlx::query("DELETE FROM jobs WHERE dedup_key = $1 AND leased_until_ms < $2").bind(key).bind(now_ms))
}

const CLAIM: &str = "UPDATE jobs SET leased_until_ms = $1, owner = $2, attempt = attempt + 1 WHERE id = (SELECT id FROM jobs
     WHERE dead = FALSE AND priority >= $5 AND run_at_ms <= $3 AND (leased_until_ms < $6 OR leased_until_ms > $4) ORDER BY priority DESC, run_at_ms, id LIMIT 1)
     RETURNING id, kind, payload, owner, attempt";
/// `PostgreSQL` runs several claimers at once; `SQLite` has one writer and no such clause.
const CLAIM_POSTGRES: &str = "UPDATE jobs SET leased_until_ms = $1, owner = $2, attempt = attempt + 1 WHERE id = (SELECT id FROM jobs
     WHERE dead = FALSE AND priority >= $5 AND run_at_ms <= $3 AND (leased_until_ms < $6 OR leased_until_ms > $4) ORDER BY priority DESC, run_at_ms, id LIMIT 1
     FOR UPDATE SKIP LOCKED) RETURNING id, kind, payload, owner, attempt";

/// From this priority on a job does not wait for those that ask models: people do.
pub const URGENT: i64 = 10;
/// Any priority.
pub const ANY: i64 = i64::MIN;

/// Takes the most urgent job that is due and has at least a priority.
pub async fn claim(tx: &mut Tx, owner: &str, least: i64, now_ms: i64, lease_ms: i64) -> Result<Option<Job>> {
    let sql = if matches!(tx, Tx::Postgres(_)) { CLAIM_POSTGRES } else { CLAIM };
    let time_ms = lease_time(tx, now_ms).await?;
    on!(tx, |db| sqlx::query_as(sql)
        .bind(time_ms + lease_ms)
        .bind(owner)
        .bind(now_ms)
        .bind(time_ms + ABSURD_LEASE_MS)
        .bind(least)
        .bind(time_ms)
        .fetch_optional(db))
}

/// Keeps the lease; `false` where it is lost.
pub async fn renew(tx: &mut Tx, job: &Job, now_ms: i64, lease_ms: i64) -> Result<bool> {
    let time_ms = lease_time(tx, now_ms).await?;
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

/// Whether this worker still holds the job; called inside a transaction that writes a result.
pub async fn holds(tx: &mut Tx, job: &Job) -> Result<bool> {
    let id: Option<i64> =
        on!(tx, |db| sqlx::query_scalar("SELECT id FROM jobs WHERE id = $1 AND owner = $2 AND attempt = $3")
            .bind(job.id)
            .bind(&job.owner)
            .bind(job.attempt)
            .fetch_optional(db))?;
    Ok(id.is_some())
}

/// Removes a finished job; `false` where the lease is lost.
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
    run!(
        tx,
        sqlx::query(
            "UPDATE jobs SET leased_until_ms = 0, owner = '', run_at_ms = $1, error = $2, dead = $3 WHERE id = $4 AND owner = $5 AND attempt = $6"
        )
        .bind(run_at_ms)
        .bind(error)
        .bind(dead)
        .bind(job.id)
        .bind(&job.owner)
        .bind(job.attempt)
    )
}

/// Whether a job is due that nobody holds and that has at least a priority.
pub async fn due(tx: &mut Tx, least: i64, now_ms: i64) -> Result<bool> {
    let time_ms = lease_time(tx, now_ms).await?;
    let id: Option<i64> = on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT id FROM jobs WHERE dead = FALSE AND priority >= $3 AND run_at_ms <= $1 AND (leased_until_ms < $4 OR leased_until_ms > $2) LIMIT 1"
    )
    .bind(now_ms)
    .bind(time_ms + ABSURD_LEASE_MS)
    .bind(least)
    .bind(time_ms)
    .fetch_optional(db)
    })?;
    Ok(id.is_some())
}

/// Notes that a worker is alive.
pub async fn worker_seen(tx: &mut Tx, owner: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO workers (owner, seen_ms) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET seen_ms = $2"
        )
        .bind(owner)
        .bind(now_ms)
    )
}

/// When any worker was last alive.
pub async fn last_worker(tx: &mut Tx) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT seen_ms FROM workers ORDER BY seen_ms DESC LIMIT 1").fetch_optional(db))
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
    /// Since when the oldest is due that nobody works on.
    pub due_ms: Option<i64>,
}

/// Where counting jobs stops.
pub const DEEP: i64 = 100_000;

/// How many jobs there are of some kinds.
pub async fn depths(tx: &mut Tx, kinds: &[&str], now_ms: i64) -> Result<Vec<Depth>> {
    let count = |dead, to: &str| {
        format!(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM jobs j WHERE j.kind = v.column1 AND j.dead = {dead} LIMIT {DEEP}) AS counted) AS {to}"
        )
    };
    let at = kinds.len();
    let sql = format!(
        "SELECT v.column1 AS kind, {}, {}, (SELECT j.run_at_ms FROM jobs j WHERE j.kind = v.column1 AND j.dead = FALSE
            AND j.run_at_ms <= ${} AND (j.leased_until_ms < ${} OR j.leased_until_ms > ${}) ORDER BY j.run_at_ms LIMIT 1) AS due_ms
         FROM (VALUES {}) AS v ORDER BY v.column1",
        count("FALSE", "waiting"),
        count("TRUE", "dead"),
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
        query.bind(now_ms).bind(now_ms + ABSURD_LEASE_MS).fetch_all(db)
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
    on!(tx, |db| sqlx::query_as(
        "UPDATE jobs SET dead = FALSE, attempt = 0, leased_until_ms = 0, owner = '', run_at_ms = $1
         WHERE id = $2 AND dead = TRUE RETURNING kind, payload, error"
    )
    .bind(now_ms)
    .bind(id)
    .fetch_optional(db))
}

/// Forgets a job that was given up.
pub async fn dismiss(tx: &mut Tx, id: i64) -> Result<Option<GivenUp>> {
    on!(tx, |db| sqlx::query_as("DELETE FROM jobs WHERE id = $1 AND dead = TRUE RETURNING kind, payload, error")
        .bind(id)
        .fetch_optional(db))
}

/// Workers that were alive after a moment, and when they last were.
pub async fn workers(tx: &mut Tx, since_ms: i64, limit: i64) -> Result<Vec<(String, i64)>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT owner, seen_ms FROM workers WHERE seen_ms >= $1 ORDER BY seen_ms DESC LIMIT $2"
    )
    .bind(since_ms)
    .bind(limit)
    .fetch_all(db))
}

/// Forgets workers that were last alive before a moment.
pub async fn forget_workers(tx: &mut Tx, before_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM workers WHERE seen_ms < $1").bind(before_ms))
}
