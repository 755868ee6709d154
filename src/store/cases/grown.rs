//! Cases grow by detections: many at once.
use super::super::many::{ROWS, places};
use super::super::{Result, Tx, run};
use crate::domain::Severity;

/// What a case gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grown {
    /// The case.
    pub number: i64,
    /// How many detections.
    pub detections: i64,
    /// The earliest of their events.
    pub first_ms: i64,
    /// The latest of their events.
    pub last_ms: i64,
    /// The severity from now on.
    pub severity: Severity,
    /// The rule's own level from now on, where one is known.
    pub level: Option<Severity>,
    /// When it happened.
    pub now_ms: i64,
}

/// Counts new detections in their cases. No case may be there twice.
pub async fn grow(tx: &mut Tx, all: &[Grown]) -> Result<()> {
    for part in all.chunks(ROWS) {
        // Both databases name the columns of VALUES like this.
        let sql = sqlx::AssertSqlSafe(format!(
            "UPDATE cases SET detections = cases.detections + v.column2,
                first_event_ms = CASE WHEN v.column3 < cases.first_event_ms THEN v.column3 ELSE cases.first_event_ms END,
                last_event_ms = CASE WHEN v.column4 > cases.last_event_ms THEN v.column4 ELSE cases.last_event_ms END,
                severity = v.column5, rule_level = COALESCE(v.column6, cases.rule_level), updated_ms = v.column7
             FROM (VALUES {}) AS v WHERE cases.number = v.column1",
            places(part.len(), 7)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for one in part {
                query = query
                    .bind(one.number)
                    .bind(one.detections)
                    .bind(one.first_ms)
                    .bind(one.last_ms)
                    .bind(one.severity)
                    .bind(one.level)
                    .bind(one.now_ms);
            }
            query
        })?;
    }
    Ok(())
}
