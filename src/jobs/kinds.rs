//! Which job is done by whom, and what follows where one is given up.
use super::{
    JobError, Worker, backtest, backup, bulk, intel, learn, ledger, measure, notify, publish_exclusion, pull, range,
    retention, triage, trial, wake, watch, watch_exclusions,
};
use crate::clock::now_ms;
use crate::limits;
use crate::notify::JOB as NOTIFY;
use crate::review;
use crate::store::{is_gone, jobs};

impl Worker {
    /// Does a job.
    pub(super) async fn of_kind(&self, job: &jobs::Job) -> Result<(), JobError> {
        match job.kind.as_str() {
            triage::KIND => triage::work(self, job).await,
            triage::REVOTE => triage::revote(self, job).await,
            range::KIND => range::work(self, job).await,
            crate::actions::KIND => crate::actions::carry::work(self, job).await,
            NOTIFY => notify::work(self, job).await,
            review::snooze::WAKE => wake::work(self, job).await,
            review::snooze::REMIND => wake::remind(self, job).await,
            watch::KIND => watch::work(self, job).await,
            backtest::KIND => backtest::work(self, job).await,
            bulk::KIND => bulk::work(self, job).await,
            publish_exclusion::KIND => publish_exclusion::work(self, job).await,
            measure::KIND => measure::work(self, job).await,
            learn::KIND => learn::work(self, job).await,
            trial::KIND => trial::work(self, job).await,
            ledger::KIND => ledger::work(self, job).await,
            pull::KIND => pull::work(self, job).await,
            backup::KIND => backup::work(self, job).await,
            intel::KIND => intel::work(self, job).await,
            retention::KIND => retention::work(self, job).await,
            watch_exclusions::KIND => watch_exclusions::work(self, job).await,
            other => Err(JobError::Unusable(format!("unknown kind of job: {other}"))),
        }
    }

    /// Puts a job back, or gives it up and tells whoever waits for it.
    pub(super) async fn put(&self, job: &jobs::Job, error: &str, wait_ms: i64, dead: bool) -> Result<(), sqlx::Error> {
        let mut tx = self.store.write().await?;
        let held = jobs::put_back(&mut tx, job, now_ms() + wait_ms, error, dead).await?;
        if dead && held > 0 {
            triage::give_up(&mut tx, job, error, now_ms()).await?;
            crate::actions::carry::give_up(&mut tx, job, error, now_ms()).await?;
            backtest::give_up(&mut tx, job, error, now_ms()).await?;
            bulk::give_up(&mut tx, job, error, now_ms()).await?;
            publish_exclusion::give_up(&mut tx, job, error, now_ms()).await?;
            trial::give_up(&mut tx, job, error, now_ms()).await?;
        }
        tx.commit().await
    }
}

/// Whether a job that failed is given up.
pub(super) fn is_dead(job: &jobs::Job, error: &JobError) -> bool {
    let over = match error {
        JobError::Unusable(_) => true,
        // A database that is away says nothing about the job.
        JobError::Store(error) if is_gone(error) => false,
        _ => job.attempt >= limits::JOB_TRIES,
    };
    over && !is_kept(job)
}

/// Whether a job was claimed so often that it must be what ends its workers: one that only fails is given up before.
pub(super) fn is_deadly(job: &jobs::Job) -> bool {
    job.attempt > limits::JOB_CLAIMS && !is_kept(job)
}

/// Whether a job is never given up: there is no other one that would take over from it.
fn is_kept(job: &jobs::Job) -> bool {
    [pull::KIND, backup::KIND, retention::KIND, watch::KIND, watch_exclusions::KIND].contains(&job.kind.as_str())
}
