//! Detections are pulled from LimaCharlie exactly once, whatever happens on the way, and it is told what is missing.
mod clock;
mod command;
mod told;

use crate::support::limacharlie::{Fake, Fault, KEY, detection};
use crate::support::{SEED, Server, spawn_with};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::config::LimaCharlieConfig;
use fusionsoc::jobs::Worker;
use fusionsoc::jobs::pull::{Pulls, schedule};
use fusionsoc::store::{Scope, pulls};
use serde_json::Value;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;

/// How many detections: some are quick, many prove it.
fn many() -> usize {
    if std::env::var_os("FUSIONSOC_LONG").is_some() { 20_000 } else { 1_000 }
}

/// Settings for the fake, with the key in a file.
fn settings(fake: &Fake, dir: &Path) -> LimaCharlieConfig {
    let file = dir.join("limacharlie.key");
    let mut open = std::fs::OpenOptions::new();
    let mut open = open.write(true).create(true).truncate(true).mode(0o600).open(&file).unwrap();
    std::io::Write::write_all(&mut open, KEY.as_bytes()).unwrap();
    LimaCharlieConfig {
        org: "acme".to_owned(),
        oid: fake.change(|state| state.oid.clone()),
        api_key_file: file.display().to_string(),
        pull_every_s: 60,
        api_url: fake.url.clone(),
        jwt_url: fake.jwt_url(),
    }
}

/// A server that pulls from a fake with so many detections in the last half hour.
async fn place(count: usize) -> (Server, Fake, tempfile::TempDir) {
    let (fake, keys) = (Fake::start().await, tempfile::tempdir().unwrap());
    let config = settings(&fake, keys.path());
    let server = spawn_with(|all| all.limacharlie = vec![config]).await;
    fill(&fake, count, now_ms());
    (server, fake, keys)
}

/// So many detections in the half hour before, at most a hundred on a host: the API shows 200 of a case.
fn fill(fake: &Fake, count: usize, now: i64) {
    let seed: Value = serde_json::from_str(SEED).unwrap();
    let one = |at: usize| {
        let back = i64::try_from(at).unwrap() * 30 * MINUTE_MS / i64::try_from(count).unwrap();
        let mut one = detection(&seed, at, now - back);
        one["routing"]["sid"] = format!("cccccccc-0000-4000-8000-{:012}", at % (count / 100).max(10)).into();
        one
    };
    fake.change(|state| {
        state.detections = (0..count).map(one).collect();
        state.page = if count > 1_000 { 997 } else { 97 };
    });
}

async fn worker(server: &Server) -> Worker {
    let pulls = Arc::new(Pulls::of_config(&server.app.config, &server.app.connections).unwrap());
    let mut tx = server.app.store.write().await.unwrap();
    assert!(schedule(&mut tx, &pulls, now_ms()).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    server.worker().pulling(pulls)
}

/// How many detections are stored, and how many different ones: by their ids in all cases.
async fn stored(server: &Server) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/cases?limit=200&after={after}")).await;
        for case in page["cases"].as_array().unwrap() {
            let case = server.case(case["number"].as_i64().unwrap()).await;
            let all = case["detections"].as_array().unwrap().iter();
            ids.extend(all.map(|one| one["detect_id"].as_str().unwrap().to_owned()));
            assert_eq!(case["repeats"], 0, "what overlaps is no repeat");
        }
        let Some(next) = page["next"].as_str() else { return ids };
        next.clone_into(&mut after);
    }
}

async fn state(server: &Server) -> pulls::Pull {
    let mut tx = server.app.store.read().await.unwrap();
    pulls::all(&mut tx, Scope::org(server.org_id)).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn every_detection_arrives_once_through_faults_and_a_kill() {
    let (server, fake, _keys) = place(many()).await;
    fake.change(|state| {
        state.repeats = true;
        state.empty_pages = true;
    });
    let mut faults = vec![Fault::Pass; 3];
    faults.extend([Fault::TooMany(0), Fault::Status(504), Fault::Pass, Fault::Status(401), Fault::Cut, Fault::Pass]);
    fake.fail(&faults);
    let killed = worker(&server).await;
    let running = tokio::spawn(async move { killed.run_due().await });
    while fake.calls("GET", "/v1/insight").len() < 16 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled(), "killed between two pages");
    let half = state(&server).await;
    assert!(half.to_s > 0 && !half.next_page.is_empty(), "a window is under way: {half:?}");
    fake.change(|state| state.generation += 1);
    let before = fake.calls("GET", "/v1/insight").len();
    advance_here(31_000);
    worker(&server).await.run_due().await;
    let resumed = &fake.calls("GET", "/v1/insight")[before].path;
    assert!(!resumed.contains("cursor=-"), "it goes on where it was: {resumed}");
    let mut ids = stored(&server).await;
    assert_eq!(ids.len(), many());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), many(), "each once");
    let done = state(&server).await;
    assert!(done.failures == 0 && done.to_s == 0 && done.read_ms.is_some(), "{done:?}");
}

#[tokio::test]
async fn what_overlaps_is_asked_again_and_comes_late_without_being_a_repeat() {
    let (server, fake, _keys) = place(20).await;
    worker(&server).await.run_due().await;
    let first = state(&server).await;
    let seed: Value = serde_json::from_str(SEED).unwrap();
    fake.change(|state| state.detections.push(detection(&seed, 77, now_ms() - 5 * MINUTE_MS)));
    advance_here(MINUTE_MS);
    worker(&server).await.run_due().await;
    assert_eq!(stored(&server).await.len(), 21, "five minutes late, and not lost");
    let mut asked = fake.calls("GET", "/v1/insight").into_iter().filter(|call| call.path.contains("/detections?"));
    let asked = asked.next_back().unwrap().path;
    let number = |name: &str| -> i64 {
        asked.split(&format!("{name}=")).nth(1).unwrap().split('&').next().unwrap().parse().unwrap()
    };
    assert_eq!(number("start"), first.done_s - 900, "{asked}");
    assert_eq!(number("end"), state(&server).await.done_s);
}

#[tokio::test]
async fn a_long_downtime_is_caught_up_in_windows_of_an_hour() {
    let (server, fake, _keys) = place(5).await;
    worker(&server).await.run_due().await;
    let before = fake.calls("GET", "/v1/insight").len();
    let done = state(&server).await.done_s;
    // The clock of the fake's detections stands still; only the windows count.
    advance_here(3 * 60 * MINUTE_MS);
    worker(&server).await.run_due().await;
    let windows: Vec<_> = fake.calls("GET", "/v1/insight").split_off(before);
    assert!(windows.len() >= 3, "{windows:?}");
    assert!(windows[0].path.contains(&format!("start={}&end={}", done - 900, done + 3600)), "{}", windows[0].path);
    assert!(windows[1].path.contains(&format!("start={}&end={}", done + 2700, done + 7200)), "{}", windows[1].path);
}

#[tokio::test]
async fn bad_items_and_those_of_another_organisation_are_kept_once() {
    let (server, fake, _keys) = place(3).await;
    crate::support::add_org(&server.app.store, "rival", Some("d0000000-0000-4000-8000-000000000001")).await;
    fake.change(|state| {
        let ts = state.detections[0]["ts"].clone();
        state.detections[0]["routing"]["oid"] = "d0000000-0000-4000-8000-000000000001".into();
        state.detections.push(serde_json::json!({"detect_id": 7, "ts": ts}));
    });
    for _ in 0..2 {
        worker(&server).await.run_due().await;
        advance_here(MINUTE_MS);
    }
    assert_eq!(stored(&server).await.len(), 2);
    let person = server.sign_in("root-admin", fusionsoc::domain::Role::Admin).await;
    let (_, page) = person.page("/admin/rejects").await;
    assert_eq!(page.matches("limacharlie_pull").count(), 2, "{page}");
    assert!(page.contains("belongs to another organisation") && page.contains("detect_id: must be a text"), "{page}");
}
