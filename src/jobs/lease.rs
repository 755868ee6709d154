//! Keeps a job's lease while it is worked on, and ends the work where it is lost.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::limits;
use crate::store::{Store, jobs};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use tokio_util::sync::CancellationToken;

impl Worker {
    /// Does a job for as long as it is ours: what another worker has taken up is not done twice at once.
    pub(super) async fn attempt(&self, job: &jobs::Job) -> Result<(), JobError> {
        let (ended, lost) = (CancellationToken::new(), CancellationToken::new());
        let _guard = ended.clone().drop_guard();
        tokio::spawn(renew(self.store.clone(), job.clone(), ended, lost.clone()));
        let work = AssertUnwindSafe(self.of_kind(job)).catch_unwind();
        tokio::select! {
            biased;
            result = work => {
                result.unwrap_or_else(|_| Err(JobError::Unusable("the worker hit a fault of ours".to_owned())))
            }
            () = lost.cancelled() => Err(JobError::LeaseLost),
        }
    }
}

async fn renew(store: Store, job: jobs::Job, ended: CancellationToken, lost: CancellationToken) {
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(limits::LEASE_RENEWAL) => {}
        }
        let renewed = async {
            let mut tx = store.write().await?;
            let kept = jobs::renew(&mut tx, &job, now_ms(), limits::LEASE_MS).await?;
            // One that is gone was done: what follows in it needs no lease.
            let taken = !kept && jobs::taken(&mut tx, &job).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>((kept, taken))
        };
        match renewed.await {
            Ok((true, _)) => {}
            Ok((false, taken)) => {
                if taken {
                    tracing::warn!(job = job.id, kind = job.kind, "a lease was lost; another worker has the job");
                    lost.cancel();
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "a lease could not be renewed"),
        }
    }
}
