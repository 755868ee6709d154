//! What never reaches a sensor: free text, hostile parameters, and people who may not.
use super::House;
use crate::support::{SEED, add_org, add_token, spawn};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use serde_json::{Value, json};

/// Every sentence that voters recommended in the recorded case.
fn recommended() -> Vec<String> {
    let report: Value = serde_json::from_str(include_str!("../../fixtures/seed/triage.json")).unwrap();
    let list = report["recommended_actions"].as_array().unwrap();
    list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn no_recommended_sentence_starts_anything() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    let sentences = recommended();
    assert!(!sentences.is_empty());
    for sentence in &sentences {
        assert_eq!(house.ask(&ana, &[("kind", sentence), ("why", sentence)]).await, 422, "{sentence}");
        let task = [("kind", "task"), ("command", sentence.as_str()), ("why", sentence)];
        assert_eq!(house.ask(&ana, &task).await, 422, "{sentence}");
    }
    house.jobs().await;
    assert_eq!((house.actions().await.len(), house.sent()), (0, 0));
}

#[tokio::test]
async fn hostile_parameters_are_refused_with_the_name_of_the_field() {
    let house = House::new(0).await;
    let path = format!("/api/v1/cases/{}/actions", house.case);
    let long = "x".repeat(65);
    let bad = [
        ("tag", json!({"kind": "add_tag", "tag": "../../isolation"})),
        ("tag", json!({"kind": "add_tag", "tag": "a,b"})),
        ("tag", json!({"kind": "add_tag", "tag": "a\r\nx-other: 1"})),
        ("tag", json!({"kind": "add_tag", "tag": "a b"})),
        ("tag", json!({"kind": "add_tag", "tag": "\u{202e}gat"})),
        ("tag", json!({"kind": "add_tag", "tag": ""})),
        ("tag", json!({"kind": "remove_tag", "tag": long})),
        ("ttl_hours", json!({"kind": "add_tag", "tag": "a", "ttl_hours": "0"})),
        ("ttl_hours", json!({"kind": "add_tag", "tag": "a", "ttl_hours": "99999999999999999999"})),
        ("command", json!({"kind": "task", "command": "os_kill_process --pid 4", "why": "x"})),
        ("command", json!({"kind": "task", "command": "run --shell-command whoami", "why": "x"})),
        ("pid", json!({"kind": "task", "command": "os_kill_process", "pid": "1; reboot", "why": "x"})),
        ("pid", json!({"kind": "task", "command": "os_kill_process", "pid": "4", "why": "x"})),
        ("atom", json!({"kind": "task", "command": "deny_tree", "atom": "../..", "why": "x"})),
        ("why", json!({"kind": "isolate", "why": "   "})),
        ("kind", json!({"kind": "close"})),
        ("why", json!({"kind": "isolate", "why": "a\u{0}b"})),
        ("idempotency_key", json!({"kind": "add_tag", "tag": "a", "idempotency_key": "k".repeat(201)})),
    ];
    for (field, body) in bad {
        let (status, answer) = house.server.post(&path, body.to_string()).await;
        assert_eq!(status, 422, "{body}: {answer}");
        assert!(answer.to_string().contains(field), "{body}: {answer}");
    }
    house.jobs().await;
    assert_eq!((house.actions().await.len(), house.sent()), (0, 0));
}

#[tokio::test]
async fn a_hostile_sensor_id_never_reaches_an_address() {
    let house = House::new(0).await;
    let hostile = "../../v1/orgs";
    let mut detection: Value = serde_json::from_str(SEED).unwrap();
    detection["routing"]["sid"] = json!(hostile);
    detection["detect_id"] = json!("0f0f0f0f-0000-4000-8000-00000000f0f0");
    let case = house.server.deliver(&detection.to_string()).await["number"].as_i64().unwrap();
    let path = format!("/api/v1/cases/{case}/actions");
    let (status, answer) = house.server.post(&path, r#"{"kind":"add_tag","tag":"a"}"#).await;
    assert_eq!(status, 202, "{answer}");
    let before = house.fake.change(|state| state.log.len());
    house.jobs().await;
    let actions = house.server.case(case).await["actions"].clone();
    assert_eq!(actions[0]["state"], "failed", "{actions}");
    assert_eq!(actions[0]["result"], "a sensor's id is a UUID in lower case");
    assert_eq!(house.fake.change(|state| state.log.len()), before, "nothing was sent at all");
}

#[tokio::test]
async fn strangers_readers_and_organisations_without_a_key_start_nothing() {
    let house = House::new(0).await;
    let eve = house.server.sign_in("eve", Role::Viewer).await;
    let tag = [("kind", "add_tag"), ("tag", "a")];
    assert_eq!(house.ask(&eve, &tag).await, 403);
    let other = add_org(&house.server.app.store, "umbrella", None).await;
    let mallory = house.server.sign_in_to(other, "mallory", Role::Admin).await;
    assert_eq!(house.ask(&mallory, &tag).await, 404, "not theirs");
    let read = add_token(&house.server.app.store, house.server.org_id, &[Scope::Read]).await;
    let url = format!("{}/api/v1/cases/{}/actions", house.server.url, house.case);
    let body = json!({"kind": "add_tag", "tag": "a"});
    let reply = crate::support::http().post(url).bearer_auth(read).json(&body).send().await.unwrap();
    assert_eq!(reply.status(), 403, "a token that may read");

    let plain = spawn().await;
    let case = plain.deliver(SEED).await["number"].as_i64().unwrap();
    let (status, answer) = plain.post(&format!("/api/v1/cases/{case}/actions"), body.to_string()).await;
    assert_eq!(status, 422);
    assert!(answer.to_string().contains("no LimaCharlie key is set up"), "{answer}");
}

#[tokio::test]
async fn nobody_approves_what_their_own_token_asked_for() {
    let house = House::new(0).await;
    let ada = house.server.sign_in("ada", Role::Admin).await;
    let bo = house.server.sign_in("bo", Role::Lead).await;
    let new = [("name", "soar"), ("org", "acme"), ("write", "on"), ("days", "9")];
    let page = ada.post("/admin/tokens", &new).await.text().await.unwrap();
    let token = page.split_once("<code id=\"made\">").unwrap().1.split('<').next().unwrap();
    let url = format!("{}/api/v1/cases/{}/actions", house.server.url, house.case);
    let body = json!({"kind": "isolate", "why": "beacon"});
    let reply = crate::support::http().post(url).bearer_auth(token).json(&body).send().await.unwrap();
    assert_eq!(reply.status(), 202);
    let (id, state, _) = house.newest().await;
    let approve = format!("/actions/{id}/approve");
    let case = format!("/cases/{}", house.case);
    assert_eq!(state, "waiting");
    assert!(!ada.page(&case).await.1.contains(&approve), "no button for what is hers");
    assert_eq!(house.step(&ada, id, "approve", &[]).await, 422);
    assert!(bo.page(&case).await.1.contains(&approve));
    assert_eq!(house.step(&bo, id, "approve", &[]).await, 303);
}
