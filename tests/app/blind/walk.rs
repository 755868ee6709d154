//! The walk: every page and call for a case in blind review, before and after somebody has decided it.
use super::{Value, agreeing, all, declare, panel};
use crate::support::{Person, SEED, Server, fakes, http, seed_id, seed_with};
use fusionsoc::config::notify::Webhook;
use fusionsoc::domain::Role;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Words that only the panel says.
const CANARIES: [&str; 8] = [
    "quillhappened",
    "quillbenign",
    "quillmissing",
    "quillioc",
    "quillreason",
    "quillquestion",
    "T1485",
    "quilliocvalue",
];
/// What it is sure of, as pages and calls say it.
const SURE: [&str; 3] = ["87%", "87.0%", "0.87"];
/// The page that tells sizes, times and shares of the machine itself.
pub(super) const MACHINE: &str = "/admin/system";

pub(super) fn answer() -> Value {
    let mut answer = fakes::answer("false_positive", 87);
    for (field, word) in [
        ("what_happened", "Software maintenance quillhappened."),
        ("evidence_benign", "Software maintenance quillbenign."),
        ("missing_information", "Nothing quillmissing."),
        ("ioc_analysis", "Software maintenance quillioc."),
        ("false_positive_reason", "Software maintenance quillreason."),
    ] {
        answer[field] = json!(word);
    }
    answer["investigation_questions"] = json!(["Is it quillquestion?"]);
    answer["mitre_techniques"] = json!(["T1485"]);
    answer["iocs"] = json!(["quilliocvalue"]);
    answer["severity"] = json!("low");
    answer
}

/// Every address that can be read, with the ids of the case filled in: those of the table and more of the same.
pub(super) fn addresses() -> Vec<String> {
    let lines = include_str!("../../fixtures/routes.txt").lines().filter(|line| line.starts_with("GET "));
    let mut all: Vec<String> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let object = cells.get(3).and_then(|pair| pair.split_once(',')).map_or("1", |(there, _)| there);
            cells[1].replace('#', object)
        })
        .collect();
    let more = [
        "/cases?view=all&peek=1",
        "/cases?view=all&sort=newest",
        "/cases?view=needs_decision",
        "/cases/1?run=1",
        "/cases/1?run=1&against=1",
        "/cases/1?who=machine",
        "/cases/1?from=view%3Dall",
        "/cases/1/export/json",
        "/cases/1/export/markdown",
        "/search?q=machine:false_positive",
        "/admin/audit?by=all",
        "/admin/audit/export?by=all",
        "/api/v1/cases?machine_verdict=false_positive",
    ];
    all.extend(more.iter().map(|address| (*address).to_owned()));
    all
}

/// What stands at an address for a person, or for a program where it is a call.
pub(super) async fn read(server: &Server, person: &Person, address: &str) -> String {
    if address.ends_with("/events") && !address.contains("gates") || address.ends_with("/stream") {
        return String::new();
    }
    let request = http().get(format!("{}{address}", server.url));
    let request = if address.starts_with("/api/") {
        request.bearer_auth(&server.token)
    } else {
        request.header("cookie", &person.cookie)
    };
    request.send().await.unwrap().text().await.unwrap()
}

/// What of the panel's words stand at an address.
fn said(text: &str) -> Vec<&'static str> {
    // A fraction of a moment's seconds has a digit before it.
    let stands =
        |word: &&str| text.match_indices(*word).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_ascii_digit()));
    CANARIES.into_iter().chain(SURE).filter(stands).collect()
}

/// That nothing of the panel stands in what an address answers.
fn says_nothing(address: &str, text: &str) {
    let heard = said(text).into_iter().filter(|word| address != MACHINE || !SURE.contains(word)).collect::<Vec<_>>();
    assert!(heard.is_empty(), "{address} says {heard:?}: {text}");
    // What a form or a menu offers is on every page; files and calls hold what is so.
    if address.starts_with("/api/v1") || address.contains("/export") || address.contains("/triage/") {
        // What analysts declared of like cases is counted under that name.
        let values = text.replace("\"false_positive\":", "").replace("\"false_positive_interval\":", "");
        assert!(!values.contains("false_positive"), "{address}: {text}");
    }
}

/// What a stream tells until it has been silent for a while.
async fn heard(reply: &mut reqwest::Response) -> String {
    let mut text = String::new();
    while let Ok(Ok(Some(more))) = tokio::time::timeout(std::time::Duration::from_secs(2), reply.chunk()).await {
        text.push_str(std::str::from_utf8(&more).unwrap());
    }
    text
}

#[tokio::test]
async fn nothing_of_the_panel_is_told_before_somebody_has_decided() {
    let (server, _models) = agreeing(&answer(), all).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let mut stream =
        http().get(format!("{}/api/v1/stream", server.url)).bearer_auth(&server.token).send().await.unwrap();
    let number = server.deliver(&seed_with(&[(&seed_id(), "lc-seed")])).await["number"].as_i64().unwrap();
    assert_eq!(number, 1, "the walk is about case 1");
    server.run_jobs().await;
    let told = heard(&mut stream).await;
    assert!(told.contains("triaged") && said(&told).is_empty() && !told.contains("false_positive"), "{told}");
    for address in addresses() {
        let text = read(&server, &ada, &address).await;
        says_nothing(&address, &text);
    }
    let case = server.case(1).await;
    let votes = case["timeline"].as_array().unwrap().iter().filter(|one| one["kind"] == "vote").count();
    assert_eq!(votes, 6, "three voters and three advisers, and nothing of a second look");
    let held = json!({"machine_verdict": "none", "confidence": null, "outcome": null, "risk_score": null, "runs": []});
    for (field, value) in held.as_object().unwrap() {
        assert_eq!(&case[field], value, "{field}");
    }
    assert_eq!((&case["blind"], &case["severity"]), (&json!("blind"), &json!("medium")), "the rule's severity");
    assert!(!case["techniques"].as_array().unwrap().is_empty(), "what the rule names is evidence");
    let (_, page) = ada.page("/cases/1").await;
    assert!(page.contains("This case is in blind review: decide it on the evidence."), "{page}");
    assert!(page.contains("data-machine=\"none\""), "{page}");
    assert_eq!(ada.page("/cases/1/triage/1.json").await.0, 403);
    assert_eq!(server.get("/api/v1/search?q=quillhappened").await["cases"], json!([]));
    declare(&ada, 1, "false_positive", "").await;
    let mut found = std::collections::BTreeSet::new();
    for address in addresses() {
        found.extend(said(&read(&server, &ada, &address).await));
    }
    let wanted = CANARIES.into_iter().chain(SURE).collect();
    assert_eq!(found, wanted, "the walk sees all of it once it is shown");
    let case = server.case(1).await;
    assert_eq!((&case["blind"], &case["machine_verdict"]), (&json!("committed"), &json!("false_positive")));
}

/// A receiver, and the setting that names it.
async fn told_by(dir: &std::path::Path) -> (MockServer, Webhook) {
    let receiver = MockServer::start().await;
    let reply = ResponseTemplate::new(204);
    Mock::given(method("POST")).and(path("/hook")).respond_with(reply).mount(&receiver).await;
    let secret_file = dir.join("webhook.secret");
    std::fs::write(&secret_file, "a key of more than sixteen bytes").unwrap();
    std::fs::set_permissions(&secret_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let secret_file = secret_file.display().to_string();
    let hook = Webhook { url: format!("{}/hook", receiver.uri()), secret_file, orgs: Vec::new() };
    (receiver, hook)
}

#[tokio::test]
async fn nobody_outside_is_told_that_the_voters_of_a_case_in_blind_review_disagree() {
    let (benign, unsure) = (answer(), fakes::answer("needs_review", 87));
    for (share, news) in [(1.0, 0), (0.0, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let (receiver, hook) = told_by(dir.path()).await;
        let (server, _models) = panel([&benign, &unsure, &benign], |config| {
            config.policy.review_share = share;
            config.notify.webhook = Some(hook);
        })
        .await;
        server.deliver(SEED).await;
        server.run_jobs().await;
        server.run_jobs().await;
        let told = receiver.received_requests().await.unwrap();
        assert_eq!(told.len(), news, "{told:?}");
    }
}

#[tokio::test]
async fn votes_on_a_case_in_blind_review_stand_for_no_case_that_is_shown() {
    let (server, models) = agreeing(&answer(), all).await;
    super::delivered(&server, 1).await;
    server.run_jobs().await;
    let asked = fakes::chats(&models[0]).await;
    server.sql("UPDATE cases SET blind = 'blind' WHERE number = 1").await;
    let other = super::delivered(&server, 2).await;
    server.sql(&format!("UPDATE cases SET blind = '' WHERE number = {other}")).await;
    server.run_jobs().await;
    let shown = server.case(other).await;
    assert_eq!(shown["runs"][0]["reused_from"], Value::Null, "{shown}");
    assert!(fakes::chats(&models[0]).await > asked, "the voters are asked anew");
    assert!(!shown.to_string().contains("case #1 run"), "{shown}");
}
