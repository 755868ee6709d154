//! Servers, questions and answers that the tests of the voters share.
use fusionsoc::domain::dossier::{Dossier, Precedents, Prevalence};
use fusionsoc::domain::{Answer, Detection, Failure};
use fusionsoc::voters::{Kind, Prompt, Question, Reply, Said, Voter, VoterConfig, build};
use serde_json::{Value, json};
use std::sync::Arc;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};

pub const MODEL: &str = "qwen3:4b";
pub const DIGEST: &str = "sha256:2bada8a7450677000f678be90653b85d364de7db25eb5ea54136ada5f3933730";

/// An answer that fits.
pub fn answer() -> Value {
    json!({
        "what_happened": "expand.exe unpacked a cabinet", "evidence_malicious": "", "evidence_benign": "signed",
        "missing_information": "", "ioc_analysis": "", "verdict": "false_positive",
        "false_positive_reason": "an updater", "severity": "low", "risk_score": 10, "mitre_techniques": ["T1218"],
        "iocs": [], "recommended_actions": ["close_fp"], "investigation_questions": [], "confidence": 95,
    })
}

/// A question about the seed detection, its user message ending in `extra`.
pub fn question(extra: &str) -> Question {
    let document: Value = serde_json::from_str(include_str!("../../fixtures/seed/detection.json")).unwrap();
    let dossier = Dossier {
        detection: Detection::read(&document).unwrap(),
        observables: Vec::new(),
        precedents: Precedents::default(),
        prevalence: Prevalence::default(),
        intel: Vec::new(),
        evidence: Vec::new(),
        local: None,
    };
    let prompt = fusionsoc::triage::prompt::build(&dossier, [7; 16], [9; 8]);
    let prompt = Prompt { user: format!("{}{extra}", prompt.user), ..prompt };
    Question { dossier: Arc::new(dossier), prompt: Arc::new(prompt), learnt: None }
}

/// The configuration of a voter named `alpha`.
pub fn config(kind: Kind, base_url: &str) -> VoterConfig {
    VoterConfig { kind, timeout_s: 20, ..VoterConfig::ollama("alpha", base_url, MODEL) }
}

/// The voter of a configuration.
pub fn built(config: VoterConfig) -> Arc<dyn Voter> {
    build(&[config]).unwrap().remove(0)
}

/// An Ollama server that knows the model with these capabilities; `/api/chat` is left to the test.
pub async fn ollama(capabilities: &[&str]) -> MockServer {
    let server = MockServer::start().await;
    let show = json!({"details": {"family": "qwen3"}, "model_info": {}, "capabilities": capabilities});
    Mock::given(method("POST")).and(path("/api/show")).respond_with(ok(&show)).mount(&server).await;
    let ps = json!({"models": [{"name": MODEL, "model": MODEL, "digest": DIGEST, "size_vram": 3_100_000_000_u64}]});
    Mock::given(method("GET")).and(path("/api/ps")).respond_with(ok(&ps)).mount(&server).await;
    let tags = json!({"models": [
        {"name": "llama3:latest", "model": "llama3:latest", "digest": "sha256:other"},
        {"name": MODEL, "model": MODEL, "digest": DIGEST, "size": 2_600_000_000_u64},
    ]});
    Mock::given(method("GET")).and(path("/api/tags")).respond_with(ok(&tags)).mount(&server).await;
    server
}

pub fn chat() -> MockBuilder {
    Mock::given(method("POST")).and(path("/api/chat"))
}

pub fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// What Ollama answers when the model says `content`.
pub fn spoken(content: &str) -> ResponseTemplate {
    ended(content, "stop")
}

pub fn ended(content: &str, done_reason: &str) -> ResponseTemplate {
    ok(&json!({
        "model": MODEL, "created_at": "2026-11-20T08:00:00.000Z", "message": {"role": "assistant", "content": content},
        "done": true, "done_reason": done_reason, "total_duration": 5_000_000_000_u64, "load_duration": 1_000_000,
        "prompt_eval_count": 812, "prompt_eval_duration": 1_000_000_000, "eval_count": 143, "eval_duration": 3_000_000_000_u64,
    }))
}

/// The bodies of the requests to a path, in order.
pub async fn bodies(server: &MockServer, path: &str) -> Vec<Value> {
    let received = server.received_requests().await.unwrap();
    received.iter().filter(|request| request.url.path() == path).map(|request| request.body_json().unwrap()).collect()
}

pub fn answered(reply: &Reply) -> &Answer {
    match &reply.said {
        Said::Answered(answer) => answer,
        other => panic!("not an answer: {other:?}"),
    }
}

pub fn failed(reply: &Reply) -> (Failure, &str) {
    match &reply.said {
        Said::Failed(failure, why) => (*failure, why),
        other => panic!("not a failure: {other:?}"),
    }
}
