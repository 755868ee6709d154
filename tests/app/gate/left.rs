//! What an open gate leaves to people: what they touched, what is severe, what turned out to be an attack before, and what
//! nobody has looked at yet.
use super::Desk;
use crate::support::agreeing::{answer, benign};
use crate::support::{fakes, http};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::ResponseTemplate;

impl Desk {
    /// Delivers one more with other words; its number after the vote.
    pub(super) async fn changed(&mut self, change: &[(&str, &str)]) -> i64 {
        self.delivered += 1;
        let mut text = benign(self.delivered).to_string();
        for (from, to) in change {
            text = text.replace(from, to);
        }
        let number = self.server.deliver(&text).await["number"].as_i64().unwrap();
        self.server.run_jobs().await;
        number
    }

    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) {
        let reply = self.ana.post(path, form).await;
        assert_eq!(reply.status(), 303, "{path}: {}", reply.text().await.unwrap());
    }

    /// The kinds of what keeps the machine from closing a case, by its newest run.
    pub(super) async fn vetoes(&self, case: i64) -> Vec<String> {
        let case = self.server.case(case).await;
        let vetoes = case["runs"][0]["vetoes"].as_array().unwrap().clone();
        vetoes.iter().map(|veto| veto["kind"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn no_voter_talks_the_severity_of_a_rule_down() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    for level in ["high", "critical"] {
        let case = desk.changed(&[("\"medium\"", &format!("\"{level}\""))]).await;
        assert_eq!(desk.vetoes(case).await, ["severity"], "{level}");
        let case = desk.server.case(case).await;
        assert_eq!((&case["status"], &case["machine_verdict"]), (&json!("new"), &json!("false_positive")));
        let text = format!("The rule's own severity is {level}.");
        assert_eq!(case["runs"][0]["vetoes"][0]["text"], text.as_str());
    }
}

#[tokio::test]
async fn what_was_an_attack_before_is_for_people() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let evil = desk.others("drivers.cab", 2).await;
    // The machine closed it; a person knows better.
    desk.declare(evil[0], "true_positive").await;
    let case = desk.others("drivers.cab", 1).await[0];
    assert_eq!(desk.vetoes(case).await, ["precedent"]);
    assert_eq!(desk.server.case(case).await["status"], "new");
}

#[tokio::test]
async fn what_only_a_program_declared_nobody_has_looked_at() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let other = [("index.cab", "drivers.cab")];
    let first = desk.changed(&other).await;
    let address = format!("{}/api/v1/cases/{first}", desk.server.url);
    let body = json!({"verdict": "false_positive", "reason": "known_application"});
    let reply = http().patch(&address).bearer_auth(&desk.server.token).json(&body).send().await.unwrap();
    assert_eq!(reply.status().as_u16(), 200);
    let second = desk.changed(&other).await;
    assert_eq!(desk.vetoes(second).await, ["first_sight"]);
    assert_eq!(desk.server.case(second).await["status"], "new");
    // A person who says the same.
    desk.declare(first, "false_positive").await;
    let third = desk.changed(&other).await;
    assert_eq!(desk.vetoes(third).await, [""; 0]);
    assert_eq!(desk.server.case(third).await["status"], "closed");
    // And takes it back.
    let event = desk.server.case(first).await["timeline"][0]["id"].to_string();
    desk.post(&format!("/cases/{first}/undo"), &[("event", &event)]).await;
    let fourth = desk.changed(&other).await;
    assert_eq!(desk.vetoes(fourth).await, ["first_sight"]);
}

#[tokio::test]
async fn what_people_touched_stays_theirs() {
    let mut desk = Desk::closing().await;
    desk.clean(super::FIRST).await;
    let cases = desk.cases(6).await;
    let at = |at: usize, what: &str| format!("/cases/{}/{what}", cases[at]);
    desk.post(&at(0, "notes"), &[("body", "Waiting for the owner.")]).await;
    let closed = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    desk.post(&at(1, "verdict"), &closed).await;
    desk.post(&at(1, "status"), &[("status", "in_progress"), ("reason", "looks odd")]).await;
    desk.post(&at(2, "severity"), &[("severity", "high")]).await;
    desk.post(&at(4, "severity"), &[("severity", "low")]).await;
    desk.post(&at(5, "link"), &[("to", &cases[0].to_string())]).await;
    assert_eq!(desk.step(&desk.lea, "rule", "activate").await, 303);
    for case in &cases {
        desk.post(&format!("/cases/{case}/triage"), &[]).await;
    }
    desk.server.run_jobs().await;
    let mut open = Vec::new();
    for case in &cases {
        open.push(desk.server.case(*case).await["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(open, ["new", "in_progress", "new", "closed", "new", "new"], "only the fourth one was nobody's");
    let receipt = desk.ana.page(&format!("/cases/{}/triage/2/receipt.json", cases[2])).await.1;
    assert!(receipt.contains("A person set the severity to high."), "{receipt}");
}

#[tokio::test]
async fn what_was_shut_for_a_family_is_not_closed_by_the_organisation() {
    let mut desk = Desk::closing().await;
    desk.clean(12).await;
    for (level, step) in [("org", "activate"), ("family", "decline")] {
        assert_eq!(desk.step(&desk.lea, level, step).await, 303);
    }
    let states = [desk.gate("rule").await, desk.gate("family").await, desk.gate("org").await];
    assert_eq!(states.map(|gate| gate["state"].clone()), ["proposed", "suspended", "active"].map(Value::from));
    let case = desk.undrawn().await;
    assert_eq!(desk.server.case(case).await["status"], "new");
}

/// Lets the first model take its time, and does something while it is asked.
pub(super) async fn while_asked(desk: &mut Desk, first: &str, then: &[String]) -> i64 {
    let said = json!({"model": "one", "created_at": "2026-03-23T04:16:32Z", "done": true, "done_reason": "stop",
        "message": {"role": "assistant", "content": answer().to_string()}});
    let model = &desk.models[0];
    model.reset().await;
    let slow = ResponseTemplate::new(200).set_body_json(said).set_delay(Duration::from_millis(900));
    fakes::serve(model, "one", slow).await;
    let number = desk.server.deliver(first).await["number"].as_i64().unwrap();
    let before = fakes::chats(model).await;
    let meanwhile = async {
        while fakes::chats(model).await == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for document in then {
            desk.server.deliver(document).await;
        }
    };
    tokio::join!(desk.server.run_jobs(), meanwhile);
    number
}

#[tokio::test]
async fn an_attack_on_the_host_that_comes_while_the_panel_votes_is_seen() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    desk.delivered += 1;
    let first = benign(desk.delivered).to_string();
    let attack = first.replace("\"medium\"", "\"critical\"").replace("expand_cabinet_files", "other");
    let attack = attack.replace(&format!("benign-{}", desk.delivered), "attack");
    let mut attack: Value = serde_json::from_str(&attack).unwrap();
    // Of another process tree, so that it is a case of its own.
    for place in ["/routing", "/detect/routing"] {
        let routing = attack.pointer_mut(place).unwrap();
        routing["this"] = json!("00000000000000000000000000000001");
        routing["parent"] = json!("00000000000000000000000000000002");
    }
    let case = while_asked(&mut desk, &first, &[attack.to_string()]).await;
    assert_eq!(desk.vetoes(case).await, ["host_case"]);
    assert_eq!(desk.server.case(case).await["status"], "new");
}

#[tokio::test]
async fn a_detection_that_joins_while_the_panel_votes_is_looked_at_first() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    desk.delivered += 1;
    let first = benign(desk.delivered).to_string();
    let second = first.replace(&format!("benign-{}", desk.delivered), "joined");
    let case = while_asked(&mut desk, &first, &[second]).await;
    let case = desk.server.case(case).await;
    let count = |what: &str| case[what].as_array().unwrap().len();
    assert_eq!((count("detections"), count("runs")), (2, 2), "{case}");
    assert_eq!(case["status"], "closed", "counted anew with both: {case}");
}
