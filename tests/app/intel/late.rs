//! Answers that come after the vote: a bad one opens the question again, the last of the others lifts the veto.
use crate::intel::fakes::{CHILD, Informed, answer, informed_by, verdict, vetoes};
use crate::support::SEED;
use fusionsoc::config::Config;
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// A case whose questions found the quota used up.
async fn unasked() -> Informed {
    unasked_by(2, |_| {}).await
}

/// The same with so many questions a minute and other settings.
async fn unasked_by(per_minute: i64, more: impl FnOnce(&mut Config)) -> Informed {
    let it = informed_by(|section, _| section["virustotal"]["per_minute"] = json!(per_minute), more).await;
    it.server.sql("INSERT INTO intel_providers (name) VALUES ('virustotal')").await;
    let now = fusionsoc::clock::now_ms();
    for _ in 0..per_minute {
        it.server.sql(&format!("INSERT INTO intel_calls (provider, at_ms) VALUES ('virustotal', {now})")).await;
    }
    let case = it.triaged(SEED).await;
    assert_eq!(
        (case["runs"].as_array().unwrap().len(), answer(&case, "virustotal", CHILD)["state"].as_str()),
        (1, Some("waiting"))
    );
    it
}

#[tokio::test]
async fn a_late_malicious_answer_asks_the_panel_again() {
    let it = unasked().await;
    it.fake.knows(CHILD, 50, -90);
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!((case["runs"].as_array().unwrap().len(), verdict(&case, CHILD)), (2, &json!("malicious")));
    assert!(vetoes(&case).contains(&"intelligence"), "the newest run knows it");
    assert!(!vetoes(&case).contains(&"evidence"), "and nothing is missing any more");
    let told = case["timeline"].to_string();
    assert!(told.contains("Intelligence came late: VirusTotal calls"), "{told}");
    assert_eq!(it.fake.asked().await.len(), 2, "the new run asks nothing again");
}

#[tokio::test]
async fn the_last_of_harmless_answers_lifts_the_veto_and_asks_no_model_again() {
    let model =
        crate::support::fakes::ollama("m", &crate::support::fakes::answer("false_positive", 90).to_string()).await;
    let voter = json!([{"name": "m", "kind": "ollama", "base_url": model.uri(), "model": "m"}]);
    let it = unasked_by(1, |config| config.voters = serde_json::from_value(voter).unwrap()).await;
    let asked = crate::support::fakes::chats(&model).await;
    assert!(vetoes(&it.server.case(1).await).contains(&"evidence"));
    it.fake.knows(CHILD, 0, 3);
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!((it.fake.asked().await.len(), case["runs"].as_array().unwrap().len()), (1, 1), "one is missing yet");
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!((case["runs"].as_array().unwrap().len(), verdict(&case, CHILD)), (2, &json!("clean")));
    assert!(!vetoes(&case).contains(&"evidence"), "nothing is missing any more: {:?}", vetoes(&case));
    let given = case["runs"][0]["votes"].as_array().unwrap();
    let model_s = |vote: &&Value| vote["voter"].as_str().unwrap().starts_with('m');
    assert!(given.iter().filter(model_s).all(|vote| vote["carried_from"] == 1), "{given:?}");
    assert_eq!(crate::support::fakes::chats(&model).await, asked, "and no model was asked again");
    let told = case["timeline"].to_string();
    assert!(told.contains("Run 1 is counted anew") && told.contains("votes of run 1 are taken over"), "{told}");
    it.a_minute_later().await;
    assert_eq!(it.server.case(1).await["runs"].as_array().unwrap().len(), 2, "once");
}

#[tokio::test]
async fn a_late_suspicious_answer_is_counted_too() {
    let it = unasked().await;
    let mut known = crate::intel::fakes::known_file(CHILD, 0, 0);
    known["data"]["attributes"]["last_analysis_stats"]["suspicious"] = json!(2);
    it.fake.says(CHILD, wiremock::ResponseTemplate::new(200).set_body_json(known));
    it.fake.says(crate::intel::fakes::PARENT, wiremock::ResponseTemplate::new(500));
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!(verdict(&case, CHILD), "suspicious");
    assert!(vetoes(&case).contains(&"intelligence") && vetoes(&case).contains(&"evidence"), "{:?}", vetoes(&case));
}

#[tokio::test]
async fn an_answer_waits_for_the_run_that_is_under_way() {
    let it = unasked().await;
    it.fake.knows(CHILD, 50, -90);
    it.server.sql("UPDATE runs SET state = 'running'").await;
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!(
        (case["runs"].as_array().unwrap().len(), answer(&case, "virustotal", CHILD)["state"].as_str()),
        (1, Some("waiting"))
    );
    it.server.sql("UPDATE runs SET state = 'done'").await;
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert_eq!((case["runs"].as_array().unwrap().len(), it.fake.asked().await.len()), (2, 2));
}

#[tokio::test]
async fn a_closed_case_is_not_asked_about_any_more() {
    let it = unasked().await;
    let person = it.server.sign_in("eve", Role::Lead).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(person.post("/cases/1/verdict", &declared).await.status(), 303);
    it.a_minute_later().await;
    let case = it.server.case(1).await;
    assert!(it.fake.asked().await.is_empty());
    assert_eq!(answer(&case, "virustotal", CHILD)["state"], "withheld");
    assert!(it.page("/cases/1").await.contains("The case was closed before it was asked."));
}
