//! The end of a worker: what it is at may finish, and what does not is another one's at once.
use super::Worker;
use crate::limits;
use crate::store::jobs;
use tokio::task::JoinSet;

impl Worker {
    /// Lets jobs finish for a while, ends those that don't, and gives back what this worker still holds.
    pub(super) async fn stop(&self, mut running: JoinSet<()>) {
        let drained = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(limits::WORKER_GRACE, drained).await.is_err() {
            tracing::warn!(jobs = running.len(), "jobs were still under way; the next worker takes them up again");
        }
        let given_back = async {
            // Only once nothing here works on them any more.
            running.shutdown().await;
            self.give_back().await
        };
        match tokio::time::timeout(limits::GIVE_BACK, given_back).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "jobs could not be given back; their leases run out by themselves");
            }
            Err(_) => tracing::warn!("jobs could not be given back in time; their leases run out by themselves"),
        }
    }

    async fn give_back(&self) -> Result<(), sqlx::Error> {
        let mut tx = self.store.write().await?;
        jobs::give_back(&mut tx, &self.owner).await?;
        tx.commit().await
    }
}
