//! MISP: attributes with exactly this value, of a URL in the forms in which people write it, on one or several servers.
//!
//! Source: MISP's `OpenAPI`, `POST /attributes/restSearch`. The answer is `{"response": {"Attribute": [{"value",
//! "type", "to_ids", "timestamp", "event_id", "Event": {"info"}, "Tag": [{"name"}]}]}}`. Attributes marked for
//! intrusion detection (`to_ids`) count as malicious, others as suspicious.
use super::settings::{self, BadIntel};
use super::wire::{self, Reply, wrong};
use super::{Made, Provider, Quota, Trouble};
use crate::domain::ObservableKind;
use crate::domain::intel::{Opinion, Query};
use crate::outbound::client;
use crate::secret::{Key, Keys};
use async_trait::async_trait;
use reqwest::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the section, and of its first server.
pub(super) const NAME: &str = "misp";
/// How it writes itself.
pub(super) const LABEL: &str = "MISP";
/// Attributes that are read.
const MOST: usize = 100;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Its name on pages, each once: 1 to 40 small letters, digits and `-`.
    name: String,
    /// Where the server is: https, or plain http on this machine alone.
    base_url: String,
    /// A file with the API key; none where the key is written on the page Integrations.
    #[schemars(extend("x-secret" = "file"))]
    api_key_file: String,
    /// Questions in any 60 seconds, of all workers together; 0 for no limit.
    per_minute: u32,
    /// Questions in a day of UTC, of all workers together; 0 for no limit.
    per_day: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { name: NAME.to_owned(), base_url: String::new(), api_key_file: String::new(), per_minute: 0, per_day: 0 }
    }
}

/// One table, or several.
fn settings(section: &Value) -> Result<Vec<Settings>, BadIntel> {
    let all: Vec<Settings> = match section {
        Value::Array(_) => settings::read(NAME, section)?,
        _ => vec![settings::read(NAME, section)?],
    };
    for (at, one) in all.iter().enumerate() {
        settings::server(NAME, &one.base_url)?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if one.name.is_empty() || one.name.len() > 40 || !one.name.chars().all(fits) {
            return Err(BadIntel(format!("{NAME}.name: has 1 to 40 small letters, digits and -")));
        }
        if all[..at].iter().any(|other| other.name == one.name) {
            return Err(BadIntel(format!("{NAME}.name: there are two named {}", one.name)));
        }
    }
    Ok(all)
}

/// What the section may hold.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Vec::<Settings>::json_schema(generator);
    schema.insert("description".to_owned(), "A MISP server, or several of other names.".into());
    schema
}

/// Everything but the key files.
pub(super) fn check(section: &Value) -> Result<(), BadIntel> {
    settings(section).map(|_| ())
}

/// The servers of the section.
pub(super) fn make(section: &Value, keys: &Keys) -> Result<Made, BadIntel> {
    let client = client().map_err(|error| BadIntel(format!("{NAME}.base_url: {error}")))?;
    let one = |read: Settings| {
        let first = read.name == NAME;
        let name = if first { NAME.to_owned() } else { format!("{NAME}:{}", read.name) };
        Ok(Arc::new(Misp {
            client: client.clone(),
            key: settings::key(NAME, &read.api_key_file, (&name, keys))?,
            base: read.base_url.trim_end_matches('/').to_owned(),
            quota: Quota { per_minute: read.per_minute.into(), per_day: read.per_day.into() },
            name,
            label: if first { LABEL.to_owned() } else { format!("{LABEL} {}", read.name) },
        }) as Arc<dyn Provider>)
    };
    settings(section)?.into_iter().map(one).collect()
}

struct Misp {
    client: reqwest::Client,
    key: Key,
    base: String,
    quota: Quota,
    name: String,
    label: String,
}

/// The types of attributes that hold a type of value.
const fn types(kind: ObservableKind) -> &'static [&'static str] {
    match kind {
        ObservableKind::Sha256 => &["sha256", "filename|sha256"],
        ObservableKind::Sha1 => &["sha1", "filename|sha1"],
        ObservableKind::Md5 => &["md5", "filename|md5"],
        ObservableKind::Ip => &["ip-dst", "ip-src", "ip-dst|port", "ip-src|port", "domain|ip"],
        ObservableKind::Domain => &["domain", "hostname", "domain|ip", "hostname|port"],
        ObservableKind::Url => &["url", "uri", "link"],
        _ => &[],
    }
}

impl Misp {
    async fn search(&self, body: Value) -> Result<Value, Trouble> {
        let request = self.client.post(format!("{}/attributes/restSearch", self.base)).json(&body);
        let key = wire::key(&self.key)?;
        let request = request.header("authorization", wire::hidden(&key)?);
        let Reply { status, body } = wire::send(NAME, request, &key).await?;
        if status == StatusCode::NOT_FOUND {
            return Err(Trouble::Bad("it answered 404: is base_url right?".to_owned()));
        }
        Ok(body)
    }
}

#[async_trait]
impl Provider for Misp {
    fn name(&self) -> &str {
        &self.name
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn key(&self) -> Option<&Key> {
        Some(&self.key)
    }

    fn quota(&self) -> Quota {
        self.quota
    }

    fn takes(&self, kind: ObservableKind) -> bool {
        !types(kind).is_empty()
    }

    async fn ask(&self, query: &Query) -> Result<Option<Opinion>, Trouble> {
        // One more than is read tells whether there are more.
        let body = json!({
            "returnFormat": "json", "value": forms(query), "type": types(query.kind), "limit": MOST + 1,
            "enforceWarninglist": true, "deleted": false,
        });
        let body = self.search(body).await?;
        let found = rows(&body)?;
        if found.is_empty() { Ok(None) } else { self.read(found, query).map(Some) }
    }

    async fn check(&self) -> Result<Option<String>, Trouble> {
        // A value that stands for nothing; no attribute holds it.
        let body = self.search(json!({"returnFormat": "json", "value": "192.0.2.0", "limit": 1})).await?;
        rows(&body).map(|_| None)
    }
}

/// The forms in which a value may stand there. What may leave of a URL is one of them; the others say no more than it.
fn forms(query: &Query) -> Vec<String> {
    let value = &query.value;
    let mut forms = vec![value.clone()];
    if query.kind == ObservableKind::Url {
        let bare = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
        let schemes = if value.starts_with("ftp:") { &["ftp://", ""][..] } else { &["https://", "http://", ""] };
        for rest in [bare, bare.strip_suffix('/').unwrap_or(bare)] {
            forms.extend(schemes.iter().map(|scheme| format!("{scheme}{rest}")));
        }
        // As it stood in the event, where nothing had to be taken out of it.
        let same = reqwest::Url::parse(&query.observable).ok().is_some_and(|url| url.as_str() == value);
        forms.extend(Some(query.observable.clone()).filter(|_| same));
    }
    let mut seen = std::collections::BTreeSet::new();
    // A percent sign at either end asks for whatever contains the rest, and an exclamation mark for what does not.
    forms.retain(|form| !form.starts_with(['%', '!']) && !form.ends_with('%') && seen.insert(form.clone()));
    forms
}

/// The attributes of an answer; older servers leave out the inner name where there are none.
fn rows(body: &Value) -> Result<&[Value], Trouble> {
    let response = &body["response"];
    let list = response.get("Attribute").unwrap_or(response).as_array();
    list.map(Vec::as_slice).ok_or_else(|| wrong("list of attributes"))
}

impl Misp {
    fn read(&self, found: &[Value], query: &Query) -> Result<Opinion, Trouble> {
        let (mut stats, mut first, mut labels) = (BTreeMap::new(), None::<i64>, Vec::new());
        let forms = forms(query);
        let is_asked = |part: &str| forms.iter().any(|form| part.eq_ignore_ascii_case(form));
        for row in found.iter().take(MOST) {
            let value = row["value"].as_str().ok_or_else(|| wrong("value"))?;
            if !value.split('|').chain([value]).any(is_asked) {
                return Err(Trouble::Bad("its answer is about another value".to_owned()));
            }
            let marked = row["to_ids"].as_bool().ok_or_else(|| wrong("to_ids"))?;
            let says = if marked { "malicious" } else { "suspicious" };
            *stats.entry(says.to_owned()).or_insert(0) += 1;
            if let Some(at) = wire::seconds(&row["timestamp"]) {
                first = Some(first.map_or(at, |known| known.min(at)));
            }
            labels.extend(row["Event"]["info"].as_str().map(str::to_owned));
            let tags = row["Tag"].as_array().into_iter().flatten();
            labels.extend(tags.filter_map(|tag| tag["name"].as_str().map(str::to_owned)));
        }
        let mut opinion = Opinion::of(&self.name, stats);
        let marked = opinion.stats.get("malicious").copied().unwrap_or_default();
        opinion.note = match found.len() {
            1 => format!("1 attribute, {}marked for intrusion detection.", if marked == 1 { "" } else { "not " }),
            all if all > MOST => {
                format!(
                    "More than {MOST} attributes; of the first {MOST}, {marked} are marked for intrusion detection."
                )
            }
            all => format!("{all} attributes, {marked} marked for intrusion detection."),
        };
        opinion.first_seen_ms = first;
        if let Some(event) = found[0]["event_id"].as_str().filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())) {
            opinion.link = format!("{}/events/view/{event}", self.base);
        }
        Ok(opinion.with_labels(labels))
    }
}
