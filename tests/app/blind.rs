//! Blind review: what is drawn, what nobody sees before somebody has decided, and what counts of it afterwards.
mod alike;
mod figures;
mod leaving;
mod silent;
mod walk;

use crate::support::{Person, SEED, Server, fakes, seed_id, seed_with, spawn_with};
use fusionsoc::config::Config;
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use wiremock::MockServer;

/// Three voters that say this; they stop with the second value.
async fn panel(answers: [&Value; 3], change: impl FnOnce(&mut Config)) -> (Server, Vec<MockServer>) {
    let names = ["one", "two", "three"];
    let mut models = Vec::new();
    for (name, answer) in names.iter().zip(answers) {
        models.push(fakes::ollama(name, &answer.to_string()).await);
    }
    let voters = names.iter().zip(&models).map(|(name, model)| VoterConfig::ollama(name, &model.uri(), name)).collect();
    let server = spawn_with(|config| {
        config.voters = voters;
        config.notify.every_s = 0;
        change(config);
    })
    .await;
    (server, models)
}

/// The same voter three times.
async fn agreeing(answer: &Value, change: impl FnOnce(&mut Config)) -> (Server, Vec<MockServer>) {
    panel([answer; 3], change).await
}

/// Every case below the severity veto is drawn.
fn all(config: &mut Config) {
    config.policy.review_share = 1.0;
}

/// The seed on another host; its number, not triaged yet.
async fn delivered(server: &Server, at: usize) -> i64 {
    let (id, host, sid) = (format!("lc-{at}"), format!("host-{at}"), format!("a47d2c95-{:04}", 1000 + at));
    let other = [(seed_id(), id), ("desktop-4kq7m2x".to_owned(), host), ("a47d2c95-6b08".to_owned(), sid)];
    let other: Vec<_> = other.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    server.deliver(&seed_with(&other)).await["number"].as_i64().unwrap()
}

/// Declares a case on its page.
async fn declare(person: &Person, case: i64, verdict: &str, reason: &str) {
    let declared = [("verdict", verdict), ("reason", reason)];
    let reply = person.post(&format!("/cases/{case}/verdict"), &declared).await;
    assert_eq!(reply.status(), 303, "{}", reply.text().await.unwrap());
}

/// The texts of a case's timeline, newest first.
async fn timeline(server: &Server, case: i64) -> Vec<String> {
    let told = server.get(&format!("/api/v1/cases/{case}/timeline")).await;
    told["timeline"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect()
}

/// The id of the newest entry of a kind.
async fn event(server: &Server, case: i64, kind: &str) -> String {
    let told = server.get(&format!("/api/v1/cases/{case}/timeline")).await;
    let found = told["timeline"].as_array().unwrap().iter().find(|one| one["kind"] == kind).cloned();
    found.unwrap_or_else(|| panic!("{kind}: {told}"))["id"].to_string()
}

#[tokio::test]
async fn a_share_of_cases_is_drawn_when_they_open() {
    let (server, _models) = agreeing(&fakes::answer("false_positive", 95), |config| {
        config.policy.review_share = 0.5;
    })
    .await;
    let mut drawn = 0;
    for at in 0..40 {
        let case = delivered(&server, at).await;
        let opened = timeline(&server, case).await.pop().unwrap();
        let blind = server.case(case).await["blind"] == "blind";
        assert_eq!(opened.ends_with("; drawn for blind review"), blind, "{opened}");
        drawn += u32::from(blind);
    }
    // 20 are expected, with a standard deviation of 3.2: five of them to either side.
    assert!((4..=36).contains(&drawn), "{drawn}");
}

#[tokio::test]
async fn blind_first_draws_every_case_below_the_severity_veto() {
    let (server, _models) =
        agreeing(&fakes::answer("false_positive", 95), |config| config.policy.review_share = 0.0).await;
    assert_eq!(server.case(delivered(&server, 1).await).await["blind"], "");
    let lea = server.sign_in("lea", Role::Lead).await;
    let form = |first: &'static str, version: &'static str| [("blind_first", first), ("version", version)];
    assert_eq!(lea.post("/admin/policy/acme", &form("perhaps", "0")).await.status(), 422);
    assert_eq!(lea.post("/admin/policy/acme", &form("true", "0")).await.status(), 303);
    let (_, page) = lea.page("/admin/policy").await;
    assert!(page.contains("You decide every case below high first"), "{page}");
    for at in 2..5 {
        assert_eq!(server.case(delivered(&server, at).await).await["blind"], "blind");
    }
    let mut high: Value = serde_json::from_str(SEED).unwrap();
    (high["detect_id"], high["detect_mtd"]["level"]) = (json!("lc-high"), json!("high"));
    high["routing"]["sid"] = json!("a47d2c95-2b08-4e13-b7f9-000000000001");
    assert_eq!(server.deliver(&high.to_string()).await["blind"], "", "at the veto only people decide anyway");
    assert_eq!(lea.post("/admin/policy/acme", &form("false", "1")).await.status(), 303);
    assert_eq!(server.case(delivered(&server, 9).await).await["blind"], "");
}
