//! Every setting once: `fusionsoc.toml`, overridden by `FUSIONSOC__SECTION__KEY`, an unknown key being an error.
mod backup;
mod limacharlie;
pub mod notify;
mod oidc;
mod panel;
mod policy;
mod problem;
mod retention;
mod server;

pub use backup::Backup;
pub use limacharlie::LimaCharlieConfig;
pub use oidc::{Granted, Mapping, OidcConfig};
pub use panel::Panel;
pub use policy::Policy;
pub use retention::Retention;
pub use server::Server;

use crate::intel::IntelConfig;
use crate::store::{CONNECTIONS, Durability};
use crate::voters::VoterConfig;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the data is.
    pub database: Database,
    /// How the web server listens.
    pub server: Server,
    /// What clients may do how often.
    pub limits: Limits,
    /// Backups that are made again and again.
    pub backup: Backup,
    /// Who can vote; none for the built-in panel.
    pub voters: Vec<VoterConfig>,
    /// How they vote.
    pub panel: Panel,
    /// What the machine may do.
    pub policy: Policy,
    /// How long things are kept.
    pub retention: Retention,
    /// The organisations at LimaCharlie.
    pub limacharlie: Vec<LimaCharlieConfig>,
    /// Who is told of what.
    pub notify: notify::Notify,
    /// Who knows something about hashes, addresses and names.
    pub intel: IntelConfig,
    /// What was written in a browser for those of the above that have no key of a file.
    #[serde(skip)]
    pub keys: crate::secret::Keys,
    /// Who else vouches for people.
    pub oidc: Option<OidcConfig>,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:FILE` or `postgres://…`.
    pub url: String,
    /// `full` survives a power cut, `normal` a crash.
    pub durability: Durability,
    /// Connections to PostgreSQL that this process opens at most, 2 to 200.
    pub connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite:fusionsoc.db".to_owned(), durability: Durability::Full, connections: CONNECTIONS }
    }
}

/// `[limits]`, each 0 for none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Deliveries a second for each source and token.
    pub ingest_per_second: u32,
    /// Deliveries at once.
    pub ingest_burst: u32,
    /// API requests a minute for each token.
    pub token_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ingest_per_second: 50, ingest_burst: 500, token_per_minute: 600 }
    }
}

/// A setting that can't be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

impl Config {
    /// Reads the settings; without a file, the defaults and the environment.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn load(file: Option<&Path>) -> Result<Self, BadConfig> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            if !file.is_file() {
                return Err(BadConfig(format!("--config: there is no file {}", file.display())));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        if figment.contains("server.metrics_token") {
            let text = "server.metrics_token: comes from the environment alone, as FUSIONSOC__SERVER__METRICS_TOKEN; in the file set metrics_token_file";
            return Err(BadConfig(text.to_owned()));
        }
        Self::of(figment)
    }

    /// Reads the settings out of a text, as [`Config::load`] does out of a file.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn from_text(text: &str) -> Result<Self, BadConfig> {
        Self::of(Figment::new().merge(Toml::string(text)))
    }

    fn of(figment: Figment) -> Result<Self, BadConfig> {
        let figment = figment.merge(Env::prefixed("FUSIONSOC__").split("__"));
        let config: Self = figment.extract().map_err(|error| BadConfig(problem::one_line(error)))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), BadConfig> {
        let no = |text: String| Err(BadConfig(text));
        if !(2..=200).contains(&self.database.connections) {
            return no("database.connections: must be 2 to 200".to_owned());
        }
        self.server.check()?;
        self.retention.check()?;
        self.backup.check()?;
        self.check_voters()?;
        self.policy.check().map_err(BadConfig)?;
        self.oidc.as_ref().map_or(Ok(()), OidcConfig::check)?;
        self.intel.check().map_err(|error| BadConfig(error.to_string()))?;
        for (at, one) in self.limacharlie.iter().enumerate() {
            one.check()?;
            let same = |other: &LimaCharlieConfig| other.org == one.org || other.oid == one.oid;
            if self.limacharlie[..at].iter().any(same) {
                return no(format!("limacharlie: {} or its oid is there twice", one.org));
            }
        }
        Ok(())
    }

    fn check_voters(&self) -> Result<(), BadConfig> {
        let no = |text: String| Err(BadConfig(text));
        for (at, voter) in self.voters.iter().enumerate() {
            if self.voters[..at].iter().any(|other| other.name == voter.name) {
                return no(format!("voters: there are two named {}", voter.name));
            }
        }
        for name in self.panel.voters.iter().chain(&self.panel.advisers) {
            if !name.starts_with("builtin:") && !self.voters.iter().any(|voter| voter.name == *name) {
                return no(format!("panel: there is no voter named {name}"));
            }
        }
        if self.panel.quorum > 0 && self.panel.quorum > self.panel.voters.len().max(self.voters.len()) {
            return no("panel.quorum: is larger than the panel".to_owned());
        }
        self.panel.check().map_err(BadConfig)?;
        if let Some(voter) =
            self.voters.iter().find(|voter| !panel::money(voter.price_in) || !panel::money(voter.price_out))
        {
            return no(format!("voters.{}: its prices must be between 0 and 1000000000", voter.name));
        }
        Ok(())
    }

    /// The file of a `SQLite` database.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let rest = self.database.url.strip_prefix("sqlite:")?;
        let file = rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default();
        (!file.is_empty() && file != ":memory:").then(|| PathBuf::from(file))
    }

    /// The key file: as set, else beside the `SQLite` database, else in the working folder.
    pub fn key_path(&self) -> PathBuf {
        let usual = Server::default().key_file;
        match self.sqlite_path() {
            Some(database) if self.server.key_file == usual => database.with_file_name(usual),
            _ => PathBuf::from(&self.server.key_file),
        }
    }

    /// The address that people use.
    pub fn public_url(&self) -> String {
        self.server.address()
    }
}
