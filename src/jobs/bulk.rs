//! Acts over many cases: some cases a transaction, until none is left. A worker that dies leaves at most one
//! transaction undone; whoever takes the job up goes on from there.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::review::{ReviewError, bulk as acts};
use crate::store::bulk::{self, ActState};
use crate::store::{Tx, jobs};
use serde::{Deserialize, Serialize};

/// The kind of job.
pub const KIND: &str = "bulk";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    act: i64,
}

fn key(act: i64) -> String {
    format!("bulk:{act}")
}

/// Queues the work on an act, or brings it forward.
///
/// # Errors
/// Where the database refuses.
pub async fn enqueue(tx: &mut Tx, act: i64, run_at_ms: i64) -> crate::store::Result<()> {
    let payload = serde_json::to_string(&Payload { act }).unwrap_or_default();
    // A person waits for it.
    jobs::hasten(tx, KIND, &key(act), &payload, jobs::URGENT, run_at_ms).await.map(|_| ())
}

/// Forgets the job of an act whose work is done, where no worker holds it.
///
/// # Errors
/// Where the database refuses.
pub async fn withdraw(tx: &mut Tx, act: i64, now: i64) -> crate::store::Result<()> {
    jobs::withdraw(tx, &key(act), now).await.map(|_| ())
}

/// Works on an act until nothing is left of it.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let id = payload(job)?.act;
    loop {
        let mut tx = worker.store.write().await?;
        // The act before its job, as who takes an act back does: so no two wait for each other.
        bulk::locked(&mut tx, id).await?;
        if !jobs::holds(&mut tx, job).await? {
            return Err(JobError::LeaseLost);
        }
        let more = match acts::step(&mut tx, id, now_ms()).await {
            Ok(more) => more,
            Err(ReviewError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(JobError::Unusable(error.to_string())),
        };
        if !more {
            jobs::finish(&mut tx, job).await?;
        }
        tx.commit().await?;
        worker.wake.notify_waiters();
        if !more {
            return Ok(());
        }
    }
}

/// Notes that an act was given up; what it did until then stands, and can be taken back.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn give_up(tx: &mut Tx, job: &jobs::Job, error: &str, now: i64) -> Result<(), sqlx::Error> {
    if let (KIND, Ok(payload)) = (job.kind.as_str(), payload(job)) {
        bulk::move_to(tx, payload.act, ActState::Failed, error, now).await?;
    }
    Ok(())
}

fn payload(job: &jobs::Job) -> Result<Payload, JobError> {
    serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))
}
