//! What the fake knows, and what it was asked.
use super::faults::Fault;
use super::sample;
use super::wire::{Asked, Reply};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

pub const OID: &str = "c7e8f940-aaaa-4e0f-8000-1234567890ab";
pub const KEY: &str = "11111111-2222-3333-4444-555555555555";
/// What the usual key may do.
pub const MAY: &[&str] = &[
    "org.get",
    "sensor.get",
    "sensor.list",
    "sensor.task",
    "sensor.tag",
    "insight.det.get",
    "insight.evt.get",
    "insight.stat",
    "dr.list",
    "dr.set",
    "fp.ctrl",
    "output.list",
    "output.set",
    "output.del",
];

/// Which events are kept of what happened on a sensor.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Kept {
    #[default]
    Everything,
    /// The sensor did not do anything in the window: its other events stay in the overview.
    Nothing,
    /// Only what is younger, in UTC milliseconds.
    Since(i64),
    /// All but these types.
    Without(Vec<String>),
}

/// A sensor's state.
#[derive(Debug, Clone, Default)]
pub struct Sensor {
    pub hostname: String,
    pub online: bool,
    /// Tags with their seconds to live.
    pub tags: BTreeMap<String, Option<String>>,
    pub wanted: bool,
    pub actual: bool,
    /// So many looks until the actual state follows the wanted one.
    pub looks_left: u32,
}

/// One request.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub form: Vec<(String, String)>,
    pub json: Value,
    pub idempotent_key: Option<String>,
}

impl Call {
    pub fn of(asked: &Asked) -> Self {
        let form = asked.form.iter().filter(|(name, _)| name != "secret" && name != "secret_key").cloned();
        Self {
            method: asked.method.clone(),
            path: asked.target.clone(),
            form: form.collect(),
            json: asked.json.clone(),
            idempotent_key: asked.headers.get("x-idempotent-key").cloned(),
        }
    }
}

/// Everything. A test changes it as it likes.
#[derive(Debug)]
pub struct State {
    /// How far its clock is ahead of the real one, in seconds; the `Date` of its answers tells.
    pub ahead_s: i64,
    pub url: String,
    pub oid: String,
    /// Keys and what they may do.
    pub keys: BTreeMap<String, Vec<String>>,
    pub token_s: i64,
    /// Tokens of an earlier generation are refused.
    pub generation: i64,
    pub faults: VecDeque<Fault>,
    pub log: Vec<Call>,
    /// Hosts of the organisation where they are not the fake itself.
    pub host: Option<String>,
    pub detections: Vec<Value>,
    pub events: Vec<Value>,
    pub kept: Kept,
    pub page: usize,
    /// Every page begins with the last item of the one before.
    pub repeats: bool,
    /// Before every page comes an empty one with a cursor.
    pub empty_pages: bool,
    /// The cursor never changes.
    pub endless: bool,
    pub sensors: BTreeMap<String, Sensor>,
    pub isolation_looks: u32,
    /// Sensor, task, investigation.
    pub tasks: Vec<(String, String, String)>,
    pub rules: BTreeMap<String, Value>,
    pub outputs: BTreeMap<String, BTreeMap<String, String>>,
    pub searches: BTreeMap<String, Value>,
    /// So many polls until a search is done.
    pub search_polls: u32,
    /// Rows by indicator for `objects`.
    pub objects: BTreeMap<String, Value>,
    pub counter: u64,
}

impl State {
    pub fn new(url: String) -> Self {
        let (detections, events) = (sample::detections(), sample::events());
        let sensors = sample::sensors(&detections, &events);
        let oid = detections[0]["routing"]["oid"].as_str().unwrap_or(OID).to_owned();
        Self {
            ahead_s: 0,
            url,
            oid,
            keys: BTreeMap::from([(KEY.to_owned(), MAY.iter().map(|may| (*may).to_owned()).collect())]),
            token_s: 3600,
            generation: 0,
            faults: VecDeque::new(),
            log: Vec::new(),
            host: None,
            detections,
            events,
            kept: Kept::default(),
            page: 2,
            repeats: false,
            empty_pages: false,
            endless: false,
            sensors,
            isolation_looks: 0,
            tasks: Vec::new(),
            rules: BTreeMap::new(),
            outputs: BTreeMap::new(),
            searches: BTreeMap::new(),
            search_polls: 0,
            objects: BTreeMap::new(),
            counter: 0,
        }
    }

    /// A number that was not given before.
    pub fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// The organisation's hosts.
    pub fn hosts(&self) -> Reply {
        let host = self.host.as_ref().unwrap_or(&self.url);
        let names = ["lc", "edr", "logs", "artifacts", "replay", "live", "hooks", "search", "cases", "ai"];
        let mut url: BTreeMap<_, _> = names.into_iter().map(|name| (name, host.as_str())).collect();
        url.insert("region_code", "usa");
        Reply::json(json!({"url": url, "certs": {}, "site_name": "usa"}))
    }
}
