//! The triage of one behaviour in one case: gather evidence, ask the panel, count, conclude.
//!
//! Each step is a transaction that also checks that this worker still holds the job. A voter is
//! marked as being asked before it is asked, and never asked again in the same run: where a
//! worker died in between, the run ends as interrupted and a new one takes over its votes. Votes on
//! the same evidence in another case are reused (`reuse`), and a voter is asked only within the
//! organisation's budget (`budget`).
mod ask;
mod asking;
mod begin;
mod budget;
mod claimed;
mod conclude;
mod control;
mod dossier;
mod evidence;
mod gate;
mod intelligence;
mod local;
mod look;
pub mod other_panel;
mod receipt;
mod recount;
mod refresh;
mod reuse;
mod second_look;
mod weights;

use super::panel::Seats;
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::config::Policy;
use crate::domain::evidence::{EvidenceKind, Piece};
use crate::domain::{Severity, VoteState, Weights};
use crate::limits;
use crate::review::ReviewError;
use crate::store::runs::{Run, RunState};
use crate::store::{Actor, Tx, cases, detections, jobs, runs, votes};
use serde::{Deserialize, Serialize};

pub(crate) use ask::Private;
pub(crate) use budget::{limits as budget_of, micro, money};
pub(crate) use claimed::keep as keep_claims;
pub(crate) use dossier::{of_run as dossier_of, read_intel};
pub(super) use intelligence::RED;
pub(crate) use local::{local_now, without};
pub(crate) use look::{Looked, look};
pub(super) use recount::recount;
pub(crate) use refresh::refresh_case;
pub(crate) use weights::of as weights_of;

/// The kind of job that runs a triage.
pub const KIND: &str = "triage";
/// The kind of job that asks again for failed votes.
pub const REVOTE: &str = "revote";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    run_id: i64,
}

/// A triage to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The case.
    pub case: i64,
    /// The detection that stands for the behaviour.
    pub detection_id: i64,
    /// The behaviour.
    pub fingerprint: &'a str,
    /// Who asks.
    pub asked_by: &'a str,
    /// The run whose given votes are taken over.
    pub continues: Option<i64>,
    /// How many runs before it tried to get missing votes.
    pub tries: i64,
    /// When it may start.
    pub run_at_ms: i64,
    /// Whether a person asks: then nothing is reused.
    pub by_hand: bool,
}

/// Queues a run and its job in the caller's transaction; returns the run's id and number.
///
/// # Errors
/// Where the database refuses.
pub async fn enqueue(tx: &mut Tx, ask: Ask<'_>, now_ms: i64) -> crate::store::Result<(i64, i64)> {
    let (run_id, number) = insert(tx, ask, now_ms).await?;
    let severity = cases::by_number(tx, ask.case).await?.severity;
    queue(tx, run_id, ask, severity).await?;
    refresh_case(tx, ask.case).await?;
    Ok((run_id, number))
}

/// Queues the first run of a case that was opened as waiting for it.
///
/// # Errors
/// Where the database refuses.
pub async fn begin_with(tx: &mut Tx, ask: Ask<'_>, severity: Severity, now_ms: i64) -> crate::store::Result<()> {
    let (run_id, _) = insert(tx, ask, now_ms).await?;
    queue(tx, run_id, ask, severity).await
}

async fn insert(tx: &mut Tx, ask: Ask<'_>, now_ms: i64) -> crate::store::Result<(i64, i64)> {
    let new = runs::New {
        case: ask.case,
        detection_id: ask.detection_id,
        fingerprint: ask.fingerprint,
        asked_by: ask.asked_by,
        continues: ask.continues,
        tries: ask.tries,
        mode: "",
        by_hand: ask.by_hand,
    };
    let (run_id, number) = runs::insert(tx, &new, now_ms).await?;
    Ok((run_id, number))
}

async fn queue(tx: &mut Tx, run_id: i64, ask: Ask<'_>, severity: Severity) -> crate::store::Result<()> {
    let payload = serde_json::to_string(&Payload { run_id }).unwrap_or_default();
    jobs::enqueue(tx, KIND, &format!("triage:{run_id}"), &payload, severity as i64, ask.run_at_ms).await?;
    Ok(())
}

/// Runs a triage.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let run_id = payload(job)?.run_id;
    let seats = worker.panel.current(&worker.store).await?;
    let (known, policy, newest) = known(worker, run_id).await?;
    let pieces = if is_under_way(known.state) { gather(worker, job, &known).await? } else { Vec::new() };
    let dossier = dossier::gather(worker, &known, pieces).await?;
    let same = reuse::evidence(&policy, &seats, &dossier);
    let Some(run) = begin::begin(worker, job, (run_id, newest), &seats, same.as_deref()).await? else { return Ok(()) };
    let truncated = ask::panel(worker, job, &run, &seats, dossier.clone()).await?;
    let weights = weights(worker, &run, &seats).await?;
    second_look::ask(worker, job, &run, (&seats, &weights), dossier.clone()).await?;
    control::ask(worker, job, &run, &seats, dossier.clone()).await?;
    conclude::run(worker, job, &run, (&seats, &weights), (&dossier, truncated)).await
}

/// A run, the policy of its organisation, and the newest detection of its case: what comes after it may not be in what is
/// gathered now.
async fn known(worker: &Worker, run_id: i64) -> Result<(Run, Policy, Option<i64>), JobError> {
    let mut tx = worker.store.read().await?;
    let run = runs::by_id(&mut tx, run_id).await?;
    let policy = worker.policy_of(&mut tx, run.case_number).await?;
    let newest = detections::last_joined(&mut tx, run.case_number).await?;
    Ok((run, policy, newest))
}

/// What is asked before anybody votes, all at once.
async fn gather(worker: &Worker, job: &jobs::Job, run: &Run) -> Result<Vec<Piece>, JobError> {
    let asked = (Box::pin(evidence::gather(worker, job, run)), Box::pin(intelligence::gather(worker, job, run)));
    let (mut pieces, said) = tokio::try_join!(asked.0, asked.1)?;
    pieces.retain(|piece| piece.kind != EvidenceKind::Intelligence);
    pieces.extend(said);
    Ok(pieces)
}

/// What votes weigh now in the run's organisation.
async fn weights(worker: &Worker, run: &Run, seats: &Seats) -> Result<Weights, JobError> {
    let mut tx = worker.store.read().await?;
    let org_id = cases::by_number(&mut tx, run.case_number).await?.org_id;
    Ok(weights_of(&mut tx, org_id, seats.rules.mode, now_ms()).await?)
}

/// Asks again for the votes that failed, in a run of its own.
///
/// # Errors
/// See [`JobError`].
pub async fn revote(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let run_id = payload(job)?.run_id;
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    held(&mut tx, job).await?;
    let run = runs::by_id(&mut tx, run_id).await?;
    let case = cases::by_number(&mut tx, run.case_number).await?;
    let newest = runs::newest_of_each(&mut tx, run.case_number).await?.into_iter().any(|newest| newest.id == run.id);
    if newest && case.status.is_open() && !runs::under_way(&mut tx, run.case_number, &run.fingerprint).await? {
        // A budget that is used up is no failure: it counts as no try.
        follow_up(&mut tx, &run, run.tries + i64::from(run.renews_ms.is_none()), now).await?;
    }
    jobs::finish(&mut tx, job).await?;
    Ok(tx.commit().await?)
}

/// Queues a run that takes over the votes that were given.
async fn follow_up(tx: &mut Tx, run: &Run, tries: i64, now: i64) -> Result<(), JobError> {
    let ask = Ask {
        case: run.case_number,
        detection_id: run.detection_id,
        fingerprint: &run.fingerprint,
        asked_by: "FusionSOC",
        continues: Some(run.id),
        tries,
        run_at_ms: now,
        by_hand: run.by_hand,
    };
    enqueue(tx, ask, now).await?;
    Ok(())
}

/// Ends a run whose worker died while it asked, and queues one that takes over the votes given so far.
async fn interrupt(tx: &mut Tx, job: &jobs::Job, run: &Run, known: &[votes::Stored], now: i64) -> Result<(), JobError> {
    for vote in known.iter().filter(|vote| matches!(vote.state, VoteState::Asking | VoteState::Pending)) {
        let detail = "The worker stopped before this vote was stored; the next run asks for it.";
        let given = votes::Given {
            state: VoteState::Failed,
            failure: Some(crate::domain::Failure::Timeout),
            detail,
            answer: None,
            raw: "",
            digest: "",
            tokens: (None, None),
            attempts: 0,
            latency_ms: 0,
        };
        votes::give(tx, vote.id, &given, now).await?;
    }
    // What kills a worker again and again must not do so for ever.
    let again = run.tries < limits::RUN_TRIES;
    let note =
        if again { conclude::TAKEN_OVER } else { "The worker stopped here again and again. Ask for another run." };
    conclude::interrupted(tx, run, note, now).await?;
    if again {
        follow_up(tx, run, run.tries + 1, now).await?;
    }
    jobs::finish(tx, job).await?;
    Ok(())
}

/// Ends the run of a job that was given up, so that its case is not taken for one that is being triaged.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn give_up(tx: &mut Tx, job: &jobs::Job, error: &str, now: i64) -> Result<(), sqlx::Error> {
    let Ok(payload) = payload(job) else { return Ok(()) };
    if job.kind != KIND {
        return Ok(());
    }
    let run = runs::by_id(tx, payload.run_id).await?;
    let note = format!("This run could not be carried out: {error}. Ask for another run.");
    conclude::interrupted(tx, &run, &note, now).await?;
    refresh_case(tx, run.case_number).await
}

/// Asks for another run where a job of this kind is brought back: the run that it was for was concluded when it was given up.
///
/// # Errors
/// Where the case can't be asked about.
pub(crate) async fn again(
    tx: &mut Tx,
    actor: &Actor,
    (kind, payload): (&str, &str),
    now_ms: i64,
) -> Result<(), ReviewError> {
    let payload = serde_json::from_str::<Payload>(payload).ok().filter(|_| kind == KIND);
    let Some(Payload { run_id }) = payload else { return Ok(()) };
    let case = runs::by_id(tx, run_id).await?.case_number;
    let case = cases::by_number(tx, case).await?;
    crate::review::ask_again(tx, actor, &case, now_ms).await.map(drop)
}

/// Nothing that follows in this transaction may happen unless the job is still ours.
async fn held(tx: &mut Tx, job: &jobs::Job) -> Result<(), JobError> {
    if jobs::holds(tx, job).await? { Ok(()) } else { Err(JobError::LeaseLost) }
}

fn payload(job: &jobs::Job) -> Result<Payload, JobError> {
    serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))
}

/// When the failed votes of a run are asked for again; nothing once it has been tried often enough.
fn revote_at(run: &Run, now: i64) -> Option<i64> {
    let tries = usize::try_from(run.tries).unwrap_or(usize::MAX);
    limits::REVOTE_AFTER_MS.get(tries).map(|wait| now + wait)
}

/// Whether a run waits or is under way.
pub(crate) const fn is_under_way(state: RunState) -> bool {
    matches!(state, RunState::Queued | RunState::Running)
}
