//! Asks intelligence providers what there was no time or no quota for. Where an answer is bad the panel is asked again;
//! where it is not, the votes that stand are counted anew once nothing is missing.
use super::lookups::{self, Outcome};
use super::triage::{self, Ask};
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::domain::intel::{IntelState, IntelVerdict, Query};
use crate::domain::{Detection, Observable, tag};
use crate::intel::label;
use crate::limits;
use crate::store::cases::Case;
use crate::store::intel::{self, Due};
use crate::store::{Actor, Change, Tx, cases, detections, fingerprints, jobs, merges, record, runs};
use crate::triage::observables;
use tokio::time::Instant;

/// The kind of the job; there is one at a time.
pub const KIND: &str = "intel";
/// An answer that would open the question again waits so long for a run that is under way.
const WAIT_FOR_RUN_MS: i64 = 10_000;

/// Queues the job for when the next question is due, where there is one.
///
/// # Errors
/// Where the database refuses.
pub async fn queue(tx: &mut Tx) -> crate::store::Result<()> {
    if let Some(at) = intel::next_due(tx).await? {
        jobs::hasten(tx, KIND, KIND, "{}", jobs::URGENT, at).await?;
    }
    Ok(())
}

/// Asks what is due.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let due = intel::due(&mut worker.store.read().await?, now_ms(), limits::INTEL_LATE).await?;
    for one in due {
        step(worker, job, one).await?;
    }
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    queue(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// One question. Nothing is locked while it is asked, so what it is about is read again before anything is kept.
async fn step(worker: &Worker, job: &jobs::Job, due: Due) -> Result<(), JobError> {
    let case = cases::by_number(&mut worker.store.read().await?, due.case_number).await?;
    let outcome = outcome(worker, &case, &due.answer).await?;
    let mut tx = worker.store.write().await?;
    // The case before the job, as who asks for more of a case does: so no two wait for each other.
    merges::lock(&mut tx, &[due.case_number]).await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    // What somebody else took in meanwhile is done; what moved to another case is due there.
    let Some(mut row) = intel::claim(&mut tx, &due).await? else { return Ok(()) };
    let case = cases::by_number(&mut tx, due.case_number).await?;
    let outcome = withheld(&case).filter(|_| !outcome.is_certain()).unwrap_or(outcome);
    let bad = outcome.opinion.as_ref().is_some_and(|said| said.verdict == IntelVerdict::Malicious);
    let worse = bad || outcome.opinion.as_ref().is_some_and(|said| said.verdict == IntelVerdict::Suspicious);
    let again = if worse { behaviour(&mut tx, &case, &row).await? } else { None };
    if let Some(fingerprint) = &again
        && runs::under_way(&mut tx, case.number, fingerprint).await?
    {
        // The run has gathered its evidence already. The answer is kept, so asking again costs nothing.
        row.state = IntelState::Waiting;
        "An answer is there; it is taken in when the run that is under way has ended.".clone_into(&mut row.why);
        row.due_ms = Some(now_ms() + WAIT_FOR_RUN_MS);
        intel::update(&mut tx, &row).await?;
        return Ok(tx.commit().await?);
    }
    take_in(&mut tx, &case, &outcome, row, bad).await?;
    match again.as_deref() {
        Some(fingerprint) if bad => open_again(&mut tx, &case, fingerprint).await?,
        worse => triage::recount(&mut tx, case.number, worse, now_ms()).await?,
    }
    Ok(tx.commit().await?)
}

/// Keeps what came of a question, and tells it.
async fn take_in(
    tx: &mut Tx,
    case: &Case,
    outcome: &Outcome,
    mut row: intel::Answer,
    bad: bool,
) -> Result<(), JobError> {
    outcome.write(&mut row);
    if let Some(until) = row.due_ms.filter(|_| row.state == IntelState::Waiting) {
        intel::put_off(tx, &row.provider, until, &row.why).await?;
    }
    intel::update(tx, &row).await?;
    if row.state != IntelState::Waiting {
        tell(tx, case, &row, bad).await?;
    }
    Ok(())
}

/// Why nobody is asked about a case any more.
fn withheld(case: &Case) -> Option<Outcome> {
    let now = now_ms();
    if !case.status.is_open() {
        return Some(Outcome::withheld("The case was closed before it was asked.", now));
    }
    (tag::reach(&case.tags.0) == 0).then(|| Outcome::withheld(super::triage::RED, now))
}

/// The answer, or why nobody is asked any more.
async fn outcome(worker: &Worker, case: &Case, row: &intel::Answer) -> Result<Outcome, JobError> {
    if let Some(withheld) = withheld(case) {
        return Ok(withheld);
    }
    match (worker.intel.named(&row.provider), row.kind) {
        (Some(seat), Some(kind)) => {
            let observable = row.observable.clone().unwrap_or_default();
            let query = Query { kind, observable, value: row.value.clone() };
            Ok(lookups::ask(worker, seat, &query, Instant::now() + limits::INTEL_TURN).await?)
        }
        _ => Ok(Outcome::failed(format!("{} is no longer set up.", label(&row.provider)), None, now_ms())),
    }
}

async fn tell(tx: &mut Tx, case: &Case, row: &intel::Answer, bad: bool) -> Result<(), JobError> {
    let what: String = row.observable.as_deref().unwrap_or_default().chars().take(200).collect();
    let who = label(&row.provider);
    let text = match row.state {
        IntelState::Answered if bad => format!("Intelligence came late: {who} calls {what} malicious"),
        IntelState::Answered => format!("Intelligence came late: {who} knows {what} and does not call it malicious"),
        state => format!("Intelligence about {what} from {who}: {}. {}", state.label(), row.why),
    };
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "evidence",
        text: text.trim(),
        old: "",
        new: row.state.as_str(),
        run: None,
        undo: None,
    };
    record(tx, &Actor::system(), change, now_ms()).await?;
    Ok(())
}

/// The behaviour that is asked about again because of a value: the one that it was looked up for, or where that left
/// the case another one that holds it. None of a case that is closed.
async fn behaviour(tx: &mut Tx, case: &Case, row: &intel::Answer) -> Result<Option<String>, JobError> {
    if !case.status.is_open() {
        return Ok(None);
    }
    if fingerprints::of_case(tx, case.number).await?.contains(&row.fingerprint) {
        return Ok(Some(row.fingerprint.clone()));
    }
    for stored in detections::of_each_behaviour(tx, case.number, limits::INTEL_DETECTIONS).await? {
        let document = serde_json::from_str(&stored.raw).unwrap_or_default();
        let Ok(detection) = Detection::read(&document) else { continue };
        let is_it = |one: &Observable| Some(one.kind) == row.kind && Some(&one.value) == row.observable.as_ref();
        if observables::of(&detection).iter().any(is_it) {
            return Ok(Some(stored.fingerprint));
        }
    }
    Ok(None)
}

/// The vote rested on less than is known now: the panel is asked again. What was not voted on is not opened.
async fn open_again(tx: &mut Tx, case: &Case, fingerprint: &str) -> Result<(), JobError> {
    let newest = runs::newest_of_each(tx, case.number).await?;
    let Some(run) = newest.iter().find(|run| run.fingerprint == fingerprint) else { return Ok(()) };
    let ask = Ask {
        case: case.number,
        detection_id: run.detection_id,
        fingerprint: &run.fingerprint,
        asked_by: "FusionSOC",
        continues: None,
        tries: 0,
        run_at_ms: now_ms(),
        by_hand: false,
    };
    triage::enqueue(tx, ask, now_ms()).await?;
    Ok(())
}
