//! What comes again and again is queued when a worker begins; from then on each run queues the next. The same is done
//! when the clock was set back, because what was queued until then waits for a time that is far ahead.
use super::{
    Worker, backtest, backup, bulk, intel, learn, ledger, measure, publish_exclusion, pull, range, retention, triage,
    trial, watch, watch_exclusions,
};
use crate::clock::now_ms;
use crate::limits;
use crate::review::{gate, snooze};
use crate::store::{Tx, intel as store_intel, jobs};
use futures_util::FutureExt;
use std::time::Instant;
use tokio::time::{Interval, MissedTickBehavior, interval};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A clock that is put right by less goes unnoticed.
const STEP_MS: i64 = 30_000;
/// Kinds that are told to wait, and how long at most. Not among them are those that stand for a moment of the day, of
/// which the next one is queued beside, and those that people chose.
const LONGEST_MS: &[(&str, i64)] = &[
    (triage::KIND, HOUR_MS),
    (triage::REVOTE, 25 * HOUR_MS),
    (crate::notify::JOB, 2 * HOUR_MS),
    (snooze::REMIND, 10 * MINUTE_MS),
    (bulk::KIND, 10 * MINUTE_MS),
    (backtest::KIND, 10 * MINUTE_MS),
    (publish_exclusion::KIND, 10 * MINUTE_MS),
    (measure::KIND, 10 * MINUTE_MS),
    (trial::KIND, 10 * MINUTE_MS),
];

/// Whether what comes again and again is queued.
#[derive(Debug)]
pub(super) struct Schedule {
    again: Interval,
    done: bool,
    /// When the clock that jobs go by is read again.
    look: Interval,
    /// When it was last read, by one that only goes on, and what it showed.
    read: Option<(Instant, i64)>,
    /// Whether it was set back since.
    back: bool,
}

impl Schedule {
    /// Nothing is queued yet.
    pub(super) fn new() -> Self {
        let [again, look] = [(); 2].map(|()| {
            let mut every = interval(limits::SCHEDULE_AGAIN);
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            every
        });
        Self { again, done: false, look, read: None, back: false }
    }

    /// Queues it where that is not done yet, or the clock was set back; tried again soon where the database refuses.
    pub(super) async fn keep(&mut self, worker: &Worker) {
        if self.look.tick().now_or_never().is_some() {
            self.look_at_clock(worker).await;
        }
        if !self.done && self.again.tick().now_or_never().is_some() {
            self.done = worker.schedule(self.back).await;
            self.back &= !self.done;
        }
    }

    async fn look_at_clock(&mut self, worker: &Worker) {
        let read = async { jobs::time(&mut worker.store.read().await?, now_ms()).await };
        let Ok(now) = read.await else { return };
        let passed = |since: Instant| i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let expected = self.read.map(|(since, was_ms)| was_ms.saturating_add(passed(since)));
        if expected.is_some_and(|expected_ms| now < expected_ms - STEP_MS) {
            tracing::warn!(
                expected_ms = expected,
                now_ms = now,
                "the clock was set back; what waits is looked through"
            );
            (self.done, self.back) = (false, true);
        }
        self.read = Some((Instant::now(), now));
    }
}

impl Worker {
    /// Queues what comes again and again; `false` where the database did not take it.
    async fn schedule(&self, back: bool) -> bool {
        let scheduled = async {
            let mut tx = self.store.write().await?;
            self.sooner(&mut tx, back).await?;
            range::schedule(&mut tx, now_ms()).await?;
            ledger::schedule(&mut tx, now_ms()).await?;
            retention::schedule(&mut tx, now_ms()).await?;
            watch_exclusions::schedule(&mut tx, now_ms()).await?;
            intel::queue(&mut tx).await?;
            backup::schedule(&mut tx, &self.backup, now_ms()).await?;
            gate::check(&mut tx, Some(&self.policy), now_ms()).await?;
            learn::catch_up(&mut tx, now_ms()).await?;
            if !self.notify.all.is_empty() {
                watch::ask(&mut tx, now_ms()).await?;
            }
            for org in pull::schedule(&mut tx, &self.pulls, now_ms()).await? {
                tracing::warn!(org, "limacharlie.org: there is no such organisation; nothing is pulled for it");
            }
            tx.commit().await
        };
        let scheduled = scheduled.await;
        if let Err(error) = &scheduled {
            tracing::warn!(%error, "what is due regularly could not be scheduled; it is tried again");
        }
        scheduled.is_ok()
    }

    /// Brings forward what a clock that was ahead put off.
    async fn sooner(&self, tx: &mut Tx, back: bool) -> crate::store::Result<()> {
        for (kind, longest_ms) in LONGEST_MS {
            jobs::no_further(tx, kind, *longest_ms, now_ms()).await?;
        }
        store_intel::no_further(tx, now_ms() + 25 * HOUR_MS).await?;
        let undo_ms = i64::from(self.policy.undo_s) * 1000;
        jobs::no_further(tx, crate::actions::KIND, undo_ms + HOUR_MS, now_ms()).await?;
        // LimaCharlie may have asked for a long wait; where the clock was set back, the other reason is likelier.
        let every_ms = self.pulls.iter().map(|source| source.every_ms).max().unwrap_or_default();
        let longest_ms = if back { MINUTE_MS } else { every_ms + HOUR_MS };
        jobs::no_further(tx, pull::KIND, longest_ms, now_ms()).await?;
        Ok(())
    }
}
