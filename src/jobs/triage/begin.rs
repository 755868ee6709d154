//! The start of a run: a place for each voter, and the votes that need not be asked for.
use super::super::{JobError, Worker, panel::Seats};
use super::second_look::voter_of;
use super::{held, interrupt, refresh_case, reuse};
use crate::clock::now_ms;
use crate::domain::VoteState;
use crate::review::sight;
use crate::store::reuse::set_evidence;
use crate::store::runs::Run;
use crate::store::{Actor, Change, Tx, cases, jobs, record, runs, votes};

/// Reserves a place for each voter and starts the run; nothing where there is nothing left to do. `newest` is the newest
/// detection of its case before anything was gathered.
pub(super) async fn begin(
    worker: &Worker,
    job: &jobs::Job,
    (run_id, newest): (i64, Option<i64>),
    seats: &Seats,
    evidence: Option<&str>,
) -> Result<Option<Run>, JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    held(&mut tx, job).await?;
    if !runs::start(&mut tx, (run_id, newest), seats.rules.mode.as_str(), now).await? {
        jobs::finish(&mut tx, job).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let run = runs::by_id(&mut tx, run_id).await?;
    let known = votes::of_run(&mut tx, run_id).await?;
    if known.iter().any(|vote| vote.state == VoteState::Asking) {
        interrupt(&mut tx, job, &run, &known, now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if known.is_empty() {
        set_evidence(&mut tx, run_id, evidence).await?;
        let carried = carry(&mut tx, &run, seats).await?;
        let reused = match evidence.filter(|_| carried.is_none() && !run.by_hand) {
            Some(evidence) => reuse::take(worker, &mut tx, &run, seats, evidence).await?,
            None => None,
        };
        reserve(&mut tx, run.id, seats).await?;
        let carried = carried.map(|number| format!("votes of run {number} are taken over"));
        tell(&mut tx, &run, seats, reused.or(carried).as_deref(), now).await?;
    }
    refresh_case(&mut tx, run.case_number).await?;
    let run = runs::by_id(&mut tx, run_id).await?;
    tx.commit().await?;
    Ok(Some(run))
}

async fn tell(tx: &mut Tx, run: &Run, seats: &Seats, reused: Option<&str>, now: i64) -> Result<(), JobError> {
    let case = cases::by_number(tx, run.case_number).await?;
    let text = match reused {
        // Another case may not tell in the place of this one.
        _ if sight(&case).is_blind() => format!("Run {} started, asked for by {}", run.number, run.asked_by),
        Some(reused) => format!("Run {} started: {reused}", run.number),
        None => format!("Run {} started: {} voters asked by {}", run.number, seats.panel.len(), run.asked_by),
    };
    let change = Change {
        org_id: case.org_id,
        case: run.case_number,
        kind: "run_started",
        text: &text,
        old: "",
        new: "",
        run: Some(run.id),
        undo: None,
    };
    record(tx, &Actor::system(), change, now).await?;
    Ok(())
}

/// Takes over what was given in the run that this one continues, and gives its number where a model of the panel had
/// voted. Built-in voters are asked again: it costs nothing, and they see what came since.
async fn carry(tx: &mut Tx, run: &Run, seats: &Seats) -> Result<Option<i64>, JobError> {
    let Some(earlier) = run.continues else { return Ok(None) };
    let earlier = runs::by_id(tx, earlier).await?;
    let mut any = false;
    for vote in votes::of_run(tx, earlier.id).await? {
        let name = if vote.role == votes::MASKED { voter_of(&vote.voter) } else { &vote.voter };
        let still_seated = seats.panel.iter().chain(&seats.advisers).any(|voter| voter.name() == name);
        if still_seated && vote.kind != "builtin" && matches!(vote.state, VoteState::Ok | VoteState::Abstained) {
            votes::carry(tx, run.id, &vote, earlier.number, None).await?;
            any |= vote.counts();
        }
    }
    if any && let Some(source) = earlier.reused_from {
        crate::store::reuse::set_source(tx, run.id, source).await?;
    }
    Ok(any.then_some(earlier.number))
}

async fn reserve(tx: &mut Tx, run_id: i64, seats: &Seats) -> Result<(), JobError> {
    let all =
        seats.panel.iter().map(|voter| (voter, "panel")).chain(seats.advisers.iter().map(|voter| (voter, "adviser")));
    for (position, (voter, role)) in (0_i64..).zip(all) {
        let seat = votes::Seat {
            run_id,
            position,
            voter: voter.name(),
            role,
            kind: voter.kind().as_str(),
            model: voter.model(),
        };
        votes::reserve(tx, seat).await?;
    }
    Ok(())
}
