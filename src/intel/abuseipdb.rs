//! `AbuseIPDB`, API v2: how often an address was reported for abuse.
//!
//! Source: <https://docs.abuseipdb.com/#check-endpoint>. The answer is `{"data": {"ipAddress",
//! "abuseConfidenceScore" 0 to 100, "totalReports", "isWhitelisted", "lastReportedAt", …}}`.
use super::settings::{self, BadIntel};
use super::wire::{self, Reply, wrong};
use super::{Made, Provider, Quota, Trouble};
use crate::domain::ObservableKind;
use crate::domain::intel::{Opinion, Query};
use crate::outbound::client;
use crate::secret::{Key, Keys};
use async_trait::async_trait;
use reqwest::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The name of the section.
pub(super) const NAME: &str = "abuseipdb";
/// How it writes itself.
pub(super) const LABEL: &str = "AbuseIPDB";
/// How confident it must be that an address is abused, in percent. Its own advice for blocking is 75 and more.
const MALICIOUS: i64 = 75;
const SUSPICIOUS: i64 = 25;
/// Reports so old count.
const DAYS: u32 = 90;

/// Where it is, and what it answers for nothing.
const USUAL: (&str, Quota) = ("https://api.abuseipdb.com/api/v2", Quota { per_minute: 60, per_day: 1_000 });

/// What the section may hold.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    settings::keyed_schema(generator, "AbuseIPDB, which is asked about addresses.", USUAL)
}

/// Everything but the key file.
pub(super) fn check(section: &Value) -> Result<(), BadIntel> {
    settings::keyed(NAME, section, USUAL).map(drop)
}

/// The provider of a section.
pub(super) fn make(section: &Value, keys: &Keys) -> Result<Made, BadIntel> {
    let settings::Keyed { base, key_file, quota } = settings::keyed(NAME, section, USUAL)?;
    let key = settings::key(NAME, &key_file, (NAME, keys))?;
    let client = client().map_err(|error| BadIntel(format!("{NAME}.base_url: {error}")))?;
    Ok(vec![Arc::new(AbuseIpDb { client, key, base, quota })])
}

struct AbuseIpDb {
    client: reqwest::Client,
    key: Key,
    base: String,
    quota: Quota,
}

impl AbuseIpDb {
    async fn get(&self, ip: &str) -> Result<Value, Trouble> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("ipAddress", ip)
            .append_pair("maxAgeInDays", &DAYS.to_string())
            .finish();
        let (key, request) = (wire::key(&self.key)?, self.client.get(format!("{}/check?{query}", self.base)));
        let Reply { status, body } = wire::send(NAME, request.header("key", wire::hidden(&key)?), &key).await?;
        if status == StatusCode::NOT_FOUND {
            return Err(Trouble::Bad("it answered 404: is base_url right?".to_owned()));
        }
        Ok(body)
    }
}

#[async_trait]
impl Provider for AbuseIpDb {
    fn name(&self) -> &str {
        NAME
    }

    fn label(&self) -> &str {
        LABEL
    }

    fn key(&self) -> Option<&Key> {
        Some(&self.key)
    }

    fn quota(&self) -> Quota {
        self.quota
    }

    fn takes(&self, kind: ObservableKind) -> bool {
        kind == ObservableKind::Ip
    }

    async fn ask(&self, query: &Query) -> Result<Option<Opinion>, Trouble> {
        read(&self.get(&query.value).await?["data"], query)
    }

    async fn check(&self) -> Result<Option<String>, Trouble> {
        // The address of this machine itself is what its documentation tests with.
        self.get("127.0.0.1").await.map(|_| Some("takes one of the day's questions".to_owned()))
    }
}

/// An address that nobody reported is one that it knows nothing of.
fn read(data: &Value, query: &Query) -> Result<Option<Opinion>, Trouble> {
    let address = |text: &str| text.parse::<IpAddr>().ok();
    let theirs = data["ipAddress"].as_str().and_then(address);
    if theirs.is_none() || theirs != address(&query.value) {
        return Err(Trouble::Bad("its answer is about another value".to_owned()));
    }
    let score = data["abuseConfidenceScore"].as_i64().filter(|score| (0..=100).contains(score));
    let score = score.ok_or_else(|| wrong("score"))?;
    let reports =
        data["totalReports"].as_i64().filter(|count| *count >= 0).ok_or_else(|| wrong("number of reports"))?;
    let listed = data["isWhitelisted"].as_bool().unwrap_or_default();
    if reports == 0 && score == 0 && !listed {
        return Ok(None);
    }
    let says = match score {
        MALICIOUS.. => "malicious",
        SUSPICIOUS.. => "suspicious",
        // A few reports are a doubt, not an all-clear.
        _ if reports > 0 && !listed => "suspicious",
        _ => "harmless",
    };
    let mut opinion = Opinion::of(NAME, BTreeMap::from([(says.to_owned(), 1)]));
    let listed = if listed { " It is on AbuseIPDB's list of harmless addresses." } else { "" };
    opinion.note = format!("Abuse confidence {score}%, {reports} reports in {DAYS} days.{listed}");
    opinion.link = format!("https://www.abuseipdb.com/check/{}", query.value);
    let texts = ["usageType", "isp", "domain"].map(|field| data[field].as_str().unwrap_or_default().to_owned());
    Ok(Some(opinion.with_labels(texts)))
}
