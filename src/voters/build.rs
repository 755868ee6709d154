//! From configuration to voters: one line for each wire kind.
use super::endpoint::Endpoints;
use super::statistical::Statistical;
use super::{Voter, VoterConfig, anthropic, gemini, gemini_cli, ollama, openai, precedent::Precedent, rules::Rules};
use crate::outbound::NoClient;
use crate::secret::{self, Key, Keys, Secret, SecretError};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

/// Makes the kinds out of a list of variant, word in configuration, and what sets a voter up.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $word:literal, $make:path;)+) => {
        /// Wire kinds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
        pub enum Kind {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $kind,)+
        }

        impl Kind {
            /// The word in configuration and on pages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)+ }
            }

            fn make(self, setup: Setup<'_>) -> Result<Arc<dyn Voter>, BuildError> {
                match self { $(Self::$kind => $make(setup),)+ }
            }
        }
    };
}

kinds! {
    /// Ollama's own API.
    Ollama = "ollama", ollama::make;
    /// Any server with `/chat/completions`: vLLM, llama.cpp, LM Studio, `OpenRouter`, `OpenAI`.
    Openai = "openai", openai::make;
    /// Google's own API.
    Gemini = "gemini", gemini::make;
    /// Anthropic's own API.
    Anthropic = "anthropic", anthropic::make;
    /// The `gemini` command line.
    GeminiCli = "gemini_cli", gemini_cli::make;
    /// A voter of this program, without network, by its name: `builtin:rules`, `builtin:precedent` or
    /// `builtin:statistical`.
    Builtin = "builtin", make_builtin;
}

/// What a voter is set up from.
pub struct Setup<'a> {
    /// Its configuration.
    pub config: VoterConfig,
    /// Its key, where it has one.
    pub key: Key,
    /// The servers that are in use already.
    pub endpoints: &'a Endpoints,
}

/// A voter that can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its key can't be used.
    #[error("voters.{0}.api_key_file: {1}")]
    Key(String, #[source] SecretError),
    /// Its address is none.
    #[error("voters.{0}.base_url: must be like http://127.0.0.1:11434 or https://llm.example/v1")]
    Address(String),
    /// Its connection can't be set up.
    #[error("voters.{0}: {1}")]
    Client(String, #[source] NoClient),
    /// There is no such built-in voter.
    #[error("voters.{0}: there is no such built-in voter")]
    Builtin(String),
}

/// Sets the configured voters up. Those with one address share its queue and its circuit breaker.
///
/// # Errors
/// See [`BuildError`]; each names the setting.
pub fn build(configs: &[VoterConfig]) -> Result<Vec<Arc<dyn Voter>>, BuildError> {
    build_with(configs, &Keys::default())
}

/// The same; those without a key file use what was written for them in a browser.
///
/// # Errors
/// See [`BuildError`]; each names the setting.
pub fn build_with(configs: &[VoterConfig], keys: &Keys) -> Result<Vec<Arc<dyn Voter>>, BuildError> {
    let endpoints = Endpoints::default();
    let one = |config: &VoterConfig| {
        config.kind.make(Setup { key: key(config, keys)?, config: config.clone(), endpoints: &endpoints })
    };
    configs.iter().map(one).collect()
}

fn make_builtin(setup: Setup<'_>) -> Result<Arc<dyn Voter>, BuildError> {
    builtin(&setup.config.name).ok_or(BuildError::Builtin(setup.config.name))
}

/// The names of the built-in voters, in the order in which they sit where no model is set up.
pub const BUILTIN: [&str; 3] = ["builtin:rules", "builtin:precedent", "builtin:statistical"];

/// The panel where no model is set up.
pub fn standing_in() -> Vec<Arc<dyn Voter>> {
    BUILTIN.iter().filter_map(|name| builtin(name)).collect()
}

/// A built-in voter by its name.
pub fn builtin(name: &str) -> Option<Arc<dyn Voter>> {
    match name {
        "builtin:rules" => Some(Arc::new(Rules)),
        "builtin:precedent" => Some(Arc::new(Precedent)),
        "builtin:statistical" => Some(Arc::new(Statistical::shipped())),
        _ => None,
    }
}

fn key(config: &VoterConfig, keys: &Keys) -> Result<Key, BuildError> {
    let file = Some(&config.api_key_file).filter(|file| !file.is_empty());
    let file = file.map(|file| secret::from_file(Path::new(file))).transpose();
    let file = file.map_err(|error| BuildError::Key(config.name.clone(), error))?;
    // The tool takes a key of its own variable as well.
    let of_tool = || {
        std::env::var("GEMINI_API_KEY")
            .ok()
            .filter(|key| config.kind == Kind::GeminiCli && !key.is_empty())
            .map(Secret::new)
    };
    Ok(Key::new(format!("voter:{}", config.name), file.or_else(of_tool), keys))
}
