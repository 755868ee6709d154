//! Once a day, removes the documents of detections that are older than is set and belong to closed cases. What was made
//! of them stays: the rows, fields, observables, behaviours, votes and reports. Deliveries that were refused go when they
//! are as old.
//!
//! It works in small steps, so that nobody waits for the writer, and each step enters in the ledger what it removed. The
//! words by which search found a document go with it: the detection is found by what is left, the title, the rule, the
//! host and the observables of its case.
use super::{JobError, Worker, held};
use crate::clock::now_ms;
use crate::domain::spans;
use crate::limits;
use crate::store::record::{Entry, Happened, audit, tell_all};
use crate::store::retention::{self, ACTION, Kept, Old};
use crate::store::{Actor, Tx, jobs, rejects, search, upkeep};
use crate::triage::words::{self, Left};
use std::collections::{BTreeMap, BTreeSet};

/// The kind of job, and its name among what is done again and again.
pub const KIND: &str = "retention";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// It begins at this time of the day, UTC: after the nightly range, before people come.
const NIGHT_MS: i64 = 3 * 60 * 60 * 1000;

/// Queues the next run.
///
/// # Errors
/// Where the database refuses.
pub async fn schedule(tx: &mut Tx, now_ms: i64) -> crate::store::Result<bool> {
    let day = (now_ms - NIGHT_MS).div_euclid(DAY_MS) + 1;
    jobs::enqueue(tx, KIND, &format!("{KIND}:{day}"), "{}", -1, day * DAY_MS + NIGHT_MS).await
}

/// Removes what is old. It may be stopped at any time, and run twice.
///
/// # Errors
/// See [`JobError`].
pub(super) async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let days = i64::from(worker.retention.raw_days);
    let (until_ms, mut after, mut removed) = (now_ms() - days * DAY_MS, (0, i64::MIN), 0);
    let mut tx = worker.store.write().await?;
    let is_held = days > 0 && held::is_held(&mut tx, KIND, now_ms()).await?;
    tx.commit().await?;
    loop {
        let old = match days {
            0 => Vec::new(),
            _ if is_held => Vec::new(),
            _ => retention::old(&mut worker.store.read().await?, until_ms, after, limits::RETENTION_STEP).await?,
        };
        let Some(last) = old.last() else { break };
        after = *last;
        removed += step(worker, job, &old, until_ms).await?;
        tokio::time::sleep(limits::RETENTION_PAUSE).await;
    }
    if days > 0 && !is_held {
        refused(worker, job, until_ms).await?;
    }
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    upkeep::note(&mut tx, KIND, removed, now).await?;
    schedule(&mut tx, now).await?;
    Ok(tx.commit().await?)
}

/// Removes some documents in one transaction; how many.
async fn step(worker: &Worker, job: &jobs::Job, old: &[Old], until_ms: i64) -> Result<u64, JobError> {
    let ids: Vec<i64> = old.iter().map(|(id, _)| *id).collect();
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let kept = retention::remove(&mut tx, &ids).await?;
    for (id, words) in words_left(&mut tx, &kept).await? {
        search::reindex_detection(&mut tx, id, &words).await?;
    }
    enter(&mut tx, &kept, until_ms).await?;
    tx.commit().await?;
    Ok(u64::try_from(kept.len()).unwrap_or(u64::MAX))
}

/// Removes refused deliveries, some in each transaction.
async fn refused(worker: &Worker, job: &jobs::Job, until_ms: i64) -> Result<(), JobError> {
    loop {
        let mut tx = worker.store.write().await?;
        if !jobs::holds(&mut tx, job).await? {
            return Err(JobError::LeaseLost);
        }
        let mut orgs: BTreeMap<i64, usize> = BTreeMap::new();
        for org_id in rejects::remove(&mut tx, until_ms, limits::RETENTION_STEP).await? {
            *orgs.entry(org_id).or_default() += 1;
        }
        if orgs.is_empty() {
            return Ok(());
        }
        let until = jiff::Timestamp::from_millisecond(until_ms).unwrap_or_default();
        for (org_id, count) in orgs {
            let new = format!("{count} that came before {until:.0}");
            let entry = Entry { action: "refused_removed", object: "deliveries", old: "", new: &new };
            audit(&mut tx, &Actor::system(), (org_id > 0).then_some(org_id), &entry, now_ms()).await?;
        }
        tx.commit().await?;
        tokio::time::sleep(limits::RETENTION_PAUSE).await;
    }
}

/// The words of what is left of detections, by id.
pub(super) async fn words_left(tx: &mut Tx, kept: &[Kept]) -> crate::store::Result<Vec<(i64, String)>> {
    let cases: BTreeSet<i64> = kept.iter().map(|one| one.case_number).collect();
    let known = retention::observables(tx, &cases.into_iter().collect::<Vec<_>>()).await?;
    let words = kept.iter().map(|one| {
        let own = known.iter().filter(|(case, ..)| *case == one.case_number);
        let left = Left {
            texts: &[&one.title, &one.detect_id],
            rule: &[&one.title, &one.rule],
            host: &[&one.hostname, &one.sid],
            observables: own.map(|(_, kind, value)| (*kind, value.as_str())).collect(),
        };
        (one.id, words::of_left(one.org_id, &left))
    });
    Ok(words.collect())
}

/// Enters for each organisation how much was removed and of which detections, so that a proof can tell it from what
/// somebody else removed, and tells it on the timeline of each case.
async fn enter(tx: &mut Tx, kept: &[Kept], until_ms: i64) -> Result<(), JobError> {
    let mut orgs: BTreeMap<i64, BTreeMap<i64, usize>> = BTreeMap::new();
    for one in kept {
        *orgs.entry(one.org_id).or_default().entry(one.case_number).or_default() += 1;
    }
    let (now, until) = (now_ms(), jiff::Timestamp::from_millisecond(until_ms).unwrap_or_default());
    for (org_id, cases) in orgs {
        let told: Vec<_> = cases.iter().map(|(case, count)| happened((org_id, *case), *count, now)).collect();
        tell_all(tx, &told).await?;
        let detections: usize = cases.values().sum();
        let new = format!("{detections} of {} closed cases, received before {until:.0}", cases.len());
        let mut ids: Vec<i64> = kept.iter().filter(|one| one.org_id == org_id).map(|one| one.id).collect();
        ids.sort_unstable();
        let entry = Entry { action: ACTION, object: "detections", old: &spans::write(&ids), new: &new };
        audit(tx, &Actor::system(), Some(org_id), &entry, now).await?;
    }
    Ok(())
}

fn happened((org_id, case): (i64, i64), count: usize, at_ms: i64) -> Happened {
    let what = if count == 1 { "1 detection".to_owned() } else { format!("{count} detections") };
    let text = format!("Raw documents removed because of their age: {what}");
    Happened { org_id, case, kind: ACTION, text, detect_id: String::new(), at_ms }
}
