//! What a change of policy would have done is said before it is saved.
use super::form;
use crate::support::agreeing::{self, benign, deliver, precedent};
use crate::support::{Person, Server};
use serde_json::json;

/// What is said of a change; the page's status with it.
async fn tried(who: &Person, fields: &[(&str, &str)]) -> (u16, String) {
    let reply = who.post("/admin/policy/acme/preview", &form(fields)).await;
    let status = reply.status().as_u16();
    let page = reply.text().await.unwrap();
    let said = page.split("id=\"would-acme\"").nth(1).and_then(|after| after.split("</ul>").next());
    (status, said.unwrap_or_default().to_owned())
}

async fn number(server: &Server, host: &str) -> i64 {
    let all = server.get(&format!("/api/v1/cases?q={host}")).await;
    all["cases"].as_array().unwrap().iter().find(|case| case["hostname"] == host).unwrap()["number"].as_i64().unwrap()
}

#[tokio::test]
async fn a_change_of_policy_is_tried_on_the_cases_of_the_past() {
    let (server, _models) = agreeing::spawn().await;
    let lea = precedent(&server).await;
    let mut documents: Vec<_> = (1..=4).map(benign).collect();
    for place in ["/routing/tags", "/detect/routing/tags"] {
        *documents[3].pointer_mut(place).unwrap() = json!(["windows", "yara_detection_memory"]);
    }
    deliver(&server, &documents).await;
    let attack = number(&server, "desk-0004").await;
    let declared = [("verdict", "true_positive"), ("reason", "malware")];
    assert_eq!(lea.post(&format!("/cases/{attack}/verdict"), &declared).await.status(), 303);

    let (status, said) = tried(&lea, &[("tags", "none")]).await;
    assert_eq!(status, 200);
    // The first of a behaviour is never closed: nobody had decided it.
    assert!(said.contains("Of the last 5 cases with a finished vote"), "{said}");
    assert!(said.contains("would let 3 be closed as the policy is, and 4 with this change."), "{said}");
    assert!(said.contains("1 case more could be closed: 1 true positive."), "{said}");
    assert!(said.contains("1 of these declared true positive:"), "{said}");
    assert!(said.contains(&format!("href=\"/cases/{attack}\"")), "{said}");

    let (_, said) = tried(&lea, &[("veto_severity", "medium"), ("review_share", "50")]).await;
    assert!(said.contains("would let 3 be closed as the policy is, and 0 with this change."), "{said}");
    assert!(said.contains("3 cases would be kept for a person: 3 not decided."), "{said}");

    let (_, said) = tried(&lea, &[("review_share", "90")]).await;
    assert!(said.contains("would have closed 0 alone, with this change or without it."), "{said}");
    assert!(
        said.contains("About 3 of those that the vote lets be closed would have been drawn for blind review at 90%"),
        "{said}"
    );
    assert!(!said.contains("prove itself"), "the limit stays: {said}");
    let (_, said) = tried(&lea, &[("limit", "5")]).await;
    assert!(said.contains("prove itself by 69 reviews without a true positive, instead of 173."), "{said}");
    let (_, said) = tried(&lea, &[("limit", "0")]).await;
    assert!(said.contains("No number of reviews would ever let the machine close a case."), "{said}");
}

#[tokio::test]
async fn trying_a_policy_changes_nothing_and_keeps_what_was_typed() {
    let (server, _models) = agreeing::spawn().await;
    let lea = precedent(&server).await;
    let reply = lea.post("/admin/policy/acme/preview", &form(&[("tags", "own"), ("veto_tags", "lab-*")])).await;
    let page = reply.text().await.unwrap();
    assert!(page.contains(">lab-*</textarea>") && page.contains("Nothing is saved yet."), "{page}");
    let page = lea.page("/admin/policy").await.1;
    assert!(!page.contains("lab-*") && !page.contains("Nothing is saved yet."), "{page}");
    assert!(super::entered(&server, "policy").await.is_empty());
    let (status, said) = tried(&lea, &[("limit", "200")]).await;
    assert_eq!((status, said.as_str()), (422, ""), "a wrong field is named as when saving");
}
