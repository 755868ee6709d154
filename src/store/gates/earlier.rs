//! Runs of a case whose behaviours nobody has just voted on, with what people say of these by now.
use crate::domain::Severity;
use crate::domain::dossier::Precedents;
use crate::store::runs::SUPERSEDES;
use crate::store::{Result, Tx, on};

/// The newest finished run of a behaviour, and what is known of the behaviour now.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Earlier {
    /// The severity that its vote came to.
    pub severity: Option<Severity>,
    /// The sensor of the detection that stood for it.
    pub sensor_id: i64,
    /// That detection's document; empty once it was removed because of its age.
    pub raw: String,
    /// Cases declared false positive.
    pub false_positive: i64,
    /// Cases declared benign true positive.
    pub benign_true_positive: i64,
    /// Cases declared true positive.
    pub true_positive: i64,
    /// Of all these, declared by programs.
    pub programs: i64,
}

impl Earlier {
    /// The verdicts on its behaviour.
    pub const fn precedents(&self) -> Precedents {
        Precedents {
            false_positive: self.false_positive,
            benign_true_positive: self.benign_true_positive,
            true_positive: self.true_positive,
            programs: self.programs,
        }
    }
}

/// The newest finished run of each behaviour of a case but this run, the newest first.
pub async fn earlier(tx: &mut Tx, case: i64, but: i64) -> Result<Vec<Earlier>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT r.severity, d.sensor_id, d.raw, COALESCE(p.false_positive, 0) AS false_positive,
            COALESCE(p.benign_true_positive, 0) AS benign_true_positive, COALESCE(p.true_positive, 0) AS true_positive,
            COALESCE(p.program_benign + p.program_true_positive, 0) AS programs
         FROM runs r JOIN cases c ON c.number = r.case_number JOIN detections d ON d.id = r.detection_id
         LEFT JOIN precedents p ON p.org_id = c.org_id AND p.fingerprint = r.fingerprint
         WHERE r.case_number = $1 AND r.id <> $2 AND r.state = 'done' AND NOT EXISTS (SELECT 1 FROM runs n WHERE {SUPERSEDES})
         ORDER BY r.number DESC"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(but).fetch_all(db))
}
