//! Whether a case may become part of another one by itself, and what that means for the severity.
use super::super::{Result, Tx, on, run};
use crate::domain::Severity;

/// Whether nobody has done anything with a case yet: new, undecided, nobody's, without a person's note.
pub async fn untouched(tx: &mut Tx, number: i64) -> Result<bool> {
    let touched: Option<i64> = on!(tx, |db| {
        sqlx::query_scalar(
            "SELECT c.number FROM cases c WHERE c.number = $1 AND (c.status <> 'new' OR c.verdict <> 'pending' OR c.assignee_id IS NOT NULL
                OR c.recorded = TRUE OR c.snoozed = TRUE OR c.tags <> '[]' OR EXISTS (SELECT 1 FROM tasks t WHERE t.case_number = c.number AND (t.origin = '' OR t.done_ms IS NOT NULL))
                OR EXISTS (SELECT 1 FROM notes n WHERE n.case_number = c.number AND n.author_kind = 'person')
                OR EXISTS (SELECT 1 FROM actions a WHERE a.case_number = c.number))"
        )
        .bind(number)
        .fetch_optional(db)
    })?;
    Ok(touched.is_none())
}

/// Raises the severity to that of a case that became part of this one, and remembers its own.
pub async fn raise(tx: &mut Tx, number: i64, severity: Severity, by: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE cases SET own_severity = COALESCE(own_severity, severity), own_severity_by = COALESCE(own_severity_by, severity_by),
                severity = $1, severity_by = $2 WHERE number = $3"
        )
        .bind(severity)
        .bind(by)
        .bind(number)
    )
}

/// The severity of a case without those that became part of it: itself, and who set it.
pub async fn own_severity(tx: &mut Tx, number: i64) -> Result<(Severity, String)> {
    on!(tx, |db| sqlx::query_as(
        "SELECT COALESCE(own_severity, severity), COALESCE(own_severity_by, severity_by) FROM cases WHERE number = $1"
    )
    .bind(number)
    .fetch_one(db))
}

/// Sets the severity of a case as its own, and the level that its rules state.
pub async fn set_severities(
    tx: &mut Tx,
    number: i64,
    (severity, by): (Severity, &str),
    level: Option<Severity>,
) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE cases SET severity = $1, severity_by = $2, own_severity = NULL, own_severity_by = NULL, rule_level = $3 WHERE number = $4"
        )
        .bind(severity)
        .bind(by)
        .bind(level)
        .bind(number)
    )
}

/// The severities that people set on cases which are part of a case now, highest first.
pub async fn severities_of_parts(tx: &mut Tx, number: i64) -> Result<Vec<(Severity, String)>> {
    let mut all: Vec<(Severity, String)> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT COALESCE(own_severity, severity), COALESCE(own_severity_by, severity_by) FROM cases WHERE merged_into = $1
            AND COALESCE(own_severity_by, severity_by) NOT IN ('rule', 'panel') ORDER BY number"
    )
    .bind(number)
    .fetch_all(db)
    })?;
    all.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    Ok(all)
}

/// Sets the level that the rules of a case's detections state.
pub async fn set_level(tx: &mut Tx, number: i64, level: Option<Severity>) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE cases SET rule_level = $1 WHERE number = $2").bind(level).bind(number))
}
