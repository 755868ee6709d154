//! Fakes of outside services that speak the real wire formats on loopback.
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// An answer in the closed form.
pub fn answer(verdict: &str, confidence: u32) -> Value {
    json!({
        "what_happened": "SRE.exe of SupportAssist started expand.exe to unpack index.cab.",
        "evidence_malicious": "", "evidence_benign": "Both files are signed.", "missing_information": "The signer.",
        "ioc_analysis": "The cabinet file lies in the vendor's folder.", "verdict": verdict,
        "false_positive_reason": if verdict == "false_positive" { "Software maintenance by a signed agent." } else { "" },
        "severity": if verdict == "true_positive" { "high" } else { "low" }, "risk_score": 10, "mitre_techniques": ["T1140"],
        "iocs": ["C:\\WINDOWS\\SysWOW64\\expand.exe"], "recommended_actions": ["close_fp"],
        "investigation_questions": ["Does SRE.exe often start expand.exe here?"], "confidence": confidence,
    })
}

/// An Ollama server whose one model always says the same.
pub async fn ollama(model: &str, content: &str) -> MockServer {
    let server = MockServer::start().await;
    say(&server, model, content).await;
    server
}

/// An Ollama server with one model and this reply to a chat.
pub async fn ollama_answering(model: &str, reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    serve(&server, model, reply).await;
    server
}

/// The same saying this, but each answer waits until it is let go: what a page shows meanwhile stays as long as it is
/// looked at, however slow the machine. Without the sender nothing waits.
pub async fn ollama_held(model: &str, content: &str) -> (MockServer, Sender<()>) {
    let (go, held) = channel();
    let content = json!({"message": {"role": "assistant", "content": content}, "done": true, "done_reason": "stop"});
    let server = MockServer::start().await;
    serve(&server, model, Held(Mutex::new(held), ResponseTemplate::new(200).set_body_json(content))).await;
    (server, go)
}

struct Held(Mutex<Receiver<()>>, ResponseTemplate);

impl Respond for Held {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let _ = self.0.lock().unwrap().recv_timeout(Duration::from_secs(50));
        self.1.clone()
    }
}

/// Lets the one model of a server say this from now on; for another answer, `reset` the server first.
pub async fn say(server: &MockServer, model: &str, content: &str) {
    let reply = ResponseTemplate::new(200).set_body_json(json!({
        "model": model, "created_at": "2026-03-23T04:16:32Z", "message": {"role": "assistant", "content": content}, "done": true, "done_reason": "stop",
        "total_duration": 2_400_000_000_u64, "load_duration": 1_000_000, "prompt_eval_count": 812, "eval_count": 143,
    }));
    serve(server, model, reply).await;
}

/// The digest of the model of a fake.
pub const DIGEST: &str = "a2af6cc3eb7fa8be8504abaf9b04e88f17a119ec3f04a3addf55f92841195f5a";

/// The same name with another model behind it: another digest, and this answer from now on.
pub async fn replace(server: &MockServer, model: &str, digest: &str, content: &str) {
    server.reset().await;
    listing(server, model, digest).await;
    say(server, model, content).await;
}

async fn listing(server: &MockServer, model: &str, digest: &str) {
    let tags = json!({"models": [{"name": model, "model": model, "digest": digest, "size": 1}]});
    Mock::given(method("GET"))
        .and(path("/api/tags"))
        .respond_with(ResponseTemplate::new(200).set_body_json(tags))
        .mount(server)
        .await;
}

/// The same on a server that is there.
pub async fn serve(server: &MockServer, model: &str, reply: impl Respond + 'static) {
    // What is mounted first answers first.
    listing(server, model, DIGEST).await;
    let show = json!({"capabilities": ["completion", "thinking"], "details": {"family": "test"}});
    Mock::given(method("POST"))
        .and(path("/api/show"))
        .respond_with(ResponseTemplate::new(200).set_body_json(show))
        .mount(server)
        .await;
    Mock::given(method("POST")).and(path("/api/chat")).respond_with(reply).mount(server).await;
}

/// How often a fake was asked for a vote.
pub async fn chats(server: &MockServer) -> usize {
    server
        .received_requests()
        .await
        .unwrap_or_default()
        .iter()
        .filter(|request| request.url.path() == "/api/chat")
        .count()
}

/// A `gemini` program that prints this text as its response, noise on stderr included.
pub fn gemini(dir: &Path, response: &str) -> String {
    let reply = json!({
        "session_id": "6b1f", "response": response,
        "stats": {"models": {"gemini-2.5-pro": {"api": {"totalRequests": 1, "totalErrors": 0, "totalLatencyMs": 5200},
            "tokens": {"input": 900, "prompt": 900, "candidates": 140, "total": 1040, "cached": 0, "thoughts": 0, "tool": 0}}}, "tools": {}, "files": {}},
    });
    let file = dir.join("gemini");
    std::fs::write(dir.join("gemini.json"), reply.to_string()).unwrap();
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\necho 'Warning: 256-color support not detected.' >&2\ncat '{}'\n",
        dir.join("gemini.json").display()
    );
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file.display().to_string()
}
