//! The places of a worker. Votes of slow models may take hours to be through; pulls, backups, seals and the like go on
//! beside them in places of their own, and take none away from them however long they take.
use super::{
    backtest, backup, learn, ledger, measure, publish_exclusion, pull, range, retention, watch, watch_exclusions,
};
use crate::limits;
use crate::store::jobs::{URGENT, Which};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Kinds with places of their own. What is not named here shares the first places, the most urgent first.
const APART: &[&str] = &[
    pull::KIND,
    watch::KIND,
    publish_exclusion::KIND,
    backtest::KIND,
    measure::KIND,
    learn::KIND,
    range::KIND,
    ledger::KIND,
    retention::KIND,
    watch_exclusions::KIND,
    backup::KIND,
];

/// Groups of jobs, each with its places.
#[derive(Debug)]
pub(super) struct Lanes([(Which<'static>, Arc<Semaphore>); 4]);

impl Lanes {
    /// All places free.
    pub(super) fn new() -> Self {
        let (pulls, regular) = APART.split_at(1);
        let lanes = [
            (Which::Except(APART), limits::JOBS_AT_ONCE),
            (Which::From(URGENT), limits::URGENT_AT_ONCE),
            (Which::Of(pulls), limits::PULLS_AT_ONCE),
            (Which::Of(regular), limits::REGULAR_AT_ONCE),
        ];
        Self(lanes.map(|(which, places)| (which, Arc::new(Semaphore::new(places)))))
    }

    /// A place in each group that has one free. It is free again when it is dropped.
    pub(super) fn free(&self) -> Vec<(Which<'static>, OwnedSemaphorePermit)> {
        let free = |(which, places): &(Which<'static>, Arc<Semaphore>)| {
            Arc::clone(places).try_acquire_owned().ok().map(|place| (*which, place))
        };
        self.0.iter().filter_map(free).collect()
    }
}
