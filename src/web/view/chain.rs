//! The process chain: parent above child, each with what is known and what isn't.
use super::text::{self, Arg, PathView};
use super::words::{When, bytes, duration, when};
use crate::domain::Detection;
use crate::domain::detection::Process;
use crate::domain::path::file_name;

/// A process of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The file's name.
    pub name: String,
    /// Its process id.
    pub pid: Option<i64>,
    /// `Some(true)` signed, `Some(false)` not, `None` unknown.
    pub signed: Option<bool>,
    /// Whether the detection is about it.
    pub hit: bool,
    /// Its user, or empty.
    pub user: String,
    /// When it started.
    pub at: Option<When>,
    /// How long after its parent, or empty.
    pub gap: String,
    /// Its path.
    pub path: PathView,
    /// Its command line.
    pub command: Vec<Arg>,
    /// The command line as it is, for copying.
    pub raw_command: String,
    /// Whether the command line is longer than shown.
    pub cut: bool,
    /// Its SHA-256 in short and in full.
    pub hash: (String, String),
    /// Minor facts.
    pub facts: Vec<String>,
}

/// A field of an event that has no process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Where it is, such as `NETWORK_ACTIVITY / 0 / DESTINATION / PORT`.
    pub name: String,
    /// Its value in pieces.
    pub value: Vec<String>,
}

/// The event of a detection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventView {
    /// The grandparent, known by its number alone.
    pub ghost: Option<i64>,
    /// The chain; empty for an event without processes.
    pub nodes: Vec<Node>,
    /// All other fields.
    pub fields: Vec<Field>,
    /// Whether fields are left out.
    pub more: bool,
}

/// Fields that one page shows of an event.
const MOST_FIELDS: usize = 200;

/// The event of a detection for its page.
pub fn event(detection: &Detection) -> EventView {
    let (parent, process) = (detection.parent(), detection.process());
    let mut view = EventView { ghost: parent.as_ref().and_then(|parent| parent.parent_pid), ..EventView::default() };
    if let Some(parent) = &parent {
        view.nodes.push(node(parent, false, parent.at_ms, None));
    }
    if let Some(process) = &process {
        let at = process.at_ms.or(detection.event_ms);
        view.nodes.push(node(process, true, at, parent.as_ref().and_then(|parent| parent.at_ms)));
    }
    let mut fields = Vec::new();
    leaves(&detection.event, "", view.nodes.is_empty(), &mut fields);
    view.more = fields.len() > MOST_FIELDS;
    fields.truncate(MOST_FIELDS);
    view.fields = fields;
    view
}

fn node(process: &Process, hit: bool, at_ms: Option<i64>, parent_ms: Option<i64>) -> Node {
    let (command, cut) = text::command(&process.command_line);
    let gap = at_ms
        .zip(parent_ms)
        .filter(|(at, parent)| at >= parent)
        .map(|(at, parent)| format!("{} after its parent", duration(at - parent)));
    let facts = [
        process.threads.map(|threads| format!("{threads} threads")),
        process.memory.map(bytes),
        process.base.map(|base| format!("base 0x{base:x}")),
    ];
    Node {
        name: text::start(file_name(&process.path), 120),
        pid: process.pid,
        signed: process.signed,
        hit,
        user: text::start(&process.user, 120),
        at: at_ms.map(when),
        gap: gap.unwrap_or_default(),
        path: text::path(&process.path),
        command,
        raw_command: process.command_line.clone(),
        cut,
        hash: (text::short_hash(&process.hash), text::visible(&process.hash)),
        facts: facts.into_iter().flatten().collect(),
    }
}

/// Fields that the chain shows already.
const SHOWN: &[&str] = &[
    "COMMAND_LINE",
    "FILE_PATH",
    "HASH",
    "FILE_IS_SIGNED",
    "PROCESS_ID",
    "PARENT_PROCESS_ID",
    "USER_NAME",
    "THREADS",
    "MEMORY_USAGE",
    "BASE_ADDRESS",
    "PARENT",
    "CREATION_TIME",
    "TIMESTAMP",
];

fn leaves(value: &serde_json::Value, at: &str, all: bool, into: &mut Vec<Field>) {
    use serde_json::Value;
    if into.len() > MOST_FIELDS {
        return;
    }
    let below = |key: &str| {
        let key = text::start(key, 80);
        if at.is_empty() { key } else { format!("{at} / {key}") }
    };
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter().filter(|(key, _)| all || !at.is_empty() || !SHOWN.contains(&key.as_str())) {
                leaves(inner, &below(key), all, into);
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .take(MOST_FIELDS + 1)
                .for_each(|(index, item)| leaves(item, &below(&index.to_string()), all, into));
        }
        Value::String(value) => {
            into.push(Field { name: at.to_owned(), value: text::pieces(&text::start(value, text::FOLD)) });
        }
        other => into.push(Field { name: at.to_owned(), value: vec![other.to_string()] }),
    }
}
