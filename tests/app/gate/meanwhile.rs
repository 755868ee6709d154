//! What becomes known of a case while it is looked at, and what arrives for it at the very moment in which it is closed.
use super::Desk;
use super::closing::knows;
use super::left::while_asked;
use crate::support::agreeing::{answer, benign};
use crate::support::limacharlie::{Fake, Fault};
use crate::support::{SEED, connection, fakes};
use fusionsoc::clock::now_ms;
use fusionsoc::domain::Status;
use fusionsoc::store::cases::{self, Decision};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn a_detection_that_joins_while_evidence_is_gathered_is_looked_at_first() {
    let fake = Fake::start().await;
    let mut desk = Desk::closing_with_tag(connection(&fake, "acme")).await;
    desk.proven_before_connecting().await;
    desk.delivered += 1;
    let first = benign(desk.delivered);
    fake.change(|state| knows(state, &first));
    let second = first.to_string().replace(&format!("benign-{}", desk.delivered), "joined");
    let number = desk.server.deliver(&first.to_string()).await["number"].as_i64().unwrap();
    let calls = || fake.change(|state| state.log.len());
    let before = calls();
    fake.fail(&[Fault::Slow(900)]);
    let meanwhile = async {
        while calls() == before {
            sleep(Duration::from_millis(10)).await;
        }
        desk.server.deliver(&second).await;
    };
    tokio::join!(desk.server.run_jobs(), meanwhile);
    let case = desk.server.case(number).await;
    let count = |what: &str| case[what].as_array().unwrap().len();
    assert_eq!((count("detections"), count("runs")), (2, 2), "{case}");
    assert_eq!(case["status"], "closed", "counted anew with both: {case}");
}

#[tokio::test]
async fn the_level_of_a_detection_that_joins_while_the_panel_votes_counts() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    desk.delivered += 1;
    let first = benign(desk.delivered).to_string();
    let second = first.replace(&format!("benign-{}", desk.delivered), "joined").replace("\"medium\"", "\"critical\"");
    let number = while_asked(&mut desk, &first, &[second]).await;
    let case = desk.server.case(number).await;
    assert_eq!((&case["status"], &case["runs"][0]["vetoes"]), (&json!("new"), &json!([])), "{case}");
    let receipt = desk.receipt(number).await;
    assert_eq!(receipt["why"], "The rule of a detection has the severity critical.", "{receipt}");
}

#[tokio::test]
async fn what_another_behaviour_of_the_case_turned_out_to_be_counts() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    // Of both behaviours a case was decided, and of the first one another case waits on a host that people close.
    desk.others("drivers.cab", 0).await;
    let attack = desk.server.deliver(SEED).await["number"].as_i64().unwrap();
    desk.server.run_jobs().await;
    desk.delivered += 1;
    let first = benign(desk.delivered).to_string();
    let second = first.replace(&format!("benign-{}", desk.delivered), "joined").replace("index.cab", "drivers.cab");
    let model = &desk.models[0];
    model.reset().await;
    let said = json!({"model": "one", "created_at": "2026-03-23T04:16:32Z", "done": true, "done_reason": "stop",
        "message": {"role": "assistant", "content": answer().to_string()}});
    let slow = ResponseTemplate::new(200).set_body_json(said).set_delay(Duration::from_millis(700));
    fakes::serve(model, "one", slow).await;
    let number = desk.server.deliver(&first).await["number"].as_i64().unwrap();
    assert_eq!(desk.server.deliver(&second).await["number"], json!(number));
    let is_done = |run: &Value| run["state"] == "done";
    let meanwhile = async {
        while !desk.server.case(number).await["runs"].as_array().unwrap().iter().any(is_done) {
            sleep(Duration::from_millis(20)).await;
        }
        let case = desk.server.case(number).await;
        assert!(!case["runs"].as_array().unwrap().iter().all(is_done), "one is still asked about: {case}");
        let done = case["runs"].as_array().unwrap().iter().find(|run| is_done(run)).unwrap().clone();
        assert_eq!(done["vetoes"], json!([]), "{done}");
        desk.declare(attack, "true_positive").await;
    };
    tokio::join!(desk.server.run_jobs(), meanwhile);
    let case = desk.server.case(number).await;
    assert_eq!((case["runs"].as_array().unwrap().len(), &case["status"]), (2, &json!("new")), "{case}");
    assert_eq!(case["runs"][0]["vetoes"], json!([]), "nothing speaks against what was voted on last: {case}");
    let (_, receipt) = desk.ana.page(&format!("/cases/{number}/triage/2/receipt.json")).await;
    assert!(receipt.contains("People declared this behaviour a true positive before."), "{receipt}");
}

/// Closes a case in a transaction that goes on for a while, and delivers meanwhile.
async fn while_closed(desk: &Desk, number: i64, document: &str) -> Value {
    let mut tx = desk.server.app.store.write().await.unwrap();
    let case = cases::by_number(&mut tx, number).await.unwrap();
    let to = Decision { status: Status::Closed, closed_ms: Some(now_ms()), ..case.decision() };
    assert!(cases::decide(&mut tx, number, case.version, &to).await.unwrap());
    let closing = async {
        // On PostgreSQL the detection finds the case open, and waits for its row.
        sleep(Duration::from_millis(500)).await;
        tx.commit().await.unwrap();
    };
    tokio::join!(desk.server.deliver(document), closing).0
}

#[tokio::test]
async fn what_arrives_while_its_case_is_closed_opens_another_one() {
    let mut desk = Desk::new(|_| {}).await;
    let number = desk.case().await;
    let second = benign(desk.delivered).to_string().replace(&format!("benign-{}", desk.delivered), "late");
    let late = while_closed(&desk, number, &second).await;
    assert_ne!(late["number"], json!(number), "nobody looks at a closed case: {late}");
    assert_eq!((&late["previous_case"], &late["status"]), (&json!(number), &json!("new")), "{late}");
    assert_eq!(desk.server.case(number).await["detections"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_open_case_does_not_become_part_of_one_that_is_being_closed() {
    let desk = Desk::new(|_| {}).await;
    let of = |id: &str, file: &str, atoms: [&str; 3]| {
        let mut document: Value = serde_json::from_str(&benign(1).to_string().replace("index.cab", file)).unwrap();
        document["detect_id"] = json!(id);
        for place in ["/routing", "/detect/routing"] {
            let routing = document.pointer_mut(place).unwrap();
            for (name, atom) in ["this", "parent", "target"].iter().zip(atoms) {
                routing[*name] = json!(format!("{atom:0>32}"));
            }
        }
        document.to_string()
    };
    let first = desk.server.deliver(&of("first", "one.cab", ["1", "4", "6"])).await["number"].as_i64().unwrap();
    let second = desk.server.deliver(&of("second", "two.cab", ["2", "5", "7"])).await["number"].as_i64().unwrap();
    assert_ne!(first, second);
    while_closed(&desk, second, &of("both", "three.cab", ["1", "4", "2"])).await;
    let (first, second) = (desk.server.case(first).await, desk.server.case(second).await);
    let held = |case: &Value| case["detections"].as_array().unwrap().len();
    assert_eq!((held(&first), held(&second)), (2, 1), "{first} {second}");
    assert_eq!((&first["status"], &first["merged_into"]), (&json!("new"), &Value::Null), "{first}");
}
