//! Features of an event for voters that weigh by code: named, so that each can be shown in words.
//!
//! `place` tells where files lie, `role` what programs are for, `find` what texts hold, `event` reads other
//! events than those of processes, `words` takes a command line apart, `told` says each feature in words.
//!
//! They are read from the behaviour alone: paths, command line, parent, registry key and value, the rule's level. Nothing here reads the rule's name, path or author, hashes, signatures, host,
//! user, times or ids: a model that learns those knows where its examples came from, and nothing else.
pub mod find;
pub mod place;
pub mod role;

mod event;
mod told;
mod words;

pub use told::told;

use crate::domain::Detection;
use crate::domain::detection::Process;
use crate::domain::path::file_name;
use serde_json::Value;
use std::collections::BTreeSet;

/// The features of an event, each once, in order, such as `find.encoded` or `parent.role=shell`.
///
/// They are from a closed list: no word and no name of a file. What an attacker can add to a command line at no cost
/// counts for nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features(BTreeSet<String>);

impl Features {
    fn add(&mut self, name: impl Into<String>) {
        self.0.insert(name.into());
    }

    /// Whether a feature is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// What an event is about, by the fields that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Registry,
    Pipe,
    Dns,
    Network,
    Thread,
    Process,
    File,
}

impl Kind {
    /// Nothing for events that hold none of this.
    fn of(detection: &Detection) -> Option<Self> {
        let kinds = [
            ("REGISTRY_KEY", Self::Registry),
            ("PIPE_NAME", Self::Pipe),
            ("DOMAIN_NAME", Self::Dns),
            ("NETWORK_ACTIVITY", Self::Network),
            ("TARGET_FILE_PATH", Self::Thread),
            ("COMMAND_LINE", Self::Process),
        ];
        let named = kinds.into_iter().find(|(field, _)| detection.event.get(field).is_some()).map(|(_, kind)| kind);
        let kind = &detection.event_type;
        named
            .or(kind.ends_with("_PROCESS").then_some(Self::Process))
            .or(kind.starts_with("FILE_").then_some(Self::File))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Pipe => "pipe",
            Self::Dns => "dns",
            Self::Network => "network",
            Self::Thread => "thread",
            Self::Process => "process",
            Self::File => "file",
        }
    }
}

/// A text field of an object; empty where there is none.
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The features of a detection; nothing where the event names no program of Windows, or is of a kind that is not read:
/// what is not known must not look harmless.
pub fn of(detection: &Detection) -> Option<Features> {
    let event = &detection.event;
    let kind = Kind::of(detection)?;
    let mut features = Features::default();
    features.add(format!("kind={}", kind.name()));
    features.add(format!("level={}", detection.rule_severity().as_str()));
    let parent = event.get("PARENT").unwrap_or(&Value::Null);
    let own = matches!(kind, Kind::Process | Kind::Network);
    let by = if own { event } else { event.get("PARENT").or_else(|| event.get("PROCESS"))? };
    let program = Program::at(text(by, "FILE_PATH"));
    if !program.path.contains('\\') {
        return None;
    }
    image(&program, &mut features);
    let parent = Program::at(text(parent, "FILE_PATH"));
    if kind == Kind::Process && !parent.path.is_empty() {
        lineage(&program, &parent, &mut features);
    }
    if own && !text(event, "COMMAND_LINE").is_empty() {
        words::command(text(event, "COMMAND_LINE"), &program, &mut features);
    }
    event::of(kind, event, &program, &mut features);
    sum(&mut features);
    Some(features)
}

/// A program by its path.
struct Program {
    path: String,
    name: String,
    place: &'static str,
    role: &'static str,
}

impl Program {
    fn at(path: &str) -> Self {
        let path = path.to_lowercase();
        let name = file_name(&path).to_owned();
        let place = place::of(&path);
        // A name alone makes nothing a part of Windows.
        let role = Some(role::of(&name)).filter(|role| *role != "system" || place::is_trusted(place));
        Self { place, role: role.unwrap_or("other"), name, path }
    }

    /// A program of Windows that is not where Windows keeps its programs.
    fn is_displaced(&self) -> bool {
        role::is_core(&self.name) && self.place != "system" && !(self.place == "windows" && role::is_beside(&self.name))
    }
}

fn image(program: &Program, features: &mut Features) {
    features.add(format!("image.place={}", program.place));
    features.add(format!("image.role={}", program.role));
    if place::is_writable(program.place) {
        features.add("image.writable");
    }
    if program.is_displaced() {
        features.add("image.displaced");
    }
}

fn lineage(program: &Program, parent: &Program, features: &mut Features) {
    features.add(format!("parent.place={}", parent.place));
    features.add(format!("parent.role={}", parent.role));
    features.add(format!("pair={}>{}", parent.role, program.role));
    let marks = [
        (place::is_writable(parent.place), "parent.writable"),
        (program.path == parent.path, "parent.same"),
        (role::is_bent(&parent.name), "parent.odd"),
        (program.role == "shell" && parent.role == "other" && place::is_trusted(parent.place), "parent.quiet>shell"),
        (parent.is_displaced(), "parent.displaced"),
    ];
    for (_, name) in marks.iter().filter(|(holds, _)| *holds) {
        features.add(*name);
    }
}

/// Places and lineages that are odd by themselves.
const ODD: &[&str] = &[
    "image.writable",
    "image.displaced",
    "parent.writable",
    "parent.displaced",
    "parent.odd",
    "parent.role=office",
    "parent.role=server",
    "reg.by=tool",
    "reg.by=writable",
    "file.by=tool",
    "file.by=writable",
    "reg.ifeo",
    "reg.opencmd",
    "reg.policy",
    "reg.run",
    "reg.service",
    "reg.winlogon",
    "regval.shell",
    "regval.writable",
    "file.ext=dump",
    "file.ext=program",
    "file.ext=script",
];

/// How much speaks against it, capped: counts carry over to behaviours that no example shows.
fn sum(features: &mut Features) {
    let count = |counts: &dyn Fn(&str) -> bool| features.iter().filter(|name| counts(name)).count();
    let bad = count(&|name| name.strip_prefix("find.").is_some_and(|find| !find::NEUTRAL.contains(&find)));
    let odd = count(&|name| ODD.contains(&name));
    features.add(format!("bad={}", bad.min(4)));
    features.add(format!("odd={}", odd.min(3)));
    if bad == 0 && odd == 0 {
        features.add("quiet");
    }
}

/// Whether a feature speaks against an event by what it means, or could be had for the typing: no example may teach
/// that it excuses one.
pub fn is_against(feature: &str) -> bool {
    if let Some(find) = feature.strip_prefix("find.") {
        return !find::OF_SOFTWARE.contains(&find);
    }
    let place = ["image.place=", "parent.place="].iter().find_map(|name| feature.strip_prefix(name));
    place.is_some_and(|place| place::is_writable(place) || place::is_personal(place)) || ODD.contains(&feature)
}

/// Place and role of a process that is looked at by itself.
pub fn of_process(process: &Process) -> (&'static str, &'static str) {
    let program = Program::at(&process.path);
    (program.place, program.role)
}
