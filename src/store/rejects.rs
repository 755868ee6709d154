//! What ingest refused, newest first.
use super::{Result, Tx, on, run};
use sha2::{Digest, Sha256};

/// A refused delivery.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Reject {
    /// Its id.
    pub id: i64,
    /// The organisation, where it is known.
    pub org_id: Option<i64>,
    /// When.
    pub at_ms: i64,
    /// Where it came from.
    pub source: String,
    /// The HTTP status that was answered.
    pub status: i64,
    /// Why.
    pub error: String,
    /// What came: whole for a bad item in a list, else the first 4 KiB; in lists the first 4,096 characters.
    pub body: String,
    /// Whether the body is not all that came.
    pub cut: bool,
    /// When it was taken in after all.
    #[sqlx(default)]
    pub replayed_ms: Option<i64>,
    /// Its length in characters, in lists.
    #[sqlx(default)]
    pub size: i64,
}

/// Keeps a refused delivery. Of whole requests that were refused, an organisation keeps its last 100
/// (and nobody in particular theirs); bad items of a list are kept as long as documents of detections are.
pub async fn insert(tx: &mut Tx, reject: &Reject) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO rejects (org_id, at_ms, source, status, error, body, cut, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        )
        .bind(reject.org_id)
        .bind(reject.at_ms)
        .bind(&reject.source)
        .bind(reject.status)
        .bind(&reject.error)
        .bind(reject.body.replace('\0', "\u{FFFD}"))
        .bind(reject.cut)
        .bind(hash(&reject.body))
    )?;
    if reject.status != BAD_ITEM {
        run!(
            tx,
            sqlx::query(
                "DELETE FROM rejects WHERE COALESCE(org_id, 0) = $1 AND status <> $2 AND id < (SELECT MIN(id) FROM
                 (SELECT id FROM rejects WHERE COALESCE(org_id, 0) = $1 AND status <> $2 ORDER BY id DESC LIMIT 100) AS kept)"
            )
            .bind(reject.org_id.unwrap_or_default())
            .bind(BAD_ITEM)
        )?;
    }
    Ok(())
}

/// The status of a bad item in a list whose other items were taken.
pub const BAD_ITEM: i64 = 422;

/// The newest refused deliveries of a person's organisations, and those of unknown ones.
pub async fn newest(tx: &mut Tx, user_id: i64) -> Result<Vec<Reject>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT id, org_id, at_ms, source, status, error, cut, replayed_ms, SUBSTR(body, 1, 4096) AS body, CAST(LENGTH(body) AS BIGINT) AS size FROM rejects r
         WHERE r.org_id IS NULL OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = r.org_id AND m.user_id = $1)
         ORDER BY at_ms DESC, id DESC LIMIT 100"
    )
    .bind(user_id)
    .fetch_all(db)
    })
}

/// One that a person may see and that belongs to an organisation of theirs.
pub async fn by_id(tx: &mut Tx, user_id: i64, id: i64) -> Result<Option<Reject>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, org_id, at_ms, source, status, error, body, cut, replayed_ms FROM rejects r
         WHERE r.id = $1 AND EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = r.org_id AND m.user_id = $2)"
    )
    .bind(id)
    .bind(user_id)
    .fetch_optional(db))
}

/// Whether the same bad item of the same source is kept already.
pub async fn is_kept(tx: &mut Tx, org_id: i64, source: &str, body: &str) -> Result<bool> {
    let id: Option<i64> = on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT id FROM rejects WHERE COALESCE(org_id, 0) = $1 AND sha256 = $2 AND status = $3 AND source = $4 LIMIT 1"
    )
    .bind(org_id)
    .bind(hash(body))
    .bind(BAD_ITEM)
    .bind(source)
    .fetch_optional(db)
    })?;
    Ok(id.is_some())
}

/// Notes that it was taken in after all.
pub async fn replayed(tx: &mut Tx, id: i64, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE rejects SET replayed_ms = $1 WHERE id = $2").bind(now_ms).bind(id))
}

/// Removes some that came before `until_ms`; whose they were, 0 for nobody in particular.
pub async fn remove(tx: &mut Tx, until_ms: i64, limit: i64) -> Result<Vec<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "DELETE FROM rejects WHERE id IN (SELECT id FROM rejects WHERE at_ms < $1 ORDER BY at_ms DESC, id DESC LIMIT $2)
         RETURNING COALESCE(org_id, 0)"
    )
    .bind(until_ms)
    .bind(limit)
    .fetch_all(db)
    })
}

fn hash(body: &str) -> String {
    hex::encode(Sha256::digest(body))
}
