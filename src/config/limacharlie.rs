//! `[[limacharlie]]`: how the product reaches an organisation's LimaCharlie.
use crate::limacharlie::Settings;
use crate::secret;
use serde::Deserialize;
use std::path::Path;

/// One organisation's LimaCharlie.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimaCharlie {
    /// The organisation's short name here.
    pub org: String,
    /// Its id there.
    pub oid: String,
    /// The file with the API key, readable by its owner alone.
    pub api_key_file: String,
    /// Seconds between two looks for new detections; 0 for never.
    #[serde(default = "a_minute")]
    pub pull_every_s: u64,
    /// Where the API is.
    #[serde(default = "api_url")]
    pub api_url: String,
    /// Where the key is exchanged.
    #[serde(default = "jwt_url")]
    pub jwt_url: String,
}

const fn a_minute() -> u64 {
    60
}

fn api_url() -> String {
    crate::limacharlie::API_URL.to_owned()
}

fn jwt_url() -> String {
    crate::limacharlie::JWT_URL.to_owned()
}

impl LimaCharlie {
    /// Whether it can be used; the key file is not read.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(super) fn check(&self) -> Result<(), String> {
        let wrong = |error: &dyn std::fmt::Display| format!("limacharlie.{}: {error}", self.org);
        let oid = self.oid.parse().map_err(|error| wrong(&format!("oid: {error}")))?;
        self.with(oid, secret::Secret::new(String::new())).check().map_err(|error| wrong(&error))
    }

    /// What a client is made of.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn settings(&self) -> Result<Settings, String> {
        let wrong = |field: &str, error: &dyn std::fmt::Display| format!("limacharlie.{}.{field}: {error}", self.org);
        let oid = self.oid.parse().map_err(|error| wrong("oid", &error))?;
        let key = secret::from_file(Path::new(&self.api_key_file)).map_err(|error| wrong("api_key_file", &error))?;
        Ok(self.with(oid, key))
    }

    fn with(&self, oid: crate::limacharlie::Oid, api_key: secret::Secret) -> Settings {
        Settings { api_url: self.api_url.clone(), jwt_url: self.jwt_url.clone(), ..Settings::new(oid, api_key) }
    }
}
