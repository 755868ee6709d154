//! Drafts: kept on the server, shown again, gone when the form is sent or they are given up.
use crate::deciding::{flagged, location};
use crate::support::{self, spawn};
use fusionsoc::domain::Role;

#[tokio::test]
async fn what_was_typed_is_there_after_signing_in_again_and_gone_when_it_is_sent() {
    let server = spawn().await;
    let mut ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let draft = format!("/cases/{number}/draft");
    let note = [("form", "note"), ("body", "Asked the <owner>"), ("kind", "analysis")];
    assert_eq!(ana.post(&draft, &note).await.status(), 204);
    let typed =
        [("form", "declaration"), ("note", "Signed by nobody"), ("verdict", "true_positive"), ("reason", "malware")];
    assert_eq!(ana.post(&draft, &typed).await.status(), 204);
    assert_eq!(ana.post("/logout", &[]).await.status(), 303);
    let reply = ana.post("/login", &[("username", "ana"), ("password", support::PASSWORD)]).await;
    reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().clone_into(&mut ana.cookie);
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains("Asked the &#60;owner&#62;</textarea>") && page.contains("Signed by nobody</textarea>"));
    assert!(page.contains("value=\"true_positive\" checked") && page.contains("value=\"malware\" selected"));
    assert!(page.contains("value=\"analysis\" selected"));
    assert_eq!(page.matches("Draft from <time").count(), 2);
    let kim = server.sign_in("kim", Role::Analyst).await;
    assert!(!kim.page(&format!("/cases/{number}")).await.1.contains("Draft from"), "a draft is one's own");
    let fields = [("body", "Asked the <owner>"), ("kind", "analysis")];
    location(&ana.post(&format!("/cases/{number}/notes"), &fields).await);
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert_eq!(page.matches("Draft from <time").count(), 1, "the note was saved, the declaration not");
    let refused = [("verdict", "true_positive"), ("note", "Signed by nobody")];
    assert_eq!(ana.post(&format!("/cases/{number}/verdict"), &refused).await.status(), 422);
    assert!(ana.page(&format!("/cases/{number}")).await.1.contains("Draft from"), "nothing was saved");
    let declared = [("verdict", "true_positive"), ("reason", "malware"), ("note", "Signed by nobody")];
    location(&ana.post(&format!("/cases/{number}/verdict"), &declared).await);
    assert!(!ana.page(&format!("/cases/{number}")).await.1.contains("Draft from"));
}

#[tokio::test]
async fn a_draft_is_given_up_by_a_button_bounded_and_forgotten_in_time() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let draft = format!("/cases/{number}/draft");
    assert_eq!(ana.post(&draft, &[("form", "note"), ("body", "one")]).await.status(), 204);
    assert_eq!(ana.post(&draft, &[("form", "note"), ("body", "two")]).await.status(), 204);
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains(">two</textarea>") && page.contains(">Discard</button>"));
    assert_eq!(location(&ana.post(&draft, &[("form", "note"), ("discard", "true")]).await), format!("/cases/{number}"));
    assert!(!ana.page(&format!("/cases/{number}")).await.1.contains("Draft from"));
    let long = "x".repeat(64 * 1024 + 1);
    assert_eq!(ana.post(&draft, &[("form", "note"), ("body", &long)]).await.status(), 422);
    assert_eq!(ana.post(&draft, &[("form", "title"), ("body", "x")]).await.status(), 422);
    assert_eq!(ana.post("/cases/999999/draft", &[("form", "note"), ("body", "x")]).await.status(), 404);
    let viewer = server.sign_in("vera", Role::Viewer).await;
    assert_eq!(viewer.post(&draft, &[("form", "note"), ("body", "x")]).await.status(), 403);
    assert_eq!(ana.post(&draft, &[("form", "note"), ("body", "old")]).await.status(), 204);
    let mut tx = server.app.store.write().await.unwrap();
    let later = fusionsoc::clock::now_ms() + 1;
    assert_eq!(fusionsoc::store::drafts::purge(&mut tx, later).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(!ana.page(&format!("/cases/{number}")).await.1.contains("Draft from"));
}

#[tokio::test]
async fn another_organisations_cases_do_not_exist() {
    let server = spawn().await;
    let number = flagged(&server).await;
    let rival = support::add_org(&server.app.store, "rival", None).await;
    let eve = server.sign_in_to(rival, "eve", Role::Lead).await;
    let own: &[(&str, &str)] = &[("verdict", "false_positive"), ("next", "queue"), ("flags", "9"), ("reason", "other")];
    assert_eq!(eve.post(&format!("/cases/{number}/verdict"), own).await.status(), 404);
    assert_eq!(eve.post(&format!("/cases/{number}/draft"), &[("form", "note"), ("body", "x")]).await.status(), 404);
    assert_eq!(eve.post(&format!("/cases/{number}/undo"), &[("event", "1")]).await.status(), 404);
    assert_eq!(eve.page(&format!("/cases/{number}?from=view%3Dopen")).await.0, 404);
    assert!(!eve.page(&format!("/cases?done={number}&undone={number}")).await.1.contains(&format!("#{number}")));
}
