//! Backups that the worker makes by itself: when they are due, how many stay, and what is told of a failure.
use crate::support::{Server, spawn_with};
use fusionsoc::backup::scheduled;
use fusionsoc::clock;
use fusionsoc::config::Backup;
use fusionsoc::domain::Role;
use fusionsoc::jobs::backup::schedule;
use fusionsoc::store::record::Ended;
use fusionsoc::store::{backups, verify};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const HOUR_MS: i64 = 3_600_000;

/// Works on what is due, with these settings.
async fn work(server: &Server, settings: &Backup) {
    server.worker().backing_up(Arc::new(settings.clone())).run_due().await;
}

async fn plan(server: &Server, settings: &Backup) {
    let mut tx = server.app.store.write().await.unwrap();
    schedule(&mut tx, settings, clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
}

fn files(folder: &Path) -> Vec<String> {
    let mut all: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

#[tokio::test]
async fn they_come_when_they_are_due_and_only_so_many_stay() {
    let server = spawn_with(|_| {}).await;
    let folder = server.dir.path().join("backups");
    let settings = Backup { folder: folder.display().to_string(), every_hours: 6, keep: 2 };
    plan(&server, &settings).await;
    work(&server, &settings).await;
    let first = files(&folder);
    assert!(first.len() == 1 && first[0].starts_with("fusionsoc-2") && first[0].ends_with("Z.db"), "{first:?}");
    assert_eq!((super::mode(&folder), super::mode(&folder.join(&first[0]))), (0o700, 0o600));
    verify(&folder.join(&first[0])).await.unwrap();
    let last = backups::last_made(&mut server.app.store.read().await.unwrap()).await.unwrap().unwrap();
    assert_eq!(last.name(), first[0]);
    let foreign = ["fusionsoc-2.db", "notes.txt", "fusionsoc-20200101T000000Z.db.gz", "fusionsoc-20200101t000000z.db"];
    for name in foreign {
        std::fs::write(folder.join(name), "mine").unwrap();
    }
    clock::advance_here(5 * HOUR_MS);
    plan(&server, &settings).await;
    work(&server, &settings).await;
    assert_eq!(files(&folder).len(), 1 + foreign.len(), "the next one is not due yet");
    for _ in 0..3 {
        clock::advance_here(6 * HOUR_MS + 60_000);
        work(&server, &settings).await;
    }
    let left = files(&folder);
    let ours: Vec<_> = left.iter().filter(|name| name.len() == first[0].len() && name.ends_with("Z.db")).collect();
    assert!(ours.len() == 2 && !left.contains(&first[0]), "{left:?}");
    assert!(foreign.iter().all(|name| left.iter().any(|one| one == name)), "{left:?}");
}

/// A folder with these files, that were last written a while ago.
fn filled(folder: &Path, names: &[String], age: Duration) {
    std::fs::create_dir_all(folder).unwrap();
    for name in names {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_made_neither_counts_nor_puts_off() {
    let server = spawn_with(|_| {}).await;
    let folder = server.dir.path().join("backups");
    let settings = Backup { folder: folder.display().to_string(), every_hours: 6, keep: 1 };
    clock::advance_here(1000 * HOUR_MS);
    plan(&server, &settings).await;
    work(&server, &settings).await;
    let ahead = files(&folder);
    clock::advance_here(-1000 * HOUR_MS);
    plan(&server, &settings).await;
    clock::advance_here(6 * HOUR_MS + 1000);
    work(&server, &settings).await;
    let both = files(&folder);
    assert!(both.len() == 2 && both[1] == ahead[0], "the new one stays: {both:?}");
    clock::advance_here(6 * HOUR_MS + 1000);
    work(&server, &settings).await;
    let left = files(&folder);
    assert!(left.len() == 2 && left[0] > both[0] && left[1] == ahead[0], "{left:?}");
    clock::advance_here(1000 * HOUR_MS);
    work(&server, &settings).await;
    let left = files(&folder);
    assert!(left.len() == 1 && left[0] > ahead[0], "its time has come: {left:?}");
}

#[tokio::test]
async fn what_was_left_behind_goes_while_backups_fail() {
    let server = spawn_with(|_| {}).await;
    let folder = server.dir.path().join("backups");
    // Names of the next minutes: none can be made.
    let now = clock::now_ms();
    let taken: Vec<String> = (0..300).map(|at| scheduled::name(now + at * 1000)).collect();
    filled(&folder, &taken, Duration::ZERO);
    filled(&folder, &[".fusionsoc-backup-fresh.part".to_owned()], Duration::from_hours(23));
    filled(&folder, &[".fusionsoc-backup-old.part".to_owned(), ".other.part".to_owned()], Duration::from_hours(25));
    let settings = Backup { folder: folder.display().to_string(), ..Backup::default() };
    plan(&server, &settings).await;
    work(&server, &settings).await;
    let last = backups::last(&mut server.app.store.read().await.unwrap()).await.unwrap().unwrap();
    assert!(last.result == Ended::Failed && last.new_value.contains("is there already"), "{last:?}");
    let left = files(&folder);
    let hidden: Vec<_> = left.iter().filter(|name| name.starts_with('.')).collect();
    assert_eq!(hidden, [".fusionsoc-backup-fresh.part", ".other.part"]);
}

#[tokio::test]
async fn every_failure_is_in_the_audit_log() {
    let server = spawn_with(|_| {}).await;
    let folder = server.dir.path().join("no/such");
    let settings = Backup { folder: folder.display().to_string(), ..Backup::default() };
    plan(&server, &settings).await;
    work(&server, &settings).await;
    let last = async || backups::last(&mut server.app.store.read().await.unwrap()).await.unwrap().unwrap();
    let failed = last().await;
    assert!(failed.result == Ended::Failed && failed.new_value.contains("no/such"), "{failed:?}");
    assert!(failed.name().starts_with("fusionsoc-2"), "{failed:?}");
    // A program of a newer version shares the database.
    std::fs::create_dir(server.dir.path().join("no")).unwrap();
    let checksum = if super::is_postgres() { "'\\x00'" } else { "x'00'" };
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)";
    server.sql(&format!("{later} VALUES (9999, 'later', TRUE, {checksum}, 0)")).await;
    clock::advance_here(HOUR_MS + 1000);
    work(&server, &settings).await;
    let failed = last().await;
    assert!(failed.result == Ended::Failed && failed.new_value.contains("used by a newer version"), "{failed:?}");
    assert!(files(&folder).is_empty());
}

#[tokio::test]
async fn without_a_folder_there_are_none() {
    let server = spawn_with(|_| {}).await;
    let settings = Backup { folder: server.dir.path().join("b").display().to_string(), ..Backup::default() };
    plan(&server, &settings).await;
    plan(&server, &Backup::default()).await;
    work(&server, &settings).await;
    assert!(!server.dir.path().join("b").exists(), "it was taken out of the queue");
}

#[tokio::test]
async fn a_failure_is_told_and_tried_again() {
    let server = spawn_with(|_| {}).await;
    let folder = server.dir.path().join("taken");
    std::fs::write(&folder, "a file").unwrap();
    let settings = Backup { folder: folder.display().to_string(), ..Backup::default() };
    plan(&server, &settings).await;
    work(&server, &settings).await;
    let last = async || backups::last(&mut server.app.store.read().await.unwrap()).await.unwrap().unwrap();
    let failed = last().await;
    assert!(failed.result == Ended::Failed && failed.new_value.contains("taken"), "{failed:?}");
    let admin = server.sign_in("ada", Role::Admin).await;
    let (status, page) = admin.page("/admin/audit?what=backup&by=all").await;
    assert!(status == 200 && page.contains("Failed") && page.contains("taken"), "{page}");
    std::fs::remove_file(&folder).unwrap();
    work(&server, &settings).await;
    assert_eq!(last().await.result, Ended::Failed, "not at once");
    clock::advance_here(HOUR_MS + 1000);
    work(&server, &settings).await;
    assert_eq!((last().await.result, files(&folder).len()), (Ended::Ok, 1));
}
