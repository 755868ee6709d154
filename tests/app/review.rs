//! What people do with a case, by forms and without a script: declare, note, conflict, undo.

use crate::support::{Person, SEED, Server, http, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

async fn triaged(server: &Server) -> i64 {
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    number
}

/// The hidden version of a case page.
fn version(page: &str) -> String {
    let at = page.find("name=\"version\" value=\"").expect("the page has a version") + 22;
    page[at..].split('"').next().unwrap().to_owned()
}

/// The timeline's newest entry of a kind.
async fn newest(server: &Server, number: i64, kind: &str) -> Value {
    let case = server.case(number).await;
    case["timeline"].as_array().unwrap().iter().find(|entry| entry["kind"] == kind).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_declaration_closes_the_case_and_can_be_undone() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server).await;
    let page = ana.page(&format!("/cases/{number}")).await.1;
    let fields = [
        ("verdict", "false_positive"),
        ("reason", "known_application"),
        ("note", "Dell **maintenance**."),
        ("close", "true"),
        ("version", &version(&page)),
    ];
    assert_eq!(ana.post(&format!("/cases/{number}/verdict"), &fields).await.status(), 303);
    let case = server.case(number).await;
    assert_eq!(
        (&case["status"], &case["verdict"], &case["reason"]),
        (&json!("closed"), &json!("false_positive"), &json!("known_application"))
    );
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains("False positive by ana") && page.contains("Dell <strong>maintenance</strong>."), "{page}");
    let event = newest(&server, number, "verdict").await["id"].to_string();
    assert_eq!(ana.post(&format!("/cases/{number}/undo"), &[("event", &event)]).await.status(), 303);
    let case = server.case(number).await;
    assert_eq!((&case["status"], &case["verdict"]), (&json!("new"), &json!("pending")));
    assert_eq!(ana.post(&format!("/cases/{number}/undo"), &[("event", &event)]).await.status(), 409, "only once");
}

#[tokio::test]
async fn a_stale_page_is_a_conflict_and_keeps_what_was_typed() {
    let server = spawn().await;
    let (ana, kim) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("kim", Role::Analyst).await);
    let number = triaged(&server).await;
    let seen = version(&ana.page(&format!("/cases/{number}")).await.1);
    let path = format!("/cases/{number}/verdict");
    let first = [("verdict", "benign_true_positive"), ("close", "true"), ("version", seen.as_str())];
    assert_eq!(kim.post(&path, &first).await.status(), 303);
    let late =
        [("verdict", "false_positive"), ("note", "I saw the <cabinet>"), ("close", "true"), ("version", seen.as_str())];
    let reply = ana.post(&path, &late).await;
    assert_eq!(reply.status(), 409);
    let page = reply.text().await.unwrap();
    assert!(page.contains("kim decided benign true positive at"), "{page}");
    assert!(page.contains("I saw the &#60;cabinet&#62;"), "the note is still in the form");
    assert_eq!(server.case(number).await["verdict"], json!("benign_true_positive"));
}

#[tokio::test]
async fn a_true_positive_needs_a_reason_that_fits() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server).await;
    let path = format!("/cases/{number}/verdict");
    let reply = ana.post(&path, &[("verdict", "true_positive"), ("note", "kept text")]).await;
    assert_eq!(reply.status(), 422);
    let page = reply.text().await.unwrap();
    assert!(
        page.contains("A true positive needs a reason.") && page.contains("kept text") && page.contains("aria-invalid")
    );
    assert_eq!(ana.post(&path, &[("verdict", "true_positive"), ("reason", "rule_too_broad")]).await.status(), 422);
    assert_eq!(ana.post(&path, &[("verdict", "perhaps")]).await.status(), 422);
    assert_eq!(
        ana.post(&path, &[("verdict", "true_positive"), ("reason", "malware"), ("close", "true")]).await.status(),
        303
    );
}

#[tokio::test]
async fn the_status_machine_refuses_what_is_not_allowed_and_no_step_is_no_entry() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server).await;
    let path = format!("/cases/{number}/status");
    assert_eq!(ana.post(&path, &[("status", "resolved")]).await.status(), 422);
    assert_eq!(ana.post(&path, &[("status", "closed")]).await.status(), 422, "closing without verdict needs a reason");
    let before = server.case(number).await["timeline"].as_array().unwrap().len();
    assert_eq!(ana.post(&path, &[("status", "new")]).await.status(), 303);
    assert_eq!(server.case(number).await["timeline"].as_array().unwrap().len(), before);
    assert_eq!(ana.post(&path, &[("status", "in_progress")]).await.status(), 303);
    assert_eq!(ana.post(&path, &[("status", "closed"), ("reason", "duplicate")]).await.status(), 303);
    assert_eq!(ana.post(&path, &[("status", "in_progress"), ("reason", "new facts")]).await.status(), 303);
    assert_eq!(newest(&server, number, "status").await["text"], json!("Reopened: closed → in progress: new facts"));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_done_once_and_an_empty_note_is_told() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server).await;
    let path = format!("/cases/{number}/notes");
    let fields = [
        ("body", "# Looked\n<img src=x onerror=alert(1)> ![x](https://evil.example/x.png) [docs](javascript:alert(1))"),
        ("idempotency_key", "k1"),
    ];
    for _ in 0..2 {
        assert_eq!(ana.post(&path, &fields).await.status(), 303);
    }
    assert_eq!(server.case(number).await["notes"].as_array().unwrap().len(), 1);
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(!page.contains("<img") && !page.contains("href=\"javascript"), "nothing of the note is active");
    let reply = ana.post(&path, &[("body", "  \n ")]).await;
    assert_eq!(reply.status(), 422);
    assert!(reply.text().await.unwrap().contains("Write something first."));
}

#[tokio::test]
async fn a_viewer_reads_and_another_organisation_sees_nothing() {
    let server = spawn().await;
    let viewer = server.sign_in("vera", Role::Viewer).await;
    let number = triaged(&server).await;
    assert_eq!(viewer.page(&format!("/cases/{number}")).await.0, 200);
    assert_eq!(viewer.post(&format!("/cases/{number}/verdict"), &[("verdict", "false_positive")]).await.status(), 403);
    let other = crate::support::add_org(&server.app.store, "rival", None).await;
    let token = crate::support::add_token(&server.app.store, other, fusionsoc::domain::role::Scope::ALL).await;
    let get = async |path: String| {
        http().get(format!("{}{path}", server.url)).bearer_auth(&token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(get(format!("/api/v1/cases/{number}")).await, 404);
    assert_eq!(get("/api/v1/cases/abc".to_owned()).await, 404);
    let outsider = Person { url: server.url.clone(), cookie: "fusionsoc=guess".to_owned() };
    assert_eq!(outsider.page(&format!("/cases/{number}")).await.0, 303, "to the sign-in page");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server).await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "none"),
        ("origin", "https://evil.example"),
        ("x-nothing", "1"),
    ] {
        let sent = http()
            .post(format!("{}/cases/{number}/verdict", server.url))
            .header("cookie", &ana.cookie)
            .header(name, value);
        let reply = sent
            .header("content-type", "application/x-www-form-urlencoded")
            .body("verdict=false_positive")
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 403, "{name}: {value}");
    }
    assert_eq!(server.case(number).await["verdict"], json!("pending"));
}

#[tokio::test]
async fn what_analysts_declare_votes_on_the_next_case_and_undo_takes_it_out() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server).await;
    ana.post(&format!("/cases/{number}/verdict"), &[("verdict", "false_positive"), ("close", "true")]).await;
    let next = server.deliver(&seed_with(&[(&seed_id(), "next")])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let precedent = |case: &Value| {
        case["runs"][0]["votes"].as_array().unwrap().iter().find(|vote| vote["voter"] == "builtin:precedent").unwrap()["state"].clone()
    };
    assert_eq!(precedent(&server.case(next).await), json!("ok"));
    let event = newest(&server, number, "verdict").await["id"].to_string();
    assert_eq!(ana.post(&format!("/cases/{number}/undo"), &[("event", &event)]).await.status(), 303);
    server.post(&format!("/api/v1/cases/{next}/triage"), "").await;
    server.run_jobs().await;
    assert_eq!(precedent(&server.case(next).await), json!("abstained"));
}

#[tokio::test]
async fn the_ledger_can_only_grow() {
    let server = spawn().await;
    triaged(&server).await;
    let mut tx = server.app.store.write().await.unwrap();
    let refused = match &mut tx {
        fusionsoc::store::Tx::Sqlite(tx) => sqlx::query("DELETE FROM ledger").execute(&mut **tx).await.is_err(),
        fusionsoc::store::Tx::Postgres(tx) => sqlx::query("DELETE FROM ledger").execute(&mut **tx).await.is_err(),
    };
    assert!(refused);
}

#[tokio::test]
async fn undo_takes_back_ones_own_newest_decision_and_nothing_else() {
    let server = spawn().await;
    let (ana, kim) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("kim", Role::Analyst).await);
    let number = triaged(&server).await;
    let (verdict, status, undo) =
        (format!("/cases/{number}/verdict"), format!("/cases/{number}/status"), format!("/cases/{number}/undo"));
    ana.post(&verdict, &[("verdict", "false_positive")]).await;
    let declared = newest(&server, number, "verdict").await["id"].to_string();
    assert_eq!(kim.post(&undo, &[("event", &declared)]).await.status(), 422, "it is not hers");
    assert_eq!(kim.post(&status, &[("status", "closed")]).await.status(), 303);
    assert_eq!(ana.post(&undo, &[("event", &declared)]).await.status(), 409, "something was decided since");
    let closed = newest(&server, number, "status").await["id"].to_string();
    assert_eq!(kim.post(&undo, &[("event", &closed)]).await.status(), 303);
    assert_eq!(server.case(number).await["status"], json!("in_progress"));
    let lead = server.sign_in("lea", Role::Lead).await;
    assert_eq!(lead.post(&undo, &[("event", &declared)]).await.status(), 303, "a lead may");
}

#[tokio::test]
async fn reopening_needs_a_reason_and_a_key_counts_for_its_own_form_alone() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server).await;
    let key = ("idempotency_key", "same");
    ana.post(&format!("/cases/{number}/verdict"), &[("verdict", "false_positive"), ("close", "true"), key]).await;
    assert_eq!(ana.post(&format!("/cases/{number}/notes"), &[("body", "kept"), key]).await.status(), 303);
    assert_eq!(server.case(number).await["notes"].as_array().unwrap().len(), 1);
    let path = format!("/cases/{number}/status");
    assert_eq!(ana.post(&path, &[("status", "in_progress")]).await.status(), 422);
    assert_eq!(ana.post(&path, &[("status", "in_progress"), ("reason", "a\0b")]).await.status(), 422);
    assert_eq!(ana.post(&path, &[("status", "in_progress"), ("reason", "new facts")]).await.status(), 303);
    assert_eq!(ana.post(&path, &[("status", "closed"), ("reason", "foo")]).await.status(), 422, "not one of the codes");
}
