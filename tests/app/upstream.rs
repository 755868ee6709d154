//! Every outside service fails in every way one after the other, while detections come in and pages are asked for.
mod broken;

use crate::support::{PASSWORD, http, seed_id, seed_with};
use broken::{Broken, KINDS};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program, and what its clients need.
struct Soc {
    child: Child,
    url: String,
    token: String,
    cookie: String,
}

impl Drop for Soc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(dir: &Path, args: &[&str], input: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
        .current_dir(dir)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{args:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

fn settings(dir: &Path, broken: &Broken, port: u16) {
    use std::os::unix::fs::PermissionsExt;
    for file in ["lc.key", "vt.key"] {
        std::fs::write(dir.join(file), "11111111-2222-4333-8444-555555555555").unwrap();
        std::fs::set_permissions(dir.join(file), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let at = &broken.url;
    let toml = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\ninsecure_cookies = true\n\
         [limits]\ningest_per_second = 0\ntoken_per_minute = 0\n\
         [panel]\ncontrol_share = 0.0\nreuse_minutes = 0\n[policy]\nreview_share = 0.0\n\
         [[voters]]\nname = \"m\"\nkind = \"ollama\"\nmodel = \"m\"\nconcurrency = 4\ntimeout_s = 3\nbase_url = \"{at}\"\n\
         [[limacharlie]]\norg = \"acme\"\noid = \"{oid}\"\napi_key_file = \"lc.key\"\npull_every_s = 0\napi_url = \"{at}\"\njwt_url = \"{at}\"\n\
         [intel.virustotal]\napi_key_file = \"vt.key\"\nbase_url = \"{at}/api/v3\"\nper_minute = 0\nper_day = 0\n",
        oid = "8cbe27f4-bfa1-4afb-ba19-138cd51389cd"
    );
    std::fs::write(dir.join("fusionsoc.toml"), toml).unwrap();
}

async fn start(dir: &Path, broken: &Broken) -> Soc {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    settings(dir, broken, port);
    command(dir, &["org", "add", "acme", "--name", "Acme"], "");
    command(dir, &["user", "add", "ana", "--role", "analyst", "--org", "acme"], &format!("{PASSWORD}\n"));
    let token = command(dir, &["token", "create", "--name", "t", "--org", "acme", "--scope", "ingest,read,write"], "");
    let mut serve = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    let child = serve.current_dir(dir).arg("serve").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let mut soc = Soc { child, url, token, cookie: String::new() };
    for _ in 0..400 {
        if http().get(format!("{}/healthz", soc.url)).send().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("username", "ana"), ("password", PASSWORD)])
        .finish();
    let sent = http().post(format!("{}/login", soc.url)).header("sec-fetch-site", "same-origin");
    let reply = sent.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
    let cookie = reply.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().clone_into(&mut soc.cookie);
    soc
}

impl Soc {
    async fn deliver(&self, at: usize) {
        let sid: String =
            serde_json::from_str::<Value>(crate::support::SEED).unwrap()["routing"]["sid"].as_str().unwrap().into();
        let other = format!("dddddddd-0000-4000-8000-{at:012}");
        let body = seed_with(&[(&seed_id(), &format!("fault-{at}")), (&sid, &other)]);
        let sent = http().post(format!("{}/api/v1/detections", self.url)).bearer_auth(&self.token);
        let reply = sent.header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(reply.status(), 202);
    }

    async fn page(&self, path: &str) -> String {
        let reply = http().get(format!("{}{path}", self.url)).header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        reply.text().await.unwrap()
    }

    async fn api(&self, path: &str) -> Value {
        let reply = http().get(format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token).send().await.unwrap();
        serde_json::from_str(&reply.text().await.unwrap()).unwrap()
    }

    /// Resident memory in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    async fn settled(&self) {
        let since = Instant::now();
        loop {
            if self.api("/cases?view=triaging").await["cases"].as_array().is_some_and(Vec::is_empty) {
                return;
            }
            assert!(since.elapsed() < Duration::from_mins(10), "every triage ends");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// The longest of what it took to take a detection in and to show two pages.
async fn longest(soc: &Soc, at: usize) -> Duration {
    let mut longest = Duration::ZERO;
    let mut timed = |since: Instant| longest = longest.max(since.elapsed());
    let since = Instant::now();
    soc.deliver(at).await;
    timed(since);
    for path in ["/cases?view=all", "/cases/1"] {
        let since = Instant::now();
        soc.page(path).await;
        timed(since);
    }
    longest
}

#[tokio::test]
async fn pages_and_ingest_go_on_and_every_triage_ends_whatever_fails_outside() {
    let long = std::env::var_os("FUSIONSOC_LONG").is_some();
    let dir = tempfile::tempdir().unwrap();
    let broken = Broken::start().await;
    let soc = start(dir.path(), &broken).await;
    let (rounds, pause) = if long { (2, 2_000) } else { (1, 150) };
    let (mut at, mut slowest, mut most) = (0, Duration::ZERO, 0);
    for kind in (0..rounds).flat_map(|_| KINDS) {
        broken.set(kind);
        at += 1;
        slowest = slowest.max(longest(&soc, at).await);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        most = most.max(soc.memory());
    }
    if long {
        soc.settled().await;
    }
    broken.heal();
    soc.settled().await;
    let cases = soc.api("/cases?view=all&limit=200").await;
    let cases = cases["cases"].as_array().unwrap();
    assert_eq!(cases.len(), at, "one case each");
    for case in cases {
        let runs = soc.api(&format!("/cases/{}", case["number"])).await["runs"].clone();
        assert!(
            runs.as_array().unwrap().iter().all(|run| matches!(run["state"].as_str(), Some("done" | "interrupted")))
        );
        assert_ne!(case["machine_verdict"], "false_positive", "what failed never speaks for closing: {case}");
    }
    println!("{at} faults: slowest request {slowest:?}, memory at most {most} KiB");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(most < 400 * 1024, "{most} KiB");
}
