//! Keys that were written in a browser, sealed with a key that is not in the database.
use super::{Result, Tx, on, run};

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Stored {
    /// What it is for, such as `intel:virustotal`; it is sealed for this name.
    pub name: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// Its last characters, where it is long; else empty.
    pub ends: String,
    /// When it was set.
    pub set_ms: i64,
    /// Who set it.
    pub set_by: String,
    /// Grows with every change.
    pub version: i64,
}

/// A key to store.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// What it is for.
    pub name: &'a str,
    /// The organisation whose key it is; none for one of the installation.
    pub org_id: Option<i64>,
    /// The key, sealed for the name.
    pub sealed: &'a [u8],
    /// Its last characters, or empty.
    pub ends: &'a str,
    /// Who sets it.
    pub set_by: &'a str,
}

const COLUMNS: &str = "name, sealed, ends, set_ms, set_by, version";

/// All of them by name: one for each provider, voter and organisation at most.
pub async fn all(tx: &mut Tx) -> Result<Vec<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM secrets ORDER BY name"));
    on!(tx, |db| sqlx::query_as(sql).fetch_all(db))
}

/// Sets a key in place of `version`, which is 0 where there is none; 0 rows where somebody was faster. A key that takes
/// no other one's place begins with the time as its version, so that none comes a second time.
pub async fn set(tx: &mut Tx, new: New<'_>, version: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO secrets (name, org_id, sealed, ends, set_ms, set_by, version) VALUES ($1, $2, $3, $4, $5, $6, $5)
             ON CONFLICT (name) DO UPDATE SET org_id = excluded.org_id, sealed = excluded.sealed, ends = excluded.ends,
                set_ms = excluded.set_ms, set_by = excluded.set_by, version = secrets.version + 1
             WHERE secrets.version = $7"
        )
        .bind(new.name)
        .bind(new.org_id)
        .bind(new.sealed)
        .bind(new.ends)
        .bind(now_ms)
        .bind(new.set_by)
        .bind(version)
    )
}

/// Takes a key away; 0 where it is another one by now, or none.
pub async fn remove(tx: &mut Tx, name: &str, version: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM secrets WHERE name = $1 AND version = $2").bind(name).bind(version))
}

/// The version of a key; 0 where there is none.
pub async fn version(tx: &mut Tx, name: &str) -> Result<i64> {
    let found: Option<i64> =
        on!(tx, |db| sqlx::query_scalar("SELECT version FROM secrets WHERE name = $1").bind(name).fetch_optional(db))?;
    Ok(found.unwrap_or_default())
}

/// Whether anything was sealed or signed with the key file: a stored key, a webhook's secret, a second factor, or a
/// stretch of the ledger.
pub async fn is_anything_sealed(tx: &mut Tx) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM secrets) OR EXISTS (SELECT 1 FROM sources)
        OR EXISTS (SELECT 1 FROM second_factors) OR EXISTS (SELECT 1 FROM ledger_segments)";
    on!(tx, |db| sqlx::query_scalar(SQL).fetch_one(db))
}
