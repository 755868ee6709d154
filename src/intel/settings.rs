//! `[intel]`: what may be asked of others, how long answers hold, and a section for each provider.
use super::{KINDS, Quota};
use crate::secret::{self, Key, Keys, Secret};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// A setting that can't be used; the text begins with its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("intel.{0}")]
pub struct BadIntel(pub String);

/// `[intel]`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IntelConfig {
    /// Whether URLs leave as well, which may hold what is private; users, passwords and parameters like tokens don't.
    pub urls: bool,
    /// Names that never leave, with all below them, such as `corp.example.com`.
    pub internal_domains: Vec<String>,
    /// Hours for which an answer holds.
    pub keep_hours: u32,
    /// Hours for which it holds that nothing is known.
    pub keep_unknown_hours: u32,
    /// Seconds for one question, 1 to 60. The vote does not wait for questions that begin after 5 s.
    pub timeout_s: u32,
    /// One section for each provider; each provider's file reads its own.
    #[serde(flatten)]
    #[schemars(schema_with = "super::sections")]
    pub sections: BTreeMap<String, Value>,
}

impl Default for IntelConfig {
    fn default() -> Self {
        Self {
            urls: false,
            internal_domains: Vec::new(),
            keep_hours: 24,
            keep_unknown_hours: 6,
            timeout_s: 15,
            sections: BTreeMap::new(),
        }
    }
}

/// What holds for all providers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common {
    /// Whether URLs may leave.
    pub urls: bool,
    /// Names that never leave, in lower case, with the hosts in them.
    pub internal_domains: Vec<String>,
    /// How long an answer holds, in milliseconds.
    pub keep_ms: i64,
    /// How long it holds that nothing is known.
    pub keep_unknown_ms: i64,
    /// For one question, everything in it included.
    pub patience: Duration,
}

const HOUR_MS: i64 = 3_600_000;

impl IntelConfig {
    /// A provider's section.
    pub fn section(&self, name: &str) -> Option<&Value> {
        self.sections.get(name)
    }

    /// What holds for all providers.
    pub fn common(&self) -> Common {
        let domain = |name: &String| name.trim().trim_matches('.').to_lowercase();
        Common {
            urls: self.urls,
            internal_domains: self.internal_domains.iter().map(domain).filter(|name| !name.is_empty()).collect(),
            keep_ms: i64::from(self.keep_hours) * HOUR_MS,
            keep_unknown_ms: i64::from(self.keep_unknown_hours) * HOUR_MS,
            patience: Duration::from_secs(self.timeout_s.into()),
        }
    }

    /// Everything but files.
    ///
    /// # Errors
    /// A setting that can't be used.
    pub fn check(&self) -> Result<(), BadIntel> {
        if !(1..=60).contains(&self.timeout_s) {
            return Err(BadIntel("timeout_s: must be between 1 and 60".to_owned()));
        }
        let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        for name in &self.internal_domains {
            if !name.trim().trim_matches('.').split('.').all(label) {
                return Err(BadIntel(format!(
                    "internal_domains: {name:?} is no domain such as corp.example.com; other letters as xn--"
                )));
            }
        }
        for (name, section) in &self.sections {
            let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
                let known = ["urls", "internal_domains", "keep_hours", "keep_unknown_hours", "timeout_s"];
                let all: Vec<_> = known.into_iter().chain(KINDS.iter().map(|kind| kind.name)).collect();
                return Err(BadIntel(format!("{name}: unknown field, expected one of {}", all.join(", "))));
            };
            (kind.check)(section)?;
        }
        Ok(())
    }
}

/// A section as a provider's settings.
pub(super) fn read<T: DeserializeOwned>(name: &str, section: &Value) -> Result<T, BadIntel> {
    serde_json::from_value(section.clone()).map_err(|error| BadIntel(format!("{name}: {error}")))
}

/// A section of one server with a key; what is left out is as usual.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Section {
    /// A file with the API key; none where the key is written on the page Integrations.
    #[schemars(extend("x-secret" = "file"))]
    api_key_file: String,
    /// Where its API is: https, or plain http on this machine alone.
    base_url: Option<String>,
    /// Questions in any 60 seconds, of all workers together; 0 for no limit.
    per_minute: Option<u32>,
    /// Questions in a day of UTC, of all workers together; 0 for no limit.
    per_day: Option<u32>,
}

/// The schema of a section of one server with a key: what it is, and `usual` as in [`keyed`].
pub(super) fn keyed_schema(generator: &mut SchemaGenerator, about: &str, (base, quota): (&str, Quota)) -> Schema {
    let mut schema = Section::json_schema(generator);
    schema.insert("description".to_owned(), about.into());
    let usual = [("base_url", base.into()), ("per_minute", quota.per_minute.into()), ("per_day", quota.per_day.into())];
    for (name, value) in usual {
        if let Some(Value::Object(key)) = schema.pointer_mut(&format!("/properties/{name}")) {
            key.insert("default".to_owned(), value);
        }
    }
    schema
}

/// One server with a key.
pub(super) struct Keyed {
    /// Its address, without a slash at the end.
    pub base: String,
    /// The file that holds the key; empty where it is written in a browser.
    pub key_file: String,
    /// How often it may be asked.
    pub quota: Quota,
}

/// A section of one server with a key; `usual` is where it is and how often it may be asked.
pub(super) fn keyed(name: &str, section: &Value, (base, quota): (&str, Quota)) -> Result<Keyed, BadIntel> {
    let read: Section = self::read(name, section)?;
    let base = read.base_url.as_deref().unwrap_or(base);
    server(name, base)?;
    let quota = Quota {
        per_minute: read.per_minute.map_or(quota.per_minute, Into::into),
        per_day: read.per_day.map_or(quota.per_day, Into::into),
    };
    Ok(Keyed { base: base.trim_end_matches('/').to_owned(), key_file: read.api_key_file, quota })
}

/// The key of a key file, or else the one that was written for a provider.
pub(super) fn key(name: &str, file: &str, (provider, keys): (&str, &Keys)) -> Result<Key, BadIntel> {
    let fixed = if file.is_empty() { None } else { Some(of_file(name, file)?) };
    Ok(Key::new(format!("intel:{provider}"), fixed, keys))
}

fn of_file(name: &str, file: &str) -> Result<Secret, BadIntel> {
    let bad = |why: String| BadIntel(format!("{name}.api_key_file: {why}"));
    let key = secret::from_file(Path::new(file)).map_err(|error| bad(error.to_string()))?;
    let usable = !key.expose().is_empty() && key.expose().bytes().all(|byte| byte.is_ascii_graphic());
    if usable { Ok(key) } else { Err(bad(format!("{file} holds no key"))) }
}

/// Whether an address may be asked with a secret: https, or http on this machine, and nothing but host and path.
pub fn is_safe(address: &str) -> bool {
    reqwest::Url::parse(address).is_ok_and(|url| {
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        bare && is_closed(&url)
    })
}

/// Whether nobody on the way can read along: https, or http on this machine.
pub fn is_closed(url: &reqwest::Url) -> bool {
    let local = url.host_str().is_some_and(|host| {
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    });
    url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && local)
}

/// Whether a server's address can be used. Plain http is used on this machine only: the key goes with it.
pub(super) fn server(name: &str, base_url: &str) -> Result<(), BadIntel> {
    if !is_safe(base_url) {
        return Err(BadIntel(format!(
            "{name}.base_url: must be like https://host/path; http is for this machine only"
        )));
    }
    Ok(())
}
