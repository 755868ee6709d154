//! The command line: one file for each group of commands. Exit codes: 0 done, 1 a failure that is
//! told, 2 wrong usage or settings.
mod access;
mod admin;
mod backup;
mod budget;
mod check;
mod demo;
mod eval;
mod import;
mod init;
mod ledger;
pub mod log;
mod look;
mod people;
mod place;
mod pull;
mod replay;
mod serve;
mod signals;
mod simulate;
mod train;

use crate::config::{BadConfig, Config};
use crate::store::OpenError;
use clap::{Parser, Subcommand};
use std::borrow::Cow;
use std::path::PathBuf;
use std::process::ExitCode;

/// Detections in, voted verdicts and closed cases out.
#[derive(Debug, Parser)]
#[command(name = "fusionsoc", version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("FUSIONSOC_COMMIT"), ")"))]
pub struct Cli {
    /// The configuration file; `fusionsoc.toml` in the working folder where it is there.
    #[arg(long, global = true, env = "FUSIONSOC_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a ready instance with sample data; needs nothing.
    Demo(demo::Demo),
    /// Set up an installation: organisation, first admin, LimaCharlie, voters. Writes the file of `--config`.
    Init(init::Init),
    /// Start the web server, with a worker.
    Serve {
        /// Leave the work to `fusionsoc worker` processes.
        #[arg(long)]
        no_worker: bool,
    },
    /// Start a worker alone.
    Worker,
    /// Run a panel over labelled detections and say how well it judges.
    Eval(eval::Eval),
    /// Make the weights of the statistical voter from labelled detections.
    Train(train::Train),
    /// Live through histories with planted errors and say how often the gate was open wrongly.
    Simulate(simulate::Simulate),
    #[command(flatten)]
    Store(StoreCommand),
    #[command(flatten)]
    Database(backup::DatabaseCommand),
    /// Test configuration, database, voters, channels and LimaCharlie.
    Check {
        /// Also send a test by every channel of `[notify]`.
        #[arg(long)]
        send_test: bool,
    },
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document.
    Openapi,
}

/// Commands that do one thing to the store of the settings.
#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Bring detections in from files.
    Import(import::Import),
    /// Fetch detections from LimaCharlie, new ones or those of a range.
    Pull(pull::Pull),
    /// Organisations.
    #[command(subcommand)]
    Org(admin::OrgCommand),
    /// People.
    #[command(subcommand)]
    User(people::UserCommand),
    /// API tokens.
    #[command(subcommand)]
    Token(access::TokenCommand),
    /// Webhook sources.
    #[command(subcommand)]
    Source(access::SourceCommand),
    /// Play the stored past through the gate at other limits and say what would have been closed alone.
    Replay(replay::Replay),
    /// The audit ledger.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print a commented configuration.
    Example,
    /// Print what each setting is for, its type and default, and how it is set otherwise, as Markdown.
    Reference,
    /// Print a unit for systemd.
    Unit {
        /// One of a worker alone, beside servers with `--no-worker`.
        #[arg(long)]
        worker: bool,
    },
    /// Print a configuration of a proxy in front.
    Proxy {
        /// `nginx` or `caddy`.
        #[arg(value_parser = ["nginx", "caddy"])]
        which: String,
    },
}

/// The unit of a server.
const UNIT: &str = include_str!("ship/fusionsoc.service");

impl ConfigCommand {
    /// What it prints.
    fn text(&self) -> Cow<'static, str> {
        match self {
            Self::Example => include_str!("example.toml").into(),
            Self::Reference => crate::config::reference().into(),
            Self::Unit { worker: false } => UNIT.into(),
            Self::Unit { worker: true } => UNIT
                .replace("bin/fusionsoc serve", "bin/fusionsoc worker")
                .replace("config unit >", "config unit --worker >")
                .replace("fusionsoc.service", "fusionsoc-worker.service")
                .replace("enable --now fusionsoc", "enable --now fusionsoc-worker")
                .replace("FusionSOC: case review for a security operations centre", "FusionSOC: a worker")
                .into(),
            Self::Proxy { which } if which == "nginx" => include_str!("ship/nginx.conf").into(),
            Self::Proxy { .. } => include_str!("ship/Caddyfile").into(),
        }
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings are wrong: exit code 2.
    #[error("{0}")]
    Config(#[from] BadConfig),
    /// The database can't be opened: exit code 2.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// What a setting names can't be used: exit code 2.
    #[error("{0}")]
    Setting(String),
    /// Anything else that is told: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl From<sqlx::Error> for CliError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(format!("database: {error}"))
    }
}

/// A failure with a text of ours.
pub(crate) fn failed<T>(text: impl Into<String>) -> Result<T, CliError> {
    Err(CliError::Failed(text.into()))
}

/// Runs the command and tells failures on one line.
pub async fn run(cli: Cli) -> ExitCode {
    match Box::pin(dispatch(cli)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("fusionsoc: {}", error.to_string().split_whitespace().collect::<Vec<_>>().join(" "));
            if matches!(error, CliError::Failed(_)) { ExitCode::from(1) } else { ExitCode::from(2) }
        }
    }
}

async fn dispatch(cli: Cli) -> Result<ExitCode, CliError> {
    let (usual, named) = (PathBuf::from("fusionsoc.toml"), cli.config.clone());
    let file = cli.config.or_else(|| usual.is_file().then_some(usual));
    let config = || Config::load(file.as_deref());
    match cli.command {
        Command::Demo(demo) => demo.run().await,
        Command::Init(init) => init.run(named).await,
        Command::Serve { no_worker } => serve::serve(config()?, !no_worker).await,
        Command::Worker => serve::worker(config()?).await,
        Command::Train(train) => train.run(),
        Command::Simulate(simulate) => Ok(simulate.run()),
        Command::Eval(eval) => Box::pin(eval.run(&config()?)).await,
        Command::Database(command) => command.run(&config()?).await,
        Command::Check { send_test } => check::check(config()?, send_test).await,
        Command::Config(command) => {
            print!("{}", command.text());
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            println!("{:#}", crate::api::document());
            Ok(ExitCode::SUCCESS)
        }
        Command::Store(command) => Box::pin(on_store(command, config()?)).await,
    }
}

async fn on_store(command: StoreCommand, config: Config) -> Result<ExitCode, CliError> {
    let store = match &command {
        // Who adds the first organisation by hand begins an installation.
        StoreCommand::Org(admin::OrgCommand::Add { .. }) => place::open_or_begin(&config).await?,
        _ => place::open(&config).await?,
    };
    match command {
        StoreCommand::Import(import) => import.run(&store).await,
        StoreCommand::Pull(pull) => pull.run(&store, &config).await,
        StoreCommand::Org(command) => command.run(&store).await,
        StoreCommand::User(command) => command.run(&store, config.oidc.map(|oidc| oidc.issuer)).await,
        StoreCommand::Token(command) => command.run(&store).await,
        StoreCommand::Source(command) => command.run(&store, &place::first_vault(&config, &store).await?).await,
        StoreCommand::Replay(replay) => replay.run(&store, &config).await,
        StoreCommand::Ledger(command) => command.run(&store, &place::vault(&config)?).await,
    }
}
