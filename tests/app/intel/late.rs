//! Answers that come after the vote: a bad one opens the question again.
use crate::intel::fakes::{CHILD, Informed, answer, informed_with, verdict, vetoes};
use crate::support::SEED;
use fusionsoc::domain::Role;
use serde_json::json;

/// A case whose questions found the quota used up.
async fn unasked() -> Informed {
    let it = informed_with(|section, _| section["virustotal"]["per_minute"] = json!(2)).await;
    it.server.sql("INSERT INTO intel_providers (name) VALUES ('virustotal')").await;
    let now = fusionsoc::clock::now_ms();
    for _ in 0..2 {
        it.server.sql(&format!("INSERT INTO intel_calls (provider, at_ms) VALUES ('virustotal', {now})")).await;
    }
    let case = it.triaged(SEED).await;
    assert_eq!(
        (case["runs"].as_array().unwrap().len(), answer(&case, "virustotal", CHILD)["state"].as_str()),
        (1, Some("waiting"))
    );
    it
}

#[tokio::test]
async fn a_late_malicious_answer_asks_the_panel_again() {
    let it = unasked().await;
    it.fake.knows(CHILD, 50, -90);
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!((case["runs"].as_array().unwrap().len(), verdict(&case, CHILD)), (2, &json!("malicious")));
    assert!(vetoes(&case).contains(&"intelligence"), "the newest run knows it");
    assert!(!vetoes(&case).contains(&"evidence"), "and nothing is missing any more");
    let told = case["timeline"].to_string();
    assert!(told.contains("Intelligence came late: VirusTotal calls"), "{told}");
    assert_eq!(it.fake.asked().await.len(), 2, "the new run asks nothing again");
}

#[tokio::test]
async fn a_late_harmless_answer_changes_no_vote() {
    let it = unasked().await;
    it.fake.knows(CHILD, 0, 3);
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!((case["runs"].as_array().unwrap().len(), verdict(&case, CHILD)), (1, &json!("clean")));
}

#[tokio::test]
async fn an_answer_waits_for_the_run_that_is_under_way() {
    let it = unasked().await;
    it.fake.knows(CHILD, 50, -90);
    it.server.sql("UPDATE runs SET state = 'running'").await;
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!(
        (case["runs"].as_array().unwrap().len(), answer(&case, "virustotal", CHILD)["state"].as_str()),
        (1, Some("waiting"))
    );
    it.server.sql("UPDATE runs SET state = 'done'").await;
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!((case["runs"].as_array().unwrap().len(), it.fake.asked().await.len()), (2, 2));
}

#[tokio::test]
async fn a_closed_case_is_not_asked_about_any_more() {
    let it = unasked().await;
    let person = it.server.sign_in("eve", Role::Lead).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(person.post("/cases/1/verdict", &declared).await.status(), 303);
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert!(it.fake.asked().await.is_empty());
    assert_eq!(answer(&case, "virustotal", CHILD)["state"], "withheld");
    assert!(it.page("/cases/1").await.contains("The case was closed before it was asked."));
}
