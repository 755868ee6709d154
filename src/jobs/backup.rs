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
    let every = i64::from(settings.every_hours) * HOUR_MS;
    // The last one may lie ahead, made by a clock that was.
    let due = last.map_or(now_ms, |last| (last.at_ms + every).clamp(now_ms, now_ms + every));
    jobs::hasten(tx, KIND, KIND, "{}", -1, due).await?;
    Ok(())
}

/// Makes a backup, removes old ones, and queues the next. A backup that fails is tried again within the hour; one that was
/// made is made, whatever becomes of the old ones.
///
/// # Errors
/// See [`JobError`]. A backup that fails is none: it is told in the ledger, in the log, by the channels, and as the job's
/// error. Old ones that can't be removed are told in the log and by the channels.
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
        Ok(stays) => {
            if !stays.is_empty() {
                tracing::error!(problem = stays, "old backups could not be removed");
                notify::backups_stay(&worker.notify, &mut tx, &stays, now).await?;
            }
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

/// Makes one and removes what is too old; why that could not be removed comes back in words. So does, as an error, why
/// none was made.
async fn make(worker: &Worker, folder: &Path, keep: usize) -> Result<String, String> {
    let file = folder.join(scheduled::name(now_ms()));
    if let Err(why) = ready(folder) {
        backup::not_begun(&worker.store, &file, &Actor::system(), &why).await;
        return Err(why);
    }
    let made = backup::take(&worker.store, &file, &Actor::system(), &|_, _| {}).await;
    let made = made.map_err(|trouble| trouble.to_string())?;
    tracing::info!(file = made.name, bytes = made.bytes, "a backup was made");
    let old = scheduled::remove_old(folder, keep, &made.name);
    if !old.gone.is_empty() {
        tracing::info!(files = old.gone.join(", "), "old backups were removed");
    }
    Ok(old.problem)
}

/// Makes the folder where there is none, and room in it: what was left behind unfinished may be why there is none.
fn ready(folder: &Path) -> Result<(), String> {
    if !folder.exists() {
        let made = DirBuilder::new().mode(0o700).create(folder);
        made.map_err(|error| format!("backup.folder: {}: {error}", folder.display()))?;
    }
    let left = scheduled::remove_left_behind(folder);
    if !left.gone.is_empty() {
        tracing::info!(files = left.gone.join(", "), "unfinished backups were removed");
    }
    if !left.problem.is_empty() {
        tracing::warn!(problem = left.problem, "an unfinished backup could not be removed");
    }
    Ok(())
}
