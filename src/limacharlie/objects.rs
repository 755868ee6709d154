//! Where else in the organisation an indicator was seen.
use super::call::{Request, encoded};
use super::ids::Sid;
use super::{Client, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Kinds of indicators that LimaCharlie keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A domain name.
    Domain,
    /// An address.
    Ip,
    /// A file's hash.
    FileHash,
    /// A file with its folder.
    FilePath,
    /// A file without its folder.
    FileName,
    /// An account.
    User,
    /// A service.
    ServiceName,
}

impl ObjectKind {
    /// LimaCharlie's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Ip => "ip",
            Self::FileHash => "file_hash",
            Self::FilePath => "file_path",
            Self::FileName => "file_name",
            Self::User => "user",
            Self::ServiceName => "service_name",
        }
    }
}

/// On how many sensors an indicator was seen in the last days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Sightings {
    /// In the last day.
    #[serde(default)]
    pub last_1_days: u64,
    /// In the last week.
    #[serde(default)]
    pub last_7_days: u64,
    /// In the last 30 days.
    #[serde(default)]
    pub last_30_days: u64,
    /// In the last year.
    #[serde(default)]
    pub last_365_days: u64,
}

/// A sensor on which an indicator was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The sensor.
    pub sid: Sid,
    /// Its host.
    pub hostname: String,
    /// First seen, in UTC seconds.
    pub first_s: Option<i64>,
    /// Last seen, in UTC seconds.
    pub last_s: Option<i64>,
}

impl Client {
    fn object(&self, kind: ObjectKind, name: &str, info: &str) -> Request {
        let fields = [("name", name), ("info", info), ("case_sensitive", "false"), ("with_wildcards", "false")];
        let path = format!("insight/{}/objects/{}?{}", self.oid(), kind.as_str(), encoded(&fields));
        Request::get(self.v1(&path))
    }

    /// How often an indicator was seen.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn sightings(&self, kind: ObjectKind, name: &str) -> Result<Sightings> {
        self.read(&self.object(kind, name, "summary")).await
    }

    /// On which sensors an indicator was seen.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn locations(&self, kind: ObjectKind, name: &str) -> Result<Vec<Location>> {
        let reply: BTreeMap<String, Value> = self.read(&self.object(kind, name, "locations")).await?;
        // Beside the sensors there may be other keys.
        let seen = |(sid, row): (String, Value)| {
            Some(Location {
                sid: sid.parse().ok()?,
                hostname: row.get("hostname").and_then(Value::as_str).unwrap_or_default().to_owned(),
                first_s: row.get("first_ts").and_then(Value::as_i64),
                last_s: row.get("last_ts").and_then(Value::as_i64),
            })
        };
        Ok(reply.into_iter().filter_map(seen).collect())
    }
}
