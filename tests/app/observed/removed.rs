//! What people do with cases whose documents were removed: what nobody can read any more is taken for as bad as it was.
use super::watched;
use crate::merge::events::{Event, MINUTE_MS, deliver, document, event};
use crate::support::{Person, Server};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// A case of three detections, of two programs, whose last document is gone.
async fn without_the_last() -> (Server, Person) {
    let server = watched(|_| ()).await;
    let all = [
        event("a", "stage", "a", "x", 0),
        event("b", "loot", "b", "a", MINUTE_MS),
        event("c", "stage", "a", "x", 2 * MINUTE_MS),
    ];
    deliver(&server, &all.iter().collect::<Vec<_>>()).await;
    server.sql("UPDATE detections SET raw = '' WHERE detect_id = 'c'").await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    (server, ana)
}

async fn split(server: &Server, person: &Person, name: &str) {
    let case = server.case(1).await;
    let all = case["detections"].as_array().unwrap();
    let id = all.iter().find(|one| one["detect_id"] == name).unwrap()["id"].to_string();
    assert_eq!(person.post("/cases/1/split", &[("detections", &id)]).await.status(), 303);
}

fn values(case: &Value) -> Vec<String> {
    let all = case["observables"].as_array().unwrap();
    let mut all: Vec<_> = all.iter().map(|one| one["value"].as_str().unwrap().to_lowercase()).collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_a_removed_document_may_hold_stays_when_others_are_split_off() {
    let (server, ana) = without_the_last().await;
    let before = server.case(1).await;
    assert!(values(&before).contains(&"c:\\windows\\stage.exe".to_owned()), "{:?}", values(&before));
    split(&server, &ana, "a").await;
    let (one, two) = (server.case(1).await, server.case(2).await);
    assert_eq!(values(&one), values(&before));
    assert_eq!(one["techniques"], before["techniques"]);
    assert!(values(&two).contains(&"c:\\windows\\stage.exe".to_owned()), "{:?}", values(&two));
}

/// A detection whose rule states no level, and that `LimaCharlie` gives a priority.
async fn unlevelled(server: &Server, event: Event, priority: i64) {
    let mut one = document(&Event { level: None, ..event });
    one["priority"] = json!(priority);
    let (status, answer) = server.post("/api/v1/detections", one.to_string()).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
}

#[tokio::test]
async fn a_case_is_no_less_severe_without_its_documents() {
    let server = watched(|_| ()).await;
    unlevelled(&server, event("a", "stage", "a", "x", 0), 9).await;
    unlevelled(&server, event("b", "loot", "b", "a", MINUTE_MS), 1).await;
    unlevelled(&server, event("c", "loot", "b", "a", 2 * MINUTE_MS), 1).await;
    assert_eq!(server.case(1).await["severity"], "critical");
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.sql("UPDATE detections SET raw = '' WHERE detect_id IN ('a', 'b')").await;
    split(&server, &ana, "c").await;
    assert_eq!(server.case(1).await["severity"], "critical", "the first one may have been it, and was");
    assert_eq!(server.case(2).await["severity"], "low", "this one can still be read");
    split(&server, &ana, "b").await;
    assert_eq!(server.case(3).await["severity"], "critical", "nobody can say that it was less");
}

#[tokio::test]
async fn a_case_is_less_severe_where_every_document_is_there() {
    let server = watched(|_| ()).await;
    unlevelled(&server, event("a", "stage", "a", "x", 0), 9).await;
    unlevelled(&server, event("b", "loot", "b", "a", MINUTE_MS), 1).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    split(&server, &ana, "a").await;
    assert_eq!(
        (&server.case(1).await["severity"], &server.case(2).await["severity"]),
        (&json!("low"), &json!("critical"))
    );
}
