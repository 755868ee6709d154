//! A commit of one process wakes the others at once, on `PostgreSQL`.
use crate::support::{database, spawn};
use fusionsoc::store::{Durability, Store, jobs};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Notify;

async fn queue(store: &Store, key: &str, commit: bool) {
    let mut tx = store.write().await.unwrap();
    jobs::enqueue(&mut tx, "x", key, "{}", 0, 0).await.unwrap();
    if commit {
        tx.commit().await.unwrap();
    }
}

/// Whether somebody who waits is woken soon. Nothing here looks by itself.
async fn woken(wake: &Notify, seconds: u64) -> bool {
    tokio::time::timeout(Duration::from_secs(seconds), wake.notified()).await.is_ok()
}

async fn two() -> Option<(Store, Store, Arc<Notify>, TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let url = database(dir.path()).await;
    let one = Store::open(&url, Durability::Normal).await.unwrap();
    let Store::Postgres(_) = one else { return None };
    let other = Store::open(&url, Durability::Normal).await.unwrap();
    let wake = Arc::new(Notify::new());
    tokio::spawn(other.clone().follow(Arc::clone(&wake)));
    assert!(woken(&wake, 20).await, "what was committed before it listened is looked for once");
    Some((one, other, wake, dir))
}

#[tokio::test]
async fn a_commit_wakes_other_processes_and_what_is_taken_back_does_not() {
    let Some((one, _other, wake, _dir)) = two().await else { return };
    queue(&one, "taken back", false).await;
    assert!(!woken(&wake, 1).await, "nothing was committed");
    for key in ["a", "b", "c"] {
        let (told, ()) = tokio::join!(woken(&wake, 20), queue(&one, key, true));
        assert!(told, "{key}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let Some((one, _other, wake, _dir)) = two().await else { return };
    let Store::Postgres(pool) = &one else { return };
    let kill = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN \"fusionsoc_' || current_schema() || '\"'";
    let (told, killed) = tokio::join!(woken(&wake, 20), sqlx::query_scalar::<_, i64>(kill).fetch_one(pool));
    assert_eq!(killed.unwrap(), 1);
    assert!(told, "what came meanwhile is looked for");
    let (told, ()) = tokio::join!(woken(&wake, 20), queue(&one, "after", true));
    assert!(told);
}

/// A case that another server changes is told by the streams of this one; the numbers of its entries may come late.
#[tokio::test]
async fn an_entry_that_is_committed_late_is_told_all_the_same() {
    let server = spawn().await;
    let Store::Postgres(_) = &server.app.store else { return };
    let number = server.deliver(crate::support::SEED).await["number"].as_i64().unwrap();
    let mut stream = crate::support::http()
        .get(format!("{}/api/v1/stream", server.url))
        .bearer_auth(&server.token)
        .send()
        .await
        .unwrap();
    let mut seen = String::new();
    let insert = |kind: &str| {
        format!(
            "INSERT INTO timeline (org_id, case_number, at_ms, actor_kind, actor, kind, text) VALUES ({}, {number}, 1, 'system', '', '{kind}', '')",
            server.org_id
        )
    };
    let mut late = server.app.store.write().await.unwrap();
    if let fusionsoc::store::Tx::Postgres(tx) = &mut late {
        sqlx::query(sqlx::AssertSqlSafe(insert("late"))).execute(&mut **tx).await.unwrap();
    }
    server.sql(&insert("early")).await;
    let mut wait = async |text: &str| {
        while !seen.contains(text) {
            let more = tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await.expect("it is told");
            seen.push_str(std::str::from_utf8(&more.unwrap().unwrap()).unwrap());
        }
        seen.matches(text).count()
    };
    wait("\"early\"").await;
    late.commit().await.unwrap();
    assert_eq!(wait("\"late\"").await, 1);
    server.sql(&insert("last")).await;
    assert_eq!(wait("\"last\"").await, 1);
    assert_eq!((wait("\"early\"").await, wait("\"late\"").await), (1, 1), "each once");
}
