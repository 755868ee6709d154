//! The places of a worker: what comes again and again goes on beside votes that take for ever, and the other way round;
//! and what a worker leaves behind when it stops.
use crate::support::limacharlie::{Fake, Fault, detection};
use crate::support::{SEED, Server, add_org, connection, fakes, seed_id, seed_with, spawn, spawn_with};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::config::{Backup, LimaCharlieConfig};
use fusionsoc::jobs::pull::Pulls;
use fusionsoc::jobs::{retention, watch};
use fusionsoc::limits;
use fusionsoc::store::{Tx, jobs};
use fusionsoc::voters::VoterConfig;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use wiremock::{MockServer, ResponseTemplate};

async fn count(server: &Server, of: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {of}"));
    match server.app.store.read().await.unwrap() {
        Tx::Sqlite(mut tx) => sqlx::query_scalar(sql).fetch_one(&mut *tx).await.unwrap(),
        Tx::Postgres(mut tx) => sqlx::query_scalar(sql).fetch_one(&mut *tx).await.unwrap(),
    }
}

/// Waits until so many rows are there.
async fn until(server: &Server, of: &str, wanted: i64) {
    let began = Instant::now();
    while count(server, of).await != wanted {
        assert!(began.elapsed() < Duration::from_secs(40), "{of}: {} and not {wanted}", count(server, of).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A model that answers long after the test, and a voter that asks it for many at once.
async fn slow() -> (MockServer, VoterConfig) {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_mins(10));
    let ollama = fakes::ollama_answering("slow", slow).await;
    let voter = VoterConfig { concurrency: 16, timeout_s: 600, ..VoterConfig::ollama("slow", &ollama.uri(), "slow") };
    (ollama, voter)
}

fn pulled(fake: &Fake, org: &str) -> LimaCharlieConfig {
    LimaCharlieConfig { pull_every_s: 60, ..connection(fake, org) }
}

fn pulls(server: &Server) -> Arc<Pulls> {
    Arc::new(Pulls::of_config(&server.app.config, &server.app.connections).unwrap())
}

const ASKING: &str = "votes WHERE state = 'asking'";

#[tokio::test]
async fn what_comes_again_and_again_goes_on_beside_votes_that_take_for_ever() {
    let (fake, (_ollama, voter)) = (Fake::start().await, slow().await);
    let setting = pulled(&fake, "acme");
    let server = spawn_with(|config| {
        config.limacharlie = vec![setting];
        config.voters = vec![voter];
    })
    .await;
    let sid = serde_json::from_str::<Value>(SEED).unwrap()["routing"]["sid"].as_str().unwrap().to_owned();
    let deliveries = limits::JOBS_AT_ONCE + limits::REGULAR_AT_ONCE + limits::PULLS_AT_ONCE + 2;
    for at in 0..deliveries {
        let host = format!("dddddddd-0000-4000-8000-{at:012}");
        server.deliver(&seed_with(&[(&seed_id(), &format!("many-{at}")), (&sid, &host)])).await;
    }
    let folder = server.dir.path().join("backups");
    let settings = Backup { folder: folder.display().to_string(), every_hours: 6, keep: 2 };
    let worker = server.worker().pulling(pulls(&server)).backing_up(Arc::new(settings));
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    fake.change(|state| state.detections.clear());
    tokio::spawn(worker.run(stop));
    let places = i64::try_from(limits::JOBS_AT_ONCE).unwrap();
    until(&server, ASKING, places).await;
    // What a worker does when it begins is through.
    let regular = "jobs WHERE kind IN ('pull', 'backup', 'ledger', 'retention')";
    until(&server, "pulls WHERE read_ms > 0", 1).await;
    until(&server, &format!("{regular} AND owner <> ''"), 0).await;
    // And a pull within the second up to which the last one read finds nothing to read.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    // All its places are taken, and more wait: only now does the rest fall due.
    fake.change(|state| state.detections = vec![detection(&serde_json::from_str(SEED).unwrap(), 7, now_ms())]);
    server.sql(&format!("UPDATE {}", regular.replacen(" WHERE", " SET run_at_ms = 1 WHERE", 1))).await;
    let mut tx = server.app.store.write().await.unwrap();
    watch::ask(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    until(&server, "detections", i64::try_from(deliveries).unwrap() + 1).await;
    until(&server, "jobs WHERE kind = 'watch'", 0).await;
    until(&server, &format!("{regular} AND run_at_ms = 1"), 0).await;
    assert!(std::fs::read_dir(&folder).unwrap().count() > 0, "a backup was made");
    assert_eq!(count(&server, ASKING).await, places, "the models are still at it, in no more places");
    assert!(count(&server, "jobs WHERE kind = 'triage' AND owner = ''").await > 0, "and others wait for them");
}

#[tokio::test]
async fn pulls_that_hang_keep_no_vote_and_no_other_work_waiting() {
    let fake = Fake::start().await;
    let orgs: Vec<_> = (0..=limits::JOBS_AT_ONCE + limits::REGULAR_AT_ONCE).map(|at| format!("org-{at}")).collect();
    let settings = orgs.iter().map(|org| pulled(&fake, org)).collect();
    let server = spawn_with(|config| config.limacharlie = settings).await;
    for org in &orgs {
        add_org(&server.app.store, org, None).await;
    }
    fake.fail(&vec![Fault::Slow(60_000); 50]);
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    tokio::spawn(server.worker().pulling(pulls(&server)).run(stop));
    until(&server, "jobs WHERE kind = 'pull' AND owner <> ''", i64::try_from(limits::PULLS_AT_ONCE).unwrap()).await;
    server.deliver(SEED).await;
    let mut tx = server.app.store.write().await.unwrap();
    retention::schedule(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    server.sql("UPDATE jobs SET run_at_ms = 1 WHERE kind = 'retention'").await;
    until(&server, "runs WHERE state = 'done'", 1).await;
    until(&server, "jobs WHERE kind = 'retention' AND run_at_ms = 1", 0).await;
    assert!(count(&server, "jobs WHERE kind = 'pull' AND owner <> ''").await > 0, "the pulls still hang");
}

#[tokio::test]
async fn what_could_not_be_queued_at_the_start_is_queued_as_soon_as_the_database_takes_it() {
    let server = spawn().await;
    server.sql("DELETE FROM jobs").await;
    server.sql("ALTER TABLE intel RENAME TO elsewhere").await;
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    tokio::spawn(server.worker().run(stop));
    until(&server, "workers", 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(count(&server, "jobs").await, 0, "nothing was queued");
    server.sql("ALTER TABLE elsewhere RENAME TO intel").await;
    until(&server, "jobs WHERE kind = 'ledger'", 1).await;
    assert_eq!(count(&server, "jobs WHERE kind = 'retention'").await, 1);
}

#[tokio::test]
async fn a_worker_that_stops_gives_back_what_did_not_end_in_time() {
    let (fake, (ollama, voter)) = (Fake::start().await, slow().await);
    let setting = connection(&fake, "acme");
    let server = spawn_with(|config| {
        config.policy.undo_s = 0;
        config.limacharlie = vec![setting];
        config.voters = vec![voter];
    })
    .await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.worker().run(stop.clone()));
    until(&server, ASKING, 1).await;
    fake.fail(&[Fault::Slow(60_000)]);
    let body = r#"{"kind":"add_tag","tag":"now"}"#;
    assert_eq!(server.post(&format!("/api/v1/cases/{number}/actions"), body).await.0, 202);
    until(&server, "actions WHERE state = 'running'", 1).await;
    while fake.change(|state| !state.faults.is_empty()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (sent, began) = (fake.calls("POST", "/v1/").len(), Instant::now());
    stop.cancel();
    running.await.unwrap();
    assert!(began.elapsed() < limits::WORKER_GRACE + limits::GIVE_BACK, "{:?}", began.elapsed());
    assert_eq!(count(&server, "jobs WHERE owner <> '' OR leased_until_ms <> 0").await, 0, "nobody holds anything");
    ollama.reset().await;
    fakes::say(&ollama, "slow", &fakes::answer("false_positive", 90).to_string()).await;
    server.run_jobs().await;
    let case = server.case(number).await;
    assert_eq!(case["actions"][0]["state"], "unknown", "what was under way is not done again: {}", case["actions"]);
    assert_eq!(fake.calls("POST", "/v1/").len(), sent);
    let states = ["interrupted", "done"].map(|state| format!("runs WHERE state = '{state}'"));
    assert_eq!((count(&server, &states[0]).await, count(&server, &states[1]).await), (1, 1), "{}", case["runs"]);
}

#[tokio::test]
async fn what_was_queued_by_a_clock_that_was_ahead_does_not_wait_until_then() {
    let fake = Fake::start().await;
    let setting = pulled(&fake, "acme");
    let server = spawn_with(|config| config.limacharlie = vec![setting]).await;
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let (day_ms, hour_ms) = (24 * 3_600_000, 3_600_000);
    advance_here(day_ms);
    tokio::spawn(server.worker().pulling(pulls(&server)).run(stop));
    until(&server, "pulls WHERE read_ms > 0", 1).await;
    until(&server, &format!("jobs WHERE kind = 'pull' AND owner = '' AND run_at_ms > {}", now_ms()), 1).await;
    let mut tx = server.app.store.write().await.unwrap();
    jobs::enqueue(&mut tx, "triage", "later", "{}", 1, now_ms() + 60_000).await.unwrap();
    jobs::enqueue(&mut tx, "wake", "chosen", "{}", 1, now_ms() + day_ms).await.unwrap();
    tx.commit().await.unwrap();
    advance_here(-day_ms);
    let soon = |kind: &str, ms: i64| format!("jobs WHERE kind = '{kind}' AND run_at_ms <= {}", now_ms() + ms);
    until(&server, &soon("pull", 90_000), 1).await;
    until(&server, &soon("triage", hour_ms + 30_000), 1).await;
    assert_eq!(count(&server, &soon("wake", 2 * hour_ms)).await, 0, "what a person chose stays");
}
