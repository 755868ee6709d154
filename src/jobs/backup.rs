//! Backups that come again and again: the time of the next one counts from the last that was made, whoever made it.
use super::{JobError, Worker};
use crate::backup::{self, scheduled};
use crate::clock::now_ms;
use crate::config::Backup;
use crate::notify;
use crate::store::{Actor, Tx, backups, jobs};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The kind of job; there is one at a time.
pub const KIND: &str = "backup";
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Queues the next backup, or takes it out of the queue where there is to be none.
///
/// # Errors
/// Where the database refuses.
pub async fn schedule(tx: &mut Tx, settings: &Backup, now_ms: i64) -> crate::store::Result<()> {
    if settings.folder.is_empty() {
        jobs::withdraw(tx, KIND, now_ms).await?;
        return Ok(());
    }
    let last = backups::last_made(tx).await?;
    let due = last.map_or(now_ms, |last| last.at_ms + i64::from(settings.every_hours) * HOUR_MS);
    jobs::hasten(tx, KIND, KIND, "{}", -1, due.max(now_ms)).await?;
    Ok(())
}

/// Makes a backup, removes old ones, and queues the next. A backup that fails is tried again within the hour.
///
/// # Errors
/// See [`JobError`]. A backup that fails is none: it is told in the ledger, in the log, by the channels, and as the job's
/// error.
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let settings = &worker.backup;
    if settings.folder.is_empty() {
        let mut tx = worker.store.write().await?;
        jobs::finish(&mut tx, job).await?;
        return Ok(tx.commit().await?);
    }
    let every = i64::from(settings.every_hours) * HOUR_MS;
    let came = make(worker, Path::new(&settings.folder), settings.keep as usize).await;
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    match came {
        Ok(()) => {
            jobs::finish(&mut tx, job).await?;
            jobs::enqueue(&mut tx, KIND, KIND, "{}", -1, now + every).await?;
        }
        Err(problem) => {
            tracing::error!(problem, "the scheduled backup failed");
            notify::backup_failed(&worker.notify, &mut tx, &problem, now).await?;
            jobs::put_back(&mut tx, job, now + every.min(HOUR_MS), &problem, false).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Makes one and removes what is too old; what went wrong comes back in words.
async fn make(worker: &Worker, folder: &Path, keep: usize) -> Result<(), String> {
    let told = |error: std::io::Error| format!("backup.folder: {}: {error}", folder.display());
    if !folder.exists() {
        DirBuilder::new().mode(0o700).create(folder).map_err(told)?;
    }
    let file = folder.join(scheduled::name(now_ms()));
    let made = backup::take(&worker.store, &file, &Actor::system(), &|_, _| {}).await;
    let made = made.map_err(|trouble| trouble.to_string())?;
    tracing::info!(file = made.name, bytes = made.bytes, "a backup was made");
    let gone = scheduled::remove_old(folder, keep).map_err(told)?;
    if !gone.is_empty() {
        tracing::info!(files = gone.join(", "), "old backups were removed");
    }
    Ok(())
}
