//! Writes an approved exclusion to LimaCharlie, or takes a disabled one out of it.
//!
//! What is wanted follows from the exclusion's state, so a job that is done twice does no harm. An
//! answer that does not come back is told as unknown; the next try looks first what is there.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::domain::{ExclusionState, WorkState};
use crate::limits;
use crate::store::exclusions::{self, Exclusion, Step};
use crate::store::{Actor, Tx, jobs};
use crate::tuning::exclusion;
use crate::tuning::publisher::{PublishError, Publisher, Wanted};
use serde::{Deserialize, Serialize};

/// The kind of job.
pub const KIND: &str = "publish_exclusion";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    exclusion: i64,
}

/// Asks for LimaCharlie to be brought in line with an exclusion, from a time on.
///
/// # Errors
/// Where the database refuses.
pub async fn ask(tx: &mut Tx, id: i64, at_ms: i64) -> crate::store::Result<()> {
    let known = exclusions::by_id(tx, id).await?;
    exclusions::set_published(tx, id, WorkState::Queued, "", &known.etag).await?;
    let payload = serde_json::json!(Payload { exclusion: id }).to_string();
    // Named by the state too: a removal must not be lost because the writing still waits.
    jobs::enqueue(tx, KIND, &format!("publish_exclusion:{id}:{}", known.state), &payload, 1, at_ms).await?;
    Ok(())
}

/// Brings LimaCharlie in line.
///
/// # Errors
/// See [`JobError`]; what did not get there is tried again.
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let payload = payload(job)?;
    let publisher = &worker.publisher;
    let mut tx = worker.store.write().await?;
    let known = exclusions::by_id(&mut tx, payload.exclusion).await?;
    if !publisher.serves(&known.org) {
        return Err(JobError::Unusable("no LimaCharlie is set up".to_owned()));
    }
    exclusions::set_published(&mut tx, known.id, WorkState::Running, "", &known.etag).await?;
    // Declared since the back-test, or while LimaCharlie could not be reached.
    let hidden = exclusions::conflicts_of(&mut tx, known.id, 0, now_ms()).await?;
    tx.commit().await?;
    let done = match (known.state_at(now_ms()), hidden.first()) {
        (ExclusionState::Approved | ExclusionState::Active, Some((_, _, case))) => Err(PublishError::Hides(*case)),
        (state, _) => brought_in_line(publisher.as_ref(), &known, state).await?,
    };
    match done {
        Err(PublishError::Unreachable(text)) if job.attempt < limits::JOB_TRIES => Err(JobError::Elsewhere(text)),
        done => conclude(worker, job, &known, done).await,
    }
}

async fn brought_in_line(
    publisher: &dyn Publisher,
    known: &Exclusion,
    state: ExclusionState,
) -> Result<Result<String, PublishError>, JobError> {
    Ok(match state {
        ExclusionState::Approved | ExclusionState::Active => write(publisher, known).await,
        ExclusionState::Disabled | ExclusionState::Expired => remove(publisher, known).await,
        ExclusionState::Proposed | ExclusionState::Refused => {
            return Err(JobError::Unusable("it is not approved".to_owned()));
        }
    })
}

/// Writes it unless it is there already; one of the same name that says something else is left alone.
async fn write(publisher: &dyn Publisher, known: &Exclusion) -> Result<String, PublishError> {
    let there = publisher.get(&known.org, &known.name).await?;
    let etag = match there {
        Some(there) if there.rule == known.rule.0 && there.expires_ms == known.expires_ms && there.enabled => {
            return Ok(there.etag);
        }
        Some(there) if there.etag != known.etag => return Err(PublishError::Changed),
        Some(there) => Some(there.etag),
        None => None,
    };
    let wanted = Wanted {
        name: known.name.clone(),
        rule: known.rule.0.clone(),
        expires_ms: known.expires_ms,
        comment: format!("case {}: {}", known.case_number, known.comment),
    };
    publisher.set(&known.org, &wanted, etag.as_deref()).await
}

/// Removes it. One of the same name that was never written from here, or that somebody changed, is left alone.
async fn remove(publisher: &dyn Publisher, known: &Exclusion) -> Result<String, PublishError> {
    match publisher.get(&known.org, &known.name).await? {
        None => {}
        Some(there) if there.rule == known.rule.0 || there.etag == known.etag => {
            publisher.delete(&known.org, &known.name).await?;
        }
        Some(_) if known.etag.is_empty() => {}
        Some(_) => return Err(PublishError::Changed),
    }
    Ok(String::new())
}

async fn conclude(
    worker: &Worker,
    job: &jobs::Job,
    known: &Exclusion,
    done: Result<String, PublishError>,
) -> Result<(), JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    // Taken out of use while it was being written; what removed it may have found nothing there yet.
    let outdated = done.as_ref().is_ok_and(|etag| !etag.is_empty())
        && !exclusions::by_id(&mut tx, known.id).await?.state_at(now).in_force();
    match done {
        Ok(etag) => {
            exclusions::set_published(&mut tx, known.id, WorkState::Done, "", &etag).await?;
            let (note, of) = (if etag.is_empty() { "removed" } else { "written" }, (known.org_id, known.id));
            exclusion::trace(&mut tx, &Actor::system(), of, "exclusion_published", ("", note), now).await?;
            activate(&mut tx, known, now).await?;
        }
        Err(error) => note(&mut tx, known, &error, now).await?,
    }
    jobs::finish(&mut tx, job).await?;
    if outdated {
        ask(&mut tx, known.id, now).await?;
    }
    Ok(tx.commit().await?)
}

/// What was approved is active from now on.
async fn activate(tx: &mut Tx, known: &Exclusion, now: i64) -> Result<(), JobError> {
    let step = Step {
        from: ExclusionState::Approved,
        to: ExclusionState::Active,
        approver: &known.approver,
        acknowledged: known.acknowledged,
        by: "FusionSOC",
        note: "Written to LimaCharlie.",
    };
    if known.state == ExclusionState::Approved && exclusions::step(tx, known.id, &step, now).await? {
        let of = (known.org_id, known.id);
        exclusion::trace(tx, &Actor::system(), of, "exclusion_active", ("approved", "active"), now).await?;
        let words = ("is in LimaCharlie and hides detections from now on", "");
        exclusion::told(tx, &Actor::system(), known, words, now).await?;
    }
    Ok(())
}

async fn note(tx: &mut Tx, known: &Exclusion, error: &PublishError, now: i64) -> Result<(), sqlx::Error> {
    let state = if matches!(error, PublishError::Unknown(_)) { WorkState::Unknown } else { WorkState::Failed };
    let text = error.to_string();
    exclusions::set_published(tx, known.id, state, &text, &known.etag).await?;
    let of = (known.org_id, known.id);
    exclusion::trace(tx, &Actor::system(), of, "exclusion_publish_failed", ("", &text), now).await
}

/// Notes that writing was given up.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn give_up(tx: &mut Tx, job: &jobs::Job, error: &str, now: i64) -> Result<(), sqlx::Error> {
    let (true, Ok(payload)) = (job.kind == KIND, payload(job)) else { return Ok(()) };
    let known = exclusions::by_id(tx, payload.exclusion).await?;
    note(tx, &known, &PublishError::Unreachable(error.to_owned()), now).await
}

fn payload(job: &jobs::Job) -> Result<Payload, JobError> {
    serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))
}
