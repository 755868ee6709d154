//! Observables and the cases that hold them.
use super::{Result, Tx, on, run};
use crate::domain::{Observable, ObservableKind};

/// An observable of a case, and how many other cases of the organisation hold it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct InCase {
    /// Its type.
    pub kind: ObservableKind,
    /// Its value.
    pub value: String,
    /// Where in the event it was.
    pub role: String,
    /// Other cases with it, counted up to 100.
    pub other_cases: i64,
}

/// Adds an observable to a case; returns its id.
pub async fn add(tx: &mut Tx, case: i64, org_id: i64, observable: &Observable, event_ms: i64) -> Result<i64> {
    let id: i64 = on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO observables (org_id, kind, value, first_ms, last_ms) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (org_id, kind, value) DO UPDATE SET
            first_ms = CASE WHEN excluded.first_ms < observables.first_ms THEN excluded.first_ms ELSE observables.first_ms END,
            last_ms = CASE WHEN excluded.last_ms > observables.last_ms THEN excluded.last_ms ELSE observables.last_ms END
         RETURNING id"
    )
    .bind(org_id)
    .bind(observable.kind)
    .bind(&observable.value)
    .bind(event_ms)
    .fetch_one(db)
    })?;
    run!(
        tx,
        sqlx::query(
            "INSERT INTO case_observables (case_number, observable_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        )
        .bind(case)
        .bind(id)
        .bind(&observable.role)
    )?;
    Ok(id)
}

/// The observables of a case.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<InCase>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT o.kind, o.value, co.role,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM case_observables x WHERE x.observable_id = o.id AND x.case_number <> $1 LIMIT 100) AS others) AS other_cases
         FROM case_observables co JOIN observables o ON o.id = co.observable_id
         WHERE co.case_number = $1 ORDER BY o.kind, o.id LIMIT 500"
    )
    .bind(case)
    .fetch_all(db)
    })
}
