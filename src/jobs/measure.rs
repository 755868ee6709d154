//! Counts what was declared before the voters' figures existed: a migration queues it once.
use super::{JobError, Worker};
use crate::store::{jobs, measured};

/// The kind of job.
pub const KIND: &str = "measure";
/// Cases that share a commit.
const ROUND: i64 = 100;

/// Brings the figures up to date with every declared case. It may be stopped at any time, and run twice.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let mut after = 0;
    loop {
        let mut tx = worker.store.write().await?;
        if !jobs::holds(&mut tx, job).await? {
            return Err(JobError::LeaseLost);
        }
        let cases = measured::declared(&mut tx, after, ROUND).await?;
        for case in &cases {
            measured::refresh(&mut tx, *case).await?;
        }
        let Some(last) = cases.last() else {
            jobs::finish(&mut tx, job).await?;
            return Ok(tx.commit().await?);
        };
        after = *last;
        tx.commit().await?;
    }
}
