//! Intelligence providers on loopback that speak the real formats, and a server that asks them.
use crate::support::{Server, spawn_with};
use fusionsoc::config::Config;
use fusionsoc::domain::Role;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

pub const KEY: &str = "key-7d1c0f5a9b";
/// The seed's two files.
pub const CHILD: &str = "dfc1709a2988301f7a9d145fb107793e3299ecc85f4b9702523939e35573ab85";
pub const PARENT: &str = "4209038199a68a376fc84137887a18bbeb149f54ad610645f2d585c44a569f31";

/// A file of a test's own with a mode that secrets need.
pub fn file(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

/// Counts as the seed's provider gave them.
pub fn counts(malicious: i64, undetected: i64) -> Value {
    json!({"malicious": malicious, "suspicious": 0, "undetected": undetected, "harmless": 0, "timeout": 2, "confirmed-timeout": 0, "failure": 7, "type-unsupported": 4})
}

/// A file as `VirusTotal` describes it.
pub fn known_file(sha256: &str, malicious: i64, reputation: i64) -> Value {
    let attributes = json!({
        "sha256": sha256, "md5": "0".repeat(32), "sha1": "0".repeat(40), "type_description": "Win32 EXE", "meaningful_name": "expand.exe", "size": 63488,
        "last_analysis_stats": counts(malicious, 63), "reputation": reputation, "first_submission_date": 1_554_000_000, "last_analysis_date": 1_773_000_000,
        "tags": ["peexe", "signed"], "total_votes": {"harmless": 0, "malicious": 1}, "last_analysis_results": {"Bkav": {"category": "undetected", "engine_name": "Bkav", "result": null}},
    });
    json!({"data": {"id": sha256, "type": "file", "links": {"self": format!("https://www.virustotal.com/api/v3/files/{sha256}")}, "attributes": attributes}})
}

/// What `VirusTotal` says of something that it doesn't know.
pub fn not_found(what: &str) -> ResponseTemplate {
    let error = json!({"error": {"code": "NotFoundError", "message": format!("\"{what}\" not found")}});
    ResponseTemplate::new(404).set_body_json(error)
}

type Answers = Arc<Mutex<HashMap<String, ResponseTemplate>>>;

/// A provider that knows some values by the last part of their path.
pub struct Fake {
    pub server: MockServer,
    answers: Answers,
}

struct ByPath(Answers);

impl Respond for ByPath {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if request.headers.get("x-apikey").is_none_or(|key| key != KEY) {
            let error = json!({"error": {"code": "WrongCredentialsError", "message": "Wrong API key"}});
            return ResponseTemplate::new(401).set_body_json(error);
        }
        let last = request.url.path().rsplit('/').next().unwrap_or_default().to_owned();
        self.0.lock().unwrap().get(&last).cloned().unwrap_or_else(|| not_found(&last))
    }
}

impl Fake {
    pub async fn start() -> Self {
        let (server, answers) = (MockServer::start().await, Answers::default());
        Mock::given(any()).respond_with(ByPath(Arc::clone(&answers))).mount(&server).await;
        Self { server, answers }
    }

    /// Lets it answer about a value from now on.
    pub fn says(&self, value: &str, reply: ResponseTemplate) {
        self.answers.lock().unwrap().insert(value.to_owned(), reply);
    }

    pub fn knows(&self, sha256: &str, malicious: i64, reputation: i64) {
        self.says(sha256, ResponseTemplate::new(200).set_body_json(known_file(sha256, malicious, reputation)));
    }

    /// The paths that it was asked for.
    pub async fn asked(&self) -> Vec<String> {
        let all = self.server.received_requests().await.unwrap();
        all.iter().map(|request| request.url.path().to_owned()).collect()
    }
}

/// Everything that a fake received, as text.
pub async fn received(server: &MockServer) -> String {
    let mut text = String::new();
    for request in server.received_requests().await.unwrap() {
        text.push_str(request.url.as_str());
        for (name, value) in &request.headers {
            text.extend(["\n", name.as_str(), ": ", value.to_str().unwrap_or_default()]);
        }
        text.extend(["\n", &String::from_utf8_lossy(&request.body), "\n"]);
    }
    text
}

/// A server that asks a fake `VirusTotal`.
pub struct Informed {
    pub server: Server,
    pub fake: Fake,
}

pub async fn informed() -> Informed {
    informed_with(|_, _| {}).await
}

/// The same with other settings of `[intel]`, which get the folder of the keys.
pub async fn informed_with(change: impl FnOnce(&mut Value, &Path)) -> Informed {
    informed_by(change, |_| {}).await
}

pub async fn informed_by(change: impl FnOnce(&mut Value, &Path), more: impl FnOnce(&mut Config)) -> Informed {
    let (fake, keys) = (Fake::start().await, tempfile::tempdir().unwrap());
    let key = file(keys.path(), "virustotal.key", KEY);
    let mut section = json!({
        "timeout_s": 1, "virustotal": {"api_key_file": key, "base_url": format!("{}/api/v3", fake.server.uri()), "per_minute": 0, "per_day": 0},
    });
    change(&mut section, keys.path());
    let server = spawn_with(|config| {
        config.intel = serde_json::from_value(section).unwrap();
        more(config);
    })
    .await;
    Informed { server, fake }
}

impl Informed {
    /// The case of a detection after its triage.
    pub async fn triaged(&self, detection: &str) -> Value {
        let case = self.server.deliver(detection).await;
        self.server.run_jobs().await;
        self.server.case(case["number"].as_i64().unwrap()).await
    }

    pub async fn page(&self, path: &str) -> String {
        let person = self.server.sign_in(&format!("p{}", rand::random::<u32>()), Role::Admin).await;
        let (status, page) = person.page(path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    /// Lets a minute go by: the questions of the last one are older, and what waits is due.
    pub async fn a_minute_later(&self) {
        self.server.sql("UPDATE intel_calls SET at_ms = at_ms - 61000").await;
        self.server.sql("UPDATE intel_providers SET quiet_until_ms = 0").await;
        self.server.sql("UPDATE intel SET due_ms = 1 WHERE due_ms IS NOT NULL").await;
        self.server.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'intel'").await;
        self.server.run_jobs().await;
    }
}

/// The answer of a provider about a value.
pub fn answer<'a>(case: &'a Value, provider: &str, value: &str) -> &'a Value {
    let all = case["intelligence"].as_array().unwrap();
    let found = all.iter().find(|one| one["provider"] == provider && one["value"] == value);
    found.unwrap_or_else(|| panic!("no {provider} about {value} in {all:?}"))
}

/// What is thought of a value.
pub fn verdict<'a>(case: &'a Value, value: &str) -> &'a Value {
    let all = case["observables"].as_array().unwrap();
    &all.iter().find(|one| one["value"] == value).unwrap_or_else(|| panic!("no {value} in {all:?}"))["verdict"]
}

/// The piece of evidence.
pub fn piece(case: &Value) -> &Value {
    let all = case["evidence"].as_array().unwrap();
    all.iter().find(|piece| piece["kind"] == "intelligence").unwrap_or_else(|| panic!("none in {all:?}"))
}

/// The vetoes of the newest run.
pub fn vetoes(case: &Value) -> Vec<&str> {
    case["runs"][0]["vetoes"].as_array().unwrap().iter().filter_map(|veto| veto["kind"].as_str()).collect()
}
