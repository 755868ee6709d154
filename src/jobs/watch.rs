//! Looks every minute for what nobody does: cases that wait too long, sources that deliver nothing.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::limits;
use crate::notify;
use crate::store::intake::{self, MINUTE_MS, Pauses};
use crate::store::{Tx, cases, jobs, notifications};

/// The kind of job.
pub const KIND: &str = "watch";
/// A case that has waited longer is no news.
const NEWS_MS: i64 = 24 * 60 * 60 * 1000;
/// The stretch in which a source's pauses are known, in minutes.
const WEEK: i64 = 7 * 24 * 60;
/// A source that delivered in fewer minutes of the week has no habits yet.
const HABIT: i64 = 10;

/// Asks for a look now. It is quick, and nobody else tells what waits too long.
///
/// # Errors
/// Where the database refuses.
pub async fn ask(tx: &mut Tx, now_ms: i64) -> crate::store::Result<u64> {
    jobs::hasten(tx, KIND, KIND, "{}", jobs::URGENT, now_ms).await
}

/// Looks, and queues the next look.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let now = now_ms();
    let mut tx = worker.store.read().await?;
    let (late, silent) = match worker.notify.all.as_slice() {
        [] => (Vec::new(), Vec::new()),
        _ => (late(worker, &mut tx, now).await?, silent(worker, &mut tx, now).await?),
    };
    drop(tx);
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    for number in late {
        notify::overdue(&worker.notify, &mut tx, number, now).await?;
    }
    for source in silent {
        notify::silent(&worker.notify, &mut tx, &source, now).await?;
    }
    notifications::purge(&mut tx, now - limits::NOTIFY_KEPT_MS).await?;
    // A channel whose job was lost to a fault of ours is found again here.
    for (channel, _) in notifications::waiting(&mut tx).await? {
        if let Some(due) = notifications::next_due(&mut tx, &channel, now).await? {
            notify::wake(&mut tx, &channel, due.max(now)).await?;
        }
    }
    if !worker.notify.all.is_empty() {
        ask(&mut tx, now + MINUTE_MS).await?;
    }
    Ok(tx.commit().await?)
}

/// Cases that have become overdue.
async fn late(worker: &Worker, tx: &mut Tx, now: i64) -> Result<Vec<i64>, sqlx::Error> {
    let mut late = Vec::new();
    for (severity, minutes) in worker.notify.settings.overdue_minutes.iter().filter(|(_, minutes)| **minutes > 0) {
        let until = now - i64::from(*minutes) * MINUTE_MS;
        late.extend(cases::overdue(tx, *severity, until - NEWS_MS, until).await?);
    }
    Ok(late)
}

/// Sources that are silent for half as long again as they ever were in the last week.
async fn silent(worker: &Worker, tx: &mut Tx, now: i64) -> Result<Vec<Pauses>, sqlx::Error> {
    let least = i64::from(worker.notify.settings.silent_minutes);
    if least == 0 {
        return Ok(Vec::new());
    }
    let minute = now.div_euclid(MINUTE_MS);
    let mut all = intake::pauses(tx, minute - WEEK).await?;
    all.retain(|source| {
        let quiet = minute - source.last_minute;
        source.minutes >= HABIT && quiet >= least && quiet * 2 > source.longest * 3
    });
    Ok(all)
}
