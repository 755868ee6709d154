//! What a text that tries to steer the vote brings about: a flag, a veto, a banner, more risk, and nothing closed.
use crate::support::{SEED, Server, fakes, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use wiremock::MockServer;

/// Three voters that are sure of a false positive, whatever they read.
pub async fn obeying() -> (Server, Vec<MockServer>) {
    let mut fakes = Vec::new();
    for name in ["a", "b", "c"] {
        fakes.push(fakes::ollama(name, &fakes::answer("false_positive", 99).to_string()).await);
    }
    let voters: Vec<_> = ["a", "b", "c"]
        .iter()
        .zip(&fakes)
        .map(|(name, fake)| VoterConfig { timeout_s: 20, ..VoterConfig::ollama(name, &fake.uri(), name) })
        .collect();
    (spawn_with(|config| config.voters = voters).await, fakes)
}

/// The seed under another id, with a value in a field of its event or as a name there.
pub fn planted(id: &str, field: &str, value: &str, as_name: bool) -> String {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect_id"] = json!(id);
    document["routing"]["this"] = json!(format!("t{id}"));
    document["routing"]["parent"] = json!(format!("p{id}"));
    document["routing"]["sid"] = json!(format!("s{id}"));
    let event = &mut document["detect"]["event"];
    if as_name {
        event[value] = json!("x");
    } else {
        event[field] = json!(value);
    }
    document.to_string()
}

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn no_hostile_value_gets_past_flag_and_veto_though_all_voters_obey() {
    let (server, _fakes) = obeying().await;
    for (id, value) in crate::injection::corpus() {
        for as_name in [false, true] {
            let id = format!("{id}-{as_name}");
            let (status, _) = server.post("/api/v1/detections", planted(&id, "COMMAND_LINE", &value, as_name)).await;
            assert_eq!(status, 202, "{id}");
        }
    }
    while server.run_jobs().await > 0 {}
    let cases = server.get("/api/v1/cases?limit=200").await;
    let numbers: Vec<i64> =
        cases["cases"].as_array().unwrap().iter().map(|case| case["number"].as_i64().unwrap()).collect();
    assert!(numbers.len() > 10, "{}", numbers.len());
    for number in numbers {
        let case = server.case(number).await;
        assert_ne!(case["status"], json!("closed"), "#{number}");
        assert_eq!(case["verdict"], json!("pending"));
        for run in case["runs"].as_array().unwrap() {
            assert_eq!(kinds(&run["flags"]).first(), Some(&"injection_suspected"), "#{number}: {run}");
            assert!(kinds(&run["vetoes"]).contains(&"injection"), "#{number}");
            assert!(run["risk_score"].as_i64().unwrap() >= 60, "#{number}");
        }
    }
}

#[tokio::test]
async fn the_page_says_where_and_the_preview_takes_no_single_key() {
    let (server, _fakes) = obeying().await;
    let case = server.deliver(&planted("one", "COMMAND_LINE", crate::injection::ORDER, false)).await;
    server.run_jobs().await;
    let number = case["number"].as_i64().unwrap();
    let person = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = person.page(&format!("/cases/{number}")).await;
    assert!(page.contains("This event holds text that tries to steer the vote:"));
    assert!(page.contains("event/COMMAND_LINE tells the reader to ignore its instructions"));
    let (_, queue) = person.page("/cases").await;
    assert!(queue.contains(&format!("href=\"/cases/{number}?from=#decide-false_positive\" data-key=\"f\"")));
    let preview = queue.split_once("<aside class=\"peek\"").unwrap().1.split_once("</aside>").unwrap().0;
    assert!(!preview.contains("name=\"verdict\" value=\"false_positive\""), "{preview}");
    assert!(server.case(number).await["risk_score"].as_i64().unwrap() >= 60);
}

#[tokio::test]
async fn an_event_without_such_a_text_has_neither() {
    let server = spawn().await;
    let case = server.deliver(SEED).await;
    server.run_jobs().await;
    let number = case["number"].as_i64().unwrap();
    let run = &server.case(number).await["runs"][0];
    assert!(!kinds(&run["flags"]).contains(&"injection_suspected"));
    assert!(!kinds(&run["vetoes"]).contains(&"injection"));
    let (_, page) = server.sign_in("ana", Role::Analyst).await.page(&format!("/cases/{number}")).await;
    assert!(!page.contains("tries to steer"));
}
