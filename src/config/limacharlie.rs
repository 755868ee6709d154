//! `[[limacharlie]]`: the organisations whose detections are pulled and whose sensors are acted on.
use super::BadConfig;
use crate::limacharlie::{Client, Oid, Settings};
use crate::secret::{self, Key, Keys, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;

/// One organisation at LimaCharlie.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimaCharlieConfig {
    /// Our organisation's short name, as in `fusionsoc org add`.
    pub org: String,
    /// LimaCharlie's id of it, a UUID.
    pub oid: String,
    /// A file with the API key; none where the key is written on the page Integrations.
    #[schemars(extend("x-secret" = "file"))]
    #[serde(default)]
    pub api_key_file: String,
    /// Seconds between two pulls; 0 for none, such as where an output of LimaCharlie's delivers.
    #[serde(default = "a_minute")]
    pub pull_every_s: u32,
    /// Where its API is.
    #[serde(default = "api_url")]
    pub api_url: String,
    /// Where the API key is exchanged for a token.
    #[serde(default = "jwt_url")]
    pub jwt_url: String,
}

const fn a_minute() -> u32 {
    60
}

fn api_url() -> String {
    crate::limacharlie::API_URL.to_owned()
}

fn jwt_url() -> String {
    crate::limacharlie::JWT_URL.to_owned()
}

impl LimaCharlieConfig {
    fn bad(&self, field: &str, why: impl std::fmt::Display) -> BadConfig {
        BadConfig(format!("limacharlie.{field}: {why} (organisation {})", self.org))
    }

    fn settings(&self, key: impl Into<Key>) -> Result<Settings, BadConfig> {
        let oid: Oid = self.oid.parse().map_err(|error| self.bad("oid", error))?;
        Ok(Settings { api_url: self.api_url.clone(), jwt_url: self.jwt_url.clone(), ..Settings::new(oid, key) })
    }

    fn key(&self) -> Result<Option<Secret>, BadConfig> {
        if self.api_key_file.is_empty() {
            return Ok(None);
        }
        let key = secret::from_file(Path::new(&self.api_key_file)).map_err(|error| self.bad("api_key_file", error))?;
        if key.expose().is_empty() {
            return Err(self.bad("api_key_file", format!("{} holds nothing", self.api_key_file)));
        }
        Ok(Some(key))
    }

    /// Everything but the key file.
    pub(super) fn check(&self) -> Result<(), BadConfig> {
        if self.org.is_empty() {
            return Err(BadConfig("limacharlie.org: is empty".to_owned()));
        }
        let settings = self.settings(Secret::new(String::new()))?;
        settings.check().map_err(|error| BadConfig(format!("limacharlie.{error} (organisation {})", self.org)))
    }

    /// A client with the key of the key file, or else with the one that was written for the organisation.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn client(&self, keys: &Keys) -> Result<Client, BadConfig> {
        let name = format!("limacharlie:{}", self.org);
        Client::new(self.settings(Key::new(name, self.key()?, keys))?).map_err(|error| self.bad("api_url", error))
    }
}
