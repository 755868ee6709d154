//! The report of a case: plain words, short lists that say what they leave out, nothing that can be followed.

use crate::support::{Person, SEED, Server, add_org, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

async fn declared(server: &Server) -> (i64, Person) {
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let kim = server.sign_in("kim", Role::Analyst).await;
    let fields = [
        ("verdict", "false_positive"),
        ("reason", "known_application"),
        ("close", "true"),
        ("note", "Dell updates itself, see https://dell.example/update <b>"),
    ];
    assert_eq!(kim.post(&format!("/cases/{number}/verdict"), &fields).await.status(), 303);
    (number, kim)
}

#[tokio::test]
async fn it_says_in_plain_words_what_happened_and_who_decided() {
    let server = spawn().await;
    let (number, kim) = declared(&server).await;
    let advice = [("body", "Tell the customer: https://evil.example/x is blocked"), ("kind", "recommendation")];
    assert_eq!(kim.post(&format!("/cases/{number}/notes"), &advice).await.status(), 303);
    kim.post(&format!("/cases/{number}/notes"), &[("body", "Only for us"), ("kind", "analysis")]).await;
    kim.post(&format!("/cases/{number}/notes"), &[("body", "Wrong customer"), ("kind", "recommendation")]).await;
    let id = server.case(number).await["notes"][0]["id"].to_string();
    assert_eq!(kim.post(&format!("/cases/{number}/notes/{id}/remove"), &[]).await.status(), 303);
    let viewer = server.sign_in("vic", Role::Viewer).await;
    let (status, page) = viewer.page(&format!("/cases/{number}/report")).await;
    assert_eq!(status, 200, "{page}");
    let report = page.split("<article class=\"rep\">").nth(1).unwrap().split("</article>").next().unwrap();
    for words in [
        "Report for acme",
        "was detected on 20",
        "kim declared it false positive on",
        "Reason: known application.",
        "The case was closed on",
        "In their words: Dell updates itself, see hxxps[:]//dell.example/update &#60;b&#62;",
        "Tell the customer: hxxps[:]//evil.example/x is blocked",
        "No response action was taken.",
        "Declared false positive (known application) and closed the case",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert!(!report.contains("Only for us"), "notes for us are not for the customer");
    assert!(!report.contains("Wrong customer"), "a removed note is for nobody");
    assert!(!report.contains("://"), "nothing can be followed: {report}");
    assert!(page.contains("class=\"print-only\">Printed by vic, 20"), "{page}");
    let case = viewer.page(&format!("/cases/{number}")).await.1;
    assert!(case.contains(&format!("href=\"/cases/{number}/report\"")), "the case page leads to it");
}

/// So many detections of one process, each with an address of its own.
async fn many(server: &Server, count: usize) -> i64 {
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    for at in 1..count {
        let mut document: Value = serde_json::from_str(&seed_with(&[(&seed_id(), &format!("many-{at}"))])).unwrap();
        document["detect"]["event"]["COMMAND_LINE"] = json!(format!("expand.exe http://host{at}.evil.example/{at}"));
        let (status, answer) = server.post("/api/v1/detections", document.to_string()).await;
        assert_eq!(status, 202, "{answer}");
    }
    number
}

#[tokio::test]
async fn long_lists_say_what_they_leave_out() {
    let server = spawn().await;
    let number = many(&server, 40).await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    let page = ana.page(&format!("/cases/{number}/report")).await.1;
    let part =
        |id: &str| page.split(&format!("id=\"{id}\"")).nth(1).unwrap().split("</section>").next().unwrap().to_owned();
    assert!(part("h-det").contains("30 more are left out here."), "{}", part("h-det"));
    assert_eq!(part("h-det").matches("<li>").count(), 10);
    assert_eq!(part("h-obs").matches("<tr>").count(), 21, "a head and 20 lines");
    assert!(part("h-obs").contains("more are left out here."));
    assert!(page.contains("40 times from"), "{page}");
    assert!(part("h-sum").contains("No person has decided this case yet."));
}

#[tokio::test]
async fn it_is_exported_for_other_programs() {
    let server = spawn().await;
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect"]["event"]["COMMAND_LINE"] =
        json!("=cmd|' /C calc'!A0 \"x\" http://evil.example/a [b](http://evil.example)");
    let number = server.deliver(&document.to_string()).await["number"].as_i64().unwrap();
    let vic = server.sign_in("vic", Role::Viewer).await;
    let (status, csv) = vic.page(&format!("/cases/{number}/export/csv")).await;
    assert_eq!(status, 200);
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "\u{feff}type,value,role,other_cases");
    assert!(csv.contains("\r\ncommand_line,\"'=cmd|' /C calc'!A0 \"\"x\"\" http"), "no formula: {csv}");
    assert!(lines[1..].iter().all(|line| line.is_empty() || line.ends_with(",0")), "numbers stay numbers: {csv}");
    let (status, json) = vic.page(&format!("/cases/{number}/export/json")).await;
    assert_eq!((status, serde_json::from_str::<Value>(&json).unwrap()), (200, server.case(number).await));
    let (status, text) = vic.page(&format!("/cases/{number}/export/markdown")).await;
    assert_eq!(status, 200);
    assert!(text.starts_with("# Case ") && text.contains("## Who decided\n\nNo person has decided"), "{text}");
    assert!(!text.contains("http://") && !text.contains("[b]("), "nothing can be followed: {text}");
    assert!(text.contains("hxxp\\[:\\]//evil.example/a"), "{text}");
    assert_eq!(vic.page(&format!("/cases/{number}/export/exe")).await.0, 404);
}

#[tokio::test]
async fn a_case_of_another_organisation_has_none() {
    let server = spawn().await;
    let (number, _) = declared(&server).await;
    let other = add_org(&server.app.store, "other", None).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    assert_eq!(eve.page(&format!("/cases/{number}/report")).await.0, 404);
    assert_eq!(eve.page(&format!("/cases/{number}/export/csv")).await.0, 404);
    assert_eq!(eve.page("/cases/999/report").await.0, 404);
    assert_eq!(eve.page("/cases/x/report").await.0, 404);
}
