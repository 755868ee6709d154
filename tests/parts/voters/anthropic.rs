//! Anthropic's own API: the request it takes, thoughts beside the text, refusals and overload.
use crate::voters::fakes::{answer, answered, bodies, built, config, failed, ok, question};
use fusionsoc::domain::{Failure, MachineVerdict};
use fusionsoc::voters::form::without_bounds;
use fusionsoc::voters::{Kind, Reply, Voter, VoterConfig, build};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};

const KEY: &str = "sk-ant-test-90aa";
const PATH: &str = "/v1/messages";

fn voter(server: &MockServer) -> Arc<dyn Voter> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, KEY).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let api_key_file = file.display().to_string();
    built(VoterConfig { api_key_file, ..config(Kind::Anthropic, &server.uri()) })
}

fn messages() -> MockBuilder {
    let signed = Mock::given(method("POST")).and(path(PATH)).and(header("x-api-key", KEY));
    signed.and(header("anthropic-version", "2023-06-01"))
}

/// A whole reply with these blocks and this reason to stop.
fn message(content: &Value, stop_reason: &str) -> Value {
    json!({
        "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": content,
        "stop_reason": stop_reason, "stop_sequence": null, "usage": {"input_tokens": 812, "output_tokens": 143},
    })
}

fn good() -> ResponseTemplate {
    ok(&message(&json!([{"type": "text", "text": answer().to_string()}]), "end_turn"))
}

fn refusing(status: u16, kind: &str, text: &str) -> ResponseTemplate {
    let error = json!({"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_011"});
    ResponseTemplate::new(status).set_body_json(error)
}

async fn replying(template: ResponseTemplate) -> Reply {
    let server = MockServer::start().await;
    messages().respond_with(template).expect(1).mount(&server).await;
    voter(&server).ask(&question("")).await
}

#[tokio::test]
async fn a_request_asks_for_the_form_and_the_text_is_read_without_the_thoughts() {
    let server = MockServer::start().await;
    let blocks = json!([
        {"type": "thinking", "thinking": "{\"verdict\": \"true_positive\"}", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": answer().to_string()},
    ]);
    messages().respond_with(ok(&message(&blocks, "end_turn"))).expect(1).mount(&server).await;
    let reply = voter(&server).ask(&question("")).await;
    assert_eq!(answered(&reply).verdict, MachineVerdict::FalsePositive);
    let told = (reply.digest.as_str(), reply.tokens_in, reply.tokens_out);
    assert_eq!(told, ("claude-sonnet-4-5-20250929", Some(812), Some(143)));
    let body = bodies(&server, PATH).await.remove(0);
    let prompt = question("").prompt;
    assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(2048), &json!(0)));
    assert_eq!(body["system"], json!(prompt.system));
    assert_eq!(body["messages"], json!([{"role": "user", "content": prompt.user}]));
    assert_eq!(body["output_config"], json!({"format": {"type": "json_schema", "schema": without_bounds()}}));
}

#[test]
fn its_schema_has_no_bounds_and_tells_them() {
    let schema = without_bounds();
    let text = schema.to_string();
    for bound in ["minimum", "maximum", "maxLength", "maxItems"] {
        assert!(!text.contains(bound), "{bound}");
    }
    let properties = &schema["properties"];
    assert_eq!(properties["confidence"], json!({"type": "integer", "description": "at least 0, at most 100"}));
    assert_eq!(properties["iocs"]["items"], json!({"type": "string", "description": "characters at most: 300"}));
    assert_eq!(schema["additionalProperties"], json!(false));
    let names = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&schema), names(&fusionsoc::voters::form::schema()), "evidence still comes before the verdict");
}

#[tokio::test]
async fn a_refusal_and_a_cut_answer_are_no_votes() {
    let text = json!([{"type": "text", "text": answer().to_string()}]);
    let reply = replying(ok(&message(&text, "refusal"))).await;
    assert_eq!(failed(&reply), (Failure::Refused, "the model refused to answer"));
    for reason in ["max_tokens", "model_context_window_exceeded"] {
        let reply = replying(ok(&message(&text, reason))).await;
        let (failure, why) = failed(&reply);
        assert!(failure == Failure::Parse && why.contains("cut off"), "{why}");
    }
}

#[tokio::test]
async fn an_overloaded_server_is_asked_again() {
    let server = MockServer::start().await;
    let busy = refusing(529, "overloaded_error", "Overloaded").insert_header("retry-after", "0");
    messages().respond_with(busy).up_to_n_times(2).expect(2).mount(&server).await;
    messages().respond_with(good()).expect(1).mount(&server).await;
    answered(&voter(&server).ask(&question("")).await);
}

#[tokio::test]
async fn what_it_does_not_take_is_left_out_from_then_on() {
    let server = MockServer::start().await;
    let temperature = refusing(400, "invalid_request_error", "`temperature` is deprecated for this model.");
    let schema = refusing(400, "invalid_request_error", "output_config.format: This model does not support it");
    messages().respond_with(temperature).up_to_n_times(1).expect(1).mount(&server).await;
    messages().respond_with(schema).up_to_n_times(1).expect(1).mount(&server).await;
    messages().respond_with(good()).expect(2).mount(&server).await;
    let voter = voter(&server);
    answered(&voter.ask(&question("")).await);
    answered(&voter.ask(&question("")).await);
    let bodies = bodies(&server, PATH).await;
    assert_eq!(bodies[1].get("temperature"), None);
    for body in &bodies[2..] {
        assert_eq!((body.get("temperature"), body.get("output_config")), (None, None));
        assert!(body["system"].as_str().unwrap().contains("must fit this schema"));
    }
}

#[tokio::test]
async fn what_is_left_out_without_help_is_sent_again() {
    let server = MockServer::start().await;
    let refusal = refusing(400, "invalid_request_error", "`temperature` is not supported on Sundays");
    messages().respond_with(refusal).up_to_n_times(2).expect(2).mount(&server).await;
    messages().respond_with(good()).expect(1).mount(&server).await;
    let voter = voter(&server);
    assert_eq!(failed(&voter.ask(&question("")).await).0, Failure::Http);
    answered(&voter.ask(&question("")).await);
    assert_eq!(bodies(&server, PATH).await[2]["temperature"], json!(0));
}

#[tokio::test]
async fn a_wrong_key_is_told_without_the_key() {
    let reply = replying(refusing(401, "authentication_error", &format!("invalid x-api-key {KEY}"))).await;
    let (failure, why) = failed(&reply);
    assert!(failure == Failure::Http && why.contains("401") && !why.contains(KEY), "{why}");
}

#[test]
fn it_is_in_the_cloud_unless_its_address_is_not() {
    let cloud = |base: &str| build(&[config(Kind::Anthropic, base)]).unwrap()[0].cloud();
    assert!(cloud("") && cloud("https://api.anthropic.com/v1"));
    assert!(!cloud("http://localhost:8000") && !cloud("https://192.168.3.4"));
}
