//! A LimaCharlie detection as we understand it: a tolerant typed view beside the JSON it came in.
//!
//! Only `detect_id`, `routing` and `detect` must be there. Any other field that is missing or
//! of the wrong type is read as unknown, never as an error: the document is kept whole anyway.
mod reader;

use super::{Severity, technique};
use reader::{Reader, cut};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What is wrong with a document that can't be a detection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// The path of the field, such as `detect_id`.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// The rule that raised a detection, as the detection tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleFacts {
    /// `source_rule`, such as `service.windows_process_creation/proc_creation_win_…`.
    pub path: String,
    /// `cat`: the rule's title for people.
    pub title: String,
    /// `detect_mtd.level`.
    pub level: Option<Severity>,
    /// `detect_mtd.author`.
    pub author: String,
    /// `detect_mtd.description`.
    pub description: String,
    /// `detect_mtd.falsepositives`.
    pub false_positives: Vec<String>,
    /// `detect_mtd.references`.
    pub references: Vec<String>,
    /// `detect_mtd.tags` and `rule_tags` together, each once.
    pub tags: Vec<String>,
}

/// A process in the event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// `FILE_PATH`.
    pub path: String,
    /// `COMMAND_LINE`.
    pub command_line: String,
    /// `HASH` (SHA-256).
    pub hash: String,
    /// `FILE_IS_SIGNED`; `None` where the event doesn't say.
    pub signed: Option<bool>,
    /// `USER_NAME`.
    pub user: String,
    /// `PROCESS_ID`.
    pub pid: Option<i64>,
    /// `PARENT_PROCESS_ID`.
    pub parent_pid: Option<i64>,
    /// `TIMESTAMP` or `CREATION_TIME`, in ms.
    pub at_ms: Option<i64>,
    /// `THREADS`.
    pub threads: Option<i64>,
    /// `MEMORY_USAGE` in bytes.
    pub memory: Option<i64>,
    /// `BASE_ADDRESS`.
    pub base: Option<i64>,
}

/// A detection with the fields that the product reasons about.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Unique within an organisation.
    pub detect_id: String,
    /// What the detection says about its rule.
    pub rule: RuleFacts,
    /// LimaCharlie's `priority` 0–10, where the rule sets one.
    pub priority: Option<i64>,
    /// `routing.event_type`, such as `NEW_PROCESS`.
    pub event_type: String,
    /// The event itself.
    pub event: Value,
    /// `routing`, with keys we don't know.
    pub routing: Map<String, Value>,
    /// `routing.sid`, or empty.
    pub sid: String,
    /// `routing.oid`, or empty.
    pub oid: String,
    /// `routing.hostname`, or empty.
    pub hostname: String,
    /// `routing.plat`.
    pub plat: Option<i64>,
    /// `routing.arch`.
    pub arch: Option<i64>,
    /// `routing.int_ip`, or empty.
    pub int_ip: String,
    /// `routing.ext_ip`, or empty.
    pub ext_ip: String,
    /// The sensor's tags at the time of the event.
    pub tags: Vec<String>,
    /// `routing.event_time` in ms, where it lies between 2000 and 2100.
    pub event_ms: Option<i64>,
    /// `gen_time` in ms, where it lies between 2000 and 2100.
    pub gen_ms: Option<i64>,
    /// `link` to the event in LimaCharlie.
    pub link: String,
    /// The event's process atom, `routing.this`.
    pub this_atom: String,
    /// The parent's process atom, `routing.parent`.
    pub parent_atom: String,
    /// Fields that were there with a type we can't read.
    pub unreadable: Vec<&'static str>,
}

impl Detection {
    /// Reads a document.
    ///
    /// # Errors
    /// `Invalid` names the field where `detect_id` is no text of 1 to 200 characters, or
    /// `routing` or `detect` is no object; `detect` may also be the text of one, as an output with
    /// "payload as string" sends it.
    pub fn read(document: &Value) -> Result<Self, Invalid> {
        let top = document.as_object().ok_or(Invalid { field: "(document)", problem: "must be a JSON object" })?;
        let detect_id = match top.get("detect_id") {
            Some(Value::String(id)) if (1..=200).contains(&id.chars().count()) && !id.contains('\0') => id.clone(),
            Some(Value::String(_)) => {
                return Err(Invalid { field: "detect_id", problem: "must have 1 to 200 characters" });
            }
            Some(_) => return Err(Invalid { field: "detect_id", problem: "must be a text" }),
            None => return Err(Invalid { field: "detect_id", problem: "is missing" }),
        };
        let routing = object(top, "routing")?;
        let detect = detect(top)?;
        // The documented shape has the event's fields directly under `detect`; all real ones nest them.
        let event = detect.get("event").cloned().unwrap_or_else(|| Value::Object(detect.into_owned()));
        let mut read = Reader::default();
        let metadata = top.get("detect_mtd").and_then(Value::as_object).cloned().unwrap_or_default();
        Ok(Self {
            rule: read.rule(top, &metadata),
            priority: read.number(top, "priority"),
            event_type: cut(&read.text(routing, "event_type"), 100),
            sid: cut(&read.text(routing, "sid"), 100),
            oid: cut(&read.text(routing, "oid"), 100),
            hostname: cut(&read.text(routing, "hostname"), 1000),
            plat: read.number(routing, "plat"),
            arch: read.number(routing, "arch"),
            int_ip: cut(&read.text(routing, "int_ip"), 100),
            ext_ip: cut(&read.text(routing, "ext_ip"), 100),
            tags: read.texts(routing, "tags"),
            event_ms: read.time(routing, "event_time"),
            gen_ms: read.time(top, "gen_time"),
            link: read.text(top, "link"),
            this_atom: read.text(routing, "this"),
            parent_atom: read.text(routing, "parent"),
            unreadable: read.unreadable,
            routing: routing.clone(),
            event,
            detect_id,
        })
    }

    /// The rule's own severity: its level, else LimaCharlie's priority, else medium.
    pub fn rule_severity(&self) -> Severity {
        self.rule.level.or_else(|| self.priority.map(Severity::from_priority)).unwrap_or(Severity::Medium)
    }

    /// The process that the event is about, or that did what it is about. An event about a file, a key or
    /// a pipe has that one's path in `FILE_PATH` and its process under `PARENT`.
    pub fn process(&self) -> Option<Process> {
        if self.is_of_process() {
            return Process::read(&self.event);
        }
        let by = self.event.get("PARENT").or_else(|| self.event.get("PROCESS")).and_then(Process::read);
        by.or_else(|| Process::read(&self.event).filter(|_| !self.is_of_file()))
    }

    /// The parent process, where the event tells it.
    pub fn parent(&self) -> Option<Process> {
        self.event.get("PARENT").filter(|_| self.is_of_process()).and_then(Process::read)
    }

    /// Whether the event's own fields are those of a process.
    fn is_of_process(&self) -> bool {
        self.event_type.ends_with("_PROCESS") || self.event.get("COMMAND_LINE").is_some()
    }

    /// Whether `FILE_PATH` is that of a file, a module or a pipe.
    fn is_of_file(&self) -> bool {
        const FILES: &[&str] = &["FILE_", "MODULE_", "CODE_", "YARA_", "NEW_DOCUMENT", "FIM_HIT", "DRIVER_"];
        self.event_type.ends_with("_NAMED_PIPE") || FILES.iter().any(|kind| self.event_type.starts_with(kind))
    }

    /// The user: the event's, else the parent's.
    pub fn user(&self) -> String {
        let own = self.process().map(|process| process.user).filter(|user| !user.is_empty());
        own.or_else(|| self.parent().map(|parent| parent.user)).unwrap_or_default()
    }

    /// Technique ids that the rule names.
    pub fn techniques(&self) -> Vec<String> {
        technique::from_tags(self.rule.tags.iter().map(String::as_str))
    }

    /// The host's name, or what stands for it.
    pub fn host_label(&self) -> &str {
        if self.hostname.is_empty() { "unknown host" } else { &self.hostname }
    }
}

/// `detect`, which may also be a text that holds the object.
fn detect(top: &Map<String, Value>) -> Result<Cow<'_, Map<String, Value>>, Invalid> {
    let Some(Value::String(text)) = top.get("detect") else { return object(top, "detect").map(Cow::Borrowed) };
    serde_json::from_str(text)
        .map(Cow::Owned)
        .map_err(|_| Invalid { field: "detect", problem: "must hold a JSON object" })
}

fn object<'a>(top: &'a Map<String, Value>, field: &'static str) -> Result<&'a Map<String, Value>, Invalid> {
    match top.get(field) {
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(Invalid { field, problem: "must be an object" }),
        None => Err(Invalid { field, problem: "is missing" }),
    }
}

impl Process {
    /// Reads a process; nothing where there is neither path nor command line.
    pub fn read(event: &Value) -> Option<Self> {
        let event = event.as_object()?;
        let mut read = Reader::default();
        let process = Self {
            path: read.text(event, "FILE_PATH"),
            command_line: read.text(event, "COMMAND_LINE"),
            hash: read.text(event, "HASH"),
            signed: read.number(event, "FILE_IS_SIGNED").map(|n| n != 0),
            user: read.text(event, "USER_NAME"),
            pid: read.number(event, "PROCESS_ID"),
            parent_pid: read.number(event, "PARENT_PROCESS_ID"),
            at_ms: read.time(event, "TIMESTAMP").or_else(|| read.time(event, "CREATION_TIME")),
            threads: read.number(event, "THREADS"),
            memory: read.number(event, "MEMORY_USAGE"),
            base: read.number(event, "BASE_ADDRESS"),
        };
        (!process.path.is_empty() || !process.command_line.is_empty()).then_some(process)
    }
}
