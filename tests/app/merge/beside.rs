//! Cases beside each other: linked by hand, found by themselves, closed as duplicates.
use crate::merge::events::{Event, HOUR_MS, deliver, event, on_host};
use crate::merge::{cases, done, list, refused};
use crate::support::spawn;
use fusionsoc::domain::Role;
use serde_json::{Value, json};

fn why(case: &Value, number: i64) -> String {
    let found = list(case, "related").iter().find(|one| one["number"] == number);
    found.map(|one| one["why"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_link_stands_on_both_sides_until_it_is_taken_away() {
    let server = spawn().await;
    cases(&server, &["a", "b", "c"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/2/link", &[("to", "#1")]).await;
    done(&ana, "/cases/1/link", &[("to", "2")]).await;
    for (number, other) in [(1, 2), (2, 1)] {
        let case = server.case(number).await;
        assert!(why(&case, other).starts_with("linked by ana"), "{}", case["related"]);
        let told = list(&case, "timeline").iter().filter(|entry| entry["kind"] == "link").count();
        assert_eq!(told, 1, "said twice is said once");
        assert!(ana.page(&format!("/cases/{number}")).await.1.contains(&format!("Unlink #{other}")));
    }
    assert!(refused(&ana, "/cases/1/link", &[("to", "1")], 422).await.contains("another case"));
    refused(&ana, "/cases/1/link", &[("to", "99")], 404).await;
    assert!(refused(&ana, "/cases/1/unlink", &[("unlink", "3")], 422).await.contains("not linked by hand"));
    // A link follows what becomes part of another case.
    done(&ana, "/cases/2/merge", &[("into", "3")]).await;
    assert!(why(&server.case(1).await, 3).starts_with("linked by ana"));
    assert!(why(&server.case(3).await, 1).starts_with("linked by ana"));
    done(&ana, "/cases/2/unmerge", &[]).await;
    done(&ana, "/cases/1/unlink", &[("unlink", "2")]).await;
    assert!(!why(&server.case(1).await, 2).contains("linked"));
}

#[tokio::test]
async fn related_cases_are_found_and_say_why() {
    let server = spawn().await;
    let rare = |id: &str, host: usize, program: &str, hash: &str| {
        let event = on_host(host, event(id, program, "", "", 0));
        let mut document = crate::merge::events::document(&event);
        document["detect"]["event"]["HASH"] = json!(hash.repeat(64));
        document.to_string()
    };
    for (id, host, program, hash) in
        [("a", 1, "tool", "a"), ("b", 2, "tool", "b"), ("c", 3, "else", "a"), ("d", 1, "near", "d")]
    {
        assert_eq!(server.post("/api/v1/detections", rare(id, host, program, hash)).await.0, 202);
    }
    let case = server.case(1).await;
    assert!(why(&case, 2).contains("same behaviour on another host"), "{}", case["related"]);
    assert!(why(&case, 3).contains("same SHA-256 aaaa"), "{}", case["related"]);
    assert!(why(&case, 4).contains("same sensor within 24 h"), "{}", case["related"]);
    let ana = server.sign_in("ana", Role::Analyst).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    done(&ana, "/cases/4/verdict", &declared).await;
    deliver(&server, &[&on_host(1, event("e", "near", "", "", HOUR_MS))]).await;
    assert!(why(&server.case(5).await, 4).contains("the same before"));
    assert!(why(&server.case(4).await, 5).contains("the same again"));
    let (_, page) = ana.page("/cases/1").await;
    assert!(page.contains("Merge into this case") && page.contains("same sensor within 24 h"));
    // One step: tick what belongs together.
    assert_eq!(done(&ana, "/cases/merge", &[("numbers", "2"), ("numbers", "3"), ("into", "1")]).await, "/cases/1");
    assert_eq!(list(&server.case(1).await, "detections").len(), 3);
    assert_eq!(why(&server.case(4).await, 2), "", "what is part of another case is not shown");
}

#[tokio::test]
async fn related_cases_are_bounded() {
    let server = spawn().await;
    let all: Vec<Event> =
        (0..40).map(|at| on_host(at % 2, event(&format!("e{at}"), &format!("p{at}"), "", "", 0))).collect();
    deliver(&server, &all.iter().collect::<Vec<_>>()).await;
    let count = list(&server.case(1).await, "related").len();
    assert!((1..=20).contains(&count), "{count}");
}

#[tokio::test]
async fn a_duplicate_is_closed_and_undo_opens_it_again() {
    let server = spawn().await;
    cases(&server, &["a", "b", "c"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/2/duplicate", &[("of", "1"), ("version", "1")]).await;
    done(&ana, "/cases/2/duplicate", &[("of", "1")]).await;
    let (one, two) = (server.case(1).await, server.case(2).await);
    assert_eq!(
        (&two["status"], &two["reason"], &two["duplicate_of"]),
        (&json!("closed"), &json!("duplicate"), &json!(1))
    );
    assert!(why(&one, 2).contains("a duplicate of this one") && why(&two, 1).contains("this one is its duplicate"));
    for (of, words) in [("2", "another case"), ("x", "by its number")] {
        assert!(refused(&ana, "/cases/2/duplicate", &[("of", of)], 422).await.contains(words));
    }
    assert!(refused(&ana, "/cases/1/duplicate", &[("of", "2")], 422).await.contains("itself a duplicate of this one"));
    done(&ana, "/cases/1/duplicate", &[("of", "3")]).await;
    assert!(refused(&ana, "/cases/3/duplicate", &[("of", "2")], 422).await.contains("itself a duplicate"));
    refused(&ana, "/cases/3/duplicate", &[("of", "2"), ("version", "77")], 409).await;
    let event = list(&server.case(2).await, "timeline").iter().find(|entry| entry["kind"] == "status").cloned();
    assert!(event.unwrap()["text"].as_str().unwrap().contains("Closed as a duplicate of case #1"));
    done(&ana, "/undo", &[]).await;
    assert_eq!(server.case(1).await["duplicate_of"], Value::Null);
    done(&ana, "/undo", &[]).await;
    let two = server.case(2).await;
    assert_eq!((&two["status"], &two["duplicate_of"]), (&json!("new"), &Value::Null));
    assert!(!why(&server.case(1).await, 2).contains("duplicate"));
}

#[tokio::test]
async fn a_true_positive_is_no_duplicate_of_a_false_one() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/1/verdict", &[("verdict", "false_positive"), ("reason", "known_application")]).await;
    done(&ana, "/cases/2/verdict", &[("verdict", "true_positive"), ("reason", "malware")]).await;
    assert!(refused(&ana, "/cases/2/duplicate", &[("of", "1")], 422).await.contains("One of the two is wrong"));
}
