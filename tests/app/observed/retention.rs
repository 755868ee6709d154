//! Old documents are removed from closed cases, and what was made of them stays.
use super::{number_of, watched};
use crate::support::{Person, Server, seed_id, seed_with};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::domain::Role;
use fusionsoc::jobs::{reindex, retention};
use fusionsoc::store::Store;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const DAY_MS: i64 = 86_400_000;
const SAID: &str = "The raw detection was removed after 180 days.";

/// Delivers a detection of a host of its own and has it voted on.
async fn case(server: &Server, at: usize) -> i64 {
    let (id, host) = (format!("old-{at}"), format!("host-{at}"));
    let sensor = format!("a47d2c95-{at}b08");
    let detection = seed_with(&[(&seed_id(), &id), ("desktop-4kq7m2x", &host), ("a47d2c95-6b08", &sensor)]);
    let case = server.deliver(&detection).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    case
}

async fn close(person: &Person, number: i64) {
    let fields = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(person.post(&format!("/cases/{number}/verdict"), &fields).await.status(), 303);
}

/// Lets so many days pass and the daily job run.
async fn pass(server: &Server, days: i64) {
    let mut tx = server.app.store.write().await.unwrap();
    retention::schedule(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    advance_here(days * DAY_MS);
    server.run_jobs().await;
}

async fn raw(person: &Person, number: i64, at: usize) -> (u16, String) {
    person.page(&format!("/cases/{number}/detections/old-{at}.json")).await
}

async fn entries(server: &Server) -> i64 {
    number_of(server, "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE action = 'raw_removed'").await
}

/// A closed case, an open one, and a closed one with something under way; 181 days later.
async fn aged(days: u32) -> (Server, Person) {
    let server = watched(|config| config.retention.raw_days = days).await;
    let eve = server.sign_in("eve", Role::Lead).await;
    for at in 1..=3 {
        case(&server, at).await;
    }
    close(&eve, 1).await;
    close(&eve, 3).await;
    server.sql("INSERT INTO actions (id, case_number, kind, target, state, asked_by, asked_ms) VALUES (900, 3, 'isolate', 'x', 'waiting', 'eve', 1)").await;
    pass(&server, 179).await;
    assert_eq!(entries(&server).await, 0, "nothing is old enough");
    pass(&server, 2).await;
    let ana = server.sign_in("ana", Role::Admin).await;
    (server, ana)
}

#[tokio::test]
async fn only_documents_of_closed_cases_at_rest_are_removed() {
    let (server, ana) = aged(180).await;
    let (status, said) = raw(&ana, 1, 1).await;
    assert!(status == 410 && said.contains(SAID), "{status} {said}");
    for (number, at) in [(2, 2), (3, 3)] {
        let (status, document) = raw(&ana, number, at).await;
        assert!(status == 200 && document.contains("COMMAND_LINE"), "{number}: {status}");
    }
    let entered = "SELECT new_value FROM ledger WHERE action = 'raw_removed'";
    let text: String = match &server.app.store {
        fusionsoc::store::Store::Sqlite { read, .. } => sqlx::query_scalar(entered).fetch_one(read).await.unwrap(),
        fusionsoc::store::Store::Postgres(pool) => sqlx::query_scalar(entered).fetch_one(pool).await.unwrap(),
    };
    assert!(text.starts_with("1 of 1 closed cases, received before 20"), "{text}");
    let (_, page) = ana.page("/admin/system").await;
    let row = page.split("<tr>").find(|row| row.contains(">Documents of detections<")).unwrap();
    assert!(row.contains("data-l=\"Removed\">1<") && page.contains("removed after 180 days"), "{page}");
    pass(&server, 1).await;
    assert_eq!(entries(&server).await, 1, "what is gone is not removed again");
    server.sql("UPDATE actions SET state = 'rejected' WHERE id = 900").await;
    pass(&server, 1).await;
    let bob = server.sign_in("bob", Role::Admin).await;
    assert_eq!((raw(&bob, 3, 3).await.0, raw(&bob, 2, 2).await.0), (410, 200));
}

#[tokio::test]
async fn the_case_keeps_what_was_made_of_it() {
    let (server, ana) = aged(180).await;
    let (gone, there) = (server.case(1).await, server.case(2).await);
    assert_eq!(gone["detections"][0]["detection"], Value::Null);
    assert_eq!(gone["detections"][0]["fingerprint"], there["detections"][0]["fingerprint"]);
    assert_eq!(gone["observables"].as_array().unwrap().len(), there["observables"].as_array().unwrap().len());
    assert_eq!(gone["runs"][0]["machine_verdict"], there["runs"][0]["machine_verdict"]);
    assert!(ana.page("/cases/1").await.1.contains("Raw documents removed because of their age: 1 detection"));
    for path in ["/cases/1", "/cases/1/detections"] {
        let (status, page) = ana.page(path).await;
        assert!(status == 200 && page.contains(SAID), "{path}: {page}");
        assert!(!page.contains("Download as it came"), "{path}");
    }
    assert!(!ana.page("/cases/2").await.1.contains(SAID));
    for path in [
        "/cases/1/report",
        "/cases/1/export/json",
        "/cases/1/export/csv",
        "/cases/1/export/markdown",
        "/cases/1/triage/1.json",
    ] {
        assert_eq!(ana.page(path).await.0, 200, "{path}");
    }
    assert_eq!(ana.page("/cases/1/decode?detection=old-1&field=%2FCOMMAND_LINE&at=0").await.0, 410);
}

#[tokio::test]
async fn search_finds_it_by_what_is_left() {
    let (server, _) = aged(180).await;
    finds_what_is_left(&server).await;
    // A store that was copied has no words yet.
    let none = match &server.app.store {
        Store::Sqlite { .. } => "DELETE FROM detection_words",
        Store::Postgres(_) => "UPDATE detections SET words = NULL",
    };
    server.sql(none).await;
    assert!(reindex::catch_up(&server.app.store, &CancellationToken::new()).await.unwrap() >= 3);
    finds_what_is_left(&server).await;
}

async fn finds_what_is_left(server: &Server) {
    let found = async |words: &str| {
        let all = server.get(&format!("/api/v1/search?q={words}")).await;
        let numbers = all["cases"].as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap());
        let mut numbers: Vec<i64> = numbers.collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(found("host:host-1").await, [1]);
    assert_eq!(found("expand.exe").await, [1, 2, 3], "an observable");
    // A word that stands in the document alone.
    assert_eq!(found("NEW_PROCESS").await, [2, 3]);
}

#[tokio::test]
async fn such_a_case_can_be_opened_again_and_is_not_voted_on() {
    let (server, ana) = aged(180).await;
    let asked = ana.post("/cases/1/triage", &[]).await;
    assert_eq!(asked.status(), 409);
    assert!(asked.text().await.unwrap().contains("nothing left to vote on"));
    assert_eq!(server.post("/api/v1/cases/1/triage", "{}").await.0, 409);
    let opened = ana.post("/cases/1/status", &[("status", "in_progress"), ("reason", "New facts")]).await;
    assert_eq!(opened.status(), 303);
    close(&ana, 1).await;
    assert_eq!(ana.post("/cases/1/notes", &[("body", "Seen")]).await.status(), 303);
    server.run_jobs().await;
    let case = server.case(1).await;
    assert_eq!(case["runs"].as_array().unwrap().len(), 1, "{case}");
    assert_eq!(number_of(&server, "SELECT CAST(COUNT(*) AS BIGINT) FROM jobs WHERE dead = TRUE").await, 0);
    // What comes again of its behaviour is a case with its document, and is voted on.
    let new = case_of(&server, "new-1").await;
    server.run_jobs().await;
    assert_eq!(server.case(new).await["runs"][0]["state"], "done", "{}", server.case(new).await);
}

async fn case_of(server: &Server, id: &str) -> i64 {
    let same =
        [(seed_id(), id), ("desktop-4kq7m2x".to_owned(), "host-1"), ("a47d2c95-6b08".to_owned(), "a47d2c95-1b08")];
    let same: Vec<(&str, &str)> = same.iter().map(|(from, to)| (from.as_str(), *to)).collect();
    server.deliver(&seed_with(&same)).await["number"].as_i64().unwrap()
}

#[tokio::test]
async fn nothing_is_removed_where_everything_is_kept() {
    let (server, ana) = aged(0).await;
    assert_eq!((raw(&ana, 1, 1).await.0, entries(&server).await), (200, 0));
    assert!(ana.page("/admin/system").await.1.contains("kept for ever"));
}

#[tokio::test]
async fn what_was_refused_goes_when_it_is_as_old_and_the_ledger_says_so() {
    let server = watched(|config| config.retention.raw_days = 180).await;
    let nameless = seed_with(&[(&seed_id(), "")]);
    assert_eq!(server.post("/api/v1/detections", nameless).await.0, 422);
    assert_eq!(server.post("/api/v1/detections", "{".to_owned()).await.0, 400);
    let ana = server.sign_in("ana", Role::Admin).await;
    let kept = async || number_of(&server, "SELECT CAST(COUNT(*) AS BIGINT) FROM rejects").await;
    pass(&server, 179).await;
    assert_eq!(kept().await, 2);
    pass(&server, 2).await;
    assert_eq!(kept().await, 0);
    let bob = server.sign_in("bob", Role::Admin).await;
    assert!(bob.page("/admin/rejects").await.1.contains("Nothing was refused."));
    assert!(bob.page("/admin/audit?by=all&what=refused_removed").await.1.contains("2 that came before 20"));
    assert_eq!(ana.page("/admin/rejects").await.0, 303, "half a year later she has to sign in again");
}

#[tokio::test]
async fn many_old_documents_are_removed_in_steps() {
    let server = watched(|_| ()).await;
    let eve = server.sign_in("eve", Role::Lead).await;
    case(&server, 1).await;
    close(&eve, 1).await;
    let copies = "INSERT INTO detections (id, org_id, case_number, detect_id, rule_id, sensor_id, source, title, event_type, fingerprint, event_ms, received_ms, raw)
        SELECT 1000 + v.n, org_id, case_number, 'copy-' || v.n, rule_id, sensor_id, source, title, event_type, fingerprint, event_ms, received_ms, raw
        FROM detections CROSS JOIN (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 450) SELECT n FROM c) AS v WHERE detections.id = 1";
    server.sql(copies).await;
    pass(&server, 181).await;
    assert_eq!(number_of(&server, "SELECT CAST(COUNT(*) AS BIGINT) FROM detections WHERE raw <> ''").await, 0);
    assert_eq!(entries(&server).await, 3, "one entry for each step");
}

#[tokio::test]
async fn a_clock_that_is_far_ahead_removes_nothing_until_it_has_said_so_for_a_day() {
    let server = watched(|config| config.retention.raw_days = 180).await;
    let eve = server.sign_in("eve", Role::Lead).await;
    case(&server, 1).await;
    close(&eve, 1).await;
    pass(&server, 1).await;
    pass(&server, 200).await;
    assert_eq!(entries(&server).await, 0, "the clock may be wrong");
    let held =
        async || number_of(&server, "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE action = 'removal_held'").await;
    assert_eq!(held().await, 1);
    let ana = server.sign_in("ana", Role::Admin).await;
    assert!(ana.page("/admin/system").await.1.contains("Held back since"));
    // It was.
    pass(&server, -200).await;
    pass(&server, 1).await;
    let bob = server.sign_in("bob", Role::Admin).await;
    assert!(!bob.page("/admin/system").await.1.contains("Held back since"));
    assert_eq!((entries(&server).await, raw(&bob, 1, 1).await.0), (0, 200));
    // Or nothing ran for half a year, and after a day it is sure.
    pass(&server, 200).await;
    assert_eq!((entries(&server).await, held().await), (0, 2));
    pass(&server, 1).await;
    assert_eq!((entries(&server).await, held().await), (1, 2));
}
