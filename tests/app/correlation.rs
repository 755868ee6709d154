//! Which case a detection belongs to: process trees, behaviours, windows, closed and decided cases.

use crate::support::{SEED, Server, spawn};
use fusionsoc::domain::Role;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const START_MS: i64 = 1_773_901_779_334;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A detection of a process: who it is, who started it, when, and which program (the behaviour).
#[derive(Debug, Clone)]
struct Event {
    id: String,
    sid: String,
    this: String,
    parent: String,
    program: String,
    started_by: &'static str,
    at_ms: i64,
}

fn event(id: &str, program: &str, this: &str, parent: &str, at_ms: i64) -> Event {
    Event {
        id: id.to_owned(),
        sid: "sensor-1".to_owned(),
        this: atom(this),
        parent: atom(parent),
        program: program.to_owned(),
        started_by: "cmd.exe",
        at_ms: START_MS + at_ms,
    }
}

fn atom(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name:0>32}") }
}

fn document(event: &Event) -> Value {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect_id"] = json!(event.id);
    document["source_rule"] = json!(format!("general.{}", event.program));
    for routing in ["/routing", "/detect/routing"] {
        let Some(routing) = document.pointer_mut(routing) else { continue };
        routing["sid"] = json!(event.sid);
        routing["this"] = json!(event.this);
        routing["parent"] = json!(event.parent);
        routing["event_time"] = json!(event.at_ms);
    }
    let image = format!("C:\\Windows\\{}.exe", event.program);
    document["detect"]["event"]["COMMAND_LINE"] = json!(image);
    document["detect"]["event"]["FILE_PATH"] = json!(image);
    document["detect"]["event"]["PARENT"]["FILE_PATH"] = json!(format!("C:\\Windows\\System32\\{}", event.started_by));
    document
}

/// Delivers events one after the other.
async fn deliver(server: &Server, events: &[&Event]) {
    for event in events {
        let (status, answer) = server.post("/api/v1/detections", document(event).to_string()).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
    }
}

/// The case of each detection.
async fn homes(server: &Server) -> BTreeMap<String, i64> {
    let mut homes = BTreeMap::new();
    let cases = server.get("/api/v1/cases?limit=200").await;
    for case in cases["cases"].as_array().unwrap() {
        let number = case["number"].as_i64().unwrap();
        for detection in server.case(number).await["detections"].as_array().unwrap() {
            homes.insert(detection["detect_id"].as_str().unwrap().to_owned(), number);
        }
    }
    homes
}

#[tokio::test]
async fn detections_of_one_process_tree_share_a_case() {
    let server = spawn().await;
    let first = event("first", "stage", "a", "p", 0);
    let mut elsewhere = event("elsewhere", "whoami", "f", "a", MINUTE_MS);
    elsewhere.sid = "sensor-2".to_owned();
    let others = [
        event("child", "powershell", "b", "a", MINUTE_MS),
        event("sibling", "net", "c", "p", 2 * MINUTE_MS),
        event("grandchild", "whoami", "d", "b", 50 * MINUTE_MS),
        event("same process", "certutil", "a", "p", 3 * MINUTE_MS),
        event("late child", "ipconfig", "e", "p", 3 * HOUR_MS),
        elsewhere,
    ];
    deliver(&server, &[&first]).await;
    deliver(&server, &others.iter().collect::<Vec<_>>()).await;
    let homes = homes(&server).await;
    for id in ["child", "sibling", "grandchild", "same process"] {
        assert_eq!(homes[id], homes["first"], "{id}");
    }
    for id in ["late child", "elsewhere"] {
        assert_ne!(homes[id], homes["first"], "{id}");
    }
    let case = server.case(homes["first"]).await;
    assert_eq!(case["runs"].as_array().unwrap().len(), 5, "each behaviour is triaged");
}

#[tokio::test]
async fn a_program_that_starts_others_for_everybody_connects_nothing() {
    let server = spawn().await;
    let mut one = event("one", "updater", "a", "p", 0);
    let mut two = event("two", "psexesvc", "b", "p", MINUTE_MS);
    let mut child = event("child", "whoami", "c", "b", MINUTE_MS);
    (one.started_by, two.started_by) = ("services.exe", "services.exe");
    child.started_by = "psexesvc.exe";
    deliver(&server, &[&one, &two, &child]).await;
    let homes = homes(&server).await;
    assert_ne!(homes["one"], homes["two"], "services.exe starts everything");
    assert_eq!(homes["two"], homes["child"], "its own child belongs to it");
}

#[tokio::test]
async fn a_detection_that_belongs_to_two_cases_makes_them_one() {
    let server = spawn().await;
    deliver(&server, &[&event("a", "stage", "a", "x", 0), &event("c", "loot", "c", "b", MINUTE_MS)]).await;
    server.run_jobs().await;
    deliver(&server, &[&event("b", "bridge", "b", "a", 2 * MINUTE_MS)]).await;
    let homes = homes(&server).await;
    assert_eq!((homes["a"], homes["c"]), (homes["b"], homes["b"]));
    let case = server.case(homes["a"]).await;
    assert_eq!(case["runs"].as_array().unwrap().len(), 3, "runs come along: {}", case["runs"]);
    assert_eq!(case["detections"].as_array().unwrap().len(), 3);
    let merged = server.case(2).await;
    assert_eq!(
        (&merged["status"], &merged["reason"], &merged["merged_into"]),
        (&json!("closed"), &json!("merged"), &json!(1))
    );
    let person = server.sign_in("ana", Role::Analyst).await;
    assert_eq!(person.page("/cases/2").await.0, 303, "the merged case leads to the other");
    assert!(person.page("/cases/1?merged=2").await.1.contains("Case #2 became part of this one"));
    assert!(!person.page("/cases/1?merged=3").await.1.contains("Case #3 became"));
    // The run of the merged case that was still waiting finds its new home.
    server.run_jobs().await;
    let case = server.case(1).await;
    assert!(case["runs"].as_array().unwrap().iter().all(|run| run["state"] == "done"), "{}", case["runs"]);
    assert_eq!(server.case(2).await["runs"], json!([]));
}

#[tokio::test]
async fn cases_that_people_work_on_stay_apart() {
    let server = spawn().await;
    deliver(&server, &[&event("a", "stage", "a", "x", 0), &event("c", "loot", "c", "b", MINUTE_MS)]).await;
    let person = server.sign_in("ana", Role::Analyst).await;
    for number in [1, 2] {
        assert_eq!(
            person.post(&format!("/cases/{number}/notes"), &[("body", "mine"), ("kind", "general")]).await.status(),
            303
        );
    }
    deliver(&server, &[&event("b", "bridge", "b", "a", 2 * MINUTE_MS)]).await;
    let homes = homes(&server).await;
    assert_eq!((homes["a"], homes["b"], homes["c"]), (1, 1, 2));
}

#[tokio::test]
async fn the_window_slides_and_a_closed_case_is_followed() {
    let server = spawn().await;
    let day = 24 * HOUR_MS;
    let all = [0, 20, 40, 60].map(|hour| event(&format!("at {hour}"), "tool", &format!("{hour}a"), "", hour * HOUR_MS));
    deliver(&server, &all.iter().collect::<Vec<_>>()).await;
    deliver(&server, &[&event("next week", "tool", "zz", "", 7 * day)]).await;
    let before = homes(&server).await;
    assert_eq!(before.values().collect::<BTreeSet<_>>().len(), 2, "{before:?}");
    let person = server.sign_in("ana", Role::Analyst).await;
    let closed = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(person.post(&format!("/cases/{}/verdict", before["at 60"]), &closed).await.status(), 303);
    deliver(&server, &[&event("again", "tool", "yy", "", 61 * HOUR_MS)]).await;
    let after = homes(&server).await;
    assert_eq!(server.case(after["again"]).await["previous_case"], json!(before["at 60"]), "{after:?}");
}

#[tokio::test]
async fn a_new_behaviour_opens_a_decided_question_again() {
    let server = spawn().await;
    deliver(&server, &[&event("first", "stage", "a", "p", 0)]).await;
    server.run_jobs().await;
    let person = server.sign_in("ana", Role::Analyst).await;
    let decided = [("verdict", "benign_true_positive"), ("reason", "security_test")];
    assert_eq!(person.post("/cases/1/verdict", &decided).await.status(), 303);
    deliver(&server, &[&event("same again", "stage", "a", "p", MINUTE_MS)]).await;
    assert_eq!(server.case(1).await["verdict"], "benign_true_positive", "the same behaviour changes nothing");
    let version = server.case(1).await["version"].clone();
    deliver(&server, &[&event("new", "lsass-dump", "b", "a", 2 * MINUTE_MS)]).await;
    let case = server.case(1).await;
    assert_eq!(case["verdict"], "pending");
    assert_ne!(case["version"], version, "a page from before must tell that it is stale");
    assert!(case["timeline"].as_array().unwrap().iter().any(|entry| entry["kind"] == "question_reopened"));
    server.run_jobs().await;
    assert_eq!(server.case(1).await["runs"].as_array().unwrap().len(), 2);
}

fn scattered() -> impl Strategy<Value = Vec<(u8, u8, u8, i64)>> {
    // Programs, processes and parents from small sets, so that trees and behaviours cross; times over two days.
    prop::collection::vec((0..3_u8, 0..6_u8, 0..6_u8, 0..48_i64), 4..9)
}

#[tokio::test]
async fn the_order_of_arrival_does_not_decide_who_shares_a_case() {
    let server = spawn().await;
    let mut runner = TestRunner::deterministic();
    for round in 0..12 {
        let spec = scattered().new_tree(&mut runner).unwrap().current();
        let mut seen = BTreeSet::new();
        for turn in 0..5 {
            let mut order: Vec<usize> = (0..spec.len()).collect();
            if turn > 0 {
                order = Just(order).prop_shuffle().new_tree(&mut runner).unwrap().current();
            }
            let sid = format!("r{round}t{turn}");
            let events: Vec<Event> = order.iter().map(|at| scattered_event(&sid, *at, spec[*at])).collect();
            deliver(&server, &events.iter().collect::<Vec<_>>()).await;
            seen.insert(partition(&server, &sid).await);
        }
        assert_eq!(seen.len(), 1, "{spec:?} falls apart in several ways: {seen:?}");
    }
}

fn scattered_event(sid: &str, at: usize, (program, this, parent, hours): (u8, u8, u8, i64)) -> Event {
    let name = |process: u8| if process == 0 { String::new() } else { format!("{process}") };
    let mut event =
        event(&format!("{sid}/{at}"), &format!("p{program}"), &name(this), &name(parent), hours * HOUR_MS / 2);
    sid.clone_into(&mut event.sid);
    event
}

/// Which detections of a sensor share a case.
async fn partition(server: &Server, sid: &str) -> BTreeSet<BTreeSet<String>> {
    let mut parts = BTreeSet::new();
    let cases = server.get(&format!("/api/v1/cases?limit=200&sensor={sid}")).await;
    for case in cases["cases"].as_array().unwrap() {
        let case = server.case(case["number"].as_i64().unwrap()).await;
        let ids = case["detections"].as_array().unwrap().iter();
        let ids: BTreeSet<_> =
            ids.map(|one| one["detect_id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect();
        parts.insert(ids);
    }
    parts.remove(&BTreeSet::new());
    parts
}
