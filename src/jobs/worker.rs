//! The loop: claim, work, renew, retry, give up.
use super::kinds::{is_dead, is_deadly};
use super::lanes::Lanes;
use super::scheduling::Schedule;
use super::{Connections, JobError, PanelSource, known_kind, pull};
use crate::clock::now_ms;
use crate::config::{Backup, Policy, Retention};
use crate::intel::Intelligence;
use crate::limits;
use crate::metrics;
use crate::notify::Channels;
use crate::secret::Signer;
use crate::store::jobs::Which;
use crate::store::{Store, Tx, is_gone, jobs, policies};
use crate::tuning::publisher::Publisher;
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::task::JoinSet;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// Works on jobs until it is told to stop.
#[derive(Clone)]
pub struct Worker {
    /// The database.
    pub store: Store,
    /// Who votes.
    pub panel: Arc<PanelSource>,
    /// What the machine may do where an organisation sets nothing else.
    pub policy: Arc<Policy>,
    /// Each organisation's `LimaCharlie`.
    pub connections: Arc<Connections>,
    /// Who is told of what.
    pub notify: Arc<Channels>,
    /// Told after each change, here and by the server in the same process.
    pub wake: Arc<Notify>,
    /// Writes exclusions to LimaCharlie, where that is set up.
    pub publisher: Arc<dyn Publisher>,
    /// Who pulls from LimaCharlie.
    pub pulls: Arc<pull::Pulls>,
    /// Who knows something about hashes, addresses and names.
    pub intel: Arc<Intelligence>,
    /// How long things are kept.
    pub retention: Retention,
    /// Who signs the ledger; nobody where only a part of the work is done.
    pub signer: Option<Signer>,
    /// The backups that are made again and again.
    pub backup: Arc<Backup>,
    pub(super) owner: String,
}

/// How often a worker looks for jobs that nobody told it about.
const LOOK: Duration = Duration::from_millis(500);
/// How often a worker says that it is alive.
const ALIVE: Duration = Duration::from_secs(15);

impl Worker {
    /// A worker with a name of its own.
    pub fn new(store: Store, panel: Arc<PanelSource>, policy: Arc<Policy>, wake: Arc<Notify>) -> Self {
        let (connections, notify, intel) = (Arc::<Connections>::default(), Arc::default(), Arc::default());
        let owner = hex::encode(rand::random::<[u8; 8]>());
        let (publisher, pulls) = (connections.clone(), Arc::default());
        Self {
            store,
            panel,
            policy,
            connections,
            notify,
            wake,
            publisher,
            pulls,
            intel,
            retention: Retention::default(),
            signer: None,
            backup: Arc::default(),
            owner,
        }
    }

    /// The same with the organisations' `LimaCharlie`.
    #[must_use]
    pub fn connected(self, connections: Arc<Connections>) -> Self {
        Self { publisher: connections.clone(), connections, ..self }
    }

    /// The same worker, telling by these channels.
    #[must_use]
    pub fn telling(mut self, channels: Arc<Channels>) -> Self {
        self.notify = channels;
        self
    }

    /// The same worker, which also pulls from LimaCharlie.
    #[must_use]
    pub fn pulling(self, pulls: Arc<pull::Pulls>) -> Self {
        Self { pulls, ..self }
    }

    /// The same worker, which also makes backups.
    #[must_use]
    pub fn backing_up(self, backup: Arc<Backup>) -> Self {
        Self { backup, ..self }
    }

    /// The same worker, which also asks intelligence providers.
    #[must_use]
    pub fn informed(self, intel: Arc<Intelligence>) -> Self {
        Self { intel, ..self }
    }

    /// The same worker, which keeps things for so long.
    #[must_use]
    pub fn keeping(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// The same worker, which also seals the ledger.
    #[must_use]
    pub fn signing(self, signer: Option<Signer>) -> Self {
        Self { signer, ..self }
    }

    /// What holds in the organisation of a case.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn policy_of(&self, tx: &mut Tx, case: i64) -> Result<Policy, sqlx::Error> {
        Ok(self.policy.of(&policies::of_case(tx, case).await?))
    }

    /// Works until `stop`, then lets running jobs finish for a while and gives the rest back.
    pub async fn run(self, stop: CancellationToken) {
        let (mut running, lanes) = (JoinSet::new(), Lanes::new());
        let (mut alive, mut schedule) = (interval(ALIVE), Schedule::new());
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            // However many jobs there are to claim.
            if alive.tick().now_or_never().is_some() {
                self.say_alive().await;
            }
            schedule.keep(&self).await;
            let next = tokio::select! { next = self.next(&lanes) => next, () = stop.cancelled() => None };
            if let Some((job, place)) = next {
                let worker = self.clone();
                running.spawn(async move {
                    let _place = place;
                    worker.work(job).await;
                });
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                Some(_) = running.join_next() => {}
            }
        }
        self.stop(running).await;
    }

    /// Works on everything that is due, one job after the other, and returns how many there were.
    pub async fn run_due(&self) -> usize {
        let mut done = 0;
        while let Some(job) = self.claim(jobs::ANY).await {
            self.work(job).await;
            done += 1;
        }
        done
    }

    async fn say_alive(&self) {
        let seen = async {
            let mut tx = self.store.write().await?;
            jobs::worker_seen(&mut tx, &self.owner, now_ms()).await?;
            tx.commit().await
        };
        if let Err(error) = seen.await {
            tracing::warn!(%error, "the worker could not say that it is alive");
        }
    }

    /// The next job for which there is a place.
    async fn next(&self, lanes: &Lanes) -> Option<(jobs::Job, OwnedSemaphorePermit)> {
        for (which, place) in lanes.free() {
            if let Some(job) = self.claim(which).await {
                return Some((job, place));
            }
        }
        None
    }

    /// The next job of these that is due.
    async fn claim(&self, which: Which<'_>) -> Option<jobs::Job> {
        let claim = async {
            let mut tx = self.store.read().await?;
            // Looking without the write lock keeps an idle worker out of the writers' way.
            let due = jobs::due(&mut tx, which, now_ms()).await?;
            drop(tx);
            if !due {
                return Ok(None);
            }
            let mut tx = self.store.write().await?;
            let job = jobs::claim(&mut tx, &self.owner, which, now_ms(), limits::LEASE_MS).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(job)
        };
        claim.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "no job could be claimed");
            None
        })
    }

    async fn work(&self, job: jobs::Job) {
        let began = Instant::now();
        let result = if is_deadly(&job) {
            Err(JobError::Unusable(format!("it was begun {} times, and no worker came back from it", job.attempt - 1)))
        } else {
            self.attempt(&job).await
        };
        self.wake.notify_waiters();
        let ended = match &result {
            Ok(()) => "done",
            Err(JobError::LeaseLost) => "lost",
            Err(error) if is_dead(&job, error) => "dead",
            Err(_) => "again",
        };
        metrics::job(known_kind(&job.kind), ended, began.elapsed());
        match result {
            Ok(()) | Err(JobError::LeaseLost) => {}
            Err(error) => self.put_back(job, error).await,
        }
    }

    async fn put_back(&self, job: jobs::Job, error: JobError) {
        let dead = is_dead(&job, &error);
        tracing::warn!(job = job.id, kind = job.kind, attempt = job.attempt, dead, %error, "a job failed");
        let wait_ms = rand::random_range(0..=1_000_i64 << job.attempt.clamp(1, 8));
        // Where the database is away, its lease would run out first.
        for _ in 0..limits::AWAY_TRIES {
            match self.put(&job, &error.to_string(), wait_ms, dead).await {
                Err(away) if is_gone(&away) => tokio::time::sleep(limits::AWAY_AGAIN).await,
                Err(error) => {
                    return tracing::warn!(%error, "a job could not be put back; its lease runs out by itself");
                }
                Ok(()) => return self.wake.notify_waiters(),
            }
        }
    }
}
