//! Two transactions on `PostgreSQL` that come at once, without luck.
use fusionsoc::store::Tx;
use std::time::Duration;

/// Waits until another session of `PostgreSQL` waits for this transaction.
pub async fn awaited(tx: &mut Tx) {
    let Tx::Postgres(tx) = tx else { panic!("nobody waits for one row on SQLite") };
    let sql =
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))";
    for _ in 0..1_000 {
        if sqlx::query_scalar(sql).fetch_one(&mut **tx).await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody waits for this transaction");
}
