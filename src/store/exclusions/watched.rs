//! Whether exclusions in force do what people approved: which are due for a look, and what was amiss.
use super::{COLUMNS, Exclusion};
use crate::store::{JsonText, Result, Tx, on, run};

/// Those in force after an id that were not looked at since a time, of all organisations.
pub async fn to_watch(tx: &mut Tx, after: i64, (since_ms, now_ms): (i64, i64), limit: i64) -> Result<Vec<Exclusion>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM exclusions x JOIN orgs o ON o.id = x.org_id
         WHERE x.state IN ('approved', 'active') AND x.expires_ms > $1 AND x.id > $2
            AND (x.watched_ms IS NULL OR x.watched_ms <= $3 OR x.watched_ms > $1) ORDER BY x.id LIMIT $4"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(now_ms).bind(after).bind(since_ms).bind(limit).fetch_all(db))
}

/// Notes what a look found.
pub async fn set_watched(tx: &mut Tx, id: i64, warnings: &[String], now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE exclusions SET watched_ms = $1, warnings = $2 WHERE id = $3")
            .bind(now_ms)
            .bind(JsonText(warnings))
            .bind(id)
    )
}
