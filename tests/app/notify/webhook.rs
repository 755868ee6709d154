//! A program that is told: signed so that it can verify, the same shape every time.
use crate::notify::{hook, panel};
use crate::support::SEED;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub const KEY: &str = "a key of more than sixteen bytes";

pub async fn receiver(reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/hook")).respond_with(reply).mount(&server).await;
    server
}

/// What a receiver does with a request, as the README tells: checks the signature, then reads.
pub fn verified(request: &Request) -> Value {
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    let body = std::str::from_utf8(&request.body).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    let age = fusionsoc::clock::now_ms() / 1000 - header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..36_000).contains(&age), "{age} s old");
    let told: Value = serde_json::from_str(body).unwrap();
    assert_eq!(told["id"], header("webhook-id"));
    told
}

#[tokio::test]
async fn a_program_gets_signed_facts_without_what_stays_inside() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = receiver(ResponseTemplate::new(204)).await;
    let url = format!("{}/hook", receiver.uri());
    let webhook = hook(dir.path(), &url);
    let (server, _models) =
        panel(["true_positive", "true_positive"], |config| config.notify.webhook = Some(webhook)).await;
    let case = server.deliver(SEED).await;
    server.run_jobs().await;
    let requests = receiver.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let told = verified(&requests[0]);
    let one = &told["notifications"][0];
    assert_eq!((one["kind"].as_str(), one["case"].as_i64()), (Some("true_positive"), case["number"].as_i64()));
    assert_eq!((&one["org"], &one["verdict"]), (&json!("acme"), &json!("true_positive")));
    assert_eq!(one["url"], format!("{}/cases/{}", server.url, case["number"]));
    assert_eq!(
        (&one["rule"], &one["user"], &one["chain"], &told["more"]),
        (&json!(""), &json!(""), &json!(""), &json!(0))
    );
    let fields: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
    let all =
        ["kind", "at", "org", "case", "title", "host", "severity", "verdict", "text", "rule", "user", "chain", "url"];
    assert_eq!(fields, all, "the same shape every time");
}

#[tokio::test]
async fn a_channel_tells_of_its_organisations_alone() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = receiver(ResponseTemplate::new(204)).await;
    let mut webhook = hook(dir.path(), &format!("{}/hook", receiver.uri()));
    webhook.orgs = vec!["other".to_owned()];
    let (server, _models) =
        panel(["true_positive", "true_positive"], |config| config.notify.webhook = Some(webhook)).await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    assert!(receiver.received_requests().await.unwrap().is_empty(), "acme is not told of");
}
