//! Brings snoozed cases back at their time, and tells of those that are back by the channels.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::notify;
use crate::review::{self, Why};
use crate::store::{Actor, cases, jobs};
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    case: i64,
    /// The entry of the timeline that says that it is back.
    #[serde(default)]
    event: i64,
}

fn payload(job: &jobs::Job) -> Result<Payload, JobError> {
    serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))
}

/// Wakes a case whose time has come. One that is back already, or was snoozed for longer, stays as it is.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let number = payload(job)?.case;
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let (case, now) = (cases::by_number(&mut tx, number).await?, now_ms());
    match case.snoozed_until_ms {
        Some(until) if until <= now => drop(review::wake(&mut tx, &Actor::system(), &case, Why::Time, now).await?),
        // Its time was set by a clock that is ahead of this one.
        Some(until) if case.snoozed => review::snooze::queue(&mut tx, number, until).await?,
        _ => {}
    }
    Ok(tx.commit().await?)
}

/// Tells by the channels that a case is back.
///
/// # Errors
/// See [`JobError`].
pub async fn remind(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let Payload { case, event } = payload(job)?;
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    notify::reminder(&worker.notify, &mut tx, (case, event), now_ms()).await?;
    Ok(tx.commit().await?)
}
