//! The organisations that pull, each with its client.
use crate::config::{BadConfig, Config, LimaCharlieConfig};
use crate::jobs::Connections;
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
    /// Those of the settings, by the connections that all jobs share: one sign-in, one count of calls.
    ///
    /// # Errors
    /// Where one can't be used; names the setting.
    pub fn of_config(config: &Config, connections: &Connections) -> Result<Self, BadConfig> {
        let source = |one: &LimaCharlieConfig| {
            let every_ms = i64::from(one.pull_every_s) * 1000;
            let source = |client: &Client| Source { org: one.org.clone(), every_ms, client: client.clone() };
            connections.set_up(&one.org).map(|client| client.map(source).map_err(Clone::clone))
        };
        config.limacharlie.iter().filter_map(source).collect::<Result<_, _>>().map(Self)
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
