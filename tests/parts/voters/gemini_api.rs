//! Google's own API: the request it takes, and the ways in which it blocks, stops and asks to wait.
use crate::voters::fakes::{answer, answered, bodies, built, config, failed, ok, question};
use fusionsoc::domain::{Failure, MachineVerdict};
use fusionsoc::voters::form::{schema, without_bounds};
use fusionsoc::voters::{Kind, Reply, Voter, VoterConfig, build};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};

const KEY: &str = "AIzaSy-test-7c11";
const PATH: &str = "/v1beta/models/gemini-2.5-flash:generateContent";

fn voter(server: &MockServer, model: &str) -> Arc<dyn Voter> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, KEY).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let api_key_file = file.display().to_string();
    let model = model.to_owned();
    built(VoterConfig { api_key_file, model, ..config(Kind::Gemini, &server.uri()) })
}

fn generate() -> MockBuilder {
    Mock::given(method("POST")).and(path(PATH)).and(header("x-goog-api-key", KEY))
}

/// A whole reply with these parts and this reason to end.
fn generated(parts: &Value, finish: &str) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}],
        "usageMetadata": {"promptTokenCount": 812, "candidatesTokenCount": 143, "thoughtsTokenCount": 7, "totalTokenCount": 962},
        "modelVersion": "gemini-2.5-flash-001", "responseId": "r1",
    })
}

fn good() -> ResponseTemplate {
    ok(&generated(&json!([{"text": answer().to_string()}]), "STOP"))
}

async fn replying(template: ResponseTemplate) -> Reply {
    let server = MockServer::start().await;
    generate().respond_with(template).expect(1).mount(&server).await;
    voter(&server, "gemini-2.5-flash").ask(&question("")).await
}

#[tokio::test]
async fn a_request_asks_for_the_form_without_thoughts() {
    let server = MockServer::start().await;
    let half = answer().to_string();
    let (first, second) = half.split_at(40);
    let parts = json!([{"text": "It is {odd}.", "thought": true}, {"text": first}, {"text": second}]);
    generate().respond_with(ok(&generated(&parts, "STOP"))).expect(1).mount(&server).await;
    let voter = voter(&server, "models/gemini-2.5-flash");
    assert!(!voter.cloud(), "a fake on loopback is in the house");
    let reply = voter.ask(&question("")).await;
    assert_eq!(answered(&reply).verdict, MachineVerdict::FalsePositive);
    assert_eq!(
        (reply.digest.as_str(), reply.tokens_in, reply.tokens_out),
        ("gemini-2.5-flash-001", Some(812), Some(150))
    );
    let body = bodies(&server, PATH).await.remove(0);
    let prompt = question("").prompt;
    assert_eq!(body["systemInstruction"], json!({"parts": [{"text": prompt.system}]}));
    assert_eq!(body["contents"], json!([{"role": "user", "parts": [{"text": prompt.user}]}]));
    let config = json!({
        "temperature": 0, "maxOutputTokens": 2048, "responseMimeType": "application/json",
        "thinkingConfig": {"thinkingBudget": 0}, "responseJsonSchema": schema(),
    });
    assert_eq!(body["generationConfig"], config);
}

#[tokio::test]
async fn a_repair_turn_comes_from_the_model() {
    let server = MockServer::start().await;
    generate().respond_with(ok(&generated(&json!([{"text": "Hm."}]), "STOP"))).up_to_n_times(1).mount(&server).await;
    generate().respond_with(good()).expect(1).mount(&server).await;
    answered(&voter(&server, "gemini-2.5-flash").ask(&question("")).await);
    let turns = bodies(&server, PATH).await.remove(1)["contents"].clone();
    assert_eq!(turns[1], json!({"role": "model", "parts": [{"text": "Hm."}]}));
    assert_eq!(turns[2]["role"], "user");
}

#[tokio::test]
async fn a_blocked_prompt_is_blocked_and_says_nothing_about_the_case() {
    let blocked =
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 812}});
    let reply = replying(ok(&blocked)).await;
    assert_eq!(failed(&reply), (Failure::Blocked, "the provider blocked the prompt: PROHIBITED_CONTENT"));
    for reason in ["SAFETY", "RECITATION", "BLOCKLIST", "SPII"] {
        let reply = replying(ok(&generated(&json!([{"text": answer().to_string()}]), reason))).await;
        let (failure, why) = failed(&reply);
        assert!(failure == Failure::Blocked && why.ends_with(reason), "{why}");
    }
}

#[tokio::test]
async fn an_answer_that_ended_early_is_none_even_where_it_fits() {
    let text = json!([{"text": answer().to_string()}]);
    let reply = replying(ok(&generated(&text, "MAX_TOKENS"))).await;
    let (failure, why) = failed(&reply);
    assert!(failure == Failure::Parse && why.contains("cut off"), "{why}");
    let reply = replying(ok(&generated(&text, "OTHER"))).await;
    assert_eq!(failed(&reply), (Failure::Parse, "the answer ended early: OTHER"));
    assert_eq!(failed(&replying(ok(&json!({"candidates": []}))).await).0, Failure::Parse);
}

#[tokio::test]
async fn a_quota_says_in_the_body_when_to_come_again() {
    let server = MockServer::start().await;
    let details = json!([
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.2s"},
    ]);
    let error = json!({"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED", "details": details}});
    let busy = ResponseTemplate::new(429).set_body_json(error);
    generate().respond_with(busy).up_to_n_times(1).expect(1).mount(&server).await;
    generate().respond_with(good()).expect(1).mount(&server).await;
    let start = Instant::now();
    answered(&voter(&server, "gemini-2.5-flash").ask(&question("")).await);
    assert!(start.elapsed() >= Duration::from_millis(1_200), "our own first wait is shorter than a second");
}

/// A refusal of a request that names what is wrong with it.
fn invalid(message: &str) -> ResponseTemplate {
    ResponseTemplate::new(400)
        .set_body_json(json!({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}))
}

#[tokio::test]
async fn a_model_that_must_think_is_asked_again_with_room_and_only_once() {
    let server = MockServer::start().await;
    let refusal = invalid("Budget 0 is invalid. This model only works in thinking mode.");
    generate().respond_with(refusal).up_to_n_times(1).expect(1).mount(&server).await;
    generate().respond_with(good()).expect(2).mount(&server).await;
    let voter = voter(&server, "gemini-2.5-flash");
    answered(&voter.ask(&question("")).await);
    answered(&voter.ask(&question("")).await);
    for body in &bodies(&server, PATH).await[1..] {
        let config = &body["generationConfig"];
        assert_eq!((config.get("thinkingConfig"), &config["maxOutputTokens"]), (None, &json!(8192)));
    }
}

#[tokio::test]
async fn a_schema_it_does_not_take_is_told_otherwise() {
    let server = MockServer::start().await;
    let bounds = invalid("Unknown name \"maxLength\" at 'generation_config.response_json_schema': Cannot find field.");
    let schema = invalid("Unknown name \"responseJsonSchema\" at 'generation_config': Cannot find field.");
    generate().respond_with(bounds).up_to_n_times(1).expect(1).mount(&server).await;
    generate().respond_with(schema).up_to_n_times(1).expect(1).mount(&server).await;
    generate().respond_with(good()).expect(1).mount(&server).await;
    answered(&voter(&server, "gemini-2.5-flash").ask(&question("")).await);
    let bodies = bodies(&server, PATH).await;
    assert_eq!(bodies[1]["generationConfig"]["responseJsonSchema"], without_bounds());
    assert_eq!(bodies[2]["generationConfig"].get("responseJsonSchema"), None);
    let system = bodies[2]["systemInstruction"]["parts"][0]["text"].as_str().unwrap();
    assert!(system.contains("must fit this schema"), "{system}");
}

#[tokio::test]
async fn what_it_says_against_a_request_is_told_without_the_key() {
    let reply = replying(invalid(&format!("API key not valid: {KEY}."))).await;
    let (failure, why) = failed(&reply);
    assert!(failure == Failure::Http && why.contains("400") && why.ends_with("not valid: ***."), "{why}");
    let cut = "x".repeat(290);
    let reply = replying(invalid(&format!("{cut}{KEY}"))).await;
    assert!(failed(&reply).1.ends_with("x***"), "a key that was cut is one as well: {reply:?}");
}

#[test]
fn it_is_in_the_cloud_unless_its_address_is_not() {
    let cloud = |base: &str, cloud| {
        let config = VoterConfig { cloud, ..config(Kind::Gemini, base) };
        build(&[config]).unwrap()[0].cloud()
    };
    assert!(cloud("", false) && cloud("https://generativelanguage.googleapis.com/v1beta", false));
    assert!(!cloud("http://127.0.0.1:8000", false) && !cloud("https://10.0.0.7", false));
    assert!(cloud("http://127.0.0.1:8000", true));
}
