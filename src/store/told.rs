//! What other processes changed, told by `PostgreSQL` at their commit. On `SQLite` nobody tells; there and whenever
//! the connection is lost, those who wait look twice a second.
use super::Store;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Before a lost connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Store {
    /// Wakes who waits here after each commit of any process that queued a job or changed a case, for ever.
    pub async fn follow(self, wake: Arc<Notify>) {
        let Self::Postgres(pool) = self else { return };
        // A connection of its own: one that is always taken would be missed by the others.
        let own = PgPoolOptions::new().max_connections(1).min_connections(0).max_lifetime(None).idle_timeout(None);
        let own = own.connect_lazy_with(pool.connect_options().as_ref().clone());
        drop(pool);
        loop {
            if let Err(error) = listen(&own, &wake).await {
                tracing::warn!(%error, "changes of other processes are looked for, not told, for now");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Listens until the connection is lost.
async fn listen(own: &PgPool, wake: &Notify) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(own).await?;
    let schema: String = sqlx::query_scalar("SELECT current_schema()").fetch_one(&mut listener).await?;
    listener.listen(&format!("fusionsoc_{schema}")).await?;
    // What was committed before is not told any more.
    wake.notify_waiters();
    while listener.try_recv().await?.is_some() {
        // One look serves all that came meanwhile.
        while listener.next_buffered().is_some() {}
        wake.notify_waiters();
    }
    Ok(())
}
