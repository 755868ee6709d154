//! Blind review: which cases are in it, and what was declared blind.
use super::super::many::of_each;
use super::super::{Result, Tx, run};
use crate::domain::{Blind, MachineVerdict, Verdict};

/// Sets how far the blind review of a case is; the page of who looks at it is out of date with that.
pub async fn set_blind(tx: &mut Tx, number: i64, blind: Blind) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE cases SET blind = $1 WHERE number = $2").bind(blind).bind(number))
}

/// What a person declared blind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed<'a> {
    /// Who.
    pub by: &'a str,
    /// What they declared.
    pub verdict: Verdict,
    /// What the panel said at that moment.
    pub machine: MachineVerdict,
    /// When.
    pub at_ms: i64,
}

/// Keeps a declaration that was made blind; 0 where the case is not in blind review any more.
pub async fn commit_blind(tx: &mut Tx, number: i64, said: &Committed<'_>) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE cases SET blind = $1, blind_by = $2, blind_verdict = $3, blind_machine = $4, blind_ms = $5 WHERE number = $6 AND blind = 'blind'"
        )
        .bind(Blind::Committed)
        .bind(said.by)
        .bind(said.verdict)
        .bind(said.machine)
        .bind(said.at_ms)
        .bind(number)
    )
}

/// Those of these cases whose panel nobody may hear yet.
pub async fn blind_among(tx: &mut Tx, numbers: &[i64]) -> Result<Vec<i64>> {
    let sql = |numbers: &str| format!("SELECT number FROM cases WHERE number IN {numbers} AND blind = 'blind'");
    let found: Vec<(i64,)> = of_each(tx, numbers, sql).await?;
    Ok(found.into_iter().map(|(number,)| number).collect())
}
