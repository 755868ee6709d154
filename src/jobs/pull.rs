//! Pulling: each organisation's detections are fetched from LimaCharlie in windows that overlap. The
//! position is stored in the transaction that takes a page in, so that a kill loses and doubles nothing.
mod honest;
mod reading;
mod sources;

pub use reading::{Reader, Told, Trouble};
pub use sources::{Pulls, Source};

use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::limacharlie::{Error, Range};
use crate::store::pulls::{self, Gap};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Tx, jobs};
use jiff::Timestamp;

/// The kind of job.
pub const KIND: &str = "pull";
/// The source of what was pulled, as on the intake page.
pub const SOURCE: &str = "limacharlie_pull";
/// Each window begins so many seconds before its place: detections become readable minutes late.
pub const OVERLAP_S: i64 = 900;
/// The longest window in seconds.
pub const WINDOW_S: i64 = 3600;
/// The first pull begins so many seconds ago.
const FIRST_S: i64 = 3600;
/// A window whose answer can't be understood so often is left out, and kept as a gap.
const TRIES: i64 = 5;
/// A gap is tried again after this time.
const GAP_AGAIN_MS: i64 = 3_600_000;
/// The longest wait after failures, unless LimaCharlie asks for more.
const LONGEST_WAIT_MS: i64 = 600_000;

/// Queues the pulls of all organisations that have one. Where there is no such organisation, its name comes back.
///
/// # Errors
/// Where the database refuses.
pub async fn schedule(tx: &mut Tx, all: &Pulls, now_ms: i64) -> crate::store::Result<Vec<String>> {
    let mut missing = Vec::new();
    for source in all.iter() {
        if crate::store::orgs::by_slug(tx, &source.org).await?.is_none() {
            missing.push(source.org.clone());
        } else if source.every_ms > 0 {
            jobs::enqueue(tx, KIND, &key(&source.org), &source.org, 1, now_ms).await?;
        }
    }
    Ok(missing)
}

fn key(org: &str) -> String {
    format!("pull:{org}")
}

/// Pulls what is new, and queues the next pull.
///
/// # Errors
/// See [`JobError`]. A failure of LimaCharlie's is none: it is stored, and shown on the intake page.
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let org = crate::store::orgs::by_slug(&mut worker.store.read().await?, &job.payload).await?;
    let (Some(source), Some(org)) = (worker.pulls.of(&job.payload), org) else {
        let mut tx = worker.store.write().await?;
        jobs::finish(&mut tx, job).await?;
        return Ok(tx.commit().await?);
    };
    let (store, policy) = (&worker.store, &*worker.policy);
    let reader = Reader { store, client: &source.client, org_id: org.id, policy, job: Some(job) };
    let next_ms = match catch_up(&reader, &mut |_| worker.wake.notify_waiters()).await {
        Ok(()) => {
            again(&reader).await?;
            now_ms() + source.every_ms
        }
        Err(Trouble::Elsewhere) => now_ms() + source.every_ms,
        Err(Trouble::Job(error)) => return Err(error),
        Err(Trouble::LimaCharlie { error, to_s }) => fail(&reader, &error, to_s, source.every_ms).await?,
    };
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    jobs::enqueue(&mut tx, KIND, &key(&source.org), &source.org, 1, next_ms).await?;
    Ok(tx.commit().await?)
}

/// Reads from the position to now, window after window.
///
/// # Errors
/// See [`Trouble`]; what was read before stays.
pub async fn catch_up(reader: &Reader<'_>, told: Told<'_>) -> Result<(), Trouble> {
    let now = now_ms();
    let (mut now_s, mut first) = (now.div_euclid(1000), None);
    loop {
        let mut tx = reader.store.write().await.map_err(JobError::from)?;
        let pull = pulls::begin(&mut tx, reader.org_id, now_s - FIRST_S, now).await.map_err(JobError::from)?;
        let gaps = pulls::gaps(&mut tx, reader.org_id).await.map_err(JobError::from)?;
        let first = *first.get_or_insert(pull.read_ms.is_none());
        tx.commit().await.map_err(JobError::from)?;
        let place = pull.position();
        if honest::lies_ahead(&place, now_s) {
            now_s = reader.asked_s(now_s, &place).await?;
            if honest::lies_ahead(&place, now_s) {
                reader.go_back(&pull, first, now_s).await?;
            }
            continue;
        }
        if place.done_s >= now_s && place.to_s == 0 {
            return Ok(());
        }
        let to_s = if place.to_s > 0 { place.to_s } else { now_s.min(place.done_s + WINDOW_S) };
        // What could not be read would spoil this window as well.
        let after_gap = gaps.iter().filter(|gap| gap.to_s <= place.done_s).map(|gap| gap.to_s + 1).max();
        let from_s = (place.done_s - OVERLAP_S).max(after_gap.unwrap_or_default()).max(0);
        let Some(range) = Range::seconds(from_s, to_s) else { return Ok(()) };
        reader.follow(range, place, told).await?;
        now_s = reader.agreed_s(now_s);
    }
}

/// Notes a failure; gives the time of the next try. A window that can't be understood is left out after some tries.
async fn fail(reader: &Reader<'_>, error: &Error, to_s: i64, every_ms: i64) -> Result<i64, JobError> {
    let now = now_ms();
    let mut tx = reader.store.write().await?;
    reader.hold(&mut tx).await?;
    let text = error.to_string();
    let unreadable = matches!(error, Error::Bad(_));
    pulls::failed(&mut tx, reader.org_id, &text, unreadable, now).await?;
    let pull = pulls::begin(&mut tx, reader.org_id, to_s, now).await?;
    tracing::warn!(org = pull.org, failures = pull.failures, error = text, "detections could not be pulled");
    if unreadable && pull.failures >= TRIES {
        let to_s = reader.honest_s(to_s).max(pull.done_s + 1);
        let gap = Gap { id: 0, org_id: reader.org_id, from_s: pull.done_s + 1, to_s, tried_ms: now, error: text };
        pulls::add_gap(&mut tx, &gap).await?;
        tell(&mut tx, &Actor::system(), "pull_gap", (&pull.org, reader.org_id), (gap.from_s, gap.to_s), now).await?;
        let place = pull.position();
        let after = pulls::Position { done_s: to_s, to_s: 0, next_page: String::new() };
        pulls::advance(&mut tx, reader.org_id, &place, &after, now).await?;
    }
    tx.commit().await?;
    let wait_ms = every_ms.saturating_mul(1 << (pull.failures - 1).clamp(0, 10)).min(LONGEST_WAIT_MS).max(every_ms);
    Ok(match error {
        Error::RateLimited { until_ms, .. } => (*until_ms).max(now + every_ms),
        _ => now + wait_ms,
    })
}

/// Tries the gap that waits longest for it, where one is due.
async fn again(reader: &Reader<'_>) -> Result<(), JobError> {
    let now = now_ms();
    let gaps = pulls::gaps(&mut reader.store.read().await?, reader.org_id).await?;
    let due = gaps.into_iter().filter(|gap| gap.tried_ms <= now - GAP_AGAIN_MS).min_by_key(|gap| gap.tried_ms);
    let Some(gap) = due else { return Ok(()) };
    let Some(range) = Range::seconds(gap.from_s, gap.to_s) else { return Ok(()) };
    match reader.back_fill(range, &Actor::system(), &mut |_| {}).await {
        Ok(()) | Err(Trouble::Elsewhere) => Ok(()),
        Err(Trouble::Job(error)) => Err(error),
        Err(Trouble::LimaCharlie { error, .. }) => {
            let mut tx = reader.store.write().await?;
            pulls::retried(&mut tx, gap.id, &error.to_string(), now).await?;
            Ok(tx.commit().await?)
        }
    }
}

/// Writes into the ledger what became of a stretch of seconds.
async fn tell(
    tx: &mut Tx,
    actor: &Actor,
    action: &str,
    (org, org_id): (&str, i64),
    (from_s, to_s): (i64, i64),
    now: i64,
) -> crate::store::Result<()> {
    let text = |second: i64| Timestamp::from_second(second).map(|at| at.to_string()).unwrap_or_default();
    let (object, new) = (format!("org:{org}"), format!("{} to {}", text(from_s), text(to_s)));
    audit(tx, actor, Some(org_id), &Entry { action, object: &object, old: "", new: &new }, now).await
}
