//! Many at once: two servers at one case, a thousand event streams, a reader that does not read, clocks that are wrong.
use crate::support::{SEED, Server, add_token, http, seed_id, seed_with, spawn};
use fusionsoc::clock::now_ms;
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::store::{Store, jobs};
use fusionsoc::web::{App, router, server};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

fn long() -> bool {
    std::env::var_os("FUSIONSOC_LONG").is_some()
}

/// Another server on the same database; its address.
async fn beside(server: &Server) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (store, config) = (server.app.store.clone(), Arc::clone(&server.app.config));
    let app = App::start(store, config, server.app.vault.clone(), Arc::new(Notify::new()), false).await.unwrap();
    tokio::spawn(server::serve(listener, router(app), CancellationToken::new()));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_open_one_case_for_one_behaviour() {
    let server = spawn().await;
    let other = beside(&server).await;
    let client = http();
    for round in 0..15 {
        let host = format!("host{round}");
        let sid = format!("dddddddd-0000-4000-8000-{round:012}");
        let document = |id: String| {
            seed_with(&[(&seed_id(), &id), ("desktop-4kq7m2x", &host), ("a47d2c95-6b08-4e13-b7f9-0d5e83c61a2b", &sid)])
        };
        let sent = (0..6).map(|at| {
            let url = if at % 2 == 0 { &server.url } else { &other };
            let sent = client.post(format!("{url}/api/v1/detections")).bearer_auth(&server.token);
            sent.header("content-type", "application/json").body(document(format!("{round}-{at}"))).send()
        });
        for reply in join_all(sent).await {
            assert_eq!(reply.unwrap().status(), 202);
        }
    }
    let cases = server.get("/api/v1/cases?limit=200&view=all").await;
    let cases = cases["cases"].as_array().unwrap();
    let wrong: Vec<_> = cases.iter().filter(|case| case["detections"] != 6).collect();
    assert!(cases.len() == 15 && wrong.is_empty(), "{} cases, {wrong:?}", cases.len());
}

/// Bytes of memory that this process holds.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

async fn hears(reply: &mut reqwest::Response, text: &str) -> bool {
    let mut seen = String::new();
    while !seen.contains(text) {
        let Ok(Ok(Some(more))) = tokio::time::timeout(Duration::from_mins(1), reply.chunk()).await else {
            return false;
        };
        seen.push_str(std::str::from_utf8(&more).unwrap());
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_streams_are_told_and_hold_up_nobody() {
    let tokens = if long() { 200 } else { 20 };
    let server = spawn().await;
    let (client, mut streams, before) = (http(), Vec::new(), memory());
    for _ in 0..tokens {
        let token = add_token(&server.app.store, server.org_id, &[Scope::Read]).await;
        for _ in 0..5 {
            let reply = client.get(format!("{}/api/v1/stream", server.url)).bearer_auth(&token).send().await.unwrap();
            assert_eq!(reply.status(), 200);
            streams.push(reply);
        }
    }
    assert_eq!(server.app.streams.available_permits(), 2_000 - 5 * tokens);
    server.deliver(SEED).await;
    let told = join_all(streams.iter_mut().map(|reply| hears(reply, "case_opened"))).await;
    assert_eq!(told.iter().filter(|told| **told).count(), 5 * tokens);
    let grown = memory().saturating_sub(before);
    let bound = 40_000_000 + 250_000 * u64::try_from(streams.len()).unwrap();
    assert!(grown < bound, "{grown} bytes for both ends of {} streams", streams.len());
    let began = std::time::Instant::now();
    let ana = server.sign_in("ana", Role::Analyst).await;
    assert_eq!(ana.page("/cases").await.0, 200);
    assert!(began.elapsed() < Duration::from_secs(20), "people still get in: {:?}", began.elapsed());
}

/// What waits for a reader is bounded, and who does not read is left.
#[tokio::test]
async fn who_does_not_read_is_left() {
    let server = spawn().await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(server.url.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    let head = format!("GET /api/v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", server.token);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 64];
    stream.read_exact(&mut start).await.unwrap();
    assert!(start.starts_with(b"HTTP/1.1 200"));
    let kind = "x".repeat(1_000);
    server
        .sql(&format!(
            "INSERT INTO timeline (org_id, case_number, at_ms, actor_kind, actor, kind, text)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             SELECT {}, {number}, 1, 'system', '', '{kind}', '' FROM n",
            server.org_id
        ))
        .await;
    for _ in 0..900 {
        if server.app.streams.available_permits() == 2_000 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a stream that nobody reads ends");
}

async fn claim(store: &Store, owner: &str, now_ms: i64) -> Option<jobs::Job> {
    let mut tx = store.write().await.unwrap();
    let job = jobs::claim(&mut tx, owner, jobs::ANY, now_ms, 30_000).await.unwrap();
    tx.commit().await.unwrap();
    job
}

#[tokio::test]
async fn a_wrong_clock_stalls_no_lease_and_takes_none() {
    let server = spawn().await;
    let (store, now, hour) = (&server.app.store, now_ms(), 3_600_000);
    server.sql("DELETE FROM jobs").await;
    let mut tx = store.write().await.unwrap();
    jobs::enqueue(&mut tx, "x", "x", "{}", 0, 0).await.unwrap();
    tx.commit().await.unwrap();
    // A worker whose clock is two hours ahead takes it and dies.
    let lost = claim(store, "ahead", now + 2 * hour).await.unwrap();
    server
        .sql("UPDATE jobs SET leased_until_ms = leased_until_ms + 7200000 WHERE leased_until_ms < 4000000000000")
        .await;
    let job = claim(store, "right", now).await.expect("a lease from far in the future holds nobody up");
    if let Store::Postgres(_) = store {
        for wrong in [now + hour, now - hour] {
            assert_eq!(claim(store, "wrong", wrong).await, None, "leases run by the database's clock");
        }
    }
    assert_eq!(claim(store, "other", now).await, None, "it is held");
    let mut tx = store.write().await.unwrap();
    assert!(!jobs::finish(&mut tx, &lost).await.unwrap(), "who lost it changes nothing");
    assert!(jobs::finish(&mut tx, &job).await.unwrap());
}
