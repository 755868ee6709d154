//! What comes in is stored once, kept whole, and answered only when it is durable.

use crate::support::{SEED, Server, add_org, http, seed_id, seed_with, spawn, spawn_with};
use fusionsoc::store::{rejects, sources};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::io::Write;

const SECRET: &str = "a-secret-of-enough-length";

async fn with_source(server: &Server) {
    let sealed = server.app.vault.seal(SECRET).unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    sources::insert(&mut tx, server.org_id, "limacharlie", "acme", &sealed, 1).await.unwrap();
    tx.commit().await.unwrap();
}

fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

async fn hook(server: &Server, kind: &str, signature: &str, body: Vec<u8>) -> u16 {
    let sent = http()
        .post(format!("{}/ingest/limacharlie/acme", server.url))
        .header("content-type", kind)
        .header("lc-signature", signature);
    sent.body(body).send().await.unwrap().status().as_u16()
}

fn other(id: &str) -> String {
    seed_with(&[(&seed_id(), id)])
}

#[tokio::test]
async fn good_detections_are_kept_when_others_are_bad() {
    let server = spawn().await;
    let body =
        format!("[{}, {{\"detect_id\": 7}}, {{\"detect_id\": \"x\", \"routing\": {{}}}}, {}]", SEED, other("second"));
    let (status, answer) = server.post("/api/v1/detections", body).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(2)));
    assert_eq!(
        answer["rejected"],
        json!([{"index": 1, "error": "detect_id: must be a text"}, {"index": 2, "error": "detect: is missing"}])
    );
    let kept = rejects::newest(&mut server.app.store.read().await.unwrap(), 0).await.unwrap();
    assert!(kept.is_empty(), "of an organisation that this person does not belong to");
}

#[tokio::test]
async fn bad_bodies_get_the_right_status_and_name_what_is_wrong() {
    let server = spawn().await;
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let cases: [(&[u8], u16); 7] = [
        (b"not json", 400),
        (b"{\"detect_id\": \"a\"} trailing", 400),
        (b"\xff\xfe", 400),
        (b"", 400),
        (deep.as_bytes(), 400),
        (b"{\"detect_id\": \"\", \"routing\": {}, \"detect\": {}}", 422),
        (b"{\"detect_id\": \"a\", \"detect\": {}}", 422),
    ];
    for (body, wanted) in cases {
        let (status, answer) = server.post("/api/v1/detections", body.to_vec()).await;
        assert_eq!(status, wanted, "{} gives {answer}", String::from_utf8_lossy(body));
    }
    let (_, answer) = server.post("/api/v1/detections", "{\"detect_id\": \"a\", \"detect\": {}}").await;
    assert_eq!(answer["rejected"][0]["error"], json!("routing: is missing"));
}

#[tokio::test]
async fn lines_and_gzip_are_read_and_other_encodings_refused() {
    let server = spawn().await;
    let lines = format!("{}\n\n{}\n", one_line(SEED), one_line(&other("b")));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(lines.as_bytes()).unwrap();
    let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&server.token);
    let sent = sent
        .header("content-type", "application/x-ndjson")
        .header("content-encoding", "gzip")
        .body(packed.finish().unwrap());
    let reply = sent.send().await.unwrap();
    assert_eq!(reply.status(), 202);
    assert_eq!(serde_json::from_str::<Value>(&reply.text().await.unwrap()).unwrap()["accepted"], json!(2));
    let sent = http()
        .post(format!("{}/api/v1/detections", server.url))
        .bearer_auth(&server.token)
        .header("content-encoding", "br")
        .body("x");
    assert_eq!(sent.send().await.unwrap().status(), 415);
}

fn one_line(json: &str) -> String {
    serde_json::from_str::<Value>(json).unwrap().to_string()
}

#[tokio::test]
async fn the_same_detection_at_the_same_time_is_stored_once() {
    let server = spawn().await;
    let all = futures_util::future::join_all((0..12).map(|_| server.post("/api/v1/detections", SEED))).await;
    let accepted: i64 = all.iter().map(|(_, answer)| answer["accepted"].as_i64().unwrap()).sum();
    let duplicates: i64 = all.iter().map(|(_, answer)| answer["duplicates"].as_i64().unwrap()).sum();
    assert_eq!((accepted, duplicates), (1, 11));
    let cases = server.get("/api/v1/cases").await;
    assert_eq!(cases["cases"].as_array().unwrap().len(), 1);
    assert_eq!(server.case(cases["cases"][0]["number"].as_i64().unwrap()).await["repeats"], json!(11));
}

#[tokio::test]
async fn a_webhook_is_believed_only_with_the_right_signature() {
    let server = spawn().await;
    with_source(&server).await;
    let (body, good) = (SEED.as_bytes().to_vec(), sign(SEED.as_bytes()));
    let wrong = [
        String::new(),
        "0".repeat(64),
        good.to_uppercase(),
        good[..63].to_owned(),
        format!("{good}0"),
        format!("sha256={good}"),
        sign(b"other"),
    ];
    for signature in &wrong {
        assert_eq!(hook(&server, "application/json", signature, body.clone()).await, 401, "{signature}");
    }
    assert_eq!(server.get("/api/v1/cases").await["cases"], json!([]));
    assert_eq!(hook(&server, "application/json", &good, body.clone()).await, 202);
    assert_eq!(hook(&server, "application/json", &good, body).await, 202, "a replay is a repeat");
    let form = format!("data={}", form_urlencoded::byte_serialize(other("f").as_bytes()).collect::<String>());
    assert_eq!(
        hook(&server, "application/x-www-form-urlencoded", &sign(other("f").as_bytes()), form.into_bytes()).await,
        202
    );
    assert_eq!(server.get("/api/v1/cases").await["cases"][0]["detections"], json!(2));
}

#[tokio::test]
async fn the_official_signature_vector_holds() {
    let vector: Value = serde_json::from_str(include_str!("../fixtures/limacharlie/webhook_signed.json")).unwrap();
    let text = vector.to_string();
    assert!(text.contains("3c046f33"), "the vector holds its signature");
    let (body, signature) = (find(&vector, "data"), find(&vector, "signature"));
    assert!(fusionsoc::ingest::signature::fits(b"123", body.as_bytes(), &signature));
    assert!(!fusionsoc::ingest::signature::fits(b"124", body.as_bytes(), &signature));
}

/// The first text whose key holds a word.
fn find(value: &Value, word: &str) -> String {
    let map = value.as_object().unwrap();
    let found = map.iter().find(|(key, value)| key.to_lowercase().contains(word) && value.is_string());
    found.map_or_else(|| panic!("{word} in {:?}", map.keys()), |(_, value)| value.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_detection_of_another_organisation_of_ours_is_refused() {
    let server = spawn().await;
    add_org(&server.app.store, "rival", Some("d0000000-0000-4000-8000-000000000001")).await;
    let oid = serde_json::from_str::<Value>(SEED).unwrap()["routing"]["oid"].as_str().unwrap().to_owned();
    let foreign = seed_with(&[(&oid, "d0000000-0000-4000-8000-000000000001")]);
    let (status, answer) = server.post("/api/v1/detections", foreign).await;
    assert_eq!(
        (status, &answer["rejected"][0]["error"]),
        (422, &json!("routing.oid: belongs to another organisation"))
    );
}

#[tokio::test]
async fn the_same_behaviour_joins_its_case_and_a_closed_one_is_repeated_by_a_new_one() {
    let server = spawn().await;
    let first = server.deliver(SEED).await;
    let (_, joined) = server.post("/api/v1/detections", other("b")).await;
    assert_eq!(joined["accepted"], json!(1));
    let number = first["number"].as_i64().unwrap();
    assert_eq!(server.case(number).await["detections"].as_array().unwrap().len(), 2);
    let closing = json!({"verdict": "false_positive", "reason": "known_application", "status": "closed"}).to_string();
    let reply = http()
        .patch(format!("{}/api/v1/cases/{number}", server.url))
        .bearer_auth(&server.token)
        .header("content-type", "application/json");
    assert_eq!(reply.body(closing).send().await.unwrap().status(), 200);
    let next = server.deliver(&other("c")).await;
    assert_eq!(next["previous_case"], json!(number));
    assert_ne!(next["number"], json!(number));
}

#[tokio::test]
async fn every_recorded_shape_is_accepted_and_shown() {
    let server = spawn().await;
    let person = server.sign_in("ana", fusionsoc::domain::Role::Analyst).await;
    for name in [
        "adapter_finding",
        "clock_ahead",
        "flat_detect",
        "network_connections",
        "starting_up",
        "svchost",
        "svchost_wrapped",
    ] {
        let text = std::fs::read_to_string(format!("tests/fixtures/limacharlie/{name}.json")).unwrap();
        let (status, answer) = server.post("/api/v1/detections", text).await;
        assert_eq!(status, 202, "{name}: {answer}");
    }
    server.run_jobs().await;
    for case in server.get("/api/v1/cases").await["cases"].as_array().unwrap() {
        let (status, page) = person.page(&format!("/cases/{}", case["number"])).await;
        assert_eq!(status, 200);
        assert!(page.contains("Analyst declaration"), "{}", case["title"]);
    }
}

#[tokio::test]
async fn too_many_deliveries_are_told_to_wait() {
    let server = spawn_with(|config| {
        config.limits.ingest_per_second = 1;
        config.limits.ingest_burst = 3;
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(server.post("/api/v1/detections", SEED).await.0);
    }
    assert_eq!(statuses[..3], [202, 202, 202]);
    assert!(statuses[3..].contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_detection_made_to_cost_much_costs_little() {
    let server = spawn().await;
    let ana = server.sign_in("ana", fusionsoc::domain::Role::Analyst).await;
    assert_eq!(server.post("/api/v1/detections", format!("[{}1]", "0,".repeat(1_000))).await.0, 413, "too many items");
    let many: serde_json::Map<_, _> = (0..40_000).map(|at| (format!("k{at}"), json!("10.0.0.1"))).collect();
    let key = "x".repeat(100_000);
    let event = json!({key: many, "nul\u{0}key": {"IP_ADDRESS": "10.9.8.7"}, "list": vec![0; 200_000]});
    let detection = json!({"detect_id": "heavy", "cat": "y".repeat(9_000), "routing": {"sid": "z".repeat(9_000)}, "detect": {"event": event}});
    let number = server.deliver(&detection.to_string()).await["number"].clone();
    server.run_jobs().await;
    for path in [format!("/cases/{number}"), "/cases".to_owned()] {
        let (status, page) = ana.page(&path).await;
        assert_eq!(status, 200);
        assert!(page.len() < 1_000_000, "{path} has {} bytes", page.len());
    }
}

#[tokio::test]
async fn nul_and_endless_cursors_are_refused_and_not_a_fault() {
    let server = spawn().await;
    let ana = server.sign_in("ana", fusionsoc::domain::Role::Analyst).await;
    for path in ["/cases?rule=%00", "/cases?after=-9223372036854775808.0.0&sort=risk"] {
        assert_eq!(ana.page(path).await.0, 400, "{path}");
    }
    assert_eq!(ana.page("/cases/1/detections/%00.json").await.0, 404, "nothing has such a name");
    assert_eq!(ana.post("/login", &[("username", "a\0"), ("password", "b")]).await.status(), 422);
}
