//! A run that was broken off asks nobody twice.
use super::{fakes, lines, write};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const LINES: usize = 6;
const HANGS_AFTER: usize = 3;

/// A model that answers so often and then hangs.
async fn tiring(server: &MockServer) {
    let hang = ResponseTemplate::new(200).set_delay(Duration::from_mins(5));
    let answer = fakes::answer("true_positive", 90).to_string();
    fakes::say(server, "m", &answer).await;
    // The first that fits answers, as long as it may.
    let chat = || Mock::given(method("POST")).and(path("/api/chat"));
    let reply = ResponseTemplate::new(200).set_body_json(serde_json::json!({
        "model": "m", "message": {"role": "assistant", "content": answer}, "done": true, "done_reason": "stop",
    }));
    chat().respond_with(reply).up_to_n_times(HANGS_AFTER as u64).with_priority(1).mount(server).await;
    chat().respond_with(hang).with_priority(2).mount(server).await;
}

#[tokio::test]
async fn a_run_that_was_broken_off_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "lines.jsonl", &lines()[..LINES]);
    let server = MockServer::start().await;
    tiring(&server).await;
    let config = format!(
        "[[voters]]\nname = \"m\"\nkind = \"ollama\"\nbase_url = \"{}\"\nmodel = \"m\"\ntimeout_s = 600\n",
        server.uri()
    );
    std::fs::write(dir.path().join("fusionsoc.toml"), config).unwrap();
    let folder = dir.path().to_owned();
    let eval = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
        command.current_dir(&folder).args(["eval", "lines.jsonl", "--out", "report.json"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut first = eval().spawn().unwrap();
    let partial = dir.path().join("report.json.partial");
    let mut kept = 0;
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        kept = std::fs::read_to_string(&partial).unwrap_or_default().lines().count();
        if kept == 1 + HANGS_AFTER && fakes::chats(&server).await > HANGS_AFTER {
            break;
        }
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(kept, 1 + HANGS_AFTER, "a head and what was answered");
    server.reset().await;
    fakes::say(&server, "m", &fakes::answer("true_positive", 90).to_string()).await;
    let status = tokio::task::spawn_blocking(move || eval().status().unwrap()).await.unwrap();
    assert!(status.success());
    assert_eq!(fakes::chats(&server).await, LINES - HANGS_AFTER, "only the rest is asked about");
    let report: Value = serde_json::from_slice(&std::fs::read(dir.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["items"].as_array().unwrap().len(), LINES);
    assert!(!partial.exists());
}
