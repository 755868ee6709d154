//! LimaCharlie's webhook output in every form it may take: believed with the right signature only.

use crate::support::limacharlie::Fake;
use crate::support::{SEED, Server, http, seed_id, seed_with, spawn};
use fusionsoc::store::sources;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SECRET: &str = "a-secret-of-enough-length";
const NEXT: &str = "another-secret-of-enough-length";

async fn place() -> Server {
    let server = spawn().await;
    let sealed = server.app.vault.seal(SECRET).unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    sources::insert(&mut tx, server.org_id, "limacharlie", "acme", &sealed, 1).await.unwrap();
    tx.commit().await.unwrap();
    server
}

fn mac(secret: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packing.write_all(plain).unwrap();
    packing.finish().unwrap()
}

fn form(value: &str) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).append_pair("data", value).finish().into_bytes()
}

async fn send(server: &Server, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, Value) {
    let mut sent = http().post(format!("{}/ingest/limacharlie/acme", server.url)).body(body);
    for (name, value) in headers {
        sent = sent.header(*name, *value);
    }
    let reply = sent.send().await.unwrap();
    (reply.status().as_u16(), serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default())
}

fn other(id: &str) -> String {
    let one: Value = serde_json::from_str(&seed_with(&[(&seed_id(), id)])).unwrap();
    one.to_string()
}

#[tokio::test]
async fn seventeen_wrong_signatures_are_refused() {
    let server = place().await;
    let (body, good) = (SEED.as_bytes().to_vec(), mac(SECRET, SEED.as_bytes()));
    let mut flipped = good.clone().into_bytes();
    flipped[0] = if flipped[0] == b'0' { b'1' } else { b'0' };
    let wrong = [
        String::new(),
        " ".to_owned(),
        "0".repeat(64),
        "f".repeat(64),
        good.to_uppercase(),
        good[..63].to_owned(),
        good[..62].to_owned(),
        format!("{good}0"),
        format!("{good}{good}"),
        format!("sha256={good}"),
        format!("0x{}", &good[2..]),
        format!("{good},{good}"),
        good.chars().rev().collect(),
        String::from_utf8(flipped).unwrap(),
        mac("a-secret-of-enough-lengtH", SEED.as_bytes()),
        mac(SECRET, b""),
        mac(SECRET, SEED.trim_end().as_bytes()),
    ];
    assert_eq!(wrong.len(), 17);
    for signature in &wrong {
        let headers = [("content-type", "application/json"), ("lc-signature", signature.as_str())];
        assert_eq!(send(&server, &headers, body.clone()).await.0, 401, "{signature:?}");
    }
    let (status, _) = send(&server, &[("content-type", "application/json")], body.clone()).await;
    assert_eq!(status, 401, "without one");
    // Those of extensions and of inbound adapters are others.
    for name in ["lc-ext-sig", "lc-secret"] {
        assert_eq!(send(&server, &[(name, &good)], body.clone()).await.0, 401, "{name}");
    }
    assert_eq!(server.get("/api/v1/cases").await["cases"], json!([]));
    assert_eq!(send(&server, &[("Lc-Signature", &good)], body).await.0, 202);
}

#[tokio::test]
async fn every_layout_and_packing_is_read() {
    let server = place().await;
    let (json_type, form_type) = ("application/json", "application/x-www-form-urlencoded");
    let array = format!("[{},{}]", other("b"), other("c"));
    let lines = format!("{}\n{}\n", other("d"), other("e"));
    let (one, two, three) = (other("f"), other("g"), other("h"));
    let cases: [(&str, bool, Vec<u8>, String, i64); 7] = [
        (json_type, false, other("a").into_bytes(), mac(SECRET, other("a").as_bytes()), 1),
        (json_type, false, array.clone().into_bytes(), mac(SECRET, array.as_bytes()), 2),
        (json_type, false, lines.clone().into_bytes(), mac(SECRET, lines.as_bytes()), 2),
        (form_type, false, form(&one), mac(SECRET, one.as_bytes()), 1),
        (json_type, true, packed(two.as_bytes()), mac(SECRET, &packed(two.as_bytes())), 1),
        (json_type, true, packed(three.as_bytes()), mac(SECRET, three.as_bytes()), 1),
        (form_type, true, packed(&form(&other("i"))), mac(SECRET, other("i").as_bytes()), 1),
    ];
    for (number, (kind, is_packed, body, signature, accepted)) in cases.into_iter().enumerate() {
        let mut headers = vec![("content-type", kind), ("lc-signature", signature.as_str())];
        if is_packed {
            headers.push(("content-encoding", "gzip"));
        }
        let (status, answer) = send(&server, &headers, body).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(accepted)), "layout {number}: {answer}");
    }
}

#[tokio::test]
async fn a_payload_as_string_is_the_same_detection() {
    let server = place().await;
    let plain: Value = serde_json::from_str(SEED).unwrap();
    let mut text = plain.clone();
    text["detect_id"] = json!("as-string");
    text["detect"] = json!(plain["detect"].to_string());
    for one in [&plain, &text] {
        let body = one.to_string();
        let (status, answer) = send(&server, &[("lc-signature", &mac(SECRET, body.as_bytes()))], body.into()).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
    }
    let case = server.case(1).await;
    let all = case["detections"].as_array().unwrap();
    assert_eq!(all.len(), 2, "one behaviour, one case");
    assert_eq!(all[0]["fingerprint"], all[1]["fingerprint"]);
    let kept = all.iter().find(|one| one["detect_id"] == "as-string").unwrap();
    assert_eq!(kept["detection"], text, "kept as it came");
    let person = server.sign_in("ana", fusionsoc::domain::Role::Analyst).await;
    assert_eq!(person.page("/cases/1").await.0, 200);
    text["detect"] = json!("no object");
    let body = text.to_string();
    let (status, answer) = send(&server, &[("lc-signature", &mac(SECRET, body.as_bytes()))], body.into()).await;
    assert_eq!((status, &answer["rejected"][0]["error"]), (422, &json!("detect: must hold a JSON object")));
}

#[tokio::test]
async fn both_secrets_hold_while_one_follows_the_other() {
    let server = place().await;
    let sealed = server.app.vault.seal(NEXT).unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    let source = sources::by_name(&mut tx, "limacharlie", "acme").await.unwrap().unwrap();
    sources::rotate(&mut tx, source.id, &sealed).await.unwrap();
    tx.commit().await.unwrap();
    for (secret, wanted) in [(SECRET, 202), (NEXT, 202), ("a-third-secret-of-enough-length", 401)] {
        let signature = mac(secret, SEED.as_bytes());
        let (status, _) = send(&server, &[("lc-signature", &signature)], SEED.as_bytes().to_vec()).await;
        assert_eq!(status, wanted, "{secret}");
    }
}

#[tokio::test]
async fn what_the_fake_limacharlie_sends_is_taken_in() {
    let server = place().await;
    let fake = Fake::start().await;
    let mut all = Vec::new();
    for (mode, secret) in [("json", SECRET), ("form", SECRET), ("json", "a-wrong-secret-of-enough-length")] {
        let url = format!("{}/ingest/limacharlie/acme", server.url);
        let emit = json!({"emit": {"url": url, "secret": secret, "mode": mode}});
        let sent = http().post(format!("{}/__ctl", fake.url)).header("content-type", "application/json");
        let reply = sent.body(emit.to_string()).send().await.unwrap().text().await.unwrap();
        all.push(serde_json::from_str::<Value>(&reply).unwrap()["emitted"].clone());
    }
    assert_eq!(all, [json!([202, 202, 202, 202]), json!([202, 202, 202, 202]), json!([401, 401, 401, 401])]);
}

#[tokio::test]
async fn a_secret_that_is_too_short_opens_nothing() {
    let server = spawn().await;
    let sealed = server.app.vault.seal("short-secret").unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    sources::insert(&mut tx, server.org_id, "limacharlie", "acme", &sealed, 1).await.unwrap();
    tx.commit().await.unwrap();
    for signature in [mac("short-secret", SEED.as_bytes()), mac("", SEED.as_bytes())] {
        let (status, _) = send(&server, &[("lc-signature", &signature)], SEED.as_bytes().to_vec()).await;
        assert_eq!(status, 503, "as if it had none");
    }
    assert_eq!(server.get("/api/v1/cases").await["cases"], json!([]));
}

#[tokio::test]
async fn who_is_wrong_too_often_waits_before_anything_is_unpacked_and_the_right_one_does_not() {
    let server = place().await;
    let body = packed(SEED.as_bytes());
    let headers = [("lc-signature", "0".repeat(64)), ("content-encoding", "gzip".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(send(&server, &headers, body.clone()).await.0);
    }
    assert_eq!(answers[0], 401);
    assert!(answers.contains(&429), "{answers:?}");
    let right = [("lc-signature", mac(SECRET, &body)), ("content-encoding", "gzip".to_owned())];
    let right = right.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(send(&server, &right, body.clone()).await.0, 202, "signed as it was sent, it needs no unpacking first");
}

/// Begins to deliver so many bytes of a body of five million, and goes no further.
async fn begin(server: &Server, path: &str, more: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\n{more}content-type: application/json\r\ncontent-length: 5000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; bytes]).await.unwrap();
    stream
}

#[tokio::test]
async fn what_is_under_way_is_held_as_far_as_there_is_room() {
    let server = place().await;
    let large = format!("{}{SEED}", " ".repeat(3_000_000));
    let call = async || {
        let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&server.token);
        let reply = sent.header("content-type", "application/json").body(large.clone()).send().await.unwrap();
        (reply.status().as_u16(), reply.headers().get("retry-after").is_some())
    };
    assert_eq!(call().await, (202, false));
    let token = format!("authorization: Bearer {}\r\n", server.token);
    let held = (0..27).map(|_| begin(&server, "/api/v1/detections", &token, 4_900_000));
    let held = futures_util::future::join_all(held).await;
    let began = Instant::now();
    while call().await != (503, true) {
        assert!(began.elapsed() < Duration::from_secs(30), "132 MB wait for their end, and there is room for more");
    }
    let signature = mac(SECRET, large.as_bytes());
    let headers = [("content-type", "application/json"), ("lc-signature", signature.as_str())];
    assert_eq!(send(&server, &headers, large.clone().into_bytes()).await.0, 202, "webhooks have room of their own");
    drop(held);
    while call().await != (202, false) {
        assert!(began.elapsed() < Duration::from_mins(1), "what is given up is free again");
    }
}

#[tokio::test]
async fn nobodys_body_is_read_for_a_source_that_there_is_not() {
    let server = place().await;
    let mut stream = begin(&server, "/ingest/limacharlie/none", "", 10).await;
    let mut answer = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer)).await;
    read.expect("it is answered at once").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}
