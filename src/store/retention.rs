//! Removes the documents of old detections. Their rows stay with all that was made of them; `''` stands in the place of
//! the document.
use super::many::places;
use super::{Result, Tx, on};
use crate::domain::ObservableKind;

/// What ledger and timelines call it.
pub const ACTION: &str = "raw_removed";

/// A detection that is old enough: its id, and when it arrived.
pub type Old = (i64, i64);

/// The next detections after one that arrived before `until_ms` and have their document.
pub async fn old(tx: &mut Tx, until_ms: i64, after: Old, limit: i64) -> Result<Vec<Old>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, received_ms FROM detections WHERE raw <> '' AND received_ms < $1 AND (received_ms, id) > ($2, $3)
         ORDER BY received_ms, id LIMIT $4"
    )
    .bind(until_ms)
    .bind(after.1)
    .bind(after.0)
    .bind(limit)
    .fetch_all(db))
}

/// A detection whose document was removed, with what is left to find it by.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// Its id here.
    pub id: i64,
    /// Its organisation.
    pub org_id: i64,
    /// Its case.
    pub case_number: i64,
    /// LimaCharlie's id.
    pub detect_id: String,
    /// Its title.
    pub title: String,
    /// Its rule.
    pub rule: String,
    /// Its host's name.
    pub hostname: String,
    /// Its sensor's id.
    pub sid: String,
}

/// A case that nobody works on, and on which nothing is under way that may need the document.
const AT_REST: &str = "EXISTS (SELECT 1 FROM cases c WHERE c.number = detections.case_number AND c.open = FALSE
        AND c.triage_state NOT IN ('queued', 'running'))
     AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.case_number = detections.case_number AND a.recorded = FALSE
        AND a.state IN ('waiting', 'queued', 'running', 'unknown'))";

/// Removes the documents of those of these detections whose cases are at rest; gives what is left of them.
pub async fn remove(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Kept>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let some = places(1, ids.len());
    hold(tx, ids, &some).await?;
    let gone = format!("UPDATE detections SET raw = '' WHERE id IN {some} AND raw <> '' AND {AT_REST} RETURNING id");
    let gone: Vec<i64> = on!(tx, |db| {
        let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(gone.as_str()));
        for id in ids {
            query = query.bind(*id);
        }
        query.fetch_all(db)
    })?;
    left(tx, &gone).await
}

/// What is left of detections, by id.
pub async fn left(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Kept>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let kept = format!(
        "SELECT d.id, d.org_id, d.case_number, d.detect_id, d.title, r.path AS rule, s.hostname, s.sid FROM detections d
         JOIN rules r ON r.id = d.rule_id JOIN sensors s ON s.id = d.sensor_id WHERE d.id IN {} ORDER BY d.id",
        places(1, ids.len())
    );
    on!(tx, |db| {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(kept.as_str()));
        for id in ids {
            query = query.bind(*id);
        }
        query.fetch_all(db)
    })
}

/// Lets nobody open a case again between the look at it and the removal; `SQLite` has one writer.
async fn hold(tx: &mut Tx, ids: &[i64], some: &str) -> Result<()> {
    let Tx::Postgres(t) = tx else { return Ok(()) };
    let sql = format!(
        "SELECT number FROM cases WHERE number IN (SELECT case_number FROM detections WHERE id IN {some}) ORDER BY number FOR SHARE"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
    for id in ids {
        query = query.bind(*id);
    }
    query.fetch_all(&mut **t).await.map(drop)
}

/// The observables of cases: the case, type and value.
pub async fn observables(tx: &mut Tx, cases: &[i64]) -> Result<Vec<(i64, ObservableKind, String)>> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT l.case_number, o.kind, o.value FROM case_observables l JOIN observables o ON o.id = l.observable_id
         WHERE l.case_number IN {}",
        places(1, cases.len())
    );
    on!(tx, |db| {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
        for case in cases {
            query = query.bind(*case);
        }
        query.fetch_all(db)
    })
}
