//! What ingest refused: kept, newest first, the last 1,000.
use super::{Result, Tx, on, run};

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
    /// What came: whole for a bad item in a list, else the first 4 KiB.
    pub body: String,
}

/// Keeps a refused delivery and lets go of the oldest beyond 1,000.
pub async fn insert(tx: &mut Tx, reject: &Reject) -> Result<()> {
    let id: i64 = on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO rejects (org_id, at_ms, source, status, error, body) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
    )
    .bind(reject.org_id)
    .bind(reject.at_ms)
    .bind(&reject.source)
    .bind(reject.status)
    .bind(&reject.error)
    .bind(reject.body.replace('\0', "\u{FFFD}"))
    .fetch_one(db)
    })?;
    run!(tx, sqlx::query("DELETE FROM rejects WHERE id <= $1").bind(id - 1_000))?;
    Ok(())
}

/// The newest refused deliveries of a person's organisations, and those of unknown ones.
pub async fn newest(tx: &mut Tx, user_id: i64) -> Result<Vec<Reject>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, org_id, at_ms, source, status, error, body FROM rejects r
         WHERE r.org_id IS NULL OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = r.org_id AND m.user_id = $1)
         ORDER BY at_ms DESC, id DESC LIMIT 100"
    )
    .bind(user_id)
    .fetch_all(db))
}
