//! What the panel makes of a case, and its place in the queue.
use super::super::runs::RunState;
use super::super::{JsonText, Result, Tx, run};
use super::{Glance, dissent};
use crate::domain::{MachineVerdict, Outcome, Severity};

/// What the panel makes of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Triaged {
    /// How far the newest run is.
    pub state: RunState,
    /// The worst verdict.
    pub machine_verdict: MachineVerdict,
    /// How that run's votes came out.
    pub outcome: Option<Outcome>,
    /// Its stated confidence.
    pub confidence: Option<f64>,
    /// Its risk score.
    pub risk_score: Option<i64>,
    /// The votes for the queue.
    pub glance: Vec<Glance>,
    /// The severity that counts now.
    pub severity: Severity,
    /// Who set the severity.
    pub severity_by: String,
    /// How many flags there are.
    pub flags: i64,
    /// Whether it is a recorded triage of elsewhere.
    pub recorded: bool,
    /// When the budget renews that one of its behaviours waits for.
    pub unasked_until: Option<i64>,
}

/// Stores what the panel makes of a case.
pub async fn set_triaged(tx: &mut Tx, number: i64, to: &Triaged) -> Result<u64> {
    let rank = rank(to.machine_verdict, to.outcome, to.flags, to.severity, to.confidence.unwrap_or_default());
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE cases SET triage_state = $1, machine_verdict = $2, outcome = $3, confidence = $4, risk_score = $5, glance = $6,
                severity = $7, severity_by = $8, flags = $9, queue_rank = CASE WHEN woken = '' THEN $10 ELSE $14 END, recorded = $11, unasked_until = $12 WHERE number = $13"
        )
        .bind(to.state)
        .bind(to.machine_verdict)
        .bind(to.outcome)
        .bind(to.confidence)
        .bind(to.risk_score)
        .bind(JsonText(&to.glance))
        .bind(to.severity)
        .bind(&to.severity_by)
        .bind(to.flags)
        .bind(rank)
        .bind(to.recorded)
        .bind(to.unasked_until)
        .bind(number)
        .bind(first_of(rank))
    )?;
    dissent::note(tx, number).await?;
    Ok(changed)
}

/// The place before all others of the same class and severity, for what is back from a snooze.
pub const fn first_of(rank: i64) -> i64 {
    rank - rank % 10_000 + 9_500
}

/// The place in the queue: likely true positives, then split votes, then flags, then severity, then confidence.
pub fn rank(verdict: MachineVerdict, outcome: Option<Outcome>, flags: i64, severity: Severity, confidence: f64) -> i64 {
    let class = match (verdict, outcome) {
        (MachineVerdict::TruePositive, _) => 4,
        (_, Some(Outcome::Split)) => 3,
        (MachineVerdict::NeedsReview | MachineVerdict::None, _) => 2,
        (MachineVerdict::FalsePositive, _) => 1,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
    let sure = (confidence.clamp(0.0, 1.0) * 100.0) as i64;
    class * 100_000 + (severity as i64) * 10_000 + flags.clamp(0, 9) * 1_000 + sure
}
