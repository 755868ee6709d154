//! The `gemini` command line, locked down: it is an agent, and what it reads was written by attackers.
//!
//! It gets a home of its own without tools, servers or extensions, an empty working folder that
//! can't be written, an environment of a few variables, and a system prompt that replaces its own.
//! Every `@` is escaped, because it would be read as the name of a file to send.
//!
//! It talks to Google unless `base_url` says otherwise, so what it gets leaves the house.
mod exit;

use super::address::Address;
use super::build::{BuildError, Setup};
use super::call::Trouble;
use super::endpoint::Endpoint;
use super::http::{CHECKING, judge};
use super::{Kind, Question, Reply, Said, Voter, VoterConfig, form};
use crate::domain::Failure;
use crate::limits;
use crate::secret::{Key, Secret};
use async_trait::async_trait;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// Sign-in by key, no tools, no servers, no statistics.
const SETTINGS: &str = r#"{"security":{"auth":{"selectedType":"gemini-api-key"}},"tools":{"core":["none_such"]},"mcp":{"allowed":[]},"privacy":{"usageStatisticsEnabled":false}}"#;
/// What stands before the prompt: the tool takes a text that begins with a slash for a command of its own.
const INTRODUCTION: &str = "The alert:\n";
const INSTRUCTION: &str = "Judge the alert above and answer with one JSON object only.";

/// Where the tool sends its questions by itself.
const USUAL_ADDRESS: &str = "https://generativelanguage.googleapis.com";

/// A model behind the command line.
struct GeminiCli {
    config: VoterConfig,
    key: Key,
    address: Address,
    endpoint: Arc<Endpoint>,
}

/// Sets a voter up; without a key, `GEMINI_API_KEY` of our own environment is passed on.
///
/// # Errors
/// See [`BuildError`].
pub fn make(setup: Setup<'_>) -> Result<Arc<dyn Voter>, BuildError> {
    let config = setup.config;
    let address = Address::of(&config, USUAL_ADDRESS)?;
    // A program that fails says nothing about the server that others ask directly.
    let place = format!("{} at {}", config.command, address.0);
    let endpoint = setup.endpoints.at(&place, config.concurrency);
    let endpoint = endpoint.map_err(|error| BuildError::Client(config.name.clone(), error))?;
    Ok(Arc::new(GeminiCli { config, key: setup.key, address, endpoint }))
}

#[async_trait]
impl Voter for GeminiCli {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> Kind {
        Kind::GeminiCli
    }

    fn model(&self) -> &str {
        if self.config.model.is_empty() { "gemini" } else { &self.config.model }
    }

    fn cloud(&self) -> bool {
        self.config.cloud || !self.address.in_house()
    }

    fn private(&self) -> bool {
        self.config.privacy.holds(self.cloud())
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(self.config.timeout_s.max(1))
    }

    fn rest(&self) -> Option<Duration> {
        self.endpoint.breaker.rest()
    }

    fn key(&self) -> Option<&Key> {
        Some(&self.key)
    }

    /// Starts the program, which asks no server for its version.
    async fn check(&self) -> Result<Option<String>, String> {
        if let Some(why) = self.address.refused() {
            return Err(why.to_owned());
        }
        let mut command = Command::new(&self.config.command);
        command.arg("--version").env_remove("GEMINI_API_KEY").stdin(Stdio::null()).kill_on_drop(true);
        let name = &self.config.command;
        match tokio::time::timeout(CHECKING, command.output()).await {
            Err(_) => Err(format!("{name} did not tell its version within {} s", CHECKING.as_secs())),
            Ok(Err(error)) => Err(format!("{name}: {error}")),
            Ok(Ok(done)) if !done.status.success() => {
                Err(format!("{name} could not tell its version: {}", done.status))
            }
            Ok(Ok(_)) if self.key().is_none() => Err("it has no key: set api_key_file or GEMINI_API_KEY".to_owned()),
            Ok(Ok(_)) => Ok(Some("the program is there; its server is asked with the first vote".to_owned())),
        }
    }

    async fn ask(&self, question: &Question) -> Reply {
        if let Some(why) = self.address.refused() {
            return Reply::bare(Said::Failed(Failure::Http, why.to_owned()));
        }
        let (_place, waited) = match self.endpoint.enter("").await {
            Ok(entered) => entered,
            Err(reply) => return reply,
        };
        let (prompt, key) = (&question.prompt, self.key());
        let spoken = self.run(&prompt.system, &prompt.user).await;
        self.endpoint.breaker.count(spoken.as_ref().err());
        let reply = match spoken {
            Ok((text, tokens_in, tokens_out)) => Reply {
                raw: super::cut(&text, limits::RAW_ANSWER),
                tokens_in,
                tokens_out,
                ..Reply::bare(judge(&text, prompt))
            },
            Err(trouble) => Reply::bare(Said::Failed(trouble.failure, trouble.why)),
        };
        // What the tool prints may hold the key that it was given.
        Reply { waited, ..reply.without(key.as_ref()) }
    }
}

/// Text and tokens.
type Spoken = (String, Option<i64>, Option<i64>);

impl GeminiCli {
    async fn run(&self, system: &str, user: &str) -> Result<Spoken, Trouble> {
        let failed =
            |error: std::io::Error| Trouble::http(format!("{} could not be started: {error}", self.config.command));
        let home = tempfile::Builder::new().prefix("fusionsoc-gemini-").tempdir().map_err(failed)?;
        let mut child = self.command(home.path(), system).map_err(failed)?.spawn().map_err(failed)?;
        let group = Group(child.id());
        let spoken = tokio::time::timeout(self.deadline(), talk(&mut child, user)).await;
        drop(group);
        let (code, stdout, stderr) = spoken.map_err(|_| Trouble::late(self.deadline()))?.map_err(failed)?;
        if code != Some(0) {
            return Err(exit::problem(code, &stderr));
        }
        let reply: Value = serde_json::from_slice(&stdout)
            .map_err(|_| Trouble::new(Failure::Parse, "gemini did not print JSON".to_owned()))?;
        let text = reply.get("response").and_then(Value::as_str).unwrap_or_default().to_owned();
        let tokens = |name: &str| {
            let models = reply.pointer("/stats/models").and_then(Value::as_object)?;
            let of = |model: &Value| model.pointer(&format!("/tokens/{name}")).and_then(Value::as_i64);
            Some(models.values().filter_map(of).sum())
        };
        Ok((text, tokens("prompt"), tokens("candidates")))
    }

    fn key(&self) -> Option<Secret> {
        self.key.known()
    }

    fn command(&self, home: &Path, system: &str) -> std::io::Result<Command> {
        std::fs::create_dir(home.join(".gemini"))?;
        std::fs::write(home.join(".gemini/settings.json"), SETTINGS)?;
        // The tool can't be given a schema, so the form is told in words.
        std::fs::write(home.join("system.md"), form::in_words(system))?;
        let empty = home.join("empty");
        std::fs::create_dir(&empty)?;
        std::fs::set_permissions(&empty, std::fs::Permissions::from_mode(0o500))?;
        let mut command = Command::new(&self.config.command);
        if !self.config.model.is_empty() {
            command.args(["-m", &self.config.model]);
        }
        command
            .args(["-e", "none", "-o", "json", "-p", INSTRUCTION])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("GEMINI_SYSTEM_MD", home.join("system.md"))
            .env("GEMINI_CLI_TRUST_WORKSPACE", "true")
            .current_dir(empty)
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(key) = self.key() {
            command.env("GEMINI_API_KEY", key.expose());
        }
        if !self.config.base_url.is_empty() {
            command.env("GOOGLE_GEMINI_BASE_URL", &self.address.0);
        }
        Ok(command)
    }
}

/// Writes the prompt and reads both outputs up to the limit.
async fn talk(child: &mut Child, user: &str) -> std::io::Result<(Option<i32>, Vec<u8>, Vec<u8>)> {
    let input = child.stdin.take();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let cap = u64::try_from(limits::UPSTREAM_BODY).unwrap_or(u64::MAX);
    let write = async {
        if let Some(mut input) = input {
            // A tool that ends early closes the pipe; its exit code says why.
            let text = format!("{INTRODUCTION}{}", user.replace('@', "\\@"));
            let _ = input.write_all(text.as_bytes()).await;
        }
    };
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let read_out = async { if let Some(pipe) = stdout { pipe.take(cap).read_to_end(&mut out).await } else { Ok(0) } };
    let read_err = async { if let Some(pipe) = stderr { pipe.take(cap).read_to_end(&mut err).await } else { Ok(0) } };
    let ((), read, read_error) = tokio::join!(write, read_out, read_err);
    read?;
    read_error?;
    let status = child.wait().await?;
    Ok((status.code(), out, err))
}

/// The tool starts processes of its own; none may outlive the vote, nor a vote that is given up.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let pid = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // A group that has ended already can't be killed, and needs not be.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}
