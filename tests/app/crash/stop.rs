//! A server that is asked to stop under load ends in time, and loses nothing; one whose database is locked says so.
use super::{all_cases, command, config, detection, free_port, get, long, model_after, post, ready, start, stored};
use crate::support::certs::Authority;
use crate::support::{database, http};
use sqlx::Connection;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Sends until it is told to stop; what was acknowledged.
async fn send(url: String, token: String, next: Arc<AtomicUsize>, over: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if post(&url, &token, detection(at)).await == Some(202) {
            acknowledged.push(format!("crash-{at}"));
        }
        // As many as the model can answer afterwards, however fast the machine is.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    acknowledged
}

#[tokio::test]
async fn a_server_that_is_asked_to_stop_ends_in_time_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let model = model_after(Duration::from_secs(1)).await;
    config(dir.path(), &model, &database(dir.path()).await);
    command(dir.path(), &["org", "add", "acme", "--name", "Acme"]);
    let token = command(dir.path(), &["token", "create", "--name", "t", "--org", "acme", "--scope", "ingest,read"]);
    let (port, next) = (free_port(), Arc::new(AtomicUsize::new(0)));
    let mut acknowledged = Vec::new();
    for _ in 0..if long() { 5 } else { 1 } {
        let mut server = start(dir.path(), port);
        ready(&server).await;
        let over = Arc::new(AtomicBool::new(false));
        let senders = (0..4).map(|_| send(server.url.clone(), token.clone(), Arc::clone(&next), Arc::clone(&over)));
        let senders: Vec<_> = senders.map(tokio::spawn).collect();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let (code, took) = server.stop().await;
        over.store(true, Ordering::Relaxed);
        assert!(code == Some(0) && took < Duration::from_secs(30), "{code:?} after {took:?}");
        for sender in senders {
            acknowledged.extend(sender.await.unwrap());
        }
    }
    assert!(acknowledged.len() > 4, "it took in {}", acknowledged.len());
    let server = start(dir.path(), port);
    ready(&server).await;
    let stored = stored(&server, &token).await;
    for id in &acknowledged {
        assert_eq!(stored.iter().filter(|stored| *stored == id).count(), 1, "{id} is stored once");
    }
    super::asked_once(&model).await;
}

/// Another program holds the write lock of the file for longer than anybody waits.
#[tokio::test]
async fn who_finds_the_database_locked_is_told_to_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let model = model_after(Duration::ZERO).await;
    let url = format!("sqlite:{}", dir.path().join("test.db").display());
    config(dir.path(), &model, &url);
    command(dir.path(), &["org", "add", "acme", "--name", "Acme"]);
    let token = command(dir.path(), &["token", "create", "--name", "t", "--org", "acme", "--scope", "ingest,read"]);
    let server = super::process(dir.path(), free_port(), &["serve", "--no-worker"]);
    ready(&server).await;
    assert_eq!(post(&server.url, &token, detection(0)).await, Some(202));
    let mut foreign = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut foreign).await.unwrap();
    let began = Instant::now();
    let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&token);
    let sent = sent.header("content-type", "application/json").body(detection(1)).timeout(Duration::from_secs(20));
    let (reply, page) = tokio::join!(sent.send(), async {
        let page = get(&server.url, &token, "/api/v1/cases").await.unwrap();
        (page["cases"].as_array().unwrap().len(), began.elapsed())
    });
    let (reply, waited) = (reply.unwrap(), began.elapsed());
    assert_eq!((reply.status().as_u16(), reply.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    assert!((Duration::from_secs(7)..Duration::from_secs(14)).contains(&waited), "it waited {waited:?}");
    assert!(page.0 == 1 && page.1 < Duration::from_secs(5), "pages stay readable: {page:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut foreign).await.unwrap();
    assert_eq!(post(&server.url, &token, detection(1)).await, Some(202), "then it works again");
    let cases = all_cases(&server, &token).await;
    assert_eq!(cases.len(), 2, "what was refused and sent again is there once");
}

/// A file that is read again when it changes becomes one that nobody ever writes to.
#[tokio::test]
async fn a_server_with_a_thread_that_is_stuck_ends_in_time_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let model = model_after(Duration::ZERO).await;
    config(dir.path(), &model, &format!("sqlite:{}", dir.path().join("test.db").display()));
    let authority = Authority::new();
    let files = authority.sign(dir.path(), "server", 2099);
    let (cert, key) = (files.cert.display(), files.key.display());
    let mut settings = std::fs::read_to_string(dir.path().join("fusionsoc.toml")).unwrap();
    write!(settings, "[server]\ntls_cert = \"{cert}\"\ntls_key = \"{key}\"\n").unwrap();
    std::fs::write(dir.path().join("fusionsoc.toml"), settings).unwrap();
    let port = free_port();
    let mut server = start(dir.path(), port);
    let began = Instant::now();
    while authority.client().get(format!("https://127.0.0.1:{port}/healthz")).send().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "the server starts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::fs::remove_file(&files.cert).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&files.cert).status().unwrap().success());
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(server.lives());
    let (code, took) = server.stop().await;
    assert!(code == Some(0) && took < Duration::from_secs(30), "{code:?} after {took:?}");
}
