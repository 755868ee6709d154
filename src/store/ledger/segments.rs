//! Stretches of the ledger that were signed, and their removal when they are old.
use super::super::{Result, Tx, on, run};

/// A signed stretch of lines.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Segment {
    /// 1, 2, 3 …
    pub number: i64,
    /// The id of its first line.
    pub first_id: i64,
    /// The id of its last line.
    pub last_id: i64,
    /// How many lines it has.
    pub line_count: i64,
    /// The time of its first line in UTC milliseconds.
    pub from_ms: i64,
    /// The latest time of its lines.
    pub to_ms: i64,
    /// The hash that its first line stands on.
    pub prev_hash: Vec<u8>,
    /// The hash of its last line.
    pub last_hash: Vec<u8>,
    /// When it was sealed.
    pub sealed_ms: i64,
    /// The Ed25519 key that signed it, 32 bytes.
    pub public_key: Vec<u8>,
    /// The signature over [`Segment::signed`].
    pub signature: Vec<u8>,
    /// When its lines were removed.
    pub purged_ms: Option<i64>,
    /// The signature over [`Segment::signed_purge`]; none where an older version of the program removed them.
    pub purge_signature: Option<Vec<u8>>,
}

impl Segment {
    /// The text that is signed: a JSON array without spaces.
    pub fn signed(&self) -> String {
        let numbers = [self.number, self.first_id, self.last_id, self.line_count, self.from_ms, self.to_ms];
        let hashes = [hex::encode(&self.prev_hash), hex::encode(&self.last_hash)];
        serde_json::json!(["fusionsoc-ledger-segment-1", numbers, self.sealed_ms, hashes]).to_string()
    }

    /// The text that is signed when its lines are removed at a moment, in the same form. `receipts` of all have a signature
    /// of their own from then on, because the lines that told of them were removed: no other line counts them.
    pub fn signed_purge(&self, purged_ms: i64, receipts: i64) -> String {
        let hash = hex::encode(&self.last_hash);
        serde_json::json!(["fusionsoc-ledger-purge-2", self.number, hash, purged_ms, receipts]).to_string()
    }

    /// The same as older versions of the program signed it, which counted no receipts.
    pub fn signed_purge_uncounted(&self, purged_ms: i64) -> String {
        serde_json::json!(["fusionsoc-ledger-purge-1", self.number, hex::encode(&self.last_hash), purged_ms])
            .to_string()
    }

    /// The latest time of its lines, as far as it can be true: a line of a clock that was far ahead counts as old as
    /// the seal.
    pub fn until_ms(&self) -> i64 {
        self.to_ms.min(self.sealed_ms)
    }
}

const COLUMNS: &str = "number, first_id, last_id, line_count, from_ms, to_ms, prev_hash, last_hash, sealed_ms, public_key, signature, \
    purged_ms, purge_signature";

/// All segments, the oldest first. There is about one a day.
pub async fn all(tx: &mut Tx) -> Result<Vec<Segment>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM ledger_segments ORDER BY number"));
    on!(tx, |db| sqlx::query_as(sql).fetch_all(db))
}

/// The newest segments, at most so many, the newest first.
pub async fn newest(tx: &mut Tx, most: i64) -> Result<Vec<Segment>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM ledger_segments ORDER BY number DESC LIMIT $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(most).fetch_all(db))
}

/// The newest segment.
pub async fn last(tx: &mut Tx) -> Result<Option<Segment>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM ledger_segments ORDER BY number DESC LIMIT 1"));
    on!(tx, |db| sqlx::query_as(sql).fetch_optional(db))
}

/// One segment.
pub async fn one(tx: &mut Tx, number: i64) -> Result<Option<Segment>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM ledger_segments WHERE number = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(number).fetch_optional(db))
}

/// The newest segment whose lines were removed, and the newest of which that is not signed.
pub async fn purged(tx: &mut Tx) -> Result<(Option<Segment>, Option<Segment>)> {
    let newest = |which: &str| {
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM ledger_segments WHERE {which} ORDER BY number DESC LIMIT 1"))
    };
    let sql = newest("purged_ms IS NOT NULL");
    let any: Option<Segment> = on!(tx, |db| sqlx::query_as(sql).fetch_optional(db))?;
    let sql = newest("purged_ms IS NOT NULL AND purge_signature IS NULL");
    // Segments are few, a day has one: no index is needed to walk back over those that are left.
    let unsigned = if any.is_some() { on!(tx, |db| sqlx::query_as(sql).fetch_optional(db))? } else { None };
    Ok((any, unsigned))
}

/// Keeps a segment; 0 where another process was first.
pub async fn insert(tx: &mut Tx, one: &Segment) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO ledger_segments (number, first_id, last_id, line_count, from_ms, to_ms, prev_hash, last_hash, sealed_ms, public_key, signature)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING"
        )
        .bind(one.number)
        .bind(one.first_id)
        .bind(one.last_id)
        .bind(one.line_count)
        .bind(one.from_ms)
        .bind(one.to_ms)
        .bind(&one.prev_hash)
        .bind(&one.last_hash)
        .bind(one.sealed_ms)
        .bind(&one.public_key)
        .bind(&one.signature)
    )
}

/// The oldest segment with lines, where all of them are older than a moment.
pub async fn old(tx: &mut Tx, before_ms: i64) -> Result<Option<Segment>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM ledger_segments WHERE purged_ms IS NULL ORDER BY number LIMIT 1"
    ));
    let oldest: Option<Segment> = on!(tx, |db| sqlx::query_as(sql).fetch_optional(db))?;
    Ok(oldest.filter(|segment| segment.until_ms() < before_ms))
}

/// Removes the lines of a segment with a signature over it; how many there were.
pub async fn purge(tx: &mut Tx, one: &Segment, signature: &[u8], now_ms: i64) -> Result<u64> {
    let marked = run!(
        tx,
        sqlx::query(
            "UPDATE ledger_segments SET purged_ms = $1, purge_signature = $2 WHERE number = $3 AND purged_ms IS NULL"
        )
        .bind(now_ms)
        .bind(signature)
        .bind(one.number)
    )?;
    if marked == 0 {
        return Ok(0);
    }
    run!(tx, sqlx::query("DELETE FROM ledger WHERE id BETWEEN $1 AND $2").bind(one.first_id).bind(one.last_id))
}
