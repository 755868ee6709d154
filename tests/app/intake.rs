//! What comes in and what is refused: kept, shown, counted by source, and taken in later.

use crate::support::{Person, SEED, Server, add_org, add_token, http, seed_id, seed_with, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::store::{Store, orgs};
use serde_json::{Value, json};

async fn send(server: &Server, token: &str, headers: &[(&str, &str)], body: Vec<u8>) -> u16 {
    let url = format!("{}/api/v1/detections", server.url);
    let mut sent = http().post(url).bearer_auth(token).body(body);
    for (name, value) in headers {
        sent = sent.header(*name, *value);
    }
    // A body that is too large is cut off while it is sent.
    sent.send().await.map_or(413, |reply| reply.status().as_u16())
}

async fn admin(server: &Server) -> Person {
    server.sign_in("root-admin", Role::Admin).await
}

#[tokio::test]
async fn every_refusal_is_kept_with_its_answer() {
    let server = spawn_with(|config| {
        config.limits.ingest_per_second = 1;
        config.limits.ingest_burst = 2;
    })
    .await;
    let reader = add_token(&server.app.store, server.org_id, &[Scope::Read]).await;
    let token = server.token.clone();
    assert_eq!(send(&server, &token, &[], b"{\"detect_id\": 7".to_vec()).await, 400);
    assert_eq!(send(&server, &token, &[], seed_with(&[(&seed_id(), "")]).into_bytes()).await, 422);
    assert_eq!(send(&server, &token, &[], SEED.as_bytes().to_vec()).await, 429);
    assert_eq!(send(&server, &token, &[("content-encoding", "br")], b"x".to_vec()).await, 415);
    assert_eq!(send(&server, &token, &[], vec![b' '; 6 << 20]).await, 413);
    assert_eq!(send(&server, &reader, &[], SEED.as_bytes().to_vec()).await, 403);
    assert_eq!(send(&server, "fsoc_wrong", &[], SEED.as_bytes().to_vec()).await, 401);
    let (_, page) = admin(&server).await.page("/admin/rejects").await;
    for status in [400, 422, 429, 415, 413, 403, 401] {
        assert!(page.contains(&format!("<td class=\"num\">{status}</td>")), "{status} is kept:\n{page}");
    }
}

#[tokio::test]
async fn a_refused_detection_is_taken_in_once_its_reason_is_gone() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", Some("00000000-0000-4000-8000-000000000001")).await;
    let oid = serde_json::from_str::<Value>(SEED).unwrap()["routing"]["oid"].as_str().unwrap().to_owned();
    let foreign = seed_with(&[(&oid, "00000000-0000-4000-8000-000000000001")]);
    let (status, answer) = server.post("/api/v1/detections", foreign).await;
    assert_eq!(
        (status, &answer["rejected"][0]["error"]),
        (422, &json!("routing.oid: belongs to another organisation"))
    );
    let person = admin(&server).await;
    let analyst = server.sign_in("ana", Role::Analyst).await;
    assert_eq!(analyst.post("/admin/rejects/1/replay", &[]).await.status(), 403);
    assert_eq!(person.post("/admin/rejects/1/replay", &[]).await.status(), 422, "the reason still stands");
    let mut tx = server.app.store.write().await.unwrap();
    orgs::set_oid(&mut tx, other, None).await.unwrap();
    tx.commit().await.unwrap();
    for _ in 0..2 {
        assert_eq!(person.post("/admin/rejects/1/replay", &[]).await.status(), 303);
    }
    let cases = server.get("/api/v1/cases").await;
    assert_eq!(cases["cases"].as_array().unwrap().len(), 1, "taken in once: {cases}");
    let (_, page) = person.page("/admin/rejects").await;
    assert!(page.contains("Taken in <time"), "{page}");
    assert_eq!(person.post("/admin/rejects/99/replay", &[]).await.status(), 404);
}

#[tokio::test]
async fn what_is_not_whole_or_not_proven_can_not_be_taken_in() {
    let server = spawn().await;
    let long = format!("{}{}", &SEED[..SEED.len() - 10], " ".repeat(10_000));
    assert_eq!(send(&server, &server.token, &[], long.into_bytes()).await, 400);
    assert_eq!(send(&server, &server.token, &[], b"{\"detect_id\": \"\xFF\"}".to_vec()).await, 400);
    let person = admin(&server).await;
    for id in [1, 2] {
        assert_eq!(person.post(&format!("/admin/rejects/{id}/replay"), &[]).await.status(), 404);
    }
    let (_, page) = person.page("/admin/rejects").await;
    assert!(!page.contains("Take in now"), "{page}");
}

#[tokio::test]
async fn an_admin_sees_what_each_source_delivers_and_how_late() {
    let server = spawn().await;
    let now = fusionsoc::clock::now_ms();
    let mut late: Value = serde_json::from_str(SEED).unwrap();
    late["gen_time"] = json!(now - 90_000);
    let mut body = vec![late.clone(), late.clone(), json!({"detect_id": "x"})];
    late["detect_id"] = json!("another");
    late["gen_time"] = json!(now - 30_000);
    body.push(late);
    let (status, answer) = server.post("/api/v1/detections", json!(body).to_string()).await;
    assert_eq!((status, &answer["accepted"], &answer["duplicates"]), (202, &json!(2), &json!(1)));
    let (_, page) = admin(&server).await.page("/admin/intake").await;
    let row = page.split("<tr>").find(|row| row.contains("<th scope=\"row\">api</th>")).expect("the API is a source");
    let cells: Vec<&str> = row.split("<td").skip(1).map(|cell| cell.split_once('>').unwrap().1).collect();
    let numbers: Vec<&str> = cells[3..8]
        .iter()
        .map(|cell| cell.trim_start_matches("<a href=\"/admin/rejects\">").split('<').next().unwrap())
        .collect();
    assert_eq!(numbers, ["2", "2", "0.4", "1", "1"], "{row}");
    assert!(cells[8].starts_with("1 min") && cells[9].starts_with("1 min 30 s"), "{row}");
    let other = add_org(&server.app.store, "other", None).await;
    let (_, foreign) = server.sign_in_to(other, "bob", Role::Admin).await.page("/admin/intake").await;
    assert!(!foreign.contains("<th scope=\"row\">api</th>"), "another organisation's intake stays there");
}

#[tokio::test]
async fn a_full_disk_is_told_and_passes() {
    let server = spawn().await;
    // PostgreSQL keeps its own count of transactions; what is at stake here is the one connection of SQLite.
    let Store::Sqlite { write, .. } = &server.app.store else { return };
    let person = admin(&server).await;
    sqlx::query("PRAGMA max_page_count = 1").execute(write).await.unwrap();
    let mut large: Value = serde_json::from_str(SEED).unwrap();
    large["detect"]["event"]["PADDING"] = json!("pad ".repeat(200_000));
    let (status, answer) = server.post("/api/v1/detections", large.to_string()).await;
    assert_eq!(status, 507, "{answer}");
    let (status, page) = person.page("/cases").await;
    assert!(status == 200 && page.contains("The disk is full"), "pages stay readable and say so");
    sqlx::query("PRAGMA max_page_count = 4294967294").execute(write).await.unwrap();
    assert_eq!(server.post("/api/v1/detections", large.to_string()).await.0, 202);
    let (_, page) = person.page("/cases").await;
    assert!(!page.contains("The disk is full"));
}

#[tokio::test]
async fn of_two_detections_with_one_id_the_first_counts_with_its_own_behaviour() {
    let server = spawn().await;
    let first: Value = serde_json::from_str(SEED).unwrap();
    let mut second = first.clone();
    second["detect"]["event"]["COMMAND_LINE"] = json!("other.exe /x");
    let (status, answer) = server.post("/api/v1/detections", json!([first, second]).to_string()).await;
    assert_eq!((status, &answer["accepted"], &answer["duplicates"]), (202, &json!(1), &json!(1)));
    let own = fusionsoc::triage::fingerprint::of(&fusionsoc::domain::Detection::read(&first).unwrap());
    assert_eq!(server.case(1).await["detections"][0]["fingerprint"], own);
}
