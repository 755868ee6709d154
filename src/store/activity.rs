//! Detections a day of rules, sensors and observables, for the strips of their pages.
use super::many::{ROWS, places};
use super::{Result, Tx, on, run};
use crate::domain::words;

words! {
    /// What has activity.
    Subject ("kind") {
        /// A rule.
        Rule = "rule", "Rule";
        /// A sensor.
        Sensor = "sensor", "Sensor";
        /// An observable.
        Observable = "observable", "Observable";
    }
}

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One subject on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day {
    /// What it is about.
    pub subject: Subject,
    /// The subject's id.
    pub id: i64,
    /// Days since 1970.
    pub day: i64,
}

/// Counts detections. No day may be there twice.
pub async fn add(tx: &mut Tx, all: &[(Day, i64)]) -> Result<()> {
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO activity (kind, ref_id, day, detections) VALUES {}
             ON CONFLICT (kind, ref_id, day) DO UPDATE SET detections = activity.detections + excluded.detections",
            places(part.len(), 4)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for (at, detections) in part {
                query = query.bind(at.subject.as_str()).bind(at.id).bind(at.day).bind(*detections);
            }
            query
        })?;
    }
    Ok(())
}

/// The last day that a subject was seen on.
pub async fn last(tx: &mut Tx, subject: Subject, id: i64) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT MAX(day) FROM activity WHERE kind = $1 AND ref_id = $2")
        .bind(subject.as_str())
        .bind(id)
        .fetch_one(db))
}

/// How many detections a subject has, over the newest 4,000 days that it was seen on.
pub async fn total(tx: &mut Tx, subject: Subject, id: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT CAST(COALESCE(SUM(detections), 0) AS BIGINT) FROM (
            SELECT detections FROM activity WHERE kind = $1 AND ref_id = $2 ORDER BY day DESC LIMIT 4000) AS days"
    )
    .bind(subject.as_str())
    .bind(id)
    .fetch_one(db))
}

/// The days of a subject from `first` on, oldest first, each with its number of detections.
pub async fn since(tx: &mut Tx, subject: Subject, id: i64, first: i64) -> Result<Vec<(i64, i64)>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT day, detections FROM activity WHERE kind = $1 AND ref_id = $2 AND day >= $3 ORDER BY day"
    )
    .bind(subject.as_str())
    .bind(id)
    .bind(first)
    .fetch_all(db))
}
