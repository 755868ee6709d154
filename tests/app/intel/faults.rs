//! What is no answer is told as such, and never counts as clean.
use crate::intel::fakes::{
    CHILD, Informed, PARENT, answer, informed, informed_by, informed_with, known_file, piece, verdict, vetoes,
};
use crate::support::SEED;
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::ResponseTemplate;

fn json(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn raw(status: u16, body: impl Into<Vec<u8>>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.into(), "application/json")
}

/// The known file with one place changed.
fn changed(place: &str, value: Value) -> ResponseTemplate {
    let mut known = known_file(CHILD, 0, 0);
    *known.pointer_mut(place).unwrap() = value;
    json(200, &known)
}

/// Each with what is said about it.
fn faults() -> Vec<(ResponseTemplate, &'static str)> {
    let good = known_file(CHILD, 0, 0).to_string();
    let huge = format!("{{\"data\": \"{}\"}}", "x".repeat(3 * 1024 * 1024));
    let error = json!({"error": {"code": "ForbiddenError", "message": "You are not \u{1b}[31mauthorized"}});
    vec![
        (json(200, &known_file(CHILD, 0, 0)).set_delay(Duration::from_secs(30)), "it did not answer within 1 s"),
        (json(403, &error), "it refused the key (it answered 403: You are not  [31mauthorized)"),
        (
            json(500, &json!({"error": {"code": "TransientError", "message": "try later"}})),
            "it answered 500: try later",
        ),
        (raw(200, "<!doctype html><title>Sign in</title>"), "it answered 200 with a web page instead of JSON"),
        (raw(404, "<html>nginx</html>"), "it answered 404 with a web page instead of JSON"),
        (json(404, &json!({"error": "no route"})), "without saying that nothing was found"),
        (raw(200, huge), "its answer is larger than 2097152 bytes"),
        (raw(200, &good.as_bytes()[..good.len() / 2]), "it answered 200 with what is no whole JSON"),
        (json(200, &known_file(PARENT, 0, 0)), "its answer is about another value"),
        (changed("/data/type", json!("domain")), "its answer is about another type of value"),
        (changed("/data/attributes/last_analysis_stats", json!([])), "its answer has no usable counts"),
        (changed("/data/attributes/last_analysis_stats", json!({"harmless": 3})), "its answer has no usable counts"),
        (changed("/data/attributes/last_analysis_stats/malicious", json!("0")), "its answer has no usable counts"),
        (changed("/data/attributes/last_analysis_stats/malicious", json!(-1)), "its answer has no usable counts"),
        (changed("/data/attributes/reputation", json!({})), "its answer has no usable reputation"),
        (ResponseTemplate::new(302).insert_header("location", "https://example.com/"), "redirects are not followed"),
        (json(200, &json!([])), "its answer is about another type of value"),
    ]
}

#[tokio::test]
async fn whatever_is_no_answer_is_a_failed_piece_with_its_reason() {
    for (reply, why) in faults() {
        let it = informed().await;
        it.fake.says(CHILD, reply);
        let case = it.triaged(SEED).await;
        let told = answer(&case, "virustotal", CHILD);
        assert_eq!((&told["state"], &told["answer"]), (&json!("failed"), &Value::Null), "{why}");
        assert!(told["why"].as_str().unwrap().contains(why), "{why}: {told}");
        assert_eq!(verdict(&case, CHILD), "unknown", "{why}");
        // A refused key leaves nothing to ask the second file with.
        assert!(["inconclusive", "failed"].iter().any(|state| piece(&case)["state"] == *state), "{why}");
        assert_eq!(case["runs"][0]["state"], "done", "{why}");
        assert!(vetoes(&case).contains(&"evidence"), "{why}");
        assert!(it.page("/cases/1").await.contains("<b>No answer.</b>"), "{why}");
        let page = it.page("/admin/integrations").await;
        assert!(page.contains(why.split(['(', '\u{1b}']).next().unwrap().trim_end()), "{why}: {page}");
    }
}

#[tokio::test]
async fn nothing_listens_there() {
    let it = informed_with(|section, _| section["virustotal"]["base_url"] = json!("http://127.0.0.1:1/api/v3")).await;
    let case = it.triaged(SEED).await;
    assert_eq!(
        (&piece(&case)["state"], &piece(&case)["text"]),
        (&json!("failed"), &json!("2 questions: 2 no answer."))
    );
    assert!(answer(&case, "virustotal", CHILD)["why"].as_str().unwrap().contains("no connection"));
}

#[tokio::test]
async fn a_refused_key_is_not_tried_again_and_again() {
    let it = informed_by(
        |section, dir| section["virustotal"]["api_key_file"] = crate::intel::fakes::file(dir, "wrong", "no").into(),
        |_| {},
    )
    .await;
    let case = it.triaged(SEED).await;
    assert_eq!(it.fake.asked().await.len(), 1, "after the first refusal it is left alone");
    let states: Vec<_> = [CHILD, PARENT].map(|hash| answer(&case, "virustotal", hash)["state"].clone()).into();
    assert!(states.contains(&json!("failed")) && states.contains(&json!("waiting")), "{states:?}");
    let page = it.page("/admin/integrations").await;
    assert!(
        page.contains("Does not answer") && page.contains("Wrong API key") && page.contains("left alone until"),
        "{page}"
    );
}

async fn tries(it: &Informed) -> usize {
    it.fake.asked().await.iter().filter(|path| path.ends_with(CHILD)).count()
}

#[tokio::test]
async fn a_failed_question_is_asked_five_times_and_then_no_more() {
    let it = informed().await;
    it.fake.says(CHILD, ResponseTemplate::new(500));
    it.triaged(SEED).await;
    for round in 2..=5 {
        it.a_minute_later().await;
        assert_eq!(tries(&it).await, round);
    }
    it.a_minute_later().await;
    assert_eq!(tries(&it).await, 5);
    let case = it.server.case(1).await;
    assert_eq!(
        (&answer(&case, "virustotal", CHILD)["state"], &answer(&case, "virustotal", CHILD)["again_at"]),
        (&json!("failed"), &Value::Null)
    );
}

#[tokio::test]
async fn five_failures_in_a_row_and_it_is_left_alone_for_a_minute() {
    let it = informed().await;
    let hashes: Vec<String> = (0..9).map(|n| format!("{n:064x}")).collect();
    for hash in &hashes {
        it.fake.says(hash, ResponseTemplate::new(503));
    }
    it.triaged(&crate::intel::quota::with_hashes(&hashes)).await;
    assert_eq!(it.fake.asked().await.len(), 5);
    assert!(it.page("/admin/integrations").await.contains("left alone until"));
}
