//! The organisations that pull, each with its client.
use crate::config::{BadConfig, Config};
use crate::limacharlie::Client;

/// An organisation at LimaCharlie.
#[derive(Debug, Clone)]
pub struct Source {
    /// Our short name for it.
    pub org: String,
    /// Milliseconds between two pulls; 0 for none.
    pub every_ms: i64,
    /// Calls LimaCharlie for it.
    pub client: Client,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Pulls(Vec<Source>);

impl Pulls {
    /// Those of the settings; reads their key files.
    ///
    /// # Errors
    /// Where one can't be used; names the setting.
    pub fn of_config(config: &Config) -> Result<Self, BadConfig> {
        let source = |one: &crate::config::LimaCharlieConfig| {
            Ok(Source { org: one.org.clone(), every_ms: i64::from(one.pull_every_s) * 1000, client: one.client()? })
        };
        config.limacharlie.iter().map(source).collect::<Result<_, _>>().map(Self)
    }

    /// These.
    pub const fn new(sources: Vec<Source>) -> Self {
        Self(sources)
    }

    /// One by our short name.
    pub fn of(&self, org: &str) -> Option<&Source> {
        self.0.iter().find(|source| source.org == org)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }
}
