//! Templates of tasks: shipped, offered, applied once, applied by themselves, edited.
use super::{HOSTILE, case, ledger, number_of, others, send, told};
use crate::support::{Server, seed_id, seed_with};
use fusionsoc::domain::Role;
use serde_json::json;

/// The id of the newest template of the usual organisation.
async fn newest(server: &Server) -> i64 {
    let sql = format!("SELECT CAST(MAX(id) AS BIGINT) FROM templates WHERE org_id = {}", server.org_id);
    number_of(&server.app.store, &sql).await
}

#[tokio::test]
async fn an_organisation_begins_with_sensible_templates() {
    let (server, ana, _) = case().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let page = lea.page("/admin/templates").await.1;
    for name in ["Command or script", "Credential access", "Phishing", "Lateral movement", "True positive"] {
        assert!(page.contains(name), "{name}: {page}");
    }
    assert_eq!(ana.page("/admin/templates").await.0, 403);
    assert!(lea.page("/cases").await.1.contains("href=\"/admin/templates\""));
}

#[tokio::test]
async fn a_fitting_template_is_offered_and_applied_once() {
    let (server, ana, number) = case().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let severity = server.case(number).await["severity"].as_str().unwrap().to_owned();
    let lines = format!("Look again\n\n  Call   the owner \n{HOSTILE}");
    let new =
        [("name", HOSTILE), ("fits", "severity"), ("value", &severity), ("lines", &lines), ("idempotency_key", "k")];
    send(&lea, "/admin/templates", &new, 303).await;
    send(&lea, "/admin/templates", &new, 303).await;
    assert_eq!(ledger(&server.app.store, "template_added").await, 1);
    let id = newest(&server).await.to_string();
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains("Apply: ") && page.contains(", 3 tasks") && !page.contains("<script>alert"), "{page}");
    assert!(!lea.page("/admin/templates").await.1.contains("<script>alert"));
    let path = format!("/cases/{number}/templates");
    send(&ana, &path, &[("template", &id)], 303).await;
    send(&ana, &path, &[("template", &id)], 303).await;
    let tasks = server.case(number).await["tasks"].clone();
    let texts: Vec<_> = tasks.as_array().unwrap().iter().map(|task| task["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Look again", "Call the owner", HOSTILE]);
    assert!(!ana.page(&format!("/cases/{number}")).await.1.contains("Apply: "), "it is not offered again");
    assert_eq!(told(&server, number, "template").await.len(), 1);
    let (stranger, viewer) = others(&server).await;
    send(&stranger, &path, &[("template", &id)], 404).await;
    send(&viewer, &path, &[("template", &id)], 403).await;
    send(&stranger, &format!("/admin/templates/{id}"), &new, 404).await;
    send(&viewer, &format!("/admin/templates/{id}"), &new, 403).await;
    send(&ana, &path, &[("template", "999999")], 404).await;
}

#[tokio::test]
async fn a_declared_true_positive_brings_its_tasks_and_an_opened_case_its_own() {
    let (server, ana, number) = case().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let declared = [("name", "After"), ("fits", "true_positive"), ("lines", "Contain"), ("auto", "true_positive")];
    send(&lea, "/admin/templates", &declared, 303).await;
    let rule = server.case(number).await["rule"].as_str().unwrap().to_owned();
    let opened = [("name", "Open"), ("fits", "rule"), ("value", &rule), ("lines", "Read"), ("auto", "opened")];
    send(&lea, "/admin/templates", &opened, 303).await;
    assert_eq!(server.case(number).await["tasks"], json!([]), "neither is for this case yet");
    let verdict = format!("/cases/{number}/verdict");
    for _ in 0..2 {
        send(&ana, &verdict, &[("verdict", "true_positive"), ("reason", "malware")], 303).await;
    }
    let tasks = server.case(number).await["tasks"].clone();
    assert_eq!((tasks.as_array().unwrap().len(), &tasks[0]["text"]), (1, &json!("Contain")), "{tasks}");
    assert_eq!(tasks[0]["origin"], json!("After"));
    let other = seed_with(&[(&seed_id(), "tpl-2"), ("desktop-4kq7m2x", "host-2"), ("a47d2c95-6b08", "a47d2c95-0002")]);
    let second = server.deliver(&other).await;
    assert_eq!(second["tasks"][0]["text"], json!("Read"), "{second}");
    let told: Vec<_> = second["timeline"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    assert!(told.contains(&json!("template")) && told.last() == Some(&json!("case_opened")), "{told:?}");
}

#[tokio::test]
async fn a_template_is_changed_and_removed_and_a_stale_change_keeps_its_text() {
    let (server, ..) = case().await;
    let (lea, max) = (server.sign_in("lea", Role::Lead).await, server.sign_in("max", Role::Admin).await);
    let new = [("name", "Mine"), ("fits", "technique"), ("value", "t1059.001"), ("lines", "One")];
    send(&lea, "/admin/templates", &new, 303).await;
    let path = format!("/admin/templates/{}", newest(&server).await);
    let to = |lines: &'static str| [new[0], new[1], new[2], ("lines", lines), ("version", "1")];
    send(&max, &path, &to("Two"), 303).await;
    let late = send(&lea, &path, &to("Three\nFour"), 409).await;
    assert!(late.contains("Somebody changed this template meanwhile.") && late.contains("Three\nFour"), "{late}");
    for (field, bad) in [("name", ""), ("fits", "moon"), ("value", "T10"), ("lines", " \n"), ("auto", "never")] {
        let fields: Vec<_> =
            to("Kept words").into_iter().filter(|(name, _)| *name != field).chain([(field, bad)]).collect();
        let page = send(&lea, &path, &fields, 422).await;
        assert!(page.contains("Not saved.") && (field == "lines" || page.contains("Kept words")), "{field}: {page}");
    }
    send(&lea, &format!("{path}/remove"), &[], 303).await;
    send(&lea, &format!("{path}/remove"), &[], 404).await;
    assert!(!lea.page("/admin/templates").await.1.contains(">Mine<"));
    assert_eq!(ledger(&server.app.store, "template_removed").await, 1);
}
