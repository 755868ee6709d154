//! The back-test of an exclusion: it is evaluated on every stored detection of the organisation, a
//! batch a commit, so that a worker that dies loses one batch; then the cases tell what it would hide.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::domain::{ExclusionState, WorkState};
use crate::store::exclusions::{self, Batch, Exclusion, Step};
use crate::store::{Actor, Store, Tx, jobs};
use crate::tuning::{Rule, approval, exclusion};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind of job.
pub const KIND: &str = "backtest";
/// Detections of a batch.
const BATCH: i64 = 250;
/// What a rule's path holds of `source_rule`, in characters; a longer one names no stored rule for sure.
const LONGEST_PATH: usize = 500;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    exclusion: i64,
    /// Which of its back-tests; a job of an earlier one has nothing to do any more.
    test: i64,
}

/// Asks for a back-test from the beginning, in place of one that may be under way.
///
/// # Errors
/// Where the database refuses.
pub async fn ask(tx: &mut Tx, id: i64, now_ms: i64) -> crate::store::Result<()> {
    exclusions::clear_hits(tx, id).await?;
    again(tx, id, now_ms).await
}

/// The same, over what is remembered of the one before.
///
/// # Errors
/// Where the database refuses.
pub async fn again(tx: &mut Tx, id: i64, now_ms: i64) -> crate::store::Result<()> {
    let test = exclusions::begin_test(tx, id).await?;
    let payload = serde_json::json!(Payload { exclusion: id, test }).to_string();
    jobs::enqueue(tx, KIND, &format!("backtest:{id}:{test}"), &payload, 0, now_ms).await?;
    Ok(())
}

/// Runs a back-test from where it is.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let payload = payload(job)?;
    let store = &worker.store;
    let mut tested = exclusions::by_id(&mut store.read().await?, payload.exclusion).await?;
    let rule = Rule::read(&tested.rule.0).map_err(|error| JobError::Unusable(error.to_string()))?;
    let only = only_rule(store, &tested, &rule).await?;
    while tested.test_no == payload.test {
        let mut tx = store.read().await?;
        let batch = match only {
            Some(rule_id) => next(&mut tx, &tested, rule_id).await?,
            None => next_of_all(&mut tx, &tested).await?,
        };
        drop(tx);
        let Some((rule_id, batch)) = batch else { return end(worker, job, &payload).await };
        tested = step(store, job, &tested, rule_id, &rule, batch).await?;
    }
    let mut tx = store.write().await?;
    jobs::finish(&mut tx, job).await?;
    Ok(tx.commit().await?)
}

/// The stored rule whose detections alone can match, where the exclusion names it. One that is not stored under that
/// path may be under another, so then all are read: a back-test of nothing must not pass for a harmless one.
async fn only_rule(store: &Store, tested: &Exclusion, rule: &Rule) -> Result<Option<i64>, JobError> {
    let Some(path) = rule.source_rule().filter(|path| path.chars().count() < LONGEST_PATH) else { return Ok(None) };
    Ok(exclusions::rule_by_path(&mut store.read().await?, tested.org_id, path).await?)
}

async fn next(tx: &mut Tx, tested: &Exclusion, rule_id: i64) -> Result<Option<(i64, Batch)>, JobError> {
    let batch = exclusions::next_batch(tx, rule_id, tested.test_detection, BATCH).await?;
    Ok((!batch.is_empty()).then_some((rule_id, batch)))
}

/// The next detections of the rule that is read, or of the next one that has any.
async fn next_of_all(tx: &mut Tx, tested: &Exclusion) -> Result<Option<(i64, Batch)>, JobError> {
    let (mut rule_id, mut after) = (tested.test_rule, tested.test_detection);
    loop {
        let batch = exclusions::next_batch(tx, rule_id, after, BATCH).await?;
        if !batch.is_empty() {
            return Ok(Some((rule_id, batch)));
        }
        match exclusions::next_rule(tx, tested.org_id, rule_id).await? {
            Some(next) => (rule_id, after) = (next, 0),
            None => return Ok(None),
        }
    }
}

/// Evaluates a batch and notes what it found; returns the exclusion as it stands then.
async fn step(
    store: &Store,
    job: &jobs::Job,
    tested: &Exclusion,
    rule_id: i64,
    rule: &Rule,
    batch: Batch,
) -> Result<Exclusion, JobError> {
    let evaluating = rule.clone();
    let read = i64::try_from(batch.len()).unwrap_or(i64::MAX);
    let last = batch.last().map_or(tested.test_detection, |one| one.0);
    let first_ms = batch.iter().map(|one| one.2).min();
    let found = tokio::task::spawn_blocking(move || evaluate(&evaluating, &batch)).await;
    let (hits, unread) = found.map_err(|error| JobError::Unusable(error.to_string()))?;
    let mut tx = store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let now = exclusions::by_id(&mut tx, tested.id).await?;
    if now.test_no == tested.test_no {
        exclusions::start_test(&mut tx, tested.id).await?;
        exclusions::add_hits(&mut tx, tested.id, &hits).await?;
        exclusions::step_test(&mut tx, tested.id, (rule_id, last), (read, unread), first_ms).await?;
    }
    let now = exclusions::by_id(&mut tx, tested.id).await?;
    tx.commit().await?;
    Ok(now)
}

/// The cases with how many of their detections match, and how many detections could not be evaluated.
/// Those count as matches: what can't be told must not pass for harmless.
fn evaluate(rule: &Rule, batch: &Batch) -> (Vec<(i64, i64)>, i64) {
    let (mut hits, mut unread) = (BTreeMap::new(), 0);
    for (_, case, _, raw) in batch {
        let document = serde_json::from_str(raw).ok();
        let matched = document.and_then(|document| rule.matches(&document).ok());
        unread += i64::from(matched.is_none());
        if matched.unwrap_or(true) {
            *hits.entry(*case).or_insert(0) += 1;
        }
    }
    (hits.into_iter().collect(), unread)
}

async fn end(worker: &Worker, job: &jobs::Job, payload: &Payload) -> Result<(), JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let tested = exclusions::by_id(&mut tx, payload.exclusion).await?;
    if tested.test_no == payload.test {
        let tallies = exclusions::classify(&mut tx, tested.id).await?;
        exclusions::end_test(&mut tx, tested.id, WorkState::Done, &tallies, now).await?;
        let tested = exclusions::by_id(&mut tx, tested.id).await?;
        trace(&mut tx, &tested, now).await?;
        let undo_ms = worker.publisher.serves(&tested.org).then_some(i64::from(worker.policy.undo_s) * 1000);
        approval::tested(&mut tx, &tested, undo_ms, now).await?;
    }
    jobs::finish(&mut tx, job).await?;
    Ok(tx.commit().await?)
}

async fn trace(tx: &mut Tx, tested: &Exclusion, now: i64) -> Result<(), JobError> {
    let counts: Vec<String> =
        tested.tallies.0.iter().map(|tally| format!("{} {}", tally.detections, tally.kind)).collect();
    let new = format!("read {}, would hide: {}", tested.test_read, counts.join(", "));
    let of = (tested.org_id, tested.id);
    Ok(exclusion::trace(tx, &Actor::system(), of, "exclusion_tested", ("", &new), now).await?)
}

/// Notes that a back-test was given up, so that nobody waits for it. An approval that waited for it is void.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn give_up(tx: &mut Tx, job: &jobs::Job, error: &str, now: i64) -> Result<(), sqlx::Error> {
    let (true, Ok(payload)) = (job.kind == KIND, payload(job)) else { return Ok(()) };
    let tested = exclusions::by_id(tx, payload.exclusion).await?;
    if tested.test_no == payload.test {
        exclusions::end_test(tx, tested.id, WorkState::Failed, &[], now).await?;
        void(tx, &tested, now).await?;
        let of = (tested.org_id, tested.id);
        exclusion::trace(tx, &Actor::system(), of, "exclusion_test_failed", ("", error), now).await?;
    }
    Ok(())
}

async fn void(tx: &mut Tx, tested: &Exclusion, now: i64) -> Result<bool, sqlx::Error> {
    let note = "The back-test failed, so nothing is approved.";
    let (from, to, by) = (ExclusionState::Proposed, ExclusionState::Proposed, "FusionSOC");
    let step = Step { from, to, approver: "", acknowledged: false, by, note };
    exclusions::step(tx, tested.id, &step, now).await
}

fn payload(job: &jobs::Job) -> Result<Payload, JobError> {
    serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))
}
