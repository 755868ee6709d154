//! A LimaCharlie detection as we understand it: a tolerant typed view beside the JSON it came in.
//!
//! Only `detect_id`, `routing` and `detect` must be there. Any other field that is missing or
//! of the wrong type is read as unknown, never as an error: the document is kept whole anyway.
use super::{Severity, technique};
use serde_json::{Map, Value};

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

/// What is kept of a text that stands beside every page, and of a list of such texts; the document has them whole.
const LONGEST_TEXT: usize = 1_000;
const MOST_TEXTS: usize = 100;

/// Times outside 2000–2100 are mistakes of units or clocks.
const PLAUSIBLE_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

impl Detection {
    /// Reads a document.
    ///
    /// # Errors
    /// `Invalid` names the field where `detect_id` is no text of 1 to 200 characters, or
    /// `routing` or `detect` is no object.
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
        let detect = object(top, "detect")?;
        // The documented shape has the event's fields directly under `detect`; all real ones nest them.
        let event = detect.get("event").cloned().unwrap_or_else(|| Value::Object(detect.clone()));
        let mut read = Reader { unreadable: Vec::new() };
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

    /// The process that the event is about, where it has one.
    pub fn process(&self) -> Option<Process> {
        process(&self.event)
    }

    /// The parent process, where the event tells it.
    pub fn parent(&self) -> Option<Process> {
        self.event.get("PARENT").and_then(process)
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

fn object<'a>(top: &'a Map<String, Value>, field: &'static str) -> Result<&'a Map<String, Value>, Invalid> {
    match top.get(field) {
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(Invalid { field, problem: "must be an object" }),
        None => Err(Invalid { field, problem: "is missing" }),
    }
}

fn process(event: &Value) -> Option<Process> {
    let event = event.as_object()?;
    let mut read = Reader { unreadable: Vec::new() };
    let process = Process {
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

/// Reads fields and remembers which it could not.
struct Reader {
    unreadable: Vec<&'static str>,
}

impl Reader {
    fn rule(&mut self, top: &Map<String, Value>, metadata: &Map<String, Value>) -> RuleFacts {
        let title = self.text(top, "cat");
        let path = self.text(top, "source_rule");
        let mut tags = self.texts(metadata, "tags");
        tags.extend(self.texts(top, "rule_tags"));
        let mut seen = std::collections::HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        RuleFacts {
            title: if title.is_empty() { "Untitled detection".to_owned() } else { cut(&title, 500) },
            path: if path.is_empty() { cut(&title, 500) } else { cut(&path, 500) },
            level: self.text(metadata, "level").parse().ok(),
            author: cut(&self.text(metadata, "author"), LONGEST_TEXT),
            description: cut(&self.text(metadata, "description"), 4 * LONGEST_TEXT),
            false_positives: self.texts(metadata, "falsepositives"),
            references: self.texts(metadata, "references"),
            tags,
        }
    }

    fn text(&mut self, from: &Map<String, Value>, field: &'static str) -> String {
        match from.get(field) {
            Some(Value::String(text)) => clean(text),
            None | Some(Value::Null) => String::new(),
            Some(_) => self.unreadable(field),
        }
    }

    fn texts(&mut self, from: &Map<String, Value>, field: &'static str) -> Vec<String> {
        match from.get(field) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(Value::as_str)
                .take(MOST_TEXTS)
                .map(|text| cut(&clean(text), LONGEST_TEXT))
                .collect(),
            Some(Value::String(one)) => vec![cut(&clean(one), LONGEST_TEXT)],
            None | Some(Value::Null) => Vec::new(),
            Some(_) => self.unreadable(field),
        }
    }

    fn number(&mut self, from: &Map<String, Value>, field: &'static str) -> Option<i64> {
        match from.get(field) {
            Some(Value::Number(number)) => number.as_i64(),
            None | Some(Value::Null) => None,
            Some(_) => self.unreadable(field),
        }
    }

    /// Milliseconds; a number small enough to be seconds is taken as seconds.
    fn time(&mut self, from: &Map<String, Value>, field: &'static str) -> Option<i64> {
        let raw = self.number(from, field)?;
        let ms = if raw.unsigned_abs() < 10_000_000_000 { raw * 1000 } else { raw };
        if PLAUSIBLE_MS.contains(&ms) { Some(ms) } else { self.unreadable(field) }
    }

    fn unreadable<T: Default>(&mut self, field: &'static str) -> T {
        self.unreadable.push(field);
        T::default()
    }
}

/// NUL can't be stored by PostgreSQL and hides text in many programs; it becomes U+FFFD.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}
