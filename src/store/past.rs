//! Cases of the past, on which a change of policy is tried.
use super::runs::{Flag, SUPERSEDES};
use super::{JsonText, Result, Tx, on};
use crate::domain::evidence::Facts;
use crate::domain::{Severity, Verdict};

/// The newest finished run of a behaviour of a case.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Voted {
    /// The case.
    pub case_number: i64,
    /// When it was opened.
    pub opened_ms: i64,
    /// What an analyst declared.
    pub verdict: Verdict,
    /// Whether the vote allowed closing.
    pub allowed: bool,
    /// The severity that it came to.
    pub severity: Option<Severity>,
    /// What stood against it.
    pub vetoes: JsonText<Vec<Flag>>,
    /// The detection's document where closing was allowed; empty otherwise, and where it was removed.
    pub raw: String,
    /// What was last known of the sensor when the behaviour was looked at.
    pub sensor: Option<JsonText<Facts>>,
}

/// Of an organisation's newest cases, at most `most`, the newest finished runs, newest case first. Parts of other cases,
/// those in blind review and votes that were given elsewhere are left out.
pub async fn voted(tx: &mut Tx, org_id: i64, most: i64) -> Result<Vec<Voted>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number AS case_number, c.opened_ms, c.verdict, r.auto_action IS NOT NULL AS allowed, r.severity, r.vetoes,
            CASE WHEN r.auto_action IS NULL THEN '' ELSE d.raw END AS raw,
            (SELECT e.facts FROM evidence e WHERE e.case_number = r.case_number AND e.fingerprint = r.fingerprint
                AND e.kind = 'tags' AND e.action_id IS NULL ORDER BY e.id DESC LIMIT 1) AS sensor
         FROM (SELECT number, opened_ms, verdict FROM cases WHERE org_id = $1 AND merged_into IS NULL AND blind <> 'blind'
            ORDER BY opened_ms DESC, number DESC LIMIT $2) c
         JOIN runs r ON r.case_number = c.number AND r.state = 'done' AND r.recorded = FALSE
            AND NOT EXISTS (SELECT 1 FROM runs n WHERE {SUPERSEDES})
         JOIN detections d ON d.id = r.detection_id
         ORDER BY c.opened_ms DESC, c.number DESC, r.number DESC"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(most).fetch_all(db))
}
