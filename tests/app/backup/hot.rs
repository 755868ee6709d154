//! A backup is taken while detections come in: everything that was acknowledged before it began is in it.
use super::{Place, Running, detection, mode};
use fusionsoc::store::{Durability, Store, backups};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Rounds of backups under load: one is quick.
fn rounds() -> usize {
    if std::env::var_os("FUSIONSOC_LONG").is_some() { 5 } else { 1 }
}

/// What four clients send until they are told to stop.
struct Load {
    stop: AtomicBool,
    next: AtomicUsize,
    acknowledged: Mutex<Vec<usize>>,
    slowest_ms: AtomicUsize,
}

async fn send(running: Arc<Running>, token: String, load: Arc<Load>) {
    while !load.stop.load(SeqCst) {
        let at = load.next.fetch_add(1, SeqCst);
        let began = Instant::now();
        let (status, answer) = running.post(&token, detection(at)).await.unwrap();
        assert_eq!(status, 202, "a backup stops nobody: {answer}");
        let took = usize::try_from(began.elapsed().as_millis()).unwrap();
        load.slowest_ms.fetch_max(took, SeqCst);
        load.acknowledged.lock().await.push(at);
    }
}

/// Takes backups while the load runs; each with what was acknowledged before it began.
async fn backups_under_load(place: &Place, token: &str) -> Vec<(String, Vec<usize>)> {
    let running = Arc::new(place.serve().await);
    let load = Arc::new(Load {
        stop: AtomicBool::new(false),
        next: AtomicUsize::new(0),
        acknowledged: Mutex::default(),
        slowest_ms: AtomicUsize::new(0),
    });
    let clients: Vec<_> =
        (0..4).map(|_| tokio::spawn(send(Arc::clone(&running), token.to_owned(), Arc::clone(&load)))).collect();
    let mut made = Vec::new();
    for round in 0..rounds() {
        while load.acknowledged.lock().await.len() < 40 * (round + 1) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let before = load.acknowledged.lock().await.clone();
        let name = format!("out-{round}.db");
        let out = place.ok(&["backup", &name]).await;
        assert!(out.contains("sha256") && out.contains("key is no part of it"), "{out}");
        let meanwhile = load.acknowledged.lock().await.len() - before.len();
        println!("{} before, {meanwhile} meanwhile, slowest {} ms", before.len(), load.slowest_ms.load(SeqCst));
        assert!(meanwhile > 0, "detections were taken in while the backup was made");
        made.push((name, before));
    }
    load.stop.store(true, SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_backup_is_in_it() {
    let place = Place::new().await;
    let token = place.set_up().await;
    for (name, before) in backups_under_load(&place, &token).await {
        let file = place.path(&name);
        assert_eq!(mode(&file), 0o600);
        // Back into the same kind of database, and always into a file.
        for other in [Place::new().await, Place::sqlite("other.db")] {
            let out = other.ok(&["restore", file.to_str().unwrap()]).await;
            assert!(out.contains("Everybody has to sign in again"), "{out}");
            other.serve().await.holds(&token, &before).await;
        }
    }
}

#[tokio::test]
async fn a_backup_is_told_in_the_audit_log_and_by_check_and_overwrites_nothing() {
    let place = Place::new().await;
    place.set_up().await;
    assert!(place.ok(&["check"]).await.contains("no backup was made yet"));
    place.ok(&["backup", "one.db"]).await;
    let bytes = std::fs::read(place.path("one.db")).unwrap();
    let sum = hex::encode(Sha256::digest(&bytes));
    let store = Store::open(&place.url, Durability::Normal).await.unwrap();
    let last = backups::last_made(&mut store.read().await.unwrap()).await.unwrap().unwrap();
    assert_eq!((last.name(), last.new_value.clone()), ("one.db", format!("{} bytes, sha256 {sum}", bytes.len())));
    let (code, _, err) = place.run(&["backup", "one.db"]).await;
    super::one_line(&err, "one.db: is there already");
    assert_eq!((code, std::fs::read(place.path("one.db")).unwrap() == bytes), (1, true));
    let (code, _, err) = place.run(&["backup", "no-such-folder/one.db"]).await;
    super::one_line(&err, "no-such-folder");
    assert_eq!(code, 1);
    let out = place.ok(&["check"]).await;
    assert!(out.contains("ok    last backup 2") && out.contains(": one.db"), "{out}");
    assert!(out.contains("warn  the backup of 2") && out.contains("no-such-folder"), "{out}");
    let left =
        std::fs::read_dir(place.dir.path()).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    assert_eq!(left.filter(|name| name.starts_with(".fusionsoc-")).count(), 0, "nothing unfinished is left");
    let missing = Place::sqlite("missing.db");
    let (code, _, err) = missing.run(&["backup", "out.db"]).await;
    super::one_line(&err, "missing.db");
    assert!(code == 2 && !missing.path("missing.db").exists() && !missing.path("out.db").exists());
}
