//! `demo`: a ready instance on a store of its own, with real detections and a recorded case.
mod sample;

use super::access::create_token;
use super::people::add_user;
use super::place::{begin, first_vault};
use super::{CliError, serve};
use crate::clock::now_ms;
use crate::config::Config;
use crate::domain::Role;
use crate::domain::role::Scope;
use crate::store::{Store, orgs, sessions, users};
use crate::web::App;
use crate::web::auth::hash_new;
use clap::Args;
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::Notify;

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Address and port; only on this machine.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A folder to keep the data in; a fresh temporary one otherwise.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print address and sign-in as one line of JSON first.
    #[arg(long)]
    json: bool,
}

/// A person of the demo, with the password of this start.
struct Person {
    name: &'static str,
    role: Role,
    password: String,
}

impl Demo {
    /// Runs the demo until a signal.
    pub async fn run(self) -> Result<ExitCode, CliError> {
        if !self.listen.ip().is_loopback() {
            return super::failed("--listen: the demo is for this machine only; use a loopback address");
        }
        // It goes away with the demo.
        let temporary = match &self.data {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("fusionsoc-demo-").tempdir()),
        };
        let temporary = temporary.transpose().map_err(|error| CliError::Failed(error.to_string()))?;
        let dir = self.data.as_deref().or(temporary.as_ref().map(TempDir::path)).unwrap_or(Path::new(".")).to_owned();
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .map_err(|error| CliError::Failed(format!("--data: {error}")))?;
        let mut config = config(&dir, self.listen);
        let listener = serve::listen(&config).await?;
        config.server.listen = listener.local_addr().unwrap_or(self.listen);
        let _only_server = serve::lock(&config)?;
        let store = begin(&config).await?;
        let people = people(&store).await?;
        let token = sample::fill(&store).await?;
        let vault = first_vault(&config, &store).await?;
        let app = App::start(store, Arc::new(config.clone()), vault, Arc::new(Notify::new()), true).await?;
        // Whoever started it may have read enough and closed the pipe: that ends nothing.
        let _ = self.tell(&mut std::io::stdout(), &config, &people, &token);
        serve::run(app, (listener, None), None, Some(Arc::default()), false).await?;
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, out: &mut impl Write, config: &Config, people: &[Person], token: &str) -> std::io::Result<()> {
        let url = config.public_url();
        if self.json {
            let users: Vec<_> = people
                .iter()
                .map(|one| json!({"username": one.name, "password": one.password, "role": one.role}))
                .collect();
            writeln!(out, "{}", json!({"url": url, "token": token, "users": users}))?;
        }
        writeln!(out, "FusionSOC demo: {url}/cases/459")?;
        for person in people {
            writeln!(
                out,
                "  sign in as {:<8} {}   ({})",
                person.name,
                person.password,
                person.role.label().to_lowercase()
            )?;
        }
        writeln!(out, "  API token {token}")
    }
}

fn config(dir: &Path, listen: SocketAddr) -> Config {
    let mut config = Config::default();
    config.database.url = format!("sqlite:{}", dir.join("fusionsoc.db").display());
    config.server.listen = listen;
    config.server.insecure_cookies = true;
    config.server.key_file = dir.join("fusionsoc.key").display().to_string();
    config.limits.ingest_per_second = 0;
    config.limits.token_per_minute = 0;
    // Whoever looks around wants to see what the panel says.
    config.policy.review_share = 0.0;
    config
}

/// One person for each role; the passwords are new at every start.
async fn people(store: &Store) -> Result<Vec<Person>, CliError> {
    let roles = [("admin", Role::Admin), ("lead", Role::Lead), ("analyst", Role::Analyst), ("viewer", Role::Viewer)];
    let mut tx = store.write().await?;
    if orgs::by_slug(&mut tx, "demo").await?.is_none() {
        orgs::insert(&mut tx, "demo", "Demo", None, now_ms()).await?;
    }
    let mut people = Vec::new();
    for (name, role) in roles {
        let password = hex::encode(rand::random::<[u8; 8]>());
        match users::by_name(&mut tx, name).await? {
            None => {
                add_user(&mut tx, name, role, &["demo".to_owned()], &password).await?;
            }
            Some(user) => {
                let hash = hash_new(name, &password).map_err(|error| CliError::Failed(error.to_string()))?;
                users::set_password(&mut tx, user.id, &hash, false).await?;
                sessions::end_all(&mut tx, user.id).await?;
            }
        }
        people.push(Person { name, role, password });
    }
    tx.commit().await?;
    Ok(people)
}

/// A token with all scopes for the demo's organisation.
pub(super) async fn token(tx: &mut crate::store::Tx) -> Result<String, CliError> {
    create_token(tx, "demo", "demo", Scope::ALL, 90).await
}
