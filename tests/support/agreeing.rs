//! Two models that call everything a false positive with labels that fit, and detections against which nothing speaks.
use super::{Person, SEED, Server, fakes, spawn_with};
use fusionsoc::config::Config;
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use wiremock::MockServer;

/// A server with such a panel; the models stop with the second value.
pub async fn spawn() -> (Server, [MockServer; 2]) {
    spawn_set(|_| {}).await
}

/// What the models answer.
pub fn answer() -> Value {
    let mut answer = fakes::answer("false_positive", 95);
    answer["severity"] = json!("medium");
    answer["mitre_techniques"] = json!([]);
    for field in ["what_happened", "evidence_benign", "ioc_analysis", "missing_information"] {
        answer[field] = json!("Software maintenance.");
    }
    answer
}

/// The same with settings that the test changes.
pub async fn spawn_set(change: impl FnOnce(&mut Config)) -> (Server, [MockServer; 2]) {
    let text = answer().to_string();
    let models = [fakes::ollama("one", &text).await, fakes::ollama("two", &text).await];
    let voters =
        vec![VoterConfig::ollama("one", &models[0].uri(), "one"), VoterConfig::ollama("two", &models[1].uri(), "two")];
    let server = spawn_with(|config| {
        config.voters = voters;
        change(config);
    })
    .await;
    (server, models)
}

/// The seed's behaviour on another host, without the tags that speak against it.
pub fn benign(at: usize) -> Value {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect_id"] = json!(format!("benign-{at}"));
    let (sid, host) = (format!("bbbbbbbb-0000-4000-8000-{at:012}"), format!("desk-{at:04}"));
    for place in ["/routing", "/detect/routing"] {
        let routing = document.pointer_mut(place).unwrap();
        routing["sid"] = json!(sid);
        routing["hostname"] = json!(host);
        routing["tags"] = json!(["windows"]);
    }
    document
}

/// A case of the behaviour that was decided, so that no later one is the first.
pub async fn precedent(server: &Server) -> Person {
    let bo = server.sign_in("bo", Role::Lead).await;
    let number = server.deliver(&benign(0).to_string()).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(bo.post(&format!("/cases/{number}/verdict"), &declared).await.status(), 303);
    bo
}

/// Delivers many at once and triages them.
pub async fn deliver(server: &Server, documents: &[Value]) {
    let (status, answer) = server.post("/api/v1/detections", Value::from(documents.to_vec()).to_string()).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(documents.len())), "{answer}");
    server.run_jobs().await;
}

/// The value of a field in the form of a page that a text stands before.
pub fn field(page: &str, before: &str, name: &str) -> String {
    let part = &page[page.find(before).unwrap_or_else(|| panic!("the page has {before}: {page}"))..];
    let start = format!("name=\"{name}\" value=\"");
    let at = part.find(&start).unwrap_or_else(|| panic!("a field {name} after {before}")) + start.len();
    part[at..].split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}
