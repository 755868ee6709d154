//! What a person decided about a case, and setting it against a version.
use super::super::{Result, Tx, daily, measured, run};
use super::{Case, dissent};
use crate::domain::{Status, Verdict};
use serde::{Deserialize, Serialize};

/// What a decision sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Where the case stands.
    pub status: Status,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason's code.
    pub reason: String,
    /// Who decided, or empty.
    pub decided_by: String,
    /// When, or nothing.
    pub decided_ms: Option<i64>,
    /// When it was closed, or nothing.
    pub closed_ms: Option<i64>,
    /// When a person declared it for the first time, slips left out.
    #[serde(default)]
    pub first_decided_ms: Option<i64>,
    /// When a verdict was last overturned.
    #[serde(default)]
    pub overturned_ms: Option<i64>,
    /// Whether AI had closed it before a person looked at it.
    #[serde(default)]
    pub spot_checked: bool,
    /// The case that it is a duplicate of.
    #[serde(default)]
    pub duplicate_of: Option<i64>,
    /// Whether it stands aside.
    #[serde(default)]
    pub snoozed: bool,
    /// When the machine closed it, while it stands closed since.
    #[serde(default)]
    pub machine_closed_ms: Option<i64>,
    /// Whether a program declared the verdict. Nothing in what was kept before that was stored; then the timeline says it.
    #[serde(default)]
    pub by_program: Option<bool>,
}

/// Whether a program declared the verdict that stands after a decision, told by `place` or else by the timeline; the time
/// of the verdict stands in the place `decided` and the case in `number`.
pub(in crate::store) fn by_program(place: &str, decided: &str, number: &str) -> String {
    format!(
        "COALESCE({place}, EXISTS (SELECT 1 FROM timeline t WHERE t.case_number = {number} AND t.at_ms = {decided}
            AND t.kind = 'verdict' AND t.actor_kind = 'token' AND t.undone_ms IS NULL))"
    )
}

impl Case {
    /// What stands decided now, to be able to go back to it.
    pub fn decision(&self) -> Decision {
        Decision {
            status: self.status,
            verdict: self.verdict,
            reason: self.reason.clone(),
            decided_by: self.decided_by.clone(),
            decided_ms: self.decided_ms,
            closed_ms: self.closed_ms,
            first_decided_ms: self.first_decided_ms,
            overturned_ms: self.overturned_ms,
            spot_checked: self.spot_checked,
            duplicate_of: self.duplicate_of,
            snoozed: self.snoozed,
            machine_closed_ms: self.machine_closed_ms,
            by_program: Some(self.by_program),
        }
    }
}

/// Sets a decision where the case still has this version, and with it what voters are measured by and the figures of the day; `false` where
/// somebody was faster.
pub async fn decide(tx: &mut Tx, number: i64, version: i64, to: &Decision) -> Result<bool> {
    let before = daily::of_case(tx, number).await?;
    let sql = sqlx::AssertSqlSafe(format!(
        "UPDATE cases SET status = $1, open = $2, verdict = $3, reason = $4, decided_by = $5, decided_ms = $6, closed_ms = $7, version = version + 1,
            first_decided_ms = $10, overturned_ms = $11, spot_checked = $12, duplicate_of = $13, snoozed = $14, machine_closed_ms = $15, by_program = {}
         WHERE number = $8 AND version = $9",
        by_program("$16", "$6", "$8")
    ));
    let changed = run!(
        tx,
        sqlx::query(sql)
            .bind(to.status)
            .bind(to.status.is_open())
            .bind(to.verdict)
            .bind(&to.reason)
            .bind(&to.decided_by)
            .bind(to.decided_ms)
            .bind(to.closed_ms)
            .bind(number)
            .bind(version)
            .bind(to.first_decided_ms)
            .bind(to.overturned_ms)
            .bind(to.spot_checked)
            .bind(to.duplicate_of)
            .bind(to.snoozed)
            .bind(to.machine_closed_ms)
            .bind(to.by_program)
    )?;
    if changed > 0 {
        dissent::note(tx, number).await?;
        measured::refresh(tx, number).await?;
        daily::shift(tx, number, &before).await?;
    }
    Ok(changed > 0)
}
