//! What comes again and again is queued when a worker begins; from then on each run queues the next.
use super::{Worker, backup, intel, learn, ledger, pull, range, retention, watch};
use crate::clock::now_ms;
use crate::review::gate;

impl Worker {
    /// Queues what comes again and again; `false` where the database did not take it.
    pub(super) async fn schedule(&self) -> bool {
        let scheduled = async {
            let mut tx = self.store.write().await?;
            range::schedule(&mut tx, now_ms()).await?;
            ledger::schedule(&mut tx, now_ms()).await?;
            retention::schedule(&mut tx, now_ms()).await?;
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
}
