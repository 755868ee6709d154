//! What arrived by each source, minute by minute, and how late.
use super::{Result, Scope, Tx, on, run};

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Minutes that are kept.
const KEPT: i64 = 7 * 24 * 60;

/// A source in a minute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute {
    /// The organisation.
    pub org_id: i64,
    /// The source, such as `api` or `webhook:acme`.
    pub source: String,
    /// Minutes since 1970.
    pub minute: i64,
}

/// What arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Intake {
    /// New detections.
    pub accepted: i64,
    /// Known ones.
    pub duplicates: i64,
    /// Bad ones.
    pub rejected: i64,
    /// The sum of the new ones' lags in ms: arrival less the time LimaCharlie raised it.
    pub lag_ms: i64,
    /// The longest of these lags.
    pub lag_max_ms: i64,
}

impl Intake {
    /// Adds more.
    pub fn add(&mut self, more: Self) {
        self.accepted += more.accepted;
        self.duplicates += more.duplicates;
        self.rejected += more.rejected;
        self.lag_ms += more.lag_ms;
        self.lag_max_ms = self.lag_max_ms.max(more.lag_max_ms);
    }
}

/// Counts what arrived; once an hour a source's minutes that are older than a week go.
pub async fn add(tx: &mut Tx, at: &Minute, what: Intake) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO intake (org_id, source, minute, accepted, duplicates, rejected, lag_ms, lag_max_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (org_id, source, minute) DO UPDATE SET accepted = intake.accepted + excluded.accepted,
                duplicates = intake.duplicates + excluded.duplicates, rejected = intake.rejected + excluded.rejected, lag_ms = intake.lag_ms + excluded.lag_ms,
                lag_max_ms = CASE WHEN excluded.lag_max_ms > intake.lag_max_ms THEN excluded.lag_max_ms ELSE intake.lag_max_ms END"
        )
        .bind(at.org_id)
        .bind(&at.source)
        .bind(at.minute)
        .bind(what.accepted)
        .bind(what.duplicates)
        .bind(what.rejected)
        .bind(what.lag_ms)
        .bind(what.lag_max_ms)
    )?;
    if at.minute % 60 != 0 {
        return Ok(());
    }
    run!(
        tx,
        sqlx::query("DELETE FROM intake WHERE org_id = $1 AND source = $2 AND minute < $3")
            .bind(at.org_id)
            .bind(&at.source)
            .bind(at.minute - KEPT)
    )?;
    Ok(())
}

/// The newest minute in which a source delivered anything, up to this one.
pub async fn last(tx: &mut Tx, org_id: i64, source: &str, until: i64) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT minute FROM intake WHERE org_id = $1 AND source = $2 AND minute <= $3 ORDER BY minute DESC LIMIT 1"
    )
    .bind(org_id)
    .bind(source)
    .bind(until)
    .fetch_optional(db))
}

/// A source and what it delivered in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Summary {
    /// The organisation's short name.
    pub org: String,
    /// The source.
    pub source: String,
    /// The newest minute in which anything came.
    pub last_minute: i64,
    /// New detections.
    pub accepted: i64,
    /// Known ones.
    pub duplicates: i64,
    /// Bad ones.
    pub rejected: i64,
    /// The sum of lags in ms.
    pub lag_ms: i64,
    /// The longest lag.
    pub lag_max_ms: i64,
    /// New detections of the last hour of the stretch.
    pub last_hour: i64,
    /// New detections of its last five minutes.
    pub last_five: i64,
}

/// What each source delivered from minute `first` on, as seen at minute `now`; at most 200 sources.
pub async fn summaries(tx: &mut Tx, scope: Scope, first: i64, now: i64) -> Result<Vec<Summary>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT o.slug AS org, i.source, MAX(i.minute) AS last_minute, CAST(SUM(i.accepted) AS BIGINT) AS accepted,
                CAST(SUM(i.duplicates) AS BIGINT) AS duplicates, CAST(SUM(i.rejected) AS BIGINT) AS rejected, CAST(SUM(i.lag_ms) AS BIGINT) AS lag_ms,
                MAX(i.lag_max_ms) AS lag_max_ms, CAST(SUM(CASE WHEN i.minute > $4 - 60 THEN i.accepted ELSE 0 END) AS BIGINT) AS last_hour,
                CAST(SUM(CASE WHEN i.minute > $4 - 5 THEN i.accepted ELSE 0 END) AS BIGINT) AS last_five
             FROM intake i JOIN orgs o ON o.id = i.org_id
             WHERE i.minute >= $3 AND (i.org_id = $1 OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = i.org_id AND m.user_id = $2))
             GROUP BY o.slug, i.source ORDER BY o.slug, i.source LIMIT 200"
        )
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(first)
        .bind(now)
        .fetch_all(db)
    })
}

/// A source and its pauses.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Pauses {
    /// The organisation.
    pub org_id: i64,
    /// The source.
    pub source: String,
    /// In how many minutes something came.
    pub minutes: i64,
    /// The newest of these.
    pub last_minute: i64,
    /// The longest pause between two of them, in minutes.
    pub longest: i64,
}

/// The pauses of every source since a minute.
pub async fn pauses(tx: &mut Tx, since: i64) -> Result<Vec<Pauses>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT org_id, source, COUNT(*) AS minutes, MAX(minute) AS last_minute, COALESCE(MAX(pause), 0) AS longest FROM (
            SELECT org_id, source, minute, minute - LAG(minute) OVER (PARTITION BY org_id, source ORDER BY minute) AS pause
            FROM intake WHERE minute >= $1) AS seen
         GROUP BY org_id, source ORDER BY org_id, source"
    )
    .bind(since)
    .fetch_all(db)
    })
}
