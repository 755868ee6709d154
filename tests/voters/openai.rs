//! OpenAI-compatible servers: the strict schema, the key from its file, and refusals of every kind.
use crate::fakes::{MODEL, answer, answered, bodies, config, failed, ok, question};
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
