//! `migrate`, `backup`, `restore` and `move`.
use super::CliError;
use crate::backup::{self, Trouble, moving, restore};
use crate::clock::now_ms;
use crate::config::Config;
use crate::proof::newest;
use crate::store::{Actor, Counted, OpenError, Store};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What is done with a whole database.
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Bring the database's schema up to date.
    Migrate,
    /// Write everything into one file, while servers and workers go on.
    Backup(Backup),
    /// Put a backup in the place of the database.
    Restore(Restore),
    /// Move everything to the other kind of database.
    Move(Move),
}

impl DatabaseCommand {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<ExitCode, CliError> {
        match self {
            Self::Migrate => {
                super::place::begin(config).await?;
                println!("The schema is up to date.");
                Ok(ExitCode::SUCCESS)
            }
            Self::Backup(backup) => backup.run(config).await,
            Self::Restore(restore) => restore.run(config).await,
            Self::Move(moving) => moving.run(config).await,
        }
    }
}

/// `backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write; it must not be there yet.
    file: PathBuf,
}

/// `restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// A backup.
    file: PathBuf,
    /// On PostgreSQL: replace what is there.
    #[arg(long)]
    replace: bool,
}

/// `move`
#[derive(Debug, Args)]
pub struct Move {
    /// The other database: `postgres://…` or `sqlite:FILE`. It must be empty, or not there.
    #[arg(long)]
    to: String,
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble.to_string())
    }
}

/// A bar without an end: what is still to come is not known.
fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn tell(bar: &ProgressBar) -> impl Fn(&str, u64) + Sync {
    let bar = bar.clone();
    move |table, rows| {
        bar.inc(rows);
        bar.set_message(format!("{} rows, {table}", bar.position()));
    }
}

/// A signal ends what runs, and nothing half done stays behind.
async fn until_signal<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, CliError> {
    use tokio::signal::unix::{SignalKind, signal};
    let stopped = || CliError::Failed("stopped by a signal; nothing has changed".to_owned());
    let mut term = signal(SignalKind::terminate()).map_err(|error| CliError::Failed(error.to_string()))?;
    let mut int = signal(SignalKind::interrupt()).map_err(|error| CliError::Failed(error.to_string()))?;
    tokio::select! {
        done = work => Ok(done?),
        _ = term.recv() => Err(stopped()),
        _ = int.recv() => Err(stopped()),
    }
}

fn rows(counted: &[Counted]) {
    for Counted { table, rows } in counted.iter().filter(|one| one.rows > 0) {
        println!("{rows:>10}  {table}");
    }
    let all: i64 = counted.iter().map(|one| one.rows).sum();
    println!("{all:>10}  in all {} tables, as many as before", counted.len());
}

impl Backup {
    /// Writes a backup.
    pub async fn run(self, config: &Config) -> Result<ExitCode, CliError> {
        let store = Store::as_it_is(&config.database.url).await?;
        let bar = spinner();
        let actor = Actor::operator();
        let made = until_signal(backup::take(&store, &self.file, &actor, &tell(&bar))).await;
        bar.finish_and_clear();
        let made = made?;
        println!("{}: {} bytes, sha256 {}", self.file.display(), made.bytes, made.sha256);
        println!(
            "{} is no part of it. Keep a copy of that file apart: without it the stored secrets can't be opened.",
            config.key_path().display()
        );
        if !made.audited {
            println!(
                "The audit log does not tell of it: it can't be written, or its schema is older than this program."
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    /// Puts a backup in the place of the database.
    pub async fn run(self, config: &Config) -> Result<ExitCode, CliError> {
        let url = &config.database.url;
        let bar = spinner();
        let told = tell(&bar);
        let restored = match Store::file_of(url) {
            Some(_) if self.replace => {
                return super::failed("--replace: is for PostgreSQL; SQLite keeps what was there");
            }
            Some(database) => restore::into_sqlite(&database, &self.file).await.map_err(CliError::from),
            None if url.starts_with("postgres") => {
                until_signal(restore::into_postgres(url, &self.file, self.replace, &told)).await
            }
            None => return Err(CliError::Open(OpenError::Files("names no file".to_owned()))),
        };
        bar.finish_and_clear();
        let restored = restored?;
        println!("{} is restored.", self.file.display());
        if let Some(kept) = &restored.kept {
            println!("The database of before is {}.", kept.display());
        }
        if !restored.rows.is_empty() {
            rows(&restored.rows);
        }
        println!(
            "Everybody has to sign in again. People, roles, tokens and settings are those of the backup: what was"
        );
        println!("taken away since has to be taken away again. Response actions that waited then are not carried out.");
        set_aside(config).await?;
        if !config.key_path().exists() {
            println!(
                "{} is missing: without the key file of then stored secrets can't be opened.",
                config.key_path().display()
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the backup is older than the newest seal that is kept beside the key file: it would be taken for a database
/// that was written anew.
async fn set_aside(config: &Config) -> Result<(), CliError> {
    if !config.key_path().exists() {
        return Ok(());
    }
    let signer = super::place::vault(config)?.signer().map_err(|error| CliError::Failed(error.to_string()))?;
    let store = Store::as_it_is(&config.database.url).await?;
    let aside = newest::restored(&store, &signer, now_ms()).await;
    store.close().await;
    let kept = signer.seal_file().display();
    match aside {
        Ok(None) => {}
        Ok(Some(aside)) => println!(
            "The audit ledger of before was sealed further than the backup: {kept} is {} now.",
            aside.display()
        ),
        Err(error) => {
            return super::failed(format!("the backup is restored, but {kept} can't be set aside: {error}"));
        }
    }
    Ok(())
}

impl Move {
    /// Copies everything to the other database.
    pub async fn run(self, config: &Config) -> Result<ExitCode, CliError> {
        let bar = spinner();
        let counted = until_signal(moving::all(&config.database.url, &self.to, &tell(&bar))).await;
        bar.finish_and_clear();
        rows(&counted?);
        println!("The database of before is as it was. Now change the configuration, [database] and [server]:");
        println!("  url = \"{}\"", shown(&self.to));
        let key = config.key_path();
        println!("  key_file = \"{}\"", key.canonicalize().unwrap_or(key).display());
        Ok(ExitCode::SUCCESS)
    }
}

/// An address without its password, which may stand in the history of a terminal already, but in no log.
fn shown(url: &str) -> String {
    let hidden = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, place) = rest.split_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:…@{place}"))
    });
    hidden.unwrap_or_else(|| url.to_owned())
}
