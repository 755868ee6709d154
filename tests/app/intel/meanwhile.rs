//! A question takes its time: what happened to its case meanwhile counts.
use crate::intel::fakes::{CHILD, Informed, PARENT, answer, informed_with, known_file, verdict, vetoes};
use crate::support::{SEED, seed_id, seed_with};
use fusionsoc::domain::Role;
use serde_json::json;
use std::time::Duration;
use wiremock::ResponseTemplate;

/// A case whose questions wait, and a provider that takes its time.
async fn slow() -> Informed {
    let it = informed_with(|section, _| section["virustotal"]["per_minute"] = json!(2)).await;
    it.server.sql("INSERT INTO intel_providers (name) VALUES ('virustotal')").await;
    let now = fusionsoc::clock::now_ms();
    for _ in 0..2 {
        it.server.sql(&format!("INSERT INTO intel_calls (provider, at_ms) VALUES ('virustotal', {now})")).await;
    }
    it.triaged(SEED).await;
    // One question is enough.
    it.server.sql(&format!("DELETE FROM intel WHERE value = '{PARENT}'")).await;
    let known = ResponseTemplate::new(200).set_body_json(known_file(CHILD, 50, -90));
    it.fake.says(CHILD, known.set_delay(Duration::from_millis(700)));
    it
}

/// Does something while the question is under way.
async fn while_it_is_asked(it: &Informed, act: impl Future<Output = ()>) {
    let act = async {
        while it.fake.asked().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        act.await;
    };
    tokio::join!(Box::pin(it.a_minute_later()), act);
}

#[tokio::test]
async fn a_case_that_is_closed_meanwhile_keeps_the_answer_and_is_not_voted_on_again() {
    let it = slow().await;
    let person = it.server.sign_in("eve", Role::Lead).await;
    while_it_is_asked(&it, async {
        let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
        assert_eq!(person.post("/cases/1/verdict", &declared).await.status(), 303);
    })
    .await;
    let case = it.server.case(1).await;
    assert_eq!((verdict(&case, CHILD), case["status"].as_str()), (&json!("malicious"), Some("closed")));
    assert_eq!(case["runs"].as_array().unwrap().len(), 1, "nobody is asked about a closed case by itself");
    assert!(case["timeline"].to_string().contains("Intelligence came late: VirusTotal calls"));
}

#[tokio::test]
async fn a_case_that_is_merged_meanwhile_opens_the_other_one() {
    let it = slow().await;
    let other = seed_with(&[(&seed_id(), "second"), ("desktop-4kq7m2x", "other"), ("a47d2c95-6b08", "a47d2c95-7b08")]);
    it.server.deliver(&other).await;
    it.server.sql("UPDATE jobs SET run_at_ms = 9000000000000 WHERE kind = 'triage'").await;
    let person = it.server.sign_in("eve", Role::Lead).await;
    while_it_is_asked(&it, async {
        assert_eq!(person.post("/cases/1/merge", &[("into", "2")]).await.status(), 303);
    })
    .await;
    it.server.sql("UPDATE runs SET state = 'done' WHERE state = 'queued'").await;
    it.a_minute_later().await;
    let case = it.server.case(2).await;
    assert_eq!(verdict(&case, CHILD), "malicious");
    assert!(case["timeline"].to_string().contains("Intelligence came late: VirusTotal calls"), "{}", case["timeline"]);
    assert!(vetoes(&case).contains(&"intelligence"), "the panel was asked again: {}", case["runs"]);
    let asked = it.fake.asked().await;
    assert_eq!(asked.iter().filter(|path| path.ends_with(CHILD)).count(), 1, "{asked:?}");
}

#[tokio::test]
async fn what_somebody_else_took_in_meanwhile_stands() {
    let it = slow().await;
    while_it_is_asked(&it, async {
        it.server.sql("UPDATE intel SET state = 'unknown', due_ms = NULL, why = ''").await;
    })
    .await;
    let case = it.server.case(1).await;
    assert_eq!(answer(&case, "virustotal", CHILD)["state"], "unknown");
    assert_eq!(case["runs"].as_array().unwrap().len(), 1);
}
