//! Once an hour: signs what of the ledger is due, and removes what is older than it is to be kept.
use super::{JobError, Worker, held};
use crate::clock::now_ms;
use crate::notify;
use crate::proof::seal::{self, SealError};
use crate::secret::Signer;
use crate::store::record::{Ended, Entry, audit_as};
use crate::store::{Actor, Tx, jobs, upkeep};

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
        removed = match prove(worker, signer, now).await {
            Ok(removed) => removed,
            Err(SealError::Store(error)) => return Err(JobError::Store(error)),
            Err(fault) => return Err(refuse(worker, &fault.to_string(), now).await?),
        };
    }
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    upkeep::note(&mut tx, KIND, removed, now).await?;
    Ok(tx.commit().await?)
}

/// Seals what is due and removes what is old; how many lines that were.
async fn prove(worker: &Worker, signer: &Signer, now: i64) -> Result<u64, SealError> {
    seal::seal(&worker.store, signer, now).await?;
    let days = i64::from(worker.retention.ledger_days);
    let mut tx = worker.store.write().await?;
    let is_held = days > 0 && held::is_held(&mut tx, KIND, now).await?;
    tx.commit().await?;
    match days {
        0 => Ok(0),
        _ if is_held => Ok(0),
        days => seal::purge(&worker.store, signer, now - days * DAY_MS, now).await,
    }
}

/// Enters and tells that the ledger is not what it was. As the job's error it stands on the page of the system too.
async fn refuse(worker: &Worker, why: &str, now: i64) -> crate::store::Result<JobError> {
    let mut tx = worker.store.write().await?;
    let entry = Entry { action: "seal_refused", object: "ledger", old: "", new: why };
    audit_as(&mut tx, &Actor::system(), None, &entry, Ended::Failed, now).await?;
    notify::seal_refused(&worker.notify, &mut tx, why, now).await?;
    tx.commit().await?;
    Ok(JobError::Unusable(why.to_owned()))
}
