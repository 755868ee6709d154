//! One undo for the whole act.
use crate::bulk::{CLOSE, count, location, start};
use crate::support::agreeing::field;
use fusionsoc::domain::Role;
use serde_json::json;

#[tokio::test]
async fn one_undo_takes_all_back_from_any_page() {
    let (server, _models, ana) = start(3).await;
    let before = server.case(3).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3,4")]).collect();
    let page = ana.page(&location(&ana.post("/cases/bulk", &fields).await)).await.1;
    assert!(page.contains("action=\"/cases/bulk/1/undo\""), "the toast has the way back");
    assert!(ana.page("/cases/bulk/1").await.1.contains("Undo all"), "and the act's page, after reload as well");
    let key = field(&page, "id=\"done\"", "idempotency_key");
    let undo = [("idempotency_key", key.as_str()), ("from", "view=open")];
    let to = location(&ana.post("/cases/bulk/1/undo", &undo).await);
    assert_eq!(to, "/cases?view=open&bulk=1");
    let page = ana.page(&to).await.1;
    assert!(page.contains("Undone. 3 cases are open again.") && !page.contains("/cases/bulk/1/undo"), "{page}");
    let after = server.case(3).await;
    assert_eq!((&after["status"], &after["verdict"]), (&before["status"], &before["verdict"]));
    assert!(after["timeline"][0]["text"].as_str().unwrap().starts_with("Undone: Declared false positive"));
    location(&ana.post("/cases/bulk/1/undo", &undo).await);
    let events = server.case(3).await["timeline"].as_array().unwrap().len();
    assert_eq!(events, after["timeline"].as_array().unwrap().len(), "twice is once");
    let sql = "SELECT CAST(SUM(false_positive) AS BIGINT) FROM precedents";
    assert_eq!(crate::bulk::number(&server.app.store, sql).await, 1, "precedents go back as well");
}

#[tokio::test]
async fn u_takes_the_act_back_where_it_was_the_last_one() {
    let (server, _models, ana) = start(4).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3,4")]).collect();
    location(&ana.post("/cases/bulk", &fields).await);
    location(&ana.post("/cases/5/verdict", &CLOSE).await);
    let to = location(&ana.post("/undo", &[]).await);
    assert!(to.contains("undone=5"), "first what came last: {to}");
    assert_eq!(count(&server, "number IN (2, 3, 4) AND open = FALSE").await, 3);
    let to = location(&ana.post("/undo", &[("next", "queue"), ("from", "view=open")]).await);
    assert_eq!(to, "/cases?view=open&bulk=1");
    assert!(ana.page(&to).await.1.contains("Undone. 3 cases are open again."));
    assert_eq!(count(&server, "verdict = 'pending'").await, 4);
    assert_eq!(ana.post("/undo", &[]).await.status(), 409, "that was all");
}

#[tokio::test]
async fn what_somebody_decided_otherwise_since_stays_and_is_told() {
    let (server, _models, ana) = start(3).await;
    let kim = server.sign_in("kim", Role::Analyst).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3,4")]).collect();
    location(&ana.post("/cases/bulk", &fields).await);
    let other = [("verdict", "benign_true_positive"), ("reason", "security_test"), ("close", "true")];
    location(&kim.post("/cases/3/verdict", &other).await);
    assert_eq!(kim.post("/cases/bulk/1/undo", &[]).await.status(), 403, "an analyst doesn't undo what others did");
    let page = ana.page(&location(&ana.post("/cases/bulk/1/undo", &[]).await)).await.1;
    assert!(page.contains("Undone. 2 cases are open again."), "{page}");
    assert!(page.contains("1 stayed: decided otherwise since"), "{page}");
    assert_eq!(server.case(3).await["verdict"], json!("benign_true_positive"));
    let page = ana.page("/cases/bulk/1").await.1;
    assert!(page.contains("kim decided benign true positive at"), "{page}");
}

#[tokio::test]
async fn a_lead_undoes_the_act_of_somebody_else() {
    let (server, _models, ana) = start(2).await;
    let kim = server.sign_in("kim", Role::Lead).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3")]).collect();
    location(&ana.post("/cases/bulk", &fields).await);
    let page = kim.page(&location(&kim.post("/cases/bulk/1/undo", &[]).await)).await.1;
    assert!(page.contains("Undone. 2 cases are open again."), "{page}");
    let entry = &server.case(2).await["timeline"][0];
    assert_eq!((&entry["kind"], &entry["actor"]), (&json!("undo"), &json!("kim")));
}
