//! A case as its runs leave it: what the panel makes of it, its votes for the queue, and its severity.
use super::is_under_way;
use crate::clock::now_ms;
use crate::domain::MachineVerdict;
use crate::review::{self, Why, sight};
use crate::store::cases::{Case, Glance, Triaged};
use crate::store::runs::{Run, RunState};
use crate::store::{Actor, Tx, cases, runs, votes};
use crate::triage::injection;

/// Brings a case up to date with its runs: the worst verdict of its behaviours' newest runs counts. In blind review
/// nothing of what the panel says goes into the case, so that no list, order, filter or count can tell it.
pub(crate) async fn refresh_case(tx: &mut Tx, number: i64) -> Result<(), sqlx::Error> {
    let case = cases::by_number(tx, number).await?;
    let all = runs::of_case(tx, number).await?;
    // Of a case with others in it the highest number is not always the one that somebody waits for.
    let newest = all.iter().find(|run| is_under_way(run.state)).or(all.first());
    let finished = runs::newest_of_each(tx, number).await?;
    let is_blind = sight(&case).is_blind();
    let worst = finished.iter().filter(|_| !is_blind).max_by_key(|run| (run.machine_verdict, run.number));
    let shown = newest.filter(|run| is_under_way(run.state)).map(|run| run.id).or(worst.map(|run| run.id));
    let glance = match shown.filter(|_| !is_blind) {
        Some(run) => glance(&votes::of_run(tx, run).await?),
        None => Vec::new(),
    };
    let by_person = !matches!(case.severity_by.as_str(), "rule" | "panel");
    let severity = worst.and_then(|run| run.severity).filter(|_| !by_person);
    let triaged = Triaged {
        state: newest.map_or(RunState::None, |run| run.state),
        machine_verdict: worst.map_or(MachineVerdict::None, |run| run.machine_verdict),
        outcome: worst.and_then(|run| run.outcome),
        confidence: worst.and_then(|run| run.confidence),
        risk_score: worst.and_then(risk),
        flags: worst.map_or(0, |run| {
            i64::try_from(run.flags.0.iter().filter(|flag| flag.kind != "supported").count()).unwrap_or(i64::MAX)
        }),
        recorded: worst.is_some_and(|run| run.recorded),
        unasked_until: finished.iter().filter_map(|run| run.renews_ms).max(),
        severity: severity.unwrap_or(case.severity),
        severity_by: if severity.is_some() { "panel".to_owned() } else { case.severity_by.clone() },
        glance,
    };
    cases::set_triaged(tx, number, &triaged).await?;
    if case.snoozed {
        wake_where_worse(tx, &case).await?;
    }
    Ok(())
}

/// Brings a snoozed case back where the panel says worse of it than before, or now dissents from its verdict.
async fn wake_where_worse(tx: &mut Tx, before: &Case) -> Result<(), sqlx::Error> {
    let case = cases::by_number(tx, before.number).await?;
    let worse = case.machine_verdict > before.machine_verdict.max(MachineVerdict::FalsePositive);
    if worse || (case.dissent && !before.dissent) {
        review::wake(tx, &Actor::panel(), &case, Why::Vote, now_ms()).await?;
    }
    Ok(())
}

/// A run's risk score, and where a text tries to steer the vote no less than that is worth.
fn risk(run: &Run) -> Option<i64> {
    let least = run.flags.0.iter().any(|flag| flag.kind == injection::FLAG).then_some(i64::from(injection::RISK));
    run.risk_score.max(least)
}

/// The panel's votes as the queue shows them.
pub(crate) fn glance(votes: &[votes::Stored]) -> Vec<Glance> {
    let panel = votes.iter().filter(|vote| vote.counts());
    panel.map(|vote| Glance { voter: vote.voter.clone(), state: vote.state, verdict: vote.verdict }).collect()
}
