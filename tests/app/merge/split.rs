//! Detections leave a case for a new one.
use crate::merge::dump::dump;
use crate::merge::events::{Event, MINUTE_MS, deliver, event, on_host};
use crate::merge::{cases, done, list, refused};
use crate::support::{Server, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// A case of three detections: two of one behaviour, one of another.
async fn tree(server: &Server) {
    let all = [
        event("a", "stage", "a", "x", 0),
        Event { level: Some("critical"), ..event("b", "loot", "b", "a", MINUTE_MS) },
        event("c", "stage", "a", "x", 2 * MINUTE_MS),
    ];
    deliver(server, &all.iter().collect::<Vec<_>>()).await;
    server.run_jobs().await;
}

fn id(case: &Value, name: &str) -> String {
    list(case, "detections").iter().find(|one| one["detect_id"] == name).unwrap()["id"].to_string()
}

fn values(case: &Value) -> Vec<String> {
    list(case, "observables").iter().map(|one| one["value"].as_str().unwrap().to_lowercase()).collect()
}

#[tokio::test]
async fn a_detection_leaves_with_what_is_its_own() {
    let server = spawn().await;
    tree(&server).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let before = server.case(1).await;
    assert!(ana.page("/cases/1").await.1.contains("Choose to split off"));
    let form = [("detections", id(&before, "b")), ("idempotency_key", "k".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(done(&ana, "/cases/1/split", &form).await, "/cases/2");
    done(&ana, "/cases/1/split", &form).await;
    let (one, two) = (server.case(1).await, server.case(2).await);
    assert_eq!((list(&one, "detections").len(), list(&two, "detections").len()), (2, 1));
    assert_eq!((&one["title"], &two["rule"]), (&before["title"], &json!("general.loot")));
    assert_eq!(two["rule_level"], "critical");
    assert!(values(&two).contains(&"c:\\windows\\loot.exe".to_owned()), "{:?}", values(&two));
    assert!(!values(&one).contains(&"c:\\windows\\loot.exe".to_owned()), "{:?}", values(&one));
    assert!(values(&one).contains(&"c:\\windows\\stage.exe".to_owned()));
    assert_eq!(list(&one, "runs").len(), 1, "the behaviour took its votes along");
    assert_eq!(list(&two, "runs").len(), 2, "and is triaged anew: {}", two["runs"]);
    assert_eq!(two["triage_state"], "queued");
    let related = |case: &Value| list(case, "related")[0].clone();
    assert_eq!(related(&two)["number"], 1);
    assert!(related(&two)["why"].as_str().unwrap().contains("split off it by ana"));
    assert!(related(&one)["why"].as_str().unwrap().contains("split off this one by ana"));
    server.run_jobs().await;
    assert_eq!(server.case(2).await["triage_state"], "done");
    let kinds = |case: &Value| list(case, "timeline").iter().map(|entry| entry["kind"].clone()).collect::<Vec<_>>();
    assert!(kinds(&one).contains(&json!("split")) && kinds(&two).contains(&json!("case_opened")));
    // A detection that belongs to both does not join them again; a person does.
    deliver(&server, &[&event("d", "bridge", "b", "a", 3 * MINUTE_MS)]).await;
    assert_eq!(server.case(2).await["merged_into"], Value::Null);
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    assert_eq!(list(&server.case(1).await, "detections").len(), 4);
    assert!(values(&server.case(1).await).contains(&"c:\\windows\\loot.exe".to_owned()));
}

#[tokio::test]
async fn one_of_several_of_a_behaviour_leaves_the_votes_where_they_are() {
    let server = spawn().await;
    tree(&server).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let before = server.case(1).await;
    done(&ana, "/cases/1/split", &[("detections", &id(&before, "c"))]).await;
    let (one, two) = (server.case(1).await, server.case(2).await);
    assert_eq!((list(&one, "runs").len(), list(&two, "runs").len()), (2, 1));
    assert_eq!(values(&one), values(&before), "the other one of the behaviour holds the same");
    // The behaviour that opened the case leaves altogether: the head shows what is left.
    done(&ana, "/cases/1/split", &[("detections", &id(&one, "a"))]).await;
    let one = server.case(1).await;
    assert_eq!((&one["rule"], list(&one, "detections").len()), (&json!("general.loot"), 1));
}

#[tokio::test]
async fn a_split_that_makes_no_sense_is_refused_in_words() {
    let server = spawn().await;
    tree(&server).await;
    cases(&server, &["other"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = server.case(1).await;
    let all: Vec<String> = ["a", "b", "c"].iter().map(|name| id(&case, name)).collect();
    let all: Vec<(&str, &str)> = all.iter().map(|id| ("detections", id.as_str())).collect();
    let before = dump(&server.app.store).await;
    assert!(refused(&ana, "/cases/1/split", &all, 422).await.contains("At least one detection has to stay"));
    assert!(refused(&ana, "/cases/1/split", &[], 422).await.contains("Choose at least one detection"));
    let foreign = id(&server.case(2).await, "0-other");
    let page = refused(&ana, "/cases/1/split", &[("detections", &foreign)], 404).await;
    assert!(page.contains("No such detection"), "{page}");
    assert_eq!(dump(&server.app.store).await, before);
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    let page = refused(&ana, "/cases/1/split", &[("detections", &foreign)], 422).await;
    assert!(page.contains("came with case #2"), "{page}");
    // Its own may all leave; then what is part of it can't be taken out any more, because nothing would be left.
    done(&ana, "/cases/1/split", &all).await;
    assert!(refused(&ana, "/cases/2/unmerge", &[], 422).await.contains("left without a detection"));
}

#[tokio::test]
async fn a_split_case_counts_as_a_case_of_its_behaviours() {
    let server = spawn().await;
    tree(&server).await;
    deliver(&server, &[&on_host(7, event("far", "stage", "", "", 0))]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    done(&ana, "/cases/1/verdict", &declared).await;
    let one = server.case(1).await;
    done(&ana, "/cases/1/split", &[("detections", &id(&one, "c"))]).await;
    let rows = dump(&server.app.store).await;
    let fingerprint = &list(&one, "detections").iter().find(|one| one["detect_id"] == "c").unwrap()["fingerprint"];
    let counted = rows["precedents"].iter().find(|row| row["fingerprint"] == *fingerprint).unwrap();
    assert_eq!((&counted["cases"], &counted["false_positive"]), (&json!(3), &json!(1)), "{counted}");
}
