//! What needs no question is not asked, and what may not be spent is not spent; both are said.
mod budget;
mod evidence;
mod reuse;

use crate::support::{SEED, Server, fakes, spawn_with};
use fusionsoc::config::Config;
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use tokio::sync::RwLock;
use wiremock::MockServer;

/// The program's clock is one for all tests of this file: whoever moves it is alone.
static CLOCK: RwLock<()> = RwLock::const_new(());

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Three voters that always give this answer.
async fn panel(answer: &Value, change: impl FnOnce(&mut Config)) -> (Server, Vec<MockServer>) {
    let mut fakes = Vec::new();
    for name in NAMES {
        fakes.push(fakes::ollama(name, &answer.to_string()).await);
    }
    let voters = seated(&fakes);
    let server = spawn_with(|config| {
        config.voters = voters;
        config.panel.reuse_check_share = 0.0;
        change(config);
    })
    .await;
    (server, fakes)
}

fn seated(fakes: &[MockServer]) -> Vec<VoterConfig> {
    let voter = |(name, fake): (&&str, &MockServer)| VoterConfig {
        timeout_s: 20,
        concurrency: 3,
        ..VoterConfig::ollama(name, &fake.uri(), name)
    };
    NAMES.iter().zip(fakes).map(voter).collect()
}

async fn asked(fakes: &[MockServer]) -> usize {
    let mut all = 0;
    for fake in fakes {
        all += fakes::chats(fake).await;
    }
    all
}

/// The seed's behaviour on another host, changed by the test.
fn on_host(host: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect_id"] = json!(format!("detect-{host}"));
    for pointer in ["/routing", "/detect/routing"] {
        let routing = document.pointer_mut(pointer).unwrap();
        routing["hostname"] = json!(host);
        routing["sid"] = json!(format!("sid-{host}"));
        routing["this"] = json!(format!("this-{host}"));
        routing["parent"] = json!(format!("parent-{host}"));
        routing["tags"] = json!(["windows"]);
    }
    change(&mut document);
    document.to_string()
}

/// Delivers, works, and returns the case.
async fn triaged(server: &Server, detection: &str) -> Value {
    let case = server.deliver(detection).await;
    server.run_jobs().await;
    server.case(case["number"].as_i64().unwrap()).await
}

fn number(case: &Value) -> i64 {
    case["number"].as_i64().unwrap()
}

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect()
}

fn panel_votes(run: &Value) -> Vec<&Value> {
    run["votes"].as_array().unwrap().iter().filter(|vote| vote["role"] == "panel").collect()
}
