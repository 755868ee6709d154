//! OpenAI-compatible servers: the strict schema, the key from its file, and refusals of every kind.
use crate::voters::fakes::{MODEL, answer, answered, bodies, config, failed, ok, question};
use fusionsoc::domain::{Failure, MachineVerdict};
use fusionsoc::voters::reading::schema;
use fusionsoc::voters::{Kind, Reply, Voter, build};
use serde_json::{Value, json};
use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "sk-test-3f1d";

fn key_file(folder: &Path, mode: u32) -> PathBuf {
    let file = folder.join("key");
    write(&file, format!("{KEY}\n")).unwrap();
    set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    file
}

fn voter(server: &MockServer) -> Arc<dyn Voter> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(Kind::Openai, &format!("{}/v1", server.uri()));
    config.api_key_file = key_file(folder.path(), 0o600).display().to_string();
    build(&[config]).unwrap().remove(0)
}

/// A whole reply with this message and reason to end.
fn completion(message: &Value, finish_reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_763_625_600, "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 812, "completion_tokens": 143, "total_tokens": 955},
        "system_fingerprint": "fp_44709d6fcb",
    })
}

async fn replying(template: ResponseTemplate) -> (MockServer, Reply) {
    let server = MockServer::start().await;
    let completions = Mock::given(method("POST")).and(path("/v1/chat/completions"));
    let signed = completions.and(header("Authorization", format!("Bearer {KEY}").as_str()));
    signed.respond_with(template).expect(1).mount(&server).await;
    let reply = voter(&server).ask(&question("")).await;
    (server, reply)
}

#[tokio::test]
async fn a_request_asks_strictly_for_the_form_and_signs_in_with_the_key() {
    let message = json!({"role": "assistant", "content": answer().to_string(), "refusal": null});
    let (server, reply) = replying(ok(&completion(&message, "stop"))).await;
    assert_eq!(answered(&reply).verdict, MachineVerdict::FalsePositive);
    assert_eq!((reply.digest.as_str(), reply.tokens_in, reply.tokens_out), ("fp_44709d6fcb", Some(812), Some(143)));
    let body = bodies(&server, "/v1/chat/completions").await.remove(0);
    assert_eq!((&body["model"], &body["temperature"]), (&json!(MODEL), &json!(0)));
    let form = json!({"name": "triage_vote", "strict": true, "schema": schema()});
    assert_eq!(body["response_format"], json!({"type": "json_schema", "json_schema": form}));
    let prompt = question("").prompt;
    assert_eq!(body["messages"][0], json!({"role": "system", "content": prompt.system}));
    assert_eq!(body["messages"][1], json!({"role": "user", "content": prompt.user}));
}

#[tokio::test]
async fn a_refusal_is_told_as_one() {
    let message = json!({"role": "assistant", "content": null, "refusal": "I can't help with malware."});
    let (_server, reply) = replying(ok(&completion(&message, "stop"))).await;
    assert_eq!(failed(&reply), (Failure::Refused, "I can't help with malware."));
}

#[tokio::test]
async fn a_filtered_answer_is_blocked_and_a_cut_one_is_none() {
    let message = json!({"role": "assistant", "content": ""});
    let (_server, reply) = replying(ok(&completion(&message, "content_filter"))).await;
    assert_eq!(failed(&reply).0, Failure::Blocked);
    let message = json!({"role": "assistant", "content": answer().to_string()});
    let (_server, reply) = replying(ok(&completion(&message, "length"))).await;
    assert_eq!(failed(&reply).0, Failure::Parse);
}

#[tokio::test]
async fn an_error_is_an_error_with_any_status_and_at_any_place() {
    let error = json!({"message": "No endpoints found that support the schema", "code": 404});
    let top = json!({"error": error, "user_id": "u"});
    let inside =
        json!({"choices": [{"index": 0, "error": error, "message": {"content": ""}, "finish_reason": "error"}]});
    for template in [ok(&top), ok(&inside), ResponseTemplate::new(400).set_body_json(&top)] {
        let (_server, reply) = replying(template).await;
        let (failure, why) = failed(&reply);
        assert_eq!(failure, Failure::Http);
        assert!(why.contains("No endpoints found"), "{why}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_without_the_key() {
    let wrong = json!({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}});
    let (_server, reply) = replying(ResponseTemplate::new(401).set_body_json(wrong)).await;
    let (failure, why) = failed(&reply);
    assert_eq!(failure, Failure::Http);
    assert!(why.contains("401") && !why.contains(KEY), "{why}");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(Kind::Openai, "http://127.0.0.1:9/v1");
    for mode in [0o644, 0o640, 0o604] {
        config.api_key_file = key_file(folder.path(), mode).display().to_string();
        let error = build(std::slice::from_ref(&config)).err().expect("built").to_string();
        assert!(error.starts_with("voters.alpha.api_key_file: ") && error.contains("0600"), "{error}");
        assert!(!error.contains(KEY), "{error}");
    }
    config.api_key_file = folder.path().join("missing").display().to_string();
    let error = build(&[config]).err().expect("built").to_string();
    assert!(error.starts_with("voters.alpha.api_key_file: "), "{error}");
}

/// A refusal of a request that names what is wrong with it.
fn invalid(param: &str, message: &str) -> ResponseTemplate {
    let error =
        json!({"message": message, "type": "invalid_request_error", "param": param, "code": "unsupported_parameter"});
    ResponseTemplate::new(400).set_body_json(json!({"error": error}))
}

fn good() -> ResponseTemplate {
    ok(&completion(&json!({"role": "assistant", "content": answer().to_string()}), "stop"))
}

/// What was sent to a server that answers so, one after the other, and in the end as it should.
async fn adapting(refusals: Vec<ResponseTemplate>) -> Vec<Value> {
    let server = MockServer::start().await;
    for refusal in refusals {
        Mock::given(method("POST")).respond_with(refusal).up_to_n_times(1).expect(1).mount(&server).await;
    }
    Mock::given(method("POST")).respond_with(good()).expect(2).mount(&server).await;
    let voter = voter(&server);
    answered(&voter.ask(&question("")).await);
    answered(&voter.ask(&question("")).await);
    bodies(&server, "/v1/chat/completions").await
}

#[tokio::test]
async fn a_model_that_reasons_gets_its_own_name_for_the_longest_answer_and_no_temperature() {
    let bodies = adapting(vec![
        invalid("max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
        invalid("temperature", "Unsupported value: 'temperature' does not support 0 with this model."),
    ])
    .await;
    assert_eq!((&bodies[0]["max_tokens"], &bodies[0]["temperature"]), (&json!(900), &json!(0)));
    assert_eq!((bodies[1].get("max_tokens"), &bodies[1]["temperature"]), (None, &json!(0)));
    for body in &bodies[2..] {
        let told = (body.get("max_tokens"), body.get("temperature"), &body["max_completion_tokens"]);
        assert_eq!(told, (None, None, &json!(4000)));
    }
}

#[tokio::test]
async fn a_server_without_bounds_or_without_schemas_is_told_the_form_otherwise() {
    let bodies = adapting(vec![
        invalid("response_format", "Invalid schema for response_format 'triage_vote': 'maxLength' is not permitted."),
        invalid("response_format", "This response_format type is unavailable now"),
    ])
    .await;
    let schema = &bodies[1]["response_format"]["json_schema"]["schema"];
    assert_eq!(*schema, fusionsoc::voters::form::without_bounds());
    for body in &bodies[2..] {
        assert_eq!(body.get("response_format"), None);
        assert!(body["messages"][0]["content"].as_str().unwrap().contains("must fit this schema"));
    }
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_and_changes_nothing() {
    let words = "request (9031 tokens) exceeds the available context size (8192 tokens), try increasing it";
    let error = json!({"error": {"code": 400, "message": words, "type": "exceed_context_size_error", "n_ctx": 8192}});
    let (_server, reply) = replying(ResponseTemplate::new(400).set_body_json(error)).await;
    let (failure, why) = failed(&reply);
    assert!(failure == Failure::Http && why.contains("8192 tokens"), "{why}");
}

#[tokio::test]
async fn an_error_within_a_200_is_tried_again_where_its_own_code_may_pass() {
    let server = MockServer::start().await;
    let error = json!({"code": 502, "message": "Provider returned error", "metadata": {"provider_name": "x"}});
    let inside =
        json!({"choices": [{"index": 0, "error": error, "finish_reason": "error", "message": {"content": ""}}]});
    let post = || Mock::given(method("POST")).and(path("/v1/chat/completions"));
    post().respond_with(ok(&json!({"error": error}))).up_to_n_times(1).expect(1).mount(&server).await;
    post().respond_with(ok(&inside)).up_to_n_times(1).expect(1).mount(&server).await;
    post().respond_with(good()).expect(1).mount(&server).await;
    answered(&voter(&server).ask(&question("")).await);
}

#[tokio::test]
async fn an_account_without_credit_is_told_so() {
    let error = json!({"error": {"code": 402, "message": "Insufficient credits"}});
    for template in [ResponseTemplate::new(402).set_body_json(&error), ok(&error)] {
        let (_server, reply) = replying(template).await;
        let (failure, why) = failed(&reply);
        assert!(failure == Failure::Http && why.contains("402, so the account has no credit left"), "{why}");
    }
}

#[tokio::test]
async fn only_the_content_is_the_answer() {
    let thoughts = "{\"verdict\": \"true_positive\"}";
    let content = json!([{"type": "text", "text": answer().to_string()}]);
    for (field, content) in [("reasoning_content", json!(answer().to_string())), ("reasoning", content)] {
        let message = json!({"role": "assistant", "content": content, field: thoughts});
        let (_server, reply) = replying(ok(&completion(&message, "stop"))).await;
        assert_eq!(answered(&reply).verdict, MachineVerdict::FalsePositive);
    }
    let message = json!({"role": "assistant", "content": null, "reasoning_content": answer().to_string()});
    let (_server, reply) = replying(ok(&completion(&message, "stop"))).await;
    assert_eq!(failed(&reply).0, Failure::Parse, "thoughts are no vote");
}

#[test]
fn only_openrouter_is_told_to_heed_the_schema() {
    let request = |base| fusionsoc::voters::openai::request(base, MODEL, &[("user", "x".to_owned())], &[]);
    assert_eq!(request("https://openrouter.ai/api/v1")["provider"], json!({"require_parameters": true}));
    for base in ["https://api.openai.com/v1", "https://openrouter.ai.example/v1", "http://127.0.0.1:1234/v1"] {
        assert_eq!(request(base).get("provider"), None, "{base}");
    }
}

#[test]
fn an_address_that_is_none_is_told_with_the_setting() {
    for base in ["api.openai.com/v1", "ftp://llm.example", "http://", "nonsense"] {
        let error = build(&[config(Kind::Openai, base)]).err().expect("built").to_string();
        assert!(error.starts_with("voters.alpha.base_url: "), "{error}");
    }
}
