//! Which fields carry the behaviour, for each type of event.
use super::normal::{command, path, text, token, user_class};
use super::other;
use crate::domain::Detection;
use crate::domain::detection::Process;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How many connections or nested events tell a behaviour; more of them are the same again.
const MOST_PARTS: usize = 64;
/// Ports from here on are given out at random.
const EPHEMERAL: i64 = 49_152;

/// The lines of a detection's event.
pub(super) fn lines(detection: &Detection, lines: &mut Vec<String>) {
    let event = &detection.event;
    match detection.event_type.as_str() {
        "NEW_PROCESS" | "EXISTING_PROCESS" | "TERMINATE_PROCESS" if detection.process().is_some() => {
            started(detection, lines);
        }
        "NETWORK_CONNECTIONS" => acted(detection, destinations(event), lines),
        kind if kind.contains("_TCP") || kind.contains("_UDP") => acted(detection, destinations(event), lines),
        "DNS_REQUEST" => acted(detection, named(event, &["DOMAIN_NAME", "DNS_TYPE", "CNAME"]), lines),
        "FILE_CREATE" | "FILE_MODIFIED" | "FILE_DELETE" | "FILE_READ" | "FILE_TYPE_ACCESSED" | "NEW_DOCUMENT"
        | "FIM_HIT" => acted(detection, named(event, &["FILE_PATH", "REGISTRY_KEY", "ACTION"]), lines),
        kind if kind.starts_with("REGISTRY_") || kind == "AUTORUN_CHANGE" => {
            acted(detection, named(event, &["REGISTRY_KEY", "REGISTRY_VALUE", "TYPE"]), lines);
        }
        "MODULE_LOAD" | "DRIVER_CHANGE" | "SERVICE_CHANGE" => {
            let fields = ["FILE_PATH", "MODULE_NAME", "SVC_NAME", "EXECUTABLE", "DLL", "SVC_TYPE", "FILE_IS_SIGNED"];
            acted(detection, named(event, &fields), lines);
        }
        "NEW_NAMED_PIPE" | "OPEN_NAMED_PIPE" => acted(detection, named(event, &["PIPE_NAME", "FILE_PATH"]), lines),
        "NEW_REMOTE_THREAD" | "REMOTE_PROCESS_HANDLE" => acted(detection, access(event), lines),
        "SENSITIVE_PROCESS_ACCESS" | "THREAD_INJECTION" => acted(detection, nested(event), lines),
        "CODE_IDENTITY" => identity(event, lines),
        "YARA_DETECTION" => yara(detection, lines),
        "WEL" => other::windows_log(event, lines),
        _ if event.get("headers").is_some_and(Value::is_object) => other::mail(event, lines),
        _ => other::leaves("", event, lines),
    }
}

/// A process with its parent and its user.
fn started(detection: &Detection, lines: &mut Vec<String>) {
    let process = detection.process().unwrap_or_default();
    let parent = detection.parent().unwrap_or_default();
    program("", &process, lines);
    lines.push(format!("parent.image={}", path(&parent.path)));
    lines.push(format!("parent.signed={}", signed(&parent)));
    lines.push(format!("user={}", user_class(&detection.user())));
}

/// What was done, and by whom: the event's own process where it tells one, and `PARENT` or `PROCESS`.
fn acted(detection: &Detection, what: impl IntoIterator<Item = String>, lines: &mut Vec<String>) {
    lines.extend(what);
    let event = &detection.event;
    let own = detection.process().filter(|process| !process.command_line.is_empty());
    let by =
        [("process.", own), ("parent.", detection.parent()), ("by.", event.get("PROCESS").and_then(Process::read))];
    for (prefix, process) in by {
        if let Some(process) = process {
            program(prefix, &process, lines);
        }
    }
    lines.push(format!("user={}", user_class(&detection.user())));
}

fn program(prefix: &str, process: &Process, lines: &mut Vec<String>) {
    lines.push(format!("{prefix}image={}", path(&process.path)));
    lines.push(format!("{prefix}signed={}", signed(process)));
    lines.push(format!("{prefix}command={}", command(&process.command_line)));
}

const fn signed(process: &Process) -> &'static str {
    match process.signed {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

/// Certain fields of an object, as they are there.
fn named(event: &Value, fields: &[&str]) -> Vec<String> {
    let value = |field: &&str| match event.get(field)? {
        Value::String(value) if field.ends_with("_PATH") => Some(format!("{field}={}", path(value))),
        Value::String(value) => Some(format!("{field}={}", text(value.trim_end_matches('.')))),
        Value::Number(number) => Some(format!("{field}={number}")),
        _ => None,
    };
    fields.iter().filter_map(value).collect()
}

/// Where connections lead, each once: direction, protocol, address, port.
fn destinations(event: &Value) -> BTreeSet<String> {
    let all = event.get("NETWORK_ACTIVITY").and_then(Value::as_array);
    let list = all.map_or(std::slice::from_ref(event), Vec::as_slice);
    list.iter().take(MOST_PARTS).map(destination).collect()
}

fn destination(connection: &Value) -> String {
    let outgoing = connection.get("IS_OUTGOING").and_then(Value::as_i64) != Some(0);
    // What comes in is told by our own port and by who comes.
    let (far, near) = if outgoing { ("DESTINATION", "") } else { ("SOURCE", "DESTINATION") };
    let address = connection.pointer(&format!("/{far}/IP_ADDRESS")).and_then(Value::as_str).unwrap_or_default();
    let port = connection.pointer(&format!("/{}/PORT", if outgoing { far } else { near })).and_then(Value::as_i64);
    let port = match port {
        Some(port) if port < EPHEMERAL => port.to_string(),
        Some(_) => "#".to_owned(),
        None => "?".to_owned(),
    };
    let protocol = connection.get("PROTOCOL").and_then(Value::as_str).unwrap_or_default();
    format!("to={} {protocol} {}:{port}", if outgoing { "out" } else { "in" }, place(address))
}

/// A public address is behaviour; one inside is an instance.
fn place(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(ip) => match crate::domain::observable::place(ip) {
            "public" => ip.to_string(),
            inside => format!("<ip:{inside}>"),
        },
        Err(_) => token(address),
    }
}

/// One process reaching into another.
fn access(event: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (prefix, field) in [("source.", "SOURCE"), ("target.", "TARGET")] {
        if let Some(process) = event.get(field).and_then(Process::read) {
            program(prefix, &process, &mut lines);
        }
    }
    let image = |field: &str| event.get(field).and_then(Value::as_str).map(|image| format!("{field}={}", path(image)));
    lines.extend(["FILE_PATH", "TARGET_FILE_PATH", "SOURCE_FILE_PATH"].into_iter().filter_map(image));
    lines.extend(event.get("ACCESS_FLAGS").and_then(Value::as_i64).map(|flags| format!("access={flags:x}")));
    lines
}

/// The events within an event, each once, whatever their order.
fn nested(event: &Value) -> BTreeSet<String> {
    // A document of the vendor's wraps the list once more.
    let list = event.get("EVENTS").or_else(|| event.pointer("/event/EVENTS")).and_then(Value::as_array);
    let list = list.into_iter().flatten().take(MOST_PARTS);
    list.map(|inner| {
        let kind = inner.pointer("/routing/event_type").and_then(Value::as_str).unwrap_or_default();
        let inner = inner.get("event").unwrap_or(inner);
        let mut lines = access(inner);
        if let Some(process) = Process::read(inner) {
            program("", &process, &mut lines);
        }
        format!("{kind}:{}", lines.join("|"))
    })
    .collect()
}

/// A file's identity: where it lies and who signed it; without a valid signature its hash.
fn identity(event: &Value, lines: &mut Vec<String>) {
    lines.extend(named(event, &["FILE_PATH", "ORIGINAL_FILE_NAME"]));
    let signature = event.get("SIGNATURE").unwrap_or(&Value::Null);
    lines.extend(named(signature, &["CERT_SUBJECT", "CERT_ISSUER", "FILE_IS_SIGNED", "FILE_CERT_IS_VERIFIED_LOCAL"]));
    let flag = |field: &str| signature.get(field).and_then(Value::as_i64) == Some(1);
    if !(flag("FILE_IS_SIGNED") && flag("FILE_CERT_IS_VERIFIED_LOCAL")) {
        let hash = event.get("HASH").and_then(Value::as_str).unwrap_or_default();
        lines.push(format!("hash={}", hash.to_lowercase()));
    }
}

/// What matched, and in which file or process.
fn yara(detection: &Detection, lines: &mut Vec<String>) {
    let event = &detection.event;
    lines.extend(event.get("RULE_NAME").and_then(Value::as_str).map(|rule| format!("yara={rule}")));
    acted(detection, named(event, &["FILE_PATH"]), lines);
}
