//! What programs declare with tokens measures nothing: one that repeats what the vote said would make it look perfect.
use super::{counts, declare, newest, panel, told, triaged};
use crate::support::{Server, http};
use fusionsoc::domain::Role;
use serde_json::json;

/// A program declares a case.
async fn declared_by_program(server: &Server, case: i64, verdict: &str) {
    let reason = if verdict == "true_positive" { "malware" } else { "known_application" };
    let sent = http().patch(format!("{}/api/v1/cases/{case}", server.url)).bearer_auth(&server.token);
    let sent = sent.json(&json!({"verdict": verdict, "reason": reason})).send().await.unwrap();
    assert_eq!(sent.status(), 200);
}

/// What the list behind the words of a page holds.
async fn listed(server: &Server, page: &str, words: &str) -> Vec<i64> {
    let before = page.split(words).next().unwrap();
    let href = before.rsplit("<a href=\"").next().unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let query = href.split_once('?').unwrap().1;
    let found = server.get(&format!("/api/v1/cases?{query}")).await;
    found["cases"].as_array().unwrap().iter().map(|case| case["number"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn only_what_people_declare_measures_voters_and_rules() {
    let (server, _models) = panel("majority", &[("a", "false_positive", 90), ("b", "false_positive", 80)]).await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let (own, other) = (triaged(&server, 1).await, triaged(&server, 2).await);
    declare(&lea, own, "true_positive").await;
    let before = told(&server).await;
    declared_by_program(&server, other, "false_positive").await;
    assert_eq!(told(&server).await, before);
    for path in ["/models", "/models/together"] {
        let page = lea.page(path).await.1;
        assert_eq!(listed(&server, &page, "1 declared by programs</a> is left out").await, [other], "{path}");
    }
    let health = &server.get("/api/v1/rules/health").await["rules"][0];
    assert_eq!((&health["reviewed"], &health["declared_by_programs"]), (&json!(1), &json!(1)), "{health}");
    let page = lea.page("/rules/health").await.1;
    assert_eq!(listed(&server, &page, "1 by programs</a>").await, [other]);
    // A person who declares the same makes it a person's word, and a program that repeats it takes nothing away.
    declare(&lea, other, "false_positive").await;
    assert_eq!(told(&server).await.iter().map(|cell| cell.3).sum::<i64>(), 6, "panel and two voters, of two cases");
    declared_by_program(&server, other, "false_positive").await;
    assert!(!lea.page("/models").await.1.contains("by programs"));
    declared_by_program(&server, other, "true_positive").await;
    assert_eq!(told(&server).await, before);
}

#[tokio::test]
async fn what_stood_before_is_whose_it_was_when_a_decision_is_undone() {
    let (server, _models) = panel("majority", &[("a", "false_positive", 90), ("b", "false_positive", 80)]).await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let case = triaged(&server, 1).await;
    declared_by_program(&server, case, "false_positive").await;
    declare(&lea, case, "true_positive").await;
    assert_eq!(told(&server).await.len(), 3);
    // As it was kept before the store knew it; then the timeline says who declared.
    server.sql("UPDATE timeline SET undo = REPLACE(undo, ',\"by_program\":true', '') WHERE undo IS NOT NULL").await;
    let event = newest(&server, case, "verdict").await["id"].to_string();
    assert_eq!(lea.post(&format!("/cases/{case}/undo"), &[("event", &event)]).await.status(), 303);
    assert_eq!(
        (counts(&server).await.0, server.case(case).await["verdict"].clone()),
        (vec![], json!("false_positive"))
    );
    assert_eq!(lea.page("/cases?reviewed=nobody").await.0, 400);
}
