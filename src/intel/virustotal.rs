//! `VirusTotal`, API v3: files by hash, addresses, domains, and URLs by their identifier.
//!
//! Source: <https://docs.virustotal.com/reference/overview>. A known object is `{"data": {"type", "id",
//! "attributes"}}`; an unknown one is 404 with `error.code` `NotFoundError`.
use super::settings::{self, BadIntel};
use super::wire::{self, Reply, wrong};
use super::{Made, Provider, Quota, Trouble};
use crate::domain::ObservableKind;
use crate::domain::intel::{Opinion, Query, STATS};
use crate::outbound::client;
use crate::secret::{Key, Keys};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the section.
pub(super) const NAME: &str = "virustotal";
/// How it writes itself.
pub(super) const LABEL: &str = "VirusTotal";
/// The test file of the antivirus industry, for a question that tells nothing.
const EICAR: &str = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";
/// More engines than this in one count are none.
const MOST: i64 = 10_000;

/// Where it is, and what it answers for nothing.
const USUAL: (&str, Quota) = ("https://www.virustotal.com/api/v3", Quota { per_minute: 4, per_day: 500 });

/// What the section may hold.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    settings::keyed_schema(generator, "VirusTotal, which is asked about hashes, addresses, names and URLs.", USUAL)
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
    Ok(vec![Arc::new(VirusTotal { client, key, base, quota })])
}

struct VirusTotal {
    client: reqwest::Client,
    key: Key,
    base: String,
    quota: Quota,
}

/// The collection that holds a type of value, the type of its objects, and the page's part of the address.
const fn place(kind: ObservableKind) -> Option<(&'static str, &'static str, &'static str)> {
    match kind {
        ObservableKind::Sha256 | ObservableKind::Sha1 | ObservableKind::Md5 => Some(("files", "file", "file")),
        ObservableKind::Ip => Some(("ip_addresses", "ip_address", "ip-address")),
        ObservableKind::Domain => Some(("domains", "domain", "domain")),
        ObservableKind::Url => Some(("urls", "url", "url")),
        _ => None,
    }
}

impl VirusTotal {
    async fn get(&self, collection: &str, id: &str) -> Result<Reply, Trouble> {
        let (key, request) = (wire::key(&self.key)?, self.client.get(format!("{}/{collection}/{id}", self.base)));
        wire::send(NAME, request.header("x-apikey", wire::hidden(&key)?), &key).await
    }
}

#[async_trait]
impl Provider for VirusTotal {
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
        place(kind).is_some()
    }

    async fn ask(&self, query: &Query) -> Result<Option<Opinion>, Trouble> {
        let Some((collection, _, _)) = place(query.kind) else { return Ok(None) };
        let id = match query.kind {
            ObservableKind::Url => URL_SAFE_NO_PAD.encode(&query.value),
            _ => query.value.clone(),
        };
        let Reply { status, body } = self.get(collection, &id).await?;
        if status == StatusCode::NOT_FOUND {
            return not_found(&body).map(|()| None);
        }
        read(&body["data"], query).map(Some)
    }

    async fn check(&self) -> Result<Option<String>, Trouble> {
        let Reply { status, body } = self.get("files", EICAR).await?;
        if status == StatusCode::NOT_FOUND {
            not_found(&body)?;
        }
        Ok(Some("takes one of the day's questions".to_owned()))
    }
}

/// Only its own words say that it knows nothing; any other 404 is no answer.
fn not_found(body: &Value) -> Result<(), Trouble> {
    let known = body["error"]["code"].as_str() == Some("NotFoundError");
    if known { Ok(()) } else { Err(Trouble::Bad("it answered 404 without saying that nothing was found".to_owned())) }
}

fn read(data: &Value, query: &Query) -> Result<Opinion, Trouble> {
    let Some((_, object, page)) = place(query.kind) else { return Err(wrong("type")) };
    if data["type"].as_str() != Some(object) {
        return Err(Trouble::Bad("its answer is about another type of value".to_owned()));
    }
    let (id, attributes) = (data["id"].as_str().unwrap_or_default(), &data["attributes"]);
    if !is_about(query, id, attributes) {
        return Err(Trouble::Bad("its answer is about another value".to_owned()));
    }
    let mut opinion = Opinion::of(NAME, stats(&attributes["last_analysis_stats"])?);
    opinion.reputation = match &attributes["reputation"] {
        Value::Null => None,
        value => Some(value.as_i64().ok_or_else(|| wrong("reputation"))?),
    };
    let first = ["first_submission_date", "creation_date"];
    opinion.first_seen_ms = first.iter().find_map(|field| wire::seconds(&attributes[*field]));
    // What a page's address is made of was checked just now to be the value that we asked about.
    let shown = if query.kind == ObservableKind::Url { id } else { query.value.as_str() };
    opinion.link = format!("https://www.virustotal.com/gui/{page}/{shown}");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let tags = attributes["tags"].as_array().into_iter().flatten().filter_map(text);
    let threat = &attributes["popular_threat_classification"]["suggested_threat_label"];
    Ok(opinion.with_labels(text(threat).into_iter().chain(text(&attributes["meaningful_name"])).chain(tags)))
}

/// Whether an object is about what was asked.
fn is_about(query: &Query, id: &str, attributes: &Value) -> bool {
    let same = |value: &str| value.eq_ignore_ascii_case(&query.value);
    match query.kind {
        ObservableKind::Sha1 => attributes["sha1"].as_str().is_some_and(same),
        ObservableKind::Md5 => attributes["md5"].as_str().is_some_and(same),
        ObservableKind::Ip => id.parse().ok() == query.value.parse::<std::net::IpAddr>().ok(),
        // It writes URLs in a canonical form of its own; its id is the SHA-256 of that.
        ObservableKind::Url => {
            let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            let theirs = attributes["url"].as_str().and_then(|url| reqwest::Url::parse(url).ok());
            is_id && theirs.is_some() && theirs == reqwest::Url::parse(&query.value).ok()
        }
        _ => same(id),
    }
}

/// The counts of the last analysis, under its own names; anything but numbers is refused.
fn stats(value: &Value) -> Result<BTreeMap<String, i64>, Trouble> {
    let counts = value.as_object().ok_or_else(|| wrong("counts"))?;
    let mut stats = BTreeMap::new();
    for name in STATS {
        let Some(count) = counts.get(name) else { continue };
        let count = count.as_i64().filter(|count| (0..=MOST).contains(count)).ok_or_else(|| wrong("counts"))?;
        stats.insert(name.to_owned(), count);
    }
    // Without these two nobody knows whether nothing was found.
    let needed = ["malicious", "undetected"].iter().all(|name| stats.contains_key(*name));
    if needed { Ok(stats) } else { Err(wrong("counts")) }
}
