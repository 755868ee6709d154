//! A trial: what another panel, or another mode, would have said of the last declared cases.
//!
//! It never touches a case. One case after the other is asked about; its votes and its verdict are one
//! transaction, so a worker that dies repeats one case at most. Votes that are there already are not
//! asked for again. The second look is left out: it can only turn a false positive into a review.
mod ask;

use super::panel::Seats;
use super::{JobError, Worker, triage};
use crate::clock::now_ms;
use crate::store::record::{Entry, audit};
use crate::store::trials::{self, New, Open, Trial, TrialState};
use crate::store::{Actor, Scope, Tx, jobs, measured};
use crate::triage::claims;
use crate::triage::vote::{self, Mode, Panel};
use crate::voters::{Kind, Voter};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The kind of job.
pub const KIND: &str = "trial";
/// The most cases of one trial.
pub const MOST: i64 = 100;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    trial: i64,
}

/// Queues a trial on the newest declared cases of a scope; nothing where there is none.
///
/// # Errors
/// Where the database refuses.
pub async fn enqueue(
    tx: &mut Tx,
    actor: &Actor,
    scope: Scope,
    new: New<'_>,
    most: i64,
    now: i64,
) -> crate::store::Result<Option<i64>> {
    let cases = measured::last(tx, scope, most.clamp(1, MOST)).await?;
    if cases.is_empty() {
        return Ok(None);
    }
    let trial = trials::insert(tx, new, &cases, now).await?;
    let payload = serde_json::to_string(&Payload { trial }).unwrap_or_default();
    // After every triage: people wait for those.
    jobs::enqueue(tx, KIND, &format!("trial:{trial}"), &payload, -2, now).await?;
    let (object, panel) = (format!("trial:{trial}"), measured::panel_name(new.mode, &names(new.voters)));
    audit(tx, actor, None, &Entry { action: "trial_asked", object: &object, old: "", new: &panel }, now).await?;
    Ok(Some(trial))
}

fn names(voters: &[String]) -> Vec<&str> {
    voters.iter().map(String::as_str).collect()
}

/// Stops a trial; `false` where it has ended.
///
/// # Errors
/// Where the database refuses.
pub async fn cancel(tx: &mut Tx, actor: &Actor, trial: i64, now: i64) -> crate::store::Result<bool> {
    let moved = trials::move_to(tx, trial, TrialState::Cancelled, "", now).await?;
    if moved {
        let object = format!("trial:{trial}");
        audit(tx, actor, None, &Entry { action: "trial_cancelled", object: &object, old: "", new: "" }, now).await?;
    }
    Ok(moved)
}

/// Asks about one case after the other.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let id = payload(job)?.trial;
    let seats = worker.panel.current(&worker.store).await?;
    while let Some((trial, open)) = next(worker, job, id).await? {
        let votes = ask::case(worker, &chosen(&seats, &trial), &open).await?;
        store(worker, job, &trial, &open, votes).await?;
    }
    Ok(())
}

/// The next case; nothing once the trial has ended, the job with it.
async fn next(worker: &Worker, job: &jobs::Job, id: i64) -> Result<Option<(Trial, Open)>, JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let missing = || JobError::Unusable(format!("there is no trial {id}"));
    let trial = trials::by_id(&mut tx, id).await?.ok_or_else(missing)?;
    let going = trials::move_to(&mut tx, id, TrialState::Running, "", now).await?;
    let open = if going { trials::next(&mut tx, id).await? } else { None };
    if open.is_none() {
        if trials::move_to(&mut tx, id, TrialState::Done, "", now).await? {
            noted(&mut tx, id, "trial_done", "", now).await?;
        }
        jobs::finish(&mut tx, job).await?;
    }
    tx.commit().await?;
    Ok(open.map(|open| (trial, open)))
}

/// How a trial ended, in the ledger.
async fn noted(tx: &mut Tx, id: i64, action: &str, new: &str, now: i64) -> crate::store::Result<()> {
    let object = format!("trial:{id}");
    audit(tx, &Actor::system(), None, &Entry { action, object: &object, old: "", new }, now).await
}

/// The voters of a trial by name, nothing for those that are not set up any more.
fn chosen(seats: &Seats, trial: &Trial) -> Vec<(String, Option<Arc<dyn Voter>>)> {
    let find = |name: &String| seats.all.iter().find(|voter| voter.name() == name.as_str()).cloned();
    trial.voters.0.iter().map(|name| (name.clone(), find(name))).collect()
}

/// Counts the votes and stores them with the verdict.
async fn store(
    worker: &Worker,
    job: &jobs::Job,
    trial: &Trial,
    open: &Open,
    asked: ask::Asked,
) -> Result<(), JobError> {
    let now = now_ms();
    let mode: Mode = trial.mode.parse().map_err(|error| JobError::Unusable(format!("mode: {error}")))?;
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let weights = triage::weights_of(&mut tx, open.org_id, mode, now).await?;
    let panel: Vec<_> = asked.votes.iter().map(ask::as_vote).collect();
    // The built-in voters speak from the event itself.
    let own_words = asked.votes.iter().filter(|vote| !vote.prompt_hash.is_empty());
    let stated: Vec<_> = own_words
        .filter_map(|vote| vote.answer.as_ref().map(|answer| (vote, answer)))
        .flat_map(|(vote, answer)| claims::of_answer(&asked.dossier, &vote.voter, answer))
        .collect();
    let counted = claims::counted(&panel, &stated);
    let count = vote::count(Panel { mode, quorum: 0 }, &counted, &weights, asked.dossier.detection.rule_severity());
    trials::conclude(&mut tx, trial.id, open.position, (count.verdict, count.outcome), &asked.votes).await?;
    tx.commit().await?;
    worker.wake.notify_waiters();
    Ok(())
}

/// Ends the trial of a job that was given up.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn give_up(tx: &mut Tx, job: &jobs::Job, error: &str, now: i64) -> Result<(), sqlx::Error> {
    if job.kind == KIND
        && let Ok(payload) = payload(job)
    {
        trials::move_to(tx, payload.trial, TrialState::Failed, error, now).await?;
        noted(tx, payload.trial, "trial_failed", error, now).await?;
    }
    Ok(())
}

fn payload(job: &jobs::Job) -> Result<Payload, JobError> {
    serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))
}

/// Whether a voter answers from the event by code, at no cost.
fn is_builtin(voter: &dyn Voter) -> bool {
    voter.kind() == Kind::Builtin
}
