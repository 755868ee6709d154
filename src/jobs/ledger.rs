//! Once an hour: signs what of the ledger is due, and removes what is older than it is to be kept.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::proof::seal::{self, SealError};
use crate::store::{Tx, jobs, upkeep};

/// The kind of job.
pub const KIND: &str = "ledger";
const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Queues the next time.
///
/// # Errors
/// Where the database refuses.
pub async fn schedule(tx: &mut Tx, now_ms: i64) -> crate::store::Result<bool> {
    let hour = jobs::time(tx, now_ms).await?.div_euclid(HOUR_MS) + 1;
    jobs::enqueue_for(tx, KIND, &format!("ledger:{hour}"), "{}", -1, hour * HOUR_MS).await
}

/// Seals and purges.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let now = now_ms();
    // Queued first, so that what can't be signed today is looked at again.
    let mut tx = worker.store.write().await?;
    schedule(&mut tx, now).await?;
    tx.commit().await?;
    let mut removed = 0;
    if let Some(signer) = &worker.signer {
        seal::seal(&worker.store, signer, now).await.map_err(|error| match error {
            SealError::Store(error) => JobError::Store(error),
            fault @ SealError::Fault(_) => JobError::Unusable(fault.to_string()),
        })?;
        let days = worker.retention.ledger_days;
        if days > 0 {
            removed = seal::purge(&worker.store, now - i64::from(days) * DAY_MS, now).await?;
        }
    }
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    upkeep::note(&mut tx, KIND, removed, now).await?;
    Ok(tx.commit().await?)
}
