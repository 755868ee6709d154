//! Two servers and three workers on one `PostgreSQL`, which is itself killed in the middle.
use super::{Process, asked_once, command, config, detection, free_port, long, process, ready, slow_model, stored};
use crate::support::cluster::Cluster;
use crate::support::http;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The SQL of the README that makes role and database.
fn documented() -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, after) = text.split_once("### Several processes on one PostgreSQL").unwrap();
    let (_, after) = after.split_once("```sql\n").unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

/// What a sender saw: how often it was answered what, and how often not at all.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<String>,
    answers: BTreeSet<(u16, String)>,
    unanswered: usize,
}

/// Sends detections as LimaCharlie does: what is not acknowledged is sent again.
async fn send(url: String, token: String, next: Arc<AtomicUsize>, many: usize) -> Seen {
    let mut seen = Seen::default();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= many {
            return seen;
        }
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < Duration::from_mins(2), "crash-{at} is taken in at last");
            let sent = http().post(format!("{url}/api/v1/detections")).bearer_auth(&token);
            let sent = sent.header("content-type", "application/json").body(detection(at));
            match sent.timeout(Duration::from_secs(30)).send().await {
                Ok(reply) => {
                    let wait = reply.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
                    seen.answers.insert((reply.status().as_u16(), wait.unwrap_or_default()));
                    if reply.status() == 202 {
                        seen.acknowledged.push(format!("crash-{at}"));
                        break;
                    }
                }
                Err(_) => seen.unanswered += 1,
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn all(dir: &Path) -> (Vec<Process>, Vec<Process>) {
    let servers: Vec<_> = (0..2).map(|_| process(dir, free_port(), &["serve", "--no-worker"])).collect();
    let workers = (0..3).map(|_| process(dir, 0, &["worker"])).collect();
    for server in &servers {
        ready(server).await;
    }
    (servers, workers)
}

/// Kills the database for a while, and asks the servers meanwhile.
async fn away(cluster: &Cluster, server: &Process, token: &str) {
    cluster.kill();
    assert_eq!(http().get(format!("{}/healthz", server.url)).send().await.unwrap().status(), 200, "it lives");
    let page = http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(token).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["retry-after"].to_str().unwrap()), (503, "5"), "it says so");
    cluster.up();
}

#[tokio::test]
async fn nothing_is_lost_or_done_twice_when_the_database_is_killed() {
    // Once is enough, where PostgreSQL is tested.
    if std::env::var("FUSIONSOC_TEST_DB").as_deref() != Ok("postgres") {
        return;
    }
    let Some(cluster) = Cluster::start() else { return };
    cluster.sql(&documented());
    let (many, kills) = if long() { (600, 4) } else { (60, 1) };
    let (dir, model) = (tempfile::tempdir().unwrap(), slow_model().await);
    config(dir.path(), &model, &cluster.url("fusionsoc", "fusionsoc"));
    let token = organisation(dir.path());
    let (mut servers, mut workers) = all(dir.path()).await;
    let next = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..6)
        .map(|at| tokio::spawn(send(servers[at % 2].url.clone(), token.clone(), Arc::clone(&next), many)))
        .collect();
    for kill in 1..=kills {
        while next.load(Ordering::Relaxed) < many * kill / (kills + 1) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        away(&cluster, &servers[kill % 2], &token).await;
    }
    let (mut acknowledged, mut answers) = (Vec::new(), BTreeSet::new());
    for sender in senders {
        let seen = sender.await.unwrap();
        acknowledged.extend(seen.acknowledged);
        answers.extend(seen.answers);
        assert_eq!(seen.unanswered, 0, "every delivery is answered");
    }
    let told: BTreeSet<_> = [(202, String::new()), (503, "5".to_owned())].into();
    assert_eq!(answers, told, "it is taken in, or is to be sent again");
    let stored = stored(&servers[0], &token).await;
    assert_eq!(acknowledged.len(), many);
    for id in &acknowledged {
        assert_eq!(stored.iter().filter(|stored| *stored == id).count(), 1, "{id} is stored once");
    }
    assert!(asked_once(&model).await > 0);
    for process in servers.iter_mut().chain(&mut workers) {
        end(process).await;
    }
}

/// Adds an organisation; a token of it.
fn organisation(dir: &Path) -> String {
    command(dir, &["org", "add", "acme", "--name", "Acme"]);
    command(dir, &["token", "create", "--name", "t", "--org", "acme", "--scope", "ingest,read"])
}

async fn end(process: &mut Process) {
    assert!(process.lives(), "nobody ended with the database");
    let (code, took) = process.stop().await;
    assert!(code == Some(0) && took < Duration::from_secs(30), "{code:?} after {took:?}");
}
