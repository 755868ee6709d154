//! `POST /undo` and the undo of a toast.
use crate::deciding::{flagged, location};
use crate::support::agreeing::{self, benign, deliver, field, precedent};
use crate::support::{spawn, spawn_with};
use fusionsoc::domain::Role;
use serde_json::json;

#[tokio::test]
async fn the_last_act_is_undone_from_anywhere_and_named() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    assert_eq!(ana.post("/undo", &[]).await.status(), 409, "nothing was done yet");
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    location(&ana.post(&format!("/cases/{number}/verdict"), &declared).await);
    let kim = server.sign_in("kim", Role::Lead).await;
    assert_eq!(kim.post("/undo", &[]).await.status(), 409, "what somebody else did is not hers");
    for page in ["/cases", "/models", "/search", &format!("/cases/{number}")] {
        assert!(ana.page(page).await.1.contains("action=\"/undo\""), "{page} has a control for it");
    }
    let to = location(&ana.post("/undo", &[("idempotency_key", "k1")]).await);
    assert!(ana.page(&to).await.1.contains(&format!("Undone. #{number} is open again.")), "{to}");
    assert_eq!(server.case(number).await["status"], json!("new"));
    assert_eq!(ana.post("/undo", &[("idempotency_key", "k1")]).await.status(), 303, "the same form again does nothing");
    assert_eq!(ana.post("/undo", &[]).await.status(), 409, "it was the only one");
}

#[tokio::test]
async fn after_the_window_undo_opens_the_case_by_a_new_step() {
    let server = spawn_with(|config| config.policy.undo_s = 0).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    location(&ana.post(&format!("/cases/{number}/verdict"), &declared).await);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let to = location(&ana.post("/undo", &[]).await);
    assert!(ana.page(&to).await.1.contains(&format!("Undone. #{number} is open again.")));
    let case = server.case(number).await;
    assert_eq!((&case["status"], &case["verdict"]), (&json!("in_progress"), &json!("pending")));
    let newest = &case["timeline"][0];
    assert_eq!((&newest["kind"], &newest["text"]), (&json!("status"), &json!("Reopened by undo after the window")));
    assert_eq!(ana.post("/undo", &[]).await.status(), 409, "the way back is not gone twice");
}

#[tokio::test]
async fn an_act_after_which_somebody_else_decided_stays() {
    let server = spawn().await;
    let (ana, kim) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("kim", Role::Analyst).await);
    let number = flagged(&server).await;
    let path = format!("/cases/{number}/verdict");
    location(&ana.post(&path, &[("verdict", "false_positive"), ("reason", "other")]).await);
    location(&kim.post(&path, &[("verdict", "benign_true_positive"), ("reason", "security_test")]).await);
    let reply = ana.post("/undo", &[]).await;
    assert_eq!(reply.status(), 409);
    assert!(reply.text().await.unwrap().contains(&format!("#{number}: kim decided benign true positive at")));
    assert_eq!(server.case(number).await["verdict"], json!("benign_true_positive"));
}

#[tokio::test]
async fn the_queues_toast_leads_back_to_the_row() {
    let (server, _models) = agreeing::spawn().await;
    precedent(&server).await;
    deliver(&server, &[benign(1), benign(2)]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let queue = ana.page("/cases?sort=oldest").await.1;
    let number = field(&queue, "class=\"split\"", "from");
    assert_eq!(number, "sort=oldest");
    let row = queue.split("data-row=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("verdict", "false_positive"), ("close", "true"), ("next", "queue"), ("from", "sort=oldest")];
    let to = location(&ana.post(&format!("/cases/{row}/verdict"), &fields).await);
    let page = ana.page(&to).await.1;
    let event = field(&page, "id=\"done\"", "event");
    let fields = [("event", event.as_str()), ("next", "queue"), ("from", "sort=oldest")];
    let to = location(&ana.post(&format!("/cases/{row}/undo"), &fields).await);
    assert_eq!(to, format!("/cases?sort=oldest&peek={row}&undone={row}"));
    let page = ana.page(&to).await.1;
    assert!(
        page.contains(&format!("Undone. #{row} is open again.")) && page.contains(&format!("Preview of case {row}"))
    );
}
