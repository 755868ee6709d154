//! What analysts declare teaches the statistical voter of their organisation, and what they take back it forgets.
use crate::precedents::{case_of, declare, ran_by};
use crate::support::{Person, Server, add_org, add_token, http, spawn};
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use serde_json::{Value, json};

/// Learning waits so long for further declarations.
const WAIT_MS: i64 = 31_000;

/// A shell that fetches something, in a way of its own each time.
fn fetching(at: usize) -> Value {
    let mut document = ran_by(at, "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "");
    document["detect"]["event"]["COMMAND_LINE"] = json!(format!(
        "powershell.exe -NoProfile -File C:\\ProgramData\\Acme\\check{at}-{}.ps1 -Quiet",
        "x".repeat(at)
    ));
    document
}

/// What the statistical voter said on a case's page: how malicious in 100, and its words.
async fn said(person: &Person, number: i64) -> (i64, String) {
    let (status, page) = person.page(&format!("/cases/{number}")).await;
    assert_eq!(status, 200);
    let words = page.split("The model puts it at ").nth(1).expect("a vote of the statistical voter");
    let words = &words[..words.find('<').unwrap()];
    (words.split(' ').next().unwrap().parse().unwrap(), words.to_owned())
}

async fn learn(server: &Server) {
    advance_here(WAIT_MS);
    server.run_jobs().await;
}

async fn models(person: &Person) -> String {
    let (status, page) = person.page("/models").await;
    assert_eq!(status, 200);
    let from = page.find("Learnt from analysts").expect("the page says what was learnt");
    page[from..].chars().take(200).collect()
}

#[tokio::test]
async fn declared_behaviours_move_the_next_vote_and_undo_moves_it_back() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Lead).await;
    let mut numbers = Vec::new();
    for at in 1..=6 {
        numbers.push(case_of(&server, &fetching(at)).await);
    }
    let (before, words) = said(&ana, numbers[5]).await;
    assert!(!words.contains("learnt"), "{words}");
    assert!(models(&ana).await.contains("nothing yet"));
    for number in &numbers[..5] {
        declare(&ana, *number, "false_positive").await;
    }
    learn(&server).await;
    let next = case_of(&server, &fetching(7)).await;
    let (after, words) = said(&ana, next).await;
    assert!(
        words.contains("It has learnt from 5 behaviours that were declared here, 0 of them true positives."),
        "{words}"
    );
    assert!(after < before, "{after} after false positives, {before} before");
    assert!(models(&ana).await.contains("5 declared behaviours, 0 true positives"), "{}", models(&ana).await);
    let ada = server.sign_in("ada", Role::Admin).await;
    let (_, log) = ada.page("/admin/audit?by=all&what=learnt").await;
    assert!(log.contains("what ships") && log.contains("sha256 "), "the audit log tells of another model: {log}");
    for number in &numbers[..5] {
        let case = server.case(*number).await;
        let entries = case["timeline"].as_array().unwrap();
        let event = entries.iter().rfind(|entry| entry["kind"] == "verdict").unwrap()["id"].to_string();
        assert_eq!(ana.post(&format!("/cases/{number}/undo"), &[("event", &event)]).await.status(), 303);
    }
    learn(&server).await;
    let again = case_of(&server, &fetching(8)).await;
    let (undone, words) = said(&ana, again).await;
    assert!(!words.contains("learnt"), "{words}");
    assert_eq!(undone, before, "nothing is left behind");
}

#[tokio::test]
async fn another_organisation_learns_nothing_and_contradictions_teach_nothing() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Lead).await;
    for at in 1..=4 {
        let number = case_of(&server, &fetching(at)).await;
        declare(&ana, number, "true_positive").await;
    }
    // The same behaviour on another host, declared otherwise.
    let mut same = fetching(4);
    same["detect_id"] = json!("contradicts");
    for place in ["/routing", "/detect/routing"] {
        same.pointer_mut(place).unwrap()["sid"] = json!("cccccccc-0000-4000-8000-000000000001");
    }
    let number = case_of(&server, &same).await;
    declare(&ana, number, "false_positive").await;
    learn(&server).await;
    let next = case_of(&server, &fetching(7)).await;
    let (_, words) = said(&ana, next).await;
    assert!(words.contains("learnt from 3 behaviours that were declared here, 3 of them true positives."), "{words}");
    let other = add_org(&server.app.store, "other", None).await;
    let token = add_token(&server.app.store, other, &[Scope::Ingest, Scope::Read]).await;
    let mut foreign = fetching(9);
    foreign["detect_id"] = json!("foreign");
    let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&token);
    let sent = sent.header("content-type", "application/json").body(foreign.to_string()).send().await.unwrap();
    assert_eq!(sent.status(), 202);
    server.run_jobs().await;
    let bo = server.sign_in_to(other, "bo", Role::Analyst).await;
    let (_, words) = said(&bo, next + 1).await;
    assert!(!words.contains("learnt"), "{words}");
}

#[tokio::test]
async fn what_programs_declare_teaches_nothing_until_a_person_says_the_same() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Lead).await;
    let mut numbers = Vec::new();
    for at in 1..=5 {
        let number = case_of(&server, &fetching(at)).await;
        let sent = http().patch(format!("{}/api/v1/cases/{number}", server.url)).bearer_auth(&server.token);
        let sent =
            sent.json(&json!({"verdict": "false_positive", "reason": "known_application"})).send().await.unwrap();
        assert_eq!(sent.status(), 200);
        numbers.push(number);
    }
    learn(&server).await;
    let next = case_of(&server, &fetching(7)).await;
    assert!(!said(&ana, next).await.1.contains("learnt"));
    for number in &numbers[..3] {
        declare(&ana, *number, "false_positive").await;
    }
    learn(&server).await;
    let next = case_of(&server, &fetching(8)).await;
    let (_, words) = said(&ana, next).await;
    assert!(words.contains("learnt from 3 behaviours that were declared here, 0 of them true positives."), "{words}");
}
