//! Sensors: the hosts and adapters that events come from.
use super::{JsonText, Result, Tx, on};
use crate::domain::Detection;

/// A sensor as its newest event describes it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Sensor {
    /// Its id here.
    pub id: i64,
    /// LimaCharlie's sensor id.
    pub sid: String,
    /// The host's name.
    pub hostname: String,
    /// The platform's number.
    pub plat: Option<i64>,
    /// The architecture's number.
    pub arch: Option<i64>,
    /// The address inside.
    pub int_ip: String,
    /// The address outside.
    pub ext_ip: String,
    /// Its tags at its newest event.
    pub tags: JsonText<Vec<String>>,
}

/// The sensor's id. A detection without one belongs to its host, not to everybody's.
pub fn sid(detection: &Detection) -> String {
    if detection.sid.is_empty() {
        format!("unknown:{}", detection.hostname.chars().take(255).collect::<String>())
    } else {
        detection.sid.clone()
    }
}

/// Stores what a detection says about its sensor, unless a newer one has spoken; returns the sensor's id.
pub async fn upsert(tx: &mut Tx, org_id: i64, detection: &Detection, event_ms: i64) -> Result<i64> {
    let sid = sid(detection);
    on!(tx, |db| sqlx::query_scalar(
        "INSERT INTO sensors (org_id, sid, hostname, plat, arch, int_ip, ext_ip, tags, first_ms, last_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (org_id, sid) DO UPDATE SET
            hostname = CASE WHEN excluded.last_ms >= sensors.last_ms THEN excluded.hostname ELSE sensors.hostname END,
            plat = COALESCE(excluded.plat, sensors.plat), arch = COALESCE(excluded.arch, sensors.arch),
            int_ip = CASE WHEN excluded.last_ms >= sensors.last_ms THEN excluded.int_ip ELSE sensors.int_ip END,
            ext_ip = CASE WHEN excluded.last_ms >= sensors.last_ms THEN excluded.ext_ip ELSE sensors.ext_ip END,
            tags = CASE WHEN excluded.last_ms >= sensors.last_ms THEN excluded.tags ELSE sensors.tags END,
            last_ms = CASE WHEN excluded.last_ms >= sensors.last_ms THEN excluded.last_ms ELSE sensors.last_ms END
         RETURNING id"
    )
    .bind(org_id)
    .bind(sid)
    .bind(&detection.hostname)
    .bind(detection.plat)
    .bind(detection.arch)
    .bind(&detection.int_ip)
    .bind(&detection.ext_ip)
    .bind(JsonText(&detection.tags))
    .bind(event_ms)
    .fetch_one(db))
}

/// One by id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Sensor> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, sid, hostname, plat, arch, int_ip, ext_ip, tags FROM sensors WHERE id = $1"
    )
    .bind(id)
    .fetch_one(db))
}
