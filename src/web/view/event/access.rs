//! One process that reaches into another: handles, threads, memory.
use super::fields::Fields;
use super::process::{self, Node};
use super::value::{self, Kind, Row, Shown};
use super::{About, EventView, Said};

/// Rights over a process by their bits, as Windows names them.
const RIGHTS: &[(i64, &str)] = &[
    (0x1, "PROCESS_TERMINATE"),
    (0x2, "PROCESS_CREATE_THREAD"),
    (0x4, "PROCESS_SET_SESSIONID"),
    (0x8, "PROCESS_VM_OPERATION"),
    (0x10, "PROCESS_VM_READ"),
    (0x20, "PROCESS_VM_WRITE"),
    (0x40, "PROCESS_DUP_HANDLE"),
    (0x80, "PROCESS_CREATE_PROCESS"),
    (0x100, "PROCESS_SET_QUOTA"),
    (0x200, "PROCESS_SET_INFORMATION"),
    (0x400, "PROCESS_QUERY_INFORMATION"),
    (0x800, "PROCESS_SUSPEND_RESUME"),
    (0x1000, "PROCESS_QUERY_LIMITED_INFORMATION"),
    (0x2000, "PROCESS_SET_LIMITED_INFORMATION"),
    (0x1_0000, "DELETE"),
    (0x2_0000, "READ_CONTROL"),
    (0x4_0000, "WRITE_DAC"),
    (0x8_0000, "WRITE_OWNER"),
    (0x10_0000, "SYNCHRONIZE"),
];
const ALL_ACCESS: i64 = 0x1F_FFFF;

/// What one process did to another.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = match about.kind {
        "NEW_REMOTE_THREAD" => "Remote thread",
        "SENSITIVE_PROCESS_ACCESS" => "Access to a sensitive process",
        "THREAD_INJECTION" => "Thread injection",
        _ => "Access to a process",
    };
    view.chain_first = true;
    processes(event, about, view);
    let mut rows: Vec<Row> = event.number("ACCESS_FLAGS").map(rights).into_iter().collect();
    rows.extend(value::rows(
        event,
        &[
            ("THREAD_ID", "Thread", Kind::Text),
            ("BASE_ADDRESS", "Begins at", Kind::Hex),
            ("TIMESTAMP", "Time", Kind::Time),
        ],
    ));
    view.facts("Access", rows);
    view.said = said(event, about, view);
}

/// The chain: who acts above whom it is done to.
fn processes(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    let (source, target) = (event.at("SOURCE"), event.at("TARGET"));
    if source.is_empty() && target.is_empty() {
        view.nodes = numbers(event);
        if view.nodes.is_empty() && (event.look("PROCESS_ID").is_some() || event.has("PARENT")) {
            process::actor(event, true, about, view);
            view.nodes.extend(flat_target(event));
        }
        return;
    }
    let nodes = [(source, "Source"), (target, "Target")];
    view.nodes = nodes
        .into_iter()
        .filter_map(|(fields, role)| process::node(fields).map(|node| Node { role, hit: role == "Source", ..node }))
        .collect();
    view.ghost = view.nodes.first().and_then(|first| first.parent_pid);
    for node in view.nodes.iter_mut().skip(1) {
        node.facts.extend(node.parent_pid.map(|pid| format!("parent PID {pid}")));
    }
    // The event's own numbers are those of target and source again.
    event.same_as(target, &["PROCESS_ID"]);
    if event.look("PARENT_PROCESS_ID").is_some_and(|pid| source.look("PROCESS_ID") == Some(pid)) {
        event.number("PARENT_PROCESS_ID");
    }
}

/// Both by their numbers alone: where source and target are told too, these are the numbers that the event repeats,
/// the target's as its process and the source's as its parent.
fn numbers(event: Fields<'_>) -> Vec<Node> {
    let told = ["FILE_PATH", "TARGET_FILE_PATH", "TARGET_PROCESS_ID", "PARENT"];
    if told.iter().any(|key| event.look(key).is_some()) {
        return Vec::new();
    }
    let numbers = [("PARENT_PROCESS_ID", "Source"), ("PROCESS_ID", "Target")];
    let found = numbers.into_iter().filter_map(|(key, role)| Some((event.number(key)?, role)));
    found.map(|(pid, role)| Node { role, hit: role == "Source", ..process::named("", Some(pid)) }).collect()
}

/// A target that stands beside the acting process instead of in an object of its own.
fn flat_target(event: Fields<'_>) -> Option<Node> {
    let path = event.text("TARGET_FILE_PATH").unwrap_or_default();
    let pid = event.number("TARGET_PROCESS_ID");
    if path.is_empty() && pid.is_none() {
        return None;
    }
    Some(process::named(path, pid))
}

fn said(event: Fields<'_>, about: &About<'_>, view: &EventView) -> Said {
    let Some(source) = view.nodes.iter().find(|node| node.hit) else {
        let many = event.list("EVENTS").len();
        let words = match about.kind {
            "SENSITIVE_PROCESS_ACCESS" => "A process reached for one that keeps secrets",
            "THREAD_INJECTION" => "A process seems to run code of its own inside another",
            _ => return Said::default(),
        };
        let told = if many == 1 { "as 1 event tells".to_owned() } else { format!("as {many} events tell") };
        return Said::default().words(&format!("{words}, {told}"));
    };
    let target = view.nodes.iter().find(|node| node.role == "Target");
    let words = if about.kind == "NEW_REMOTE_THREAD" { "started a thread inside" } else { "opened" };
    let said = Said::who(source).words(words);
    match target {
        Some(Node { bare: true, pid: Some(pid), .. }) => said.words(&format!("process {pid}")),
        Some(target) => said.name(&target.name),
        None => said.words("another process"),
    }
}

/// The rights that were asked for, by name.
fn rights(flags: i64) -> Row {
    let names: Vec<&str> = if flags & ALL_ACCESS == ALL_ACCESS {
        vec!["PROCESS_ALL_ACCESS"]
    } else {
        RIGHTS.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect()
    };
    let known = if flags & ALL_ACCESS == ALL_ACCESS { ALL_ACCESS } else { RIGHTS.iter().map(|(bit, _)| bit).sum() };
    let mut values: Vec<Shown> = names.into_iter().map(Shown::text).collect();
    if flags & !known != 0 {
        values.push(Shown::text(&format!("unnamed bits 0x{:x}", flags & !known)));
    }
    values.push(Shown::text(&format!("0x{flags:x}")).with(&format!("{flags} in all")));
    Row { label: "Rights".to_owned(), values }
}
