//! Sizes and times: what is too large is refused with a page of ours, and who is slow is cut.
use super::is_safe;
use crate::support::{SEED, http, spawn};
use fusionsoc::domain::Role;
use fusionsoc::web::{router, server as edge};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn headers_are_few_and_small() {
    let server = spawn().await;
    let ask = async |count: usize, size: usize, path: &str| {
        let mut sent = http().get(format!("{}{path}", server.url));
        for at in 0..count {
            sent = sent.header(format!("x-filler-{at}"), "v".repeat(size));
        }
        sent.send().await.unwrap()
    };
    assert_eq!(ask(80, 10, "/login").await.status(), 200);
    assert_eq!(ask(60, 1_000, "/login").await.status(), 200, "60 kB fit");
    for (count, size) in [(101, 1), (66, 1_000), (1, 66_000)] {
        for path in ["/login", "/api/v1/cases", "/app.css"] {
            let reply = ask(count, size, path).await;
            assert_eq!(reply.status(), 431, "{count} of {size} at {path}");
            is_safe(&reply, "no-store");
            assert!(reply.text().await.unwrap().contains("headers are too large or too many"));
        }
    }
    let reply = http().get(format!("{}/login?next={}", server.url, "a".repeat(9_000))).send().await.unwrap();
    assert_eq!(reply.status(), 414);
    is_safe(&reply, "no-store");
}

#[tokio::test]
async fn forms_are_small_and_those_with_a_note_twice_as_large() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Admin).await;
    let number = server.deliver(SEED).await["number"].to_string();
    let (fits, large, huge) = ("a".repeat(63_000), "%0A".repeat(40_000), "a".repeat(140_000));
    let post = async |path: &str, body: String| {
        let sent = http().post(format!("{}{path}", server.url)).header("cookie", &ana.cookie);
        let sent = sent.header("sec-fetch-site", "same-origin");
        sent.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    };
    for path in ["/login", "/views", "/profile/theme", "/tuning", "/models/adopt"] {
        let reply = post(path, format!("other=1&filler={large}")).await;
        assert_eq!(reply.status(), 413, "{path}");
        is_safe(&reply, "no-store");
        assert_ne!(post(path, format!("other=1&filler={fits}")).await.status(), 413, "{path}");
    }
    let notes = [
        format!("/cases/{number}/notes"),
        "/handover".to_owned(),
        format!("/cases/{number}/draft"),
        "/cases/bulk".to_owned(),
    ];
    for path in notes {
        assert_ne!(post(&path, format!("body=x{large}")).await.status(), 413, "{path}");
        assert_eq!(post(&path, format!("body={huge}")).await.status(), 413, "{path}");
    }
}

/// What the server says to a head and to bytes that come one by one, and when it closes.
async fn drip(url: &str, head: &str, every: Duration) -> (String, Duration) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let began = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let drip = async {
        while writer.write_all(b"a").await.is_ok() {
            tokio::time::sleep(every).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        read = tokio::time::timeout(Duration::from_secs(90), reader.read_to_end(&mut answer)) => drop(read.expect("it is cut")),
        () = drip => {}
    }
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

#[tokio::test]
async fn who_is_slow_is_cut() {
    let server = spawn().await;
    let post = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 50000\r\n\r\n";
    let (head, idle, slow) = tokio::join!(
        drip(&server.url, "GET /login HTTP/1.1\r\nx-slow: ", Duration::from_secs(1)),
        drip(&server.url, post, Duration::from_secs(200)),
        drip(&server.url, post, Duration::from_secs(3)),
    );
    // The parser gives up a head without an answer: there is no request yet to answer.
    assert!(head.1 > Duration::from_secs(8) && head.1 < Duration::from_secs(30), "{head:?}");
    assert!(idle.0.starts_with("HTTP/1.1 408 ") && idle.1 < Duration::from_secs(30), "{idle:?}");
    assert!(slow.0.starts_with("HTTP/1.1 408 ") && slow.1 > Duration::from_secs(50), "{slow:?}");
    assert!(slow.0.to_lowercase().contains("\r\nx-content-type-options: nosniff"), "{slow:?}");
}

#[tokio::test]
async fn who_opens_many_connections_pushes_out_their_own() {
    let server = spawn().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let _guard = stop.clone().drop_guard();
    tokio::spawn(edge::serve_within(listener, router(server.app.clone()), None, stop, 8));
    let half =
        ["GET /healthz HTTP/1.1\r\nhost: x\r\n", "POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nu"];
    let mut slow = Vec::new();
    for at in 0..40 {
        let mut one = TcpStream::connect(address).await.unwrap();
        one.write_all(half[at % 2].as_bytes()).await.unwrap();
        slow.push(one);
        if at % 4 == 3 {
            let asked = http().get(format!("http://{address}/healthz")).send();
            let reply = tokio::time::timeout(Duration::from_secs(6), asked).await.expect("nobody waits for the slow");
            assert_eq!(reply.unwrap().status(), 200);
        }
    }
    let mut first = slow.swap_remove(0);
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(6), first.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the one that has waited longest was let go");
}

#[tokio::test]
async fn who_comes_while_all_are_at_work_is_let_in_when_they_are_done() {
    let server = spawn().await;
    server.sign_in("ana", Role::Analyst).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let _guard = stop.clone().drop_guard();
    tokio::spawn(edge::serve_within(listener, router(server.app.clone()), None, stop, 2));
    // Both wait for a place to hash in, which are all taken for a moment.
    let places = server.app.hashing.clone().acquire_many_owned(2).await.unwrap();
    let body = "username=ana&password=wrong";
    let form = "POST /login HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut one = TcpStream::connect(address).await.unwrap();
        one.write_all(format!("{form}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
        busy.push(one);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = tokio::spawn(http().get(format!("http://{address}/healthz")).send());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!asked.is_finished(), "nobody who is answered is pushed out");
    drop(places);
    let reply = tokio::time::timeout(Duration::from_secs(6), asked).await.expect("one of them makes room");
    assert_eq!(reply.unwrap().unwrap().status(), 200);
    let mut answer = [0; 12];
    busy[0].read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}
