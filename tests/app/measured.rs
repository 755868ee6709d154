//! How often voters were right: kept by declarations, taken back by their undo, told on pages.

mod calibration;
mod programs;
mod recount;
mod statistics;
mod together;
mod trial;

use crate::support::{Person, Server, fakes, seed_id, seed_with, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::store::measured::{self, Counted};
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use wiremock::MockServer;

/// The voters and a server that asks them.
async fn panel(mode: &str, says: &[(&str, &str, u32)]) -> (Server, Vec<MockServer>) {
    let mut models = Vec::new();
    for (name, verdict, confidence) in says {
        models.push(fakes::ollama(name, &low(verdict, *confidence)).await);
    }
    let config = |((name, ..), model): (&(&str, &str, u32), &MockServer)| VoterConfig {
        timeout_s: 20,
        ..VoterConfig::ollama(name, &model.uri(), name)
    };
    let voters = says.iter().zip(&models).map(config).collect();
    let mode = mode.parse().unwrap();
    let change = |config: &mut fusionsoc::config::Config| (config.voters, config.panel.mode) = (voters, mode);
    (spawn_with(change).await, models)
}

/// An answer whose severity does not decide the count by itself.
fn low(verdict: &str, confidence: u32) -> String {
    let mut answer = fakes::answer(verdict, confidence);
    answer["severity"] = json!("low");
    answer.to_string()
}

/// A case of a host of its own, triaged.
async fn triaged(server: &Server, number: usize) -> i64 {
    let (id, host, sid) = (format!("measured-{number}"), format!("host-{number}"), format!("a47d2c95-{number:04}"));
    let detection = seed_with(&[
        (seed_id().as_str(), id.as_str()),
        ("desktop-4kq7m2x", host.as_str()),
        ("a47d2c95-6b08", sid.as_str()),
    ]);
    let case = server.deliver(&detection).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    case
}

async fn declare(person: &Person, case: i64, verdict: &str) {
    let reason = match verdict {
        "true_positive" => "malware",
        "benign_true_positive" => "security_test",
        "undetermined" => "",
        _ => "known_application",
    };
    let reply = person.post(&format!("/cases/{case}/verdict"), &[("verdict", verdict), ("reason", reason)]).await;
    assert_eq!(reply.status(), 303, "{verdict}");
}

async fn newest(server: &Server, case: i64, kind: &str) -> Value {
    let case = server.case(case).await;
    let found =
        case["timeline"].as_array().unwrap().iter().find(|entry| entry["kind"] == kind && entry["undone"] == false);
    found.cloned().unwrap_or_default()
}

/// What the figures say, and what a recount says.
async fn counts(server: &Server) -> (Vec<Counted>, Vec<Counted>) {
    let mut tx = server.app.store.read().await.unwrap();
    let kept = measured::counts(&mut tx, server.org_id).await.unwrap();
    (kept, measured::recount(&mut tx, server.org_id).await.unwrap())
}

/// Voter, vote, declaration and cases.
async fn told(server: &Server) -> Vec<(String, String, String, i64)> {
    let (kept, recounted) = counts(server).await;
    assert_eq!(kept, recounted);
    let mut told: Vec<_> = kept.into_iter().map(|it| (it.0, it.3.to_string(), it.4.to_string(), it.6)).collect();
    told.retain(|(voter, ..)| !voter.starts_with("builtin:"));
    told
}

fn cell(voter: &str, vote: &str, declared: &str, cases: i64) -> (String, String, String, i64) {
    (voter.to_owned(), vote.to_owned(), declared.to_owned(), cases)
}

#[tokio::test]
async fn a_declaration_measures_every_voter_and_the_panel_and_its_undo_takes_that_back() {
    let (server, _models) =
        panel("majority", &[("a", "false_positive", 90), ("b", "false_positive", 80), ("c", "true_positive", 30)])
            .await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = triaged(&server, 1).await;
    let page = ana.page(&format!("/cases/{case}")).await.1;
    assert!(page.contains("not measured yet"), "{page}");
    declare(&ana, case, "true_positive").await;
    let first = told(&server).await;
    let of = |declared: &str| {
        ["", "a", "b"]
            .map(|voter| cell(voter, "false_positive", declared, 1))
            .into_iter()
            .chain([cell("c", "true_positive", declared, 1)])
            .collect::<Vec<_>>()
    };
    assert_eq!(first, of("true_positive"));
    declare(&ana, case, "benign_true_positive").await;
    assert_eq!(told(&server).await, of("benign_true_positive"), "declared again: replaced, not added");
    let page = ana.page(&format!("/cases/{case}")).await.1;
    assert!(page.contains("right in 1 of 1 declared case (≥ 5%)"), "{page}");
    let event = newest(&server, case, "verdict").await["id"].to_string();
    assert_eq!(ana.post(&format!("/cases/{case}/undo"), &[("event", &event)]).await.status(), 303);
    assert_eq!(told(&server).await, of("true_positive"), "the first one stands again");
    declare(&ana, case, "undetermined").await;
    assert_eq!(told(&server).await, []);
}

#[tokio::test]
async fn a_vote_that_comes_after_the_declaration_measures_nothing() {
    let (server, _models) = panel("unanimous", &[("a", "false_positive", 90), ("b", "false_positive", 80)]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = triaged(&server, 1).await;
    declare(&ana, case, "false_positive").await;
    let before = told(&server).await;
    assert_eq!(before.len(), 3);
    let runs = async || server.case(case).await["runs"].as_array().unwrap().len();
    server.post(&format!("/api/v1/cases/{case}/triage"), "").await;
    server.run_jobs().await;
    assert_eq!(runs().await, 2);
    assert_eq!(told(&server).await, before, "the first run counts");
    declare(&ana, case, "true_positive").await;
    assert_eq!(told(&server).await.len(), 3, "now the second one, once");
}

#[tokio::test]
async fn weighted_votes_are_stored_with_what_they_weighed_and_the_page_tells_it() {
    let (server, _models) = panel("weighted", &[("a", "false_positive", 90), ("b", "false_positive", 80)]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = triaged(&server, 0).await;
    let run = server.case(case).await["runs"][0].clone();
    assert_eq!(
        (&run["machine_verdict"], &run["outcome"]),
        (&json!("needs_review"), &json!("split")),
        "nobody is known yet"
    );
    let page = ana.page(&format!("/cases/{case}")).await.1;
    assert!(page.contains("Counted 0.50 of all weight: 60% is assumed"), "{page}");
    assert!(page.contains("too little shows that they are right"), "{page}");
    for number in 1..=31 {
        let case = triaged(&server, number).await;
        declare(&ana, case, "false_positive").await;
    }
    let case = triaged(&server, 40).await;
    let run = server.case(case).await["runs"][0].clone();
    assert_eq!((&run["machine_verdict"], &run["outcome"]), (&json!("false_positive"), &json!("unanimous")));
    let weighing = &run["weighing"];
    assert_eq!(
        (&weighing["fitted_on"], &weighing["votes"][0]["right"], &weighing["votes"][0]["cases"]),
        (&json!(31), &json!(31), &json!(31))
    );
    let page = ana.page(&format!("/cases/{case}")).await.1;
    assert!(page.contains("it was right in 31 of 31 declared cases") && page.contains("fitted on 31 cases"), "{page}");
}
