//! Every setting once: `fusionsoc.toml`, overridden by `FUSIONSOC__SECTION__KEY`, an unknown key being an error.
mod backup;
mod limacharlie;
pub mod notify;
mod oidc;
mod panel;
mod policy;
mod problem;
mod reference;
mod retention;
mod server;

pub use backup::Backup;
pub use limacharlie::LimaCharlieConfig;
pub use oidc::{Granted, Mapping, OidcConfig};
pub use panel::Panel;
pub use policy::Policy;
pub use reference::reference;
pub use retention::Retention;
pub use server::Server;

use crate::intel::IntelConfig;
use crate::store::{CONNECTIONS, Durability};
use crate::voters::VoterConfig;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the data is, and what a commit survives.
    pub database: Database,
    /// How the web server listens, how long people stay signed in, and who may read its numbers.
    pub server: Server,
    /// How often clients may come; what is above is answered with 429. 0 stands for no limit.
    pub limits: Limits,
    /// Backups that a worker makes again and again, besides those of `fusionsoc backup`.
    pub backup: Backup,
    /// Who can vote: a model on a server, a command line, or a voter of this program. Without any, the built-in voters
    /// `builtin:rules`, `builtin:precedent` and `builtin:statistical` stand in.
    pub voters: Vec<VoterConfig>,
    /// Who of the voters sits on the panel, how their votes are counted, and what asking them may cost.
    pub panel: Panel,
    /// What the machine may do. All but `undo_s` is what holds where an organisation sets nothing else on the page
    /// Policy.
    pub policy: Policy,
    /// How long things are kept, in days; 0 keeps for ever, and 36500 is the most.
    pub retention: Retention,
    /// The organisations at LimaCharlie, each once: their detections are pulled, their sensors asked and acted on.
    pub limacharlie: Vec<LimaCharlieConfig>,
    /// Who is told of what can't wait: likely true positives, split votes, overdue cases, silent sources and the like.
    pub notify: notify::Notify,
    /// Who knows something about hashes, addresses and names. Nothing of a case that is tagged `TLP:RED` leaves, and
    /// otherwise only hashes, public addresses and names of the public network.
    pub intel: IntelConfig,
    /// What was written in a browser for those of the above that have no key of a file.
    #[serde(skip)]
    pub keys: crate::secret::Keys,
    /// Who else vouches for people, in a build with the feature `oidc`: people are found by their identity at the
    /// provider, and get role and organisations by its groups at each sign-in.
    pub oidc: Option<OidcConfig>,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// The database: `sqlite:FILE`, or `postgres://user@host/name` for several processes on one database; where the host is
    /// another machine, with `?sslmode=verify-full&sslrootcert=FILE`.
    pub url: String,
    /// What a commit survives. With `full`, `synchronous_commit` of PostgreSQL is on for this program where the server has
    /// it off; with `normal` it stays as it is there.
    pub durability: Durability,
    /// Connections to PostgreSQL that each process opens at most, 2 to 200; one more listens.
    pub connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite:fusionsoc.db".to_owned(), durability: Durability::Full, connections: CONNECTIONS }
    }
}

/// `[limits]`, each 0 for none.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Deliveries a second of each source and token, on average; 0 for no limit.
    pub ingest_per_second: u32,
    /// Deliveries that a source or token that was quiet may send at once before `ingest_per_second` holds.
    pub ingest_burst: u32,
    /// API requests a minute of each token; 0 for no limit.
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
