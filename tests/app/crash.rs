//! The server is killed again and again while it takes detections in and has them voted on.

mod cluster;
mod stop;
mod twice;

use crate::support::{database, fakes, http, seed_with};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use wiremock::{MockServer, ResponseTemplate};

fn long() -> bool {
    std::env::var_os("FUSIONSOC_LONG").is_some()
}

/// Kills: two are quick, twenty prove it.
fn rounds() -> usize {
    if long() { 20 } else { 2 }
}

struct Process {
    child: Child,
    url: String,
}

impl Process {
    /// Asks it to stop; how it ended, and after how long.
    async fn stop(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        while began.elapsed() < Duration::from_mins(1) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), began.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it stops");
    }

    fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(dir: &Path, port: u16) -> Process {
    process(dir, port, &["serve"])
}

fn process(dir: &Path, port: u16, args: &[&str]) -> Process {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("log")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
        .current_dir(dir)
        .args(["--config", "fusionsoc.toml"])
        .args(args)
        .env("FUSIONSOC__SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    Process { child, url: format!("http://127.0.0.1:{port}") }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn command(dir: &Path, args: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_fusionsoc")).current_dir(dir).args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A detection of the same behaviour on a host of its own.
fn detection(at: usize) -> String {
    let seed: Value = serde_json::from_str(crate::support::SEED).unwrap();
    let sid = seed["routing"]["sid"].as_str().unwrap();
    seed_with(&[
        (&crate::support::seed_id(), &format!("crash-{at}")),
        (sid, &format!("cccccccc-0000-4000-8000-{at:012}")),
    ])
}

async fn post(url: &str, token: &str, body: String) -> Option<u16> {
    let sent = http()
        .post(format!("{url}/api/v1/detections"))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body);
    // One that is killed closes the connection; a slow machine only takes its time.
    sent.timeout(Duration::from_mins(1)).send().await.ok().map(|reply| reply.status().as_u16())
}

async fn get(url: &str, token: &str, path: &str) -> Option<Value> {
    let reply =
        http().get(format!("{url}{path}")).bearer_auth(token).timeout(Duration::from_secs(10)).send().await.ok()?;
    serde_json::from_str(&reply.text().await.ok()?).ok()
}

async fn ready(process: &Process) {
    let started = Instant::now();
    while http().get(format!("{}/healthz", process.url)).send().await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "the server starts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A word of letters alone: numbers are taken for chance, words for another behaviour.
fn word(at: usize) -> String {
    let letter = |at: usize| char::from(b'a' + u8::try_from(at % 26).unwrap());
    ["q", &String::from_iter([letter(at / 676), letter(at / 26), letter(at)]), "x"].concat()
}

/// A detection of a behaviour of its own on a host of its own, so that nothing of another one is reused.
fn behaviour(at: usize) -> String {
    detection(at).replace("TechnicianToolkit", &word(at)).replace("expand.exe", &format!("{}.exe", word(at)))
}

async fn slow_model() -> MockServer {
    model_after(Duration::from_millis(150)).await
}

async fn model_after(delay: Duration) -> MockServer {
    let content = json!({"message": {"role": "assistant", "content": fakes::answer("false_positive", 90).to_string()}, "done": true, "done_reason": "stop"});
    fakes::ollama_answering("m", ResponseTemplate::new(200).set_body_json(content).set_delay(delay)).await
}

fn config(dir: &Path, model: &MockServer, url: &str) {
    let toml = format!(
        "[database]\nurl = \"{url}\"\n[panel]\ncontrol_share = 0.0\n[policy]\nreview_share = 0.0\n[limits]\ningest_per_second = 0\ntoken_per_minute = 0\n[[voters]]\nname = \"m\"\nkind = \"ollama\"\nmodel = \"m\"\nconcurrency = 4\nbase_url = \"{}\"\n",
        model.uri()
    );
    std::fs::write(dir.join("fusionsoc.toml"), toml).unwrap();
}

/// All cases, once none of them waits for its triage.
async fn settled(process: &Process, token: &str) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let waiting = get(&process.url, token, "/api/v1/cases?view=triaging").await.unwrap_or_default();
        if waiting["cases"].as_array().is_some_and(Vec::is_empty) {
            return all_cases(process, token).await;
        }
        assert!(started.elapsed() < Duration::from_mins(5), "every triage finishes");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn all_cases(process: &Process, token: &str) -> Vec<Value> {
    let (mut cases, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&process.url, token, &format!("/api/v1/cases?limit=200&after={after}")).await.unwrap();
        cases.extend(page["cases"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return cases };
        next.clone_into(&mut after);
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_once_and_every_triage_ends() {
    let dir = tempfile::tempdir().unwrap();
    let model = slow_model().await;
    config(dir.path(), &model, &database(dir.path()).await);
    command(dir.path(), &["org", "add", "acme", "--name", "Acme"]);
    let token = command(dir.path(), &["token", "create", "--name", "t", "--org", "acme", "--scope", "ingest,read"]);
    let port = free_port();
    let acknowledged = killed_again_and_again(dir.path(), port, &token).await;
    let process = start(dir.path(), port);
    ready(&process).await;
    let stored = stored(&process, &token).await;
    for id in &acknowledged {
        assert_eq!(stored.iter().filter(|stored| *stored == id).count(), 1, "{id} is stored once");
    }
    assert!(asked_once(&model).await > 0);
    println!("{} kills, {} acknowledged, {} stored", rounds(), acknowledged.len(), stored.len());
}

/// Kills the server while it takes detections in; returns those that were acknowledged.
async fn killed_again_and_again(dir: &Path, port: u16, token: &str) -> Vec<String> {
    let (mut acknowledged, mut sent) = (Vec::new(), 0);
    for round in 0..rounds() {
        let mut process = start(dir, port);
        ready(&process).await;
        let deadline = Instant::now() + Duration::from_millis(300 + 170 * u64::try_from(round).unwrap());
        while Instant::now() < deadline {
            if post(&process.url, token, detection(sent)).await == Some(202) {
                acknowledged.push(format!("crash-{sent}"));
            }
            sent += 1;
        }
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }
    acknowledged
}

/// The ids of all stored detections, once every triage has ended.
async fn stored(process: &Process, token: &str) -> Vec<String> {
    let mut stored = Vec::new();
    for case in settled(process, token).await {
        let case = get(&process.url, token, &format!("/api/v1/cases/{}", case["number"])).await.unwrap();
        stored.extend(
            case["detections"].as_array().unwrap().iter().map(|one| one["detect_id"].as_str().unwrap().to_owned()),
        );
        assert!(case["runs"].as_array().unwrap().iter().any(|run| run["state"] == "done"), "{}", case["number"]);
        check_runs(&case);
    }
    stored
}

/// A run that was interrupted is followed by one that ended.
fn check_runs(case: &Value) {
    let runs = case["runs"].as_array().unwrap();
    for run in runs.iter().filter(|run| run["state"] == "interrupted") {
        assert!(runs.iter().any(|later| later["number"].as_i64() > run["number"].as_i64()), "{run}");
    }
    assert!(!runs.iter().any(|run| matches!(run["state"].as_str(), Some("queued" | "running"))));
}

/// Every request carries the boundary of its run: none comes twice.
async fn asked_once(model: &MockServer) -> usize {
    let requests = model.received_requests().await.unwrap();
    let chats = requests.iter().filter(|request| request.url.path() == "/api/chat");
    let mut boundaries: Vec<String> = chats
        .map(|request| {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let at = body.find("D-").unwrap();
            body[at..at + 34].to_owned()
        })
        .collect();
    let all = boundaries.len();
    boundaries.sort();
    boundaries.dedup();
    assert_eq!(boundaries.len(), all, "no vote is asked twice for one run");
    all
}
