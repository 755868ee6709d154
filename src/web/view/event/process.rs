//! Processes: the chain of a process event, and who did what another event tells.
use super::fields::Fields;
use super::value::{self, Kind};
use super::{About, EventView};
use crate::domain::path::file_name;
use crate::web::view::text::{self, Arg, PathView};
use crate::web::view::words::{When, bytes, duration, when};

/// A command line is copied whole up to this size; Windows allows half of it.
const COPIED: usize = 64 * 1024;

const ONLY_NUMBER: &str = "only its number is in this event";

/// A process of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// The file's name, or what stands for it.
    pub name: String,
    /// Its process id.
    pub pid: Option<i64>,
    /// Its parent's process id.
    pub parent_pid: Option<i64>,
    /// `Some(true)` signed, `Some(false)` not, `None` unknown.
    pub signed: Option<bool>,
    /// Whether only its number is known.
    pub bare: bool,
    /// Whether the event is about it.
    pub hit: bool,
    /// What it is in the event, such as `Detection` or `Target`; may be empty.
    pub role: &'static str,
    /// Its user, or empty.
    pub user: String,
    /// When it started, in ms.
    pub at_ms: Option<i64>,
    /// When it started.
    pub at: Option<When>,
    /// How long after its parent, or empty.
    pub gap: String,
    /// Its path.
    pub path: PathView,
    /// Its command line.
    pub command: Vec<Arg>,
    /// The command line as it is, for copying; empty where it is too long for that.
    pub raw_command: String,
    /// Whether the command line is longer than shown.
    pub cut: bool,
    /// What its path and command line are not, in words; mostly empty.
    pub warning: &'static str,
    /// All characters of the command line, where it is cut and can be shown whole.
    pub characters: String,
    /// Its SHA-256 in short and in full.
    pub hash: (String, String),
    /// Minor facts.
    pub facts: Vec<String>,
}

/// What an event and the process it names may both say.
const SAME: &[&str] = &[
    "PROCESS_ID",
    "PARENT_PROCESS_ID",
    "FILE_PATH",
    "COMMAND_LINE",
    "HASH",
    "FILE_IS_SIGNED",
    "USER_NAME",
    "THREADS",
    "MEMORY_USAGE",
    "BASE_ADDRESS",
    "CREATION_TIME",
];

/// A process that an object tells, where it tells its file, its command line or at least its number.
pub fn node(fields: Fields<'_>) -> Option<Node> {
    node_since(fields, &["TIMESTAMP", "CREATION_TIME"])
}

/// The same, with the fields that may tell since when it runs.
fn node_since(fields: Fields<'_>, since: &[&str]) -> Option<Node> {
    let full = fields.look_text("FILE_PATH").or(fields.look_text("COMMAND_LINE")).is_some();
    if !full {
        return bare(fields);
    }
    let path = fields.text("FILE_PATH").unwrap_or_default();
    let line = fields.text("COMMAND_LINE").unwrap_or_default();
    let hash = fields.text("HASH").unwrap_or_default();
    let (command, cut) = text::command(line);
    let at_ms = since.iter().find_map(|key| fields.time(key));
    let created = fields.time("CREATION_TIME");
    let facts = [
        fields.number("THREADS").map(|threads| format!("{threads} threads")),
        fields.number("MEMORY_USAGE").map(bytes),
        fields.number("BASE_ADDRESS").map(|base| format!("base 0x{base:x}")),
        created.filter(|created| Some(*created) != at_ms).map(|ms| format!("created {}", when(ms).full)),
    ];
    let name = if path.is_empty() { "Unnamed file" } else { file_name(path) };
    Some(Node {
        name: text::start(name, 120),
        pid: fields.number("PROCESS_ID"),
        parent_pid: fields.number("PARENT_PROCESS_ID"),
        signed: fields.flag("FILE_IS_SIGNED"),
        user: text::start(fields.text("USER_NAME").unwrap_or_default(), 120),
        at_ms,
        at: at_ms.map(when),
        path: text::path(&text::start(path, text::FOLD)),
        command,
        warning: [text::warning(line), text::warning(path)]
            .into_iter()
            .find(|said| !said.is_empty())
            .unwrap_or_default(),
        characters: if cut && line.len() <= COPIED { grouped(line.chars().count()) } else { String::new() },
        raw_command: if line.len() <= COPIED { line.to_owned() } else { String::new() },
        cut,
        hash: (text::short_hash(&text::start(hash, 200)), text::start(hash, 200)),
        facts: facts.into_iter().flatten().collect(),
        ..Node::default()
    })
}

/// A count with its thousands apart.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let apart = |(at, digit): (usize, char)| {
        let comma = at > 0 && (digits.len() - at).is_multiple_of(3);
        if comma { format!(",{digit}") } else { digit.to_string() }
    };
    digits.chars().enumerate().map(apart).collect()
}

/// A process that is known by its number.
fn bare(fields: Fields<'_>) -> Option<Node> {
    let pid = fields.number("PROCESS_ID")?;
    Some(Node {
        name: "Process".to_owned(),
        pid: Some(pid),
        parent_pid: fields.number("PARENT_PROCESS_ID"),
        bare: true,
        user: text::start(fields.text("USER_NAME").unwrap_or_default(), 120),
        facts: vec![ONLY_NUMBER.to_owned()],
        ..Node::default()
    })
}

/// Started, found running or ended: the process below its parent.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Process chain";
    view.chain_first = true;
    chain([node(event.at("PARENT")), node(event)], about, view);
    if view.nodes.iter().any(|node| node.hit && node.bare) {
        view.facts("Event", value::rows(event, &[("TIMESTAMP", "Time", Kind::Time)]));
    }
    if let Some(hit) = view.nodes.last_mut().filter(|node| node.hit) {
        hit.role = "Detection";
        if about.kind == "TERMINATE_PROCESS" {
            // Its time is that of its end.
            hit.gap.clear();
        }
    }
    let verb = match about.kind {
        "TERMINATE_PROCESS" => "ended",
        "EXISTING_PROCESS" => "was running already when the sensor looked",
        "NEW_PROCESS" => "was started",
        _ => return,
    };
    let Some(hit) = view.nodes.last() else { return };
    let mut said = super::Said::who(hit).words(verb);
    if let ([parent, _], "NEW_PROCESS") = (view.nodes.as_slice(), about.kind) {
        said = said.words("by").name(&parent.name);
    }
    if !hit.user.is_empty() {
        said = said.words("as").name(&hit.user);
    }
    view.said = said;
}

/// Who did it: the process that the event names, its own image, or the parent where that is the same process.
pub fn actor(event: Fields<'_>, own_image: bool, about: &About<'_>, view: &mut EventView) {
    let (named, parent) = (event.at("PROCESS"), event.at("PARENT"));
    let pid = event.look("PROCESS_ID");
    let is_parent = !parent.is_empty() && (pid == parent.look("PROCESS_ID") || (pid.is_none() && !own_image));
    let nodes = if named.is_empty() && is_parent {
        event.same_as(parent, SAME);
        [None, node(parent)]
    } else if named.is_empty() {
        // The event's own time is when it happened, not when its process began.
        let own = if own_image { node_since(event, &["CREATION_TIME"]) } else { bare(event) };
        [node(parent), own]
    } else {
        event.same_as(named, SAME);
        [node(named.at("PARENT")).or_else(|| node(parent)), node(named)]
    };
    chain(nodes, about, view);
}

/// Puts a parent and the process that the event is about into the chain.
fn chain([parent, own]: [Option<Node>; 2], about: &About<'_>, view: &mut EventView) {
    view.ghost = parent.as_ref().or(own.as_ref()).and_then(|first| first.parent_pid);
    let own = own.map(|mut own| {
        own.hit = true;
        if own.at_ms.is_none() && about.is_of_process() {
            own.at_ms = about.event_ms;
            own.at = own.at_ms.map(when);
        }
        if let Some(above) = &parent {
            let times = own.at_ms.zip(above.at_ms).filter(|(at, parent)| at >= parent);
            own.gap =
                times.map(|(at, parent)| format!("{} after its parent", duration(at - parent))).unwrap_or_default();
            let other = own.parent_pid.filter(|pid| above.pid != Some(*pid));
            own.facts.extend(other.map(|pid| format!("parent PID {pid}")));
        }
        own
    });
    view.nodes = [parent, own].into_iter().flatten().collect();
}

/// The name of the process that did it, for a sentence.
pub fn who(view: &EventView) -> super::Said {
    match view.nodes.iter().rev().find(|node| node.hit) {
        Some(node) => super::Said::who(node),
        None => super::Said::default().words("A process"),
    }
}

/// A process of which only the file and the number are told.
pub fn named(path: &str, pid: Option<i64>) -> Node {
    Node {
        name: text::start(if path.is_empty() { "Process" } else { file_name(path) }, 120),
        pid,
        bare: path.is_empty(),
        role: "Target",
        facts: if path.is_empty() { vec![ONLY_NUMBER.to_owned()] } else { Vec::new() },
        path: text::path(&text::start(path, text::FOLD)),
        ..Node::default()
    }
}
