//! Questions to intelligence providers: quotas that hold over processes and restarts, and answers that hold for a while.
use super::{JsonText, Result, Tx, on, run};
use crate::domain::ObservableKind;
use crate::domain::intel::Opinion;

/// The window of the quota of a minute: a little longer, because questions take their time to arrive.
pub const MINUTE_MS: i64 = 61_000;
const DAY_MS: i64 = 86_400_000;
/// Nobody is ever left alone for longer; a time beyond it was written by a clock that was wrong.
const ABSURD_MS: i64 = 3_600_000;
/// Answers that are counted.
const COUNTED: i64 = 100_000;

/// Whether a question may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// It is counted and may be sent.
    Go,
    /// Not before this moment, because the provider is left alone: for this reason.
    Quiet(i64, String),
    /// Not before this moment, because the minute's quota is used up.
    Minute(i64),
    /// Not before this moment, because the day's quota is used up.
    Day(i64),
}

/// How a provider fares.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Fared {
    /// Its name.
    pub name: String,
    /// The day of UTC that `used` is of, counted from 1970.
    pub day: i64,
    /// Questions of that day.
    pub used: i64,
    /// Failures in a row.
    pub failures: i64,
    /// Nothing is sent before this moment.
    pub quiet_until_ms: i64,
    /// When it last answered.
    pub ok_ms: Option<i64>,
    /// What last went wrong, or empty.
    pub error: String,
    /// When that was.
    pub error_ms: Option<i64>,
}

const FARED: &str = "name, day, used, failures, quiet_until_ms, ok_ms, error, error_ms";

/// Takes a question from the quotas (0 for none), or tells when there will be one. Whoever asks holds the provider's
/// row until the transaction ends, so that two workers never take the same one.
pub async fn reserve(tx: &mut Tx, provider: &str, (per_minute, per_day): (i64, i64), now_ms: i64) -> Result<Leave> {
    let day = now_ms.div_euclid(DAY_MS);
    let sql = "INSERT INTO intel_providers (name, day) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    run!(tx, sqlx::query(sql).bind(provider).bind(day))?;
    let sql = sqlx::AssertSqlSafe(format!(
        "UPDATE intel_providers SET used = CASE WHEN day = $2 THEN used ELSE 0 END, day = $2 WHERE name = $1 RETURNING {FARED}"
    ));
    let fared: Fared = on!(tx, |db| sqlx::query_as(sql).bind(provider).bind(day).fetch_one(db))?;
    if (now_ms + 1..=now_ms + ABSURD_MS).contains(&fared.quiet_until_ms) {
        return Ok(Leave::Quiet(fared.quiet_until_ms, fared.error));
    }
    if per_day > 0 && fared.used >= per_day {
        return Ok(Leave::Day((day + 1) * DAY_MS));
    }
    if let Some(oldest) = full_minute(tx, provider, per_minute, now_ms).await? {
        return Ok(Leave::Minute(oldest + MINUTE_MS));
    }
    let sql = "INSERT INTO intel_calls (provider, at_ms) VALUES ($1, $2)";
    run!(tx, sqlx::query(sql).bind(provider).bind(now_ms))?;
    run!(tx, sqlx::query("UPDATE intel_providers SET used = used + 1 WHERE name = $1").bind(provider))?;
    Ok(Leave::Go)
}

/// The oldest of the questions that use up the minute; nothing where there is room. What is older is forgotten.
async fn full_minute(tx: &mut Tx, provider: &str, most: i64, now_ms: i64) -> Result<Option<i64>> {
    let sql = "DELETE FROM intel_calls WHERE provider = $1 AND (at_ms <= $2 OR at_ms > $3)";
    run!(tx, sqlx::query(sql).bind(provider).bind(now_ms - MINUTE_MS).bind(now_ms + MINUTE_MS))?;
    if most <= 0 {
        return Ok(None);
    }
    on!(tx, |db| sqlx::query_scalar(
        "SELECT at_ms FROM intel_calls WHERE provider = $1 ORDER BY at_ms DESC, id DESC LIMIT 1 OFFSET $2"
    )
    .bind(provider)
    .bind(most - 1)
    .fetch_optional(db))
}

/// Notes that a provider answered.
pub async fn answered(tx: &mut Tx, provider: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE intel_providers SET ok_ms = $1, failures = 0 WHERE name = $2").bind(now_ms).bind(provider)
    )
}

/// Notes what went wrong; returns how often in a row.
pub async fn failed(tx: &mut Tx, provider: &str, error: &str, now_ms: i64) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "UPDATE intel_providers SET error = $1, error_ms = $2, failures = failures + 1 WHERE name = $3 RETURNING failures"
    )
    .bind(error)
    .bind(now_ms)
    .bind(provider)
    .fetch_one(db)
    })
}

/// Leaves a provider alone until a moment.
pub async fn leave_alone(tx: &mut Tx, provider: &str, until_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE intel_providers SET quiet_until_ms = $1 WHERE name = $2").bind(until_ms).bind(provider)
    )
}

/// How all providers fare that were ever asked.
pub async fn fared(tx: &mut Tx) -> Result<Vec<Fared>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {FARED} FROM intel_providers ORDER BY name"));
    on!(tx, |db| sqlx::query_as(sql).fetch_all(db))
}

/// Questions to a provider in the last minute.
pub async fn last_minute(tx: &mut Tx, provider: &str, now_ms: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM intel_calls WHERE provider = $1 AND at_ms > $2"
    )
    .bind(provider)
    .bind(now_ms - MINUTE_MS)
    .fetch_one(db))
}

/// An answer that still holds.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Cached {
    /// Whether the provider knows the value.
    pub known: bool,
    /// What it says.
    pub payload: JsonText<Opinion>,
    /// When it said so.
    pub fetched_ms: i64,
}

/// What a provider said about a value, where that still holds.
pub async fn cached(
    tx: &mut Tx,
    provider: &str,
    kind: ObservableKind,
    value: &str,
    now_ms: i64,
) -> Result<Option<Cached>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT known, payload, fetched_ms FROM intel_cache WHERE provider = $1 AND kind = $2 AND value = $3 AND expires_ms > $4 AND fetched_ms <= $4"
    )
    .bind(provider)
    .bind(kind)
    .bind(value)
    .bind(now_ms)
    .fetch_optional(db)
    })
}

/// Keeps what a provider said about a value; nothing for that it does not know it.
pub async fn keep(
    tx: &mut Tx,
    provider: &str,
    (kind, value): (ObservableKind, &str),
    said: Option<&Opinion>,
    (now_ms, expires_ms): (i64, i64),
) -> Result<u64> {
    let payload = said.cloned().unwrap_or_default();
    run!(
        tx,
        sqlx::query(
            "INSERT INTO intel_cache (provider, kind, value, known, payload, fetched_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (provider, kind, value) DO UPDATE SET known = excluded.known, payload = excluded.payload,
                fetched_ms = excluded.fetched_ms, expires_ms = excluded.expires_ms"
        )
        .bind(provider)
        .bind(kind)
        .bind(value)
        .bind(said.is_some())
        .bind(JsonText(&payload))
        .bind(now_ms)
        .bind(expires_ms)
    )
}

/// How many answers of a provider are kept, counted up to 100,000.
pub async fn kept(tx: &mut Tx, provider: &str) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM intel_cache WHERE provider = $1 LIMIT $2) AS kept"
    )
    .bind(provider)
    .bind(COUNTED)
    .fetch_one(db))
}

/// Forgets answers that hold no longer.
pub async fn purge(tx: &mut Tx, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM intel_cache WHERE expires_ms <= $1").bind(now_ms))
}
