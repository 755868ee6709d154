//! From configuration to voters: one line for each wire kind.
use super::{
    Kind, Voter, VoterConfig, gemini_cli::GeminiCli, ollama::Ollama, openai::Openai, precedent::Precedent, rules::Rules,
};
use crate::secret::{self, Secret, SecretError};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// A voter that can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its key can't be used.
    #[error("voters.{0}.api_key_file: {1}")]
    Key(String, #[source] SecretError),
    /// Its connection can't be set up.
    #[error("voters.{0}: {1}")]
    Client(String, #[source] reqwest::Error),
    /// There is no such built-in voter.
    #[error("voters.{0}: there is no such built-in voter")]
    Builtin(String),
}

/// Sets the configured voters up.
///
/// # Errors
/// See [`BuildError`]; each names the setting.
pub fn build(configs: &[VoterConfig]) -> Result<Vec<Arc<dyn Voter>>, BuildError> {
    configs.iter().map(one).collect()
}

fn one(config: &VoterConfig) -> Result<Arc<dyn Voter>, BuildError> {
    let client = |error| BuildError::Client(config.name.clone(), error);
    let config_of = || config.clone();
    Ok(match config.kind {
        Kind::Ollama => Arc::new(Ollama::new(config_of()).map_err(client)?),
        Kind::Openai => Arc::new(Openai::new(config_of(), key(config)?).map_err(client)?),
        Kind::GeminiCli => Arc::new(GeminiCli::new(config_of(), key(config)?)),
        Kind::Builtin => builtin(&config.name).ok_or_else(|| BuildError::Builtin(config.name.clone()))?,
    })
}

/// A built-in voter by its name.
pub fn builtin(name: &str) -> Option<Arc<dyn Voter>> {
    match name {
        "builtin:rules" => Some(Arc::new(Rules)),
        "builtin:precedent" => Some(Arc::new(Precedent)),
        _ => None,
    }
}

fn key(config: &VoterConfig) -> Result<Option<Secret>, BuildError> {
    if config.api_key_file.is_empty() {
        return Ok(None);
    }
    secret::from_file(Path::new(&config.api_key_file))
        .map(Some)
        .map_err(|error| BuildError::Key(config.name.clone(), error))
}

/// Whether an address lies on this machine or in a private network, so that data stays in the house.
pub fn is_in_house(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => host == "localhost" || !host.contains('.'),
    }
}
