//! The connections to `PostgreSQL`: who leaves in the middle leaves nothing behind, and who vanishes stops nobody.
use crate::support::{SEED, database, http, spawn};
use fusionsoc::clock::now_ms;
use fusionsoc::store::{Durability, Store, schema};
use std::future::Future;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Goes so many steps towards something, each until the database is waited for, and leaves.
async fn leave_after<T>(steps: usize, work: impl Future<Output = T>) {
    let mut work = Box::pin(work);
    for _ in 0..steps {
        if std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_leaves_while_a_transaction_begins_leaves_none_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_with(&database(dir.path()).await, Durability::Normal, 1).await.unwrap();
    for steps in 1..6 {
        leave_after(steps, store.read()).await;
        store.probe(now_ms()).await.unwrap_or_else(|error| panic!("{steps} steps of a read: {error}"));
        leave_after(steps, store.write()).await;
        let newest = schema::newest(&mut store.read().await.unwrap()).await;
        assert_eq!(newest.unwrap(), schema::known(), "{steps} steps of a write");
    }
}

#[tokio::test]
async fn a_transaction_in_which_nothing_happens_stops_nobody_for_long() {
    let server = spawn().await;
    let Store::Postgres(pool) = &server.app.store else { return };
    let limits = "SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
        current_setting('tcp_keepalives_idle')";
    let limits: (String, String, String) = sqlx::query_as(limits).fetch_one(pool).await.unwrap();
    assert_eq!((limits.0.as_str(), limits.1.as_str()), ("8s", "30s"));
    assert!(["10", "0"].contains(&limits.2.as_str()), "0 where there is no network between: {}", limits.2);
    server.deliver(SEED).await;
    let mut vanished = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE cases IN ACCESS EXCLUSIVE MODE").execute(&mut *vanished).await.unwrap();
    let began = Instant::now();
    let reply = http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(&server.token).send().await.unwrap();
    assert_eq!((reply.status().as_u16(), reply.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    assert!((7..20).contains(&began.elapsed().as_secs()), "it gives up as on SQLite: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_commit_lasts_where_the_server_itself_would_not_wait() {
    let dir = tempfile::tempdir().unwrap();
    let url = database(dir.path()).await;
    for (server, durability, wanted) in [
        ("off", Durability::Full, "on"),
        ("off", Durability::Normal, "off"),
        ("remote_apply", Durability::Full, "remote_apply"),
    ] {
        let url = format!("{url}%20-csynchronous_commit%3D{server}");
        let Ok(Store::Postgres(pool)) = Store::existing(&url, durability, 2).await else {
            assert!(!crate::backup::is_postgres(), "it opens");
            return;
        };
        let is: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&pool).await.unwrap();
        assert_eq!(is, wanted, "{server} {durability:?}");
        pool.close().await;
    }
}

#[tokio::test]
async fn check_warns_of_a_server_elsewhere_that_nobody_proves() {
    if !crate::backup::is_postgres() {
        return;
    }
    let place = crate::backup::Place::new().await;
    assert!(!place.ok(&["check"]).await.contains("sslmode"));
    let elsewhere = place.url.replace("127.0.0.1", "0.0.0.0");
    assert_ne!(place.url, elsewhere);
    let mut command = place.command();
    command.arg("check").env("FUSIONSOC__DATABASE__URL", elsewhere);
    let (code, out, err) = crate::backup::said(&command.output().unwrap());
    assert!(code == 0 && out.contains("warn  database.url: ") && out.contains("sslmode=verify-full"), "{out}{err}");
}
