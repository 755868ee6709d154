//! Observables and the cases that hold them.
use super::many::{ROWS, places};
use super::{ORGS, Result, Scope, Tx, on, run};
use crate::domain::ObservableKind;

/// An observable of a case, and how many other cases of the organisation hold it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct InCase {
    /// Its id.
    pub id: i64,
    /// Its type.
    pub kind: ObservableKind,
    /// Its value.
    pub value: String,
    /// Where in the event it was.
    pub role: String,
    /// Other cases with it, counted up to 100.
    pub other_cases: i64,
}

/// An observable with when it was seen: organisation, type, value, first and last time.
pub type Seen<'a> = (i64, ObservableKind, &'a str, i64, i64);

/// Stores observables; returns each with its id, in no order. None may be there twice.
pub async fn upsert(tx: &mut Tx, all: &[Seen<'_>]) -> Result<Vec<(i64, i64, ObservableKind, String)>> {
    let mut found = Vec::with_capacity(all.len());
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO observables (org_id, kind, value, first_ms, last_ms) VALUES {}
             ON CONFLICT (org_id, kind, value) DO UPDATE SET
                first_ms = CASE WHEN excluded.first_ms < observables.first_ms THEN excluded.first_ms ELSE observables.first_ms END,
                last_ms = CASE WHEN excluded.last_ms > observables.last_ms THEN excluded.last_ms ELSE observables.last_ms END
             RETURNING id, org_id, kind, value",
            places(part.len(), 5)
        ));
        let rows: Vec<(i64, i64, ObservableKind, String)> = on!(tx, |db| {
            let mut query = sqlx::query_as(sql);
            for (org_id, kind, value, first_ms, last_ms) in part {
                query = query.bind(*org_id).bind(*kind).bind(*value).bind(*first_ms).bind(*last_ms);
            }
            query.fetch_all(db)
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// Adds observables to cases: case, observable, where in the event it was.
pub async fn link(tx: &mut Tx, all: &[(i64, i64, &str)]) -> Result<()> {
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO case_observables (case_number, observable_id, role) VALUES {}
             ON CONFLICT (case_number, observable_id) DO UPDATE SET role = excluded.role, lent = FALSE WHERE case_observables.lent = TRUE",
            places(part.len(), 3)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for (case, id, role) in part {
                query = query.bind(*case).bind(*id).bind(*role);
            }
            query
        })?;
    }
    Ok(())
}

/// An observable as one organisation has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Known {
    /// Its id.
    pub id: i64,
    /// The organisation.
    pub org: String,
    /// When it was first seen.
    pub first_ms: i64,
    /// When it was last seen.
    pub last_ms: i64,
}

/// An observable in each organisation of the scope that has it, last seen first.
pub async fn known(tx: &mut Tx, scope: Scope, kind: ObservableKind, value: &str) -> Result<Vec<Known>> {
    let sql = format!(
        "SELECT x.id, o.slug AS org, x.first_ms, x.last_ms FROM observables x JOIN orgs o ON o.id = x.org_id
         WHERE x.kind = $1 AND x.value = $4 AND x.org_id IN {ORGS} ORDER BY x.last_ms DESC, x.id"
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(kind)
        .bind(scope.org_id)
        .bind(scope.user_id)
        .bind(value)
        .fetch_all(db))
}

/// Where in events it was, in how many of its newest cases.
pub async fn roles(tx: &mut Tx, id: i64) -> Result<Vec<(String, i64)>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT role, CAST(COUNT(*) AS BIGINT) AS cases FROM (
            SELECT role FROM case_observables WHERE observable_id = $1 ORDER BY case_number DESC LIMIT 1000) AS newest
         GROUP BY role ORDER BY cases DESC, role LIMIT 20"
    )
    .bind(id)
    .fetch_all(db))
}

/// The observables of a case after one of them, in the order of their ids, for an export.
pub async fn page_of_case(tx: &mut Tx, case: i64, after: i64, limit: i64) -> Result<Vec<InCase>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT o.id, o.kind, o.value, co.role,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM case_observables x WHERE x.observable_id = o.id AND x.case_number <> $1 LIMIT 100) AS others) AS other_cases
         FROM case_observables co JOIN observables o ON o.id = co.observable_id
         WHERE co.case_number = $1 AND co.observable_id > $2 ORDER BY co.observable_id LIMIT $3"
    )
    .bind(case)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    })
}

/// The observables of a case.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<InCase>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT o.id, o.kind, o.value, co.role,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM case_observables x WHERE x.observable_id = o.id AND x.case_number <> $1 LIMIT 100) AS others) AS other_cases
         FROM case_observables co JOIN observables o ON o.id = co.observable_id
         WHERE co.case_number = $1 ORDER BY o.kind, o.id LIMIT 500"
    )
    .bind(case)
    .fetch_all(db)
    })
}
