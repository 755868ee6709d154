//! Late dissent: the newest run ended after a person's verdict and says otherwise.
use super::super::{Result, Tx, run};

/// Notes whether the newest run speaks against what a person decided before it ended. Called wherever
/// either of the two changes, so that a new decision takes the case back out.
pub(super) async fn note(tx: &mut Tx, number: i64) -> Result<u64> {
    run!(tx, sqlx::query(NOTE).bind(number))
}

/// The words of `Verdict::contradicts` in SQL.
const NOTE: &str = "UPDATE cases SET dissent = COALESCE((SELECT r.finished_ms > cases.decided_ms AND
        ((r.machine_verdict = 'true_positive' AND cases.verdict IN ('false_positive', 'benign_true_positive'))
          OR (r.machine_verdict = 'false_positive' AND cases.verdict = 'true_positive'))
        FROM runs r WHERE r.case_number = cases.number AND r.state = 'done' ORDER BY r.finished_ms DESC, r.id DESC LIMIT 1), FALSE)
     WHERE number = $1 AND (decided_ms IS NOT NULL OR dissent = TRUE)";
