//! Backups, restores, moves and starts, with the real program: what was acknowledged is never lost, and what
//! can't be used changes nothing.
mod beside;
mod found;
mod hot;
mod kept;
mod linked;
mod locked;
mod moving;
mod refused;
mod restore;
mod scheduled;
mod start;
mod upgrade;

use crate::support::{database, http, seed_id, seed_with};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with settings for the real program.
pub(crate) struct Place {
    pub dir: tempfile::TempDir,
    pub url: String,
}

impl Place {
    /// On the database of this run of tests.
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = database(dir.path()).await;
        Self::at(dir, url)
    }

    /// On a `SQLite` file of this name.
    pub fn sqlite(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join(name).display());
        Self::at(dir, url)
    }

    fn at(dir: tempfile::TempDir, url: String) -> Self {
        let place = Self { dir, url };
        place.settings("");
        place
    }

    /// Writes the settings, with more of them at the end.
    pub fn settings(&self, more: &str) {
        let url = &self.url;
        let toml = format!(
            "[database]\nurl = \"{url}\"\n[limits]\ningest_per_second = 0\ntoken_per_minute = 0\n[server]\ninsecure_cookies = true\n{more}"
        );
        std::fs::write(self.dir.path().join("fusionsoc.toml"), toml).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
        command.current_dir(self.dir.path()).env_remove("FUSIONSOC_CONFIG").stdin(Stdio::null());
        command
    }

    /// Runs a command; exit code, standard output, standard error.
    pub async fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = self.command();
        command.args(args);
        said(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
    }

    /// The same of one that has to work; its standard output.
    pub async fn ok(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args).await;
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out.trim().to_owned()
    }

    /// An organisation and a token of it.
    pub async fn set_up(&self) -> String {
        self.ok(&["org", "add", "acme", "--name", "Acme"]).await;
        self.ok(&["token", "create", "--name", "t", "--org", "acme", "--scope", "ingest,read"]).await
    }

    /// A server, once it answers.
    pub async fn serve(&self) -> Running {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = self.command();
        command.arg("serve").env("FUSIONSOC__SERVER__LISTEN", format!("127.0.0.1:{port}"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let running = Running { child, url: format!("http://127.0.0.1:{port}") };
        let started = Instant::now();
        while http().get(format!("{}/healthz", running.url)).send().await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "the server starts");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        running
    }
}

pub(crate) fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A server of the real program; it is killed when it is dropped.
pub(crate) struct Running {
    pub child: Child,
    pub url: String,
}

impl Running {
    pub async fn post(&self, token: &str, body: String) -> Option<(u16, Value)> {
        let sent = http()
            .post(format!("{}/api/v1/detections", self.url))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .timeout(Duration::from_secs(20))
            .body(body);
        let reply = sent.send().await.ok()?;
        let status = reply.status().as_u16();
        Some((status, serde_json::from_str(&reply.text().await.ok()?).unwrap_or_default()))
    }

    /// Whether each of these detections is stored: all of them sent again are duplicates.
    pub async fn holds(&self, token: &str, ids: &[usize]) {
        for part in ids.chunks(50) {
            let all: Vec<String> = part.iter().map(|at| detection(*at)).collect();
            let (status, answer) = self.post(token, format!("[{}]", all.join(","))).await.unwrap();
            assert!(status == 202 || status == 200, "{status} {answer}");
            assert_eq!((&answer["accepted"], &answer["duplicates"]), (&0.into(), &part.len().into()), "{answer}");
        }
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A detection of its own on a host of its own.
pub(crate) fn detection(at: usize) -> String {
    let seed: Value = serde_json::from_str(crate::support::SEED).unwrap();
    let sid = seed["routing"]["sid"].as_str().unwrap();
    seed_with(&[(&seed_id(), &format!("backup-{at}")), (sid, &format!("bbbbbbbb-0000-4000-8000-{at:012}"))])
}

pub(crate) fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}

pub(crate) fn is_postgres() -> bool {
    std::env::var("FUSIONSOC_TEST_DB").as_deref() == Ok("postgres")
}

/// One line of ours on standard error that holds a text; lines of the log are others.
pub(crate) fn one_line(err: &str, wanted: &str) {
    let told: Vec<&str> = err.lines().filter(|line| !line.starts_with('{')).collect();
    assert!(told.len() == 1 && told[0].starts_with("fusionsoc: ") && told[0].contains(wanted), "{wanted}: {err}");
}
