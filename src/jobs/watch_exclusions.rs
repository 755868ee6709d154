//! Looks once a day whether exclusions in force do what people approved, because nobody opens the page of one that seems to
//! work. What is new is told on its case, in the ledger and on the channels.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::domain::{ExclusionState, WorkState};
use crate::notify;
use crate::store::exclusions::{self, Exclusion};
use crate::store::{Actor, Tx, jobs};
use crate::tuning::{effect, exclusion, watched};

/// The kind of job.
pub const KIND: &str = "watch_exclusions";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// When in the day it is, in UTC: in the night of most of its users, and not with what else is done then.
const NIGHT_MS: i64 = 4 * 60 * 60 * 1000;
/// One that was looked at since is left out: another run was cut short, or had begun late.
const LATELY_MS: i64 = DAY_MS / 2;
/// Exclusions that are read at once.
const BATCH: i64 = 50;

/// Queues the next run.
///
/// # Errors
/// Where the database refuses.
pub async fn schedule(tx: &mut Tx, now_ms: i64) -> crate::store::Result<bool> {
    let day = (now_ms - NIGHT_MS).div_euclid(DAY_MS) + 1;
    jobs::enqueue(tx, KIND, &format!("{KIND}:{day}"), "{}", -1, day * DAY_MS + NIGHT_MS).await
}

/// Looks at each. It may be stopped at any time, and run twice.
///
/// # Errors
/// See [`JobError`].
pub(super) async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let mut after = 0;
    loop {
        let now = now_ms();
        let times = (now - LATELY_MS, now);
        let due = exclusions::to_watch(&mut worker.store.read().await?, after, times, BATCH).await?;
        let Some(last) = due.last() else { break };
        after = last.id;
        for one in &due {
            let warnings = look(worker, one).await?;
            note(worker, job, one, &warnings).await?;
        }
    }
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    schedule(&mut tx, now_ms()).await?;
    Ok(tx.commit().await?)
}

/// What is amiss with one.
async fn look(worker: &Worker, known: &Exclusion) -> Result<Vec<String>, JobError> {
    let gathered = effect::gather(&mut worker.store.read().await?, known, now_ms()).await?;
    let evaluated = tokio::task::spawn_blocking(move || gathered.and_then(effect::Gathered::evaluate)).await;
    let found = evaluated.map_err(|error| JobError::Unusable(error.to_string()))?;
    let active = known.state == ExclusionState::Active;
    let mut warnings = found.map(|effect| watched::of_effect(&effect, active)).unwrap_or_default();
    if active && known.publish_state != WorkState::None && worker.publisher.serves(&known.org) {
        let there = worker.publisher.get(&known.org, &known.name).await;
        warnings.extend(watched::of_limacharlie(known, there));
    }
    Ok(warnings)
}

/// Notes what is amiss, and tells what was not before.
async fn note(worker: &Worker, job: &jobs::Job, known: &Exclusion, warnings: &[String]) -> Result<(), JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let current = exclusions::by_id(&mut tx, known.id).await?;
    // What changed while it was looked at is looked at again another day.
    if current.state != known.state || current.changed_ms != known.changed_ms {
        return Ok(());
    }
    exclusions::set_watched(&mut tx, known.id, warnings, now).await?;
    let new: Vec<&str> =
        warnings.iter().filter(|text| !current.warnings.0.contains(text)).map(String::as_str).collect();
    if !new.is_empty() {
        let (text, system) = (new.join(" "), Actor::system());
        exclusion::trace(&mut tx, &system, (known.org_id, known.id), "exclusion_warned", ("", &text), now).await?;
        exclusion::told(&mut tx, &system, known, ("needs a look", &text), now).await?;
        notify::exclusion(&worker.notify, &mut tx, known, &text, now).await?;
    }
    Ok(tx.commit().await?)
}
