//! Sensors: the hosts and adapters that events come from.
use super::{JsonText, ORGS, Result, Scope, Tx, beyond, on};
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

/// A sensor as one organisation has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Known {
    /// The sensor.
    #[sqlx(flatten)]
    pub sensor: Sensor,
    /// The organisation.
    pub org: String,
    /// Its first event.
    pub first_ms: i64,
    /// Its last event.
    pub last_ms: i64,
}

const COLUMNS: &str =
    "s.id, s.sid, s.hostname, s.plat, s.arch, s.int_ip, s.ext_ip, s.tags, o.slug AS org, s.first_ms, s.last_ms";

/// A sensor in each organisation of the scope that has it, last seen first.
pub async fn known(tx: &mut Tx, scope: Scope, sid: &str) -> Result<Vec<Known>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sensors s JOIN orgs o ON o.id = s.org_id
         WHERE s.sid = $1 AND s.org_id IN {ORGS} ORDER BY s.last_ms DESC, s.id"
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(sid)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .fetch_all(db))
}

/// A sensor in the list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Listed {
    /// The sensor.
    #[sqlx(flatten)]
    pub known: Known,
    /// Its cases opened since the given time, counted up to 1,000.
    pub cases: i64,
    /// Of those, how many were declared true positive.
    pub true_positive: i64,
}

/// One page of an organisation's sensors, last seen first, opened by (`last_ms`, `id`) of the page
/// before; of those whose host's name or sid begins with `q` the first 1,000.
pub async fn page(tx: &mut Tx, org_id: i64, q: &str, after: (i64, i64), limit: i64, since: i64) -> Result<Vec<Listed>> {
    let (from, same) = if q.is_empty() { ("sensors s", "") } else { (NAMED, " AND s.id = named.id") };
    let count = |more: &str| {
        format!(
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM cases c WHERE c.sensor_id = s.id AND c.opened_ms >= $5{more} LIMIT 1000) AS n)"
        )
    };
    let sql = format!(
        "SELECT {COLUMNS}, {} AS cases, {} AS true_positive FROM {from} JOIN orgs o ON o.id = s.org_id
         WHERE s.org_id = $1 AND (s.last_ms, s.id) < ($3, $4){same} ORDER BY s.last_ms DESC, s.id DESC LIMIT $2",
        count(""),
        count(" AND c.verdict = 'true_positive'")
    );
    let name = q.to_ascii_lowercase();
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(org_id)
        .bind(limit)
        .bind(after.0)
        .bind(after.1)
        .bind(since)
        .bind(&name)
        .bind(beyond(&name))
        .bind(q)
        .bind(beyond(q))
        .fetch_all(db))
}

/// The sensors with a name, found by it first: a cross join is never turned around.
const NAMED: &str =
    "(SELECT id FROM (SELECT id FROM sensors WHERE org_id = $1 AND LOWER(hostname) >= $6 AND LOWER(hostname) < $7 LIMIT 1000) AS by_name
    UNION SELECT id FROM (SELECT id FROM sensors WHERE org_id = $1 AND sid >= $8 AND sid < $9 LIMIT 1000) AS by_sid) AS named CROSS JOIN sensors s";
