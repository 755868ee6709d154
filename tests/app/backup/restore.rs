//! What a restore keeps, and what it must not bring back.
use super::{Place, detection, is_postgres, mode};
use crate::support::limacharlie::Fake;
use crate::support::{Server, spawn_with};
use fusionsoc::backup;
use fusionsoc::domain::Role;
use fusionsoc::store::{Actor, Durability, Store, actions, users};
use serde_json::Value;

/// The ids of all detections of a `SQLite` file.
async fn detections(file: &std::path::Path) -> Vec<String> {
    let store = Store::open(&format!("sqlite:{}", file.display()), Durability::Normal).await.unwrap();
    let Store::Sqlite { read, .. } = &store else { panic!("it is a file") };
    let ids = sqlx::query_scalar("SELECT detect_id FROM detections ORDER BY id").fetch_all(read).await.unwrap();
    store.close().await;
    ids
}

#[tokio::test]
async fn the_database_of_before_stays_with_what_its_journal_held() {
    let place = Place::sqlite("kept.db");
    let token = place.set_up().await;
    let running = place.serve().await;
    running.post(&token, detection(1)).await.unwrap();
    place.ok(&["backup", "one.db"]).await;
    running.post(&token, detection(2)).await.unwrap();
    drop(running);
    assert!(place.path("kept.db-wal").exists(), "the server was killed");
    let out = place.ok(&["restore", "one.db"]).await;
    assert!(out.contains("kept.db.before-restore."), "{out}");
    for name in ["kept.db", "kept.db.before-restore"] {
        assert_eq!(mode(&place.path(name)), 0o600, "{name}");
    }
    assert!(!place.path("kept.db-wal").exists(), "an old journal would be read into the new database");
    assert_eq!(detections(&place.path("kept.db.before-restore")).await, ["backup-1", "backup-2"]);
    assert_eq!(detections(&place.path("kept.db")).await, ["backup-1"]);
    place.ok(&["restore", "one.db"]).await;
    place.ok(&["restore", "one.db"]).await;
    for name in ["kept.db.before-restore.2", "kept.db.before-restore.3"] {
        assert_eq!(detections(&place.path(name)).await, ["backup-1"]);
    }
    assert_eq!(detections(&place.path("kept.db.before-restore")).await, ["backup-1", "backup-2"], "it was kept");
}

#[tokio::test]
async fn a_damaged_database_is_replaced_and_kept_as_it_is() {
    let place = Place::sqlite("broken.db");
    place.set_up().await;
    place.ok(&["backup", "one.db"]).await;
    std::fs::write(place.path("broken.db"), "no database any more").unwrap();
    std::fs::write(place.path("broken.db-wal"), "nor its journal").unwrap();
    place.ok(&["restore", "one.db"]).await;
    assert_eq!(std::fs::read(place.path("broken.db.before-restore")).unwrap(), b"no database any more");
    assert_eq!(std::fs::read(place.path("broken.db.before-restore-wal")).unwrap(), b"nor its journal");
    assert!(place.ok(&["org", "list"]).await.contains("acme"));
}

/// A server with a person's session and an isolation that waits for its turn.
async fn waiting() -> (Fake, Server, i64) {
    let fake = Fake::start().await;
    let setting = crate::support::connection(&fake, "acme");
    let server = spawn_with(|config| {
        config.policy.undo_s = 600;
        config.limacharlie = vec![setting];
    })
    .await;
    let case = server.deliver(crate::support::SEED).await["number"].as_i64().unwrap();
    let (ana, lea) = (server.sign_in("ana", Role::Lead).await, server.sign_in("lea", Role::Lead).await);
    let fields = [("kind", "isolate"), ("why", "beacon every 60 s")];
    let asked = ana.post(&format!("/cases/{case}/actions"), &fields).await.status();
    assert_eq!(asked, 303);
    let case = server.case(case).await;
    let one = case["actions"].as_array().unwrap().iter().find(|one| one["recorded"] == false).unwrap().clone();
    let id = one["id"].as_i64().unwrap();
    if one["state"] == "waiting" {
        let number = case["number"].as_i64().unwrap();
        lea.post(&format!("/cases/{number}/actions/{id}/approve"), &[]).await;
    }
    (fake, server, id)
}

#[tokio::test]
async fn sessions_end_and_nothing_is_done_to_a_host_a_second_time() {
    let (_fake, server, id) = waiting().await;
    let state =
        async |store: &Store| actions::by_id(&mut store.read().await.unwrap(), id).await.unwrap().unwrap().state;
    assert_eq!(state(&server.app.store).await.as_str(), "queued");
    let file = server.dir.path().join("backup.db");
    backup::take(&server.app.store, &file, &Actor::operator(), &|_, _| {}).await.unwrap();
    let place = Place::new().await;
    place.ok(&["restore", file.to_str().unwrap()]).await;
    let store = Store::open(&place.url, Durability::Normal).await.unwrap();
    assert_eq!(state(&store).await.as_str(), "unknown", "a person says what became of it");
    let mut tx = store.read().await.unwrap();
    let ana = users::by_name(&mut tx, "ana").await.unwrap().unwrap();
    let sessions = fusionsoc::store::sessions::of_user(&mut tx, ana.id, fusionsoc::clock::now_ms(), 0).await.unwrap();
    assert_eq!(sessions.len(), 0, "a session that was ended since would be back");
    drop(tx);
    let ended = place.ok(&["check"]).await;
    assert!(ended.contains("ok    database"), "{ended}");
}

#[tokio::test]
async fn a_restore_needs_no_folder_of_the_machine_for_its_copy() {
    let (from, place) = (Place::sqlite("from.db"), Place::new().await);
    from.set_up().await;
    from.ok(&["backup", "good.db"]).await;
    let mut command = place.command();
    command.args(["restore", from.path("good.db").to_str().unwrap()]).env("TMPDIR", "/no/such/folder");
    let (code, _, err) = super::said(&command.output().unwrap());
    assert_eq!(code, 0, "{err}");
    assert!(place.ok(&["org", "list"]).await.contains("acme"));
    let left = std::fs::read_dir(from.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().ends_with(".part")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn search_finds_what_it_found_before() {
    let place = Place::new().await;
    let token = place.set_up().await;
    let running = place.serve().await;
    for at in 0..3 {
        running.post(&token, detection(at)).await.unwrap();
    }
    let words: Value = serde_json::from_str(&detection(1)).unwrap();
    let host = words["routing"]["hostname"].as_str().unwrap().to_owned();
    let found = async |running: &super::Running| -> Vec<Value> {
        let path = format!("{}/api/v1/cases?q={host}&limit=50", running.url);
        let text = crate::support::http().get(path).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
        let numbers = serde_json::from_str::<Value>(&text).unwrap()["cases"].as_array().unwrap().clone();
        numbers.into_iter().map(|case| case["number"].clone()).collect()
    };
    let before = found(&running).await;
    assert_eq!(before.len(), 3);
    place.ok(&["backup", "words.db"]).await;
    drop(running);
    for other in [Place::new().await, Place::sqlite("words.db")] {
        other.ok(&["restore", place.path("words.db").to_str().unwrap()]).await;
        assert_eq!(found(&other.serve().await).await, before);
    }
    assert!(is_postgres() || place.url.starts_with("sqlite:"));
}
