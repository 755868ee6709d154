//! An event as one line: what happened, by whom, and whether it is the detection's own.
use super::is_trigger;
use crate::domain::Detection;
use crate::domain::evidence::{LINE, Line, Mark};
use serde_json::Value;

/// Fields that say what an event is about, in the order of a sentence.
const ABOUT: &[&str] = &[
    "DOMAIN_NAME",
    "IP_ADDRESS",
    "CNAME",
    "REGISTRY_KEY",
    "REGISTRY_VALUE",
    "SVC_NAME",
    "SVC_DISPLAY_NAME",
    "MODULE_NAME",
    "PIPE_NAME",
    "RULE_NAME",
    "URL",
];
/// Connections of an event that are named.
const CONNECTIONS: usize = 5;

/// Reads an event as LimaCharlie keeps it: `{event, routing, ts}`.
pub fn line(whole: &Value, detection: &Detection) -> Line {
    let (event, routing) = (&whole["event"], &whole["routing"]);
    let kind = text_of(routing, "event_type", 60);
    let mut marks = Vec::new();
    if is_trigger(routing, detection) {
        marks.push(Mark::Trigger);
    }
    marks.extend(signed(event));
    let atom = routing["this"].as_str().filter(|atom| is_atom(atom)).unwrap_or_default();
    Line {
        at_ms: routing["event_time"].as_i64().filter(|ms| (0..4_102_444_800_000).contains(ms)),
        event_type: kind,
        text: cut(&about(event), LINE),
        user: text_of(event, "USER_NAME", 200),
        marks,
        atom: atom.to_owned(),
        sid: String::new(),
    }
}

/// Whether a text is an atom as LimaCharlie writes it.
pub fn is_atom(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The mark of a file that an event tells to be signed or not.
pub(super) fn signed(event: &Value) -> Option<Mark> {
    event["FILE_IS_SIGNED"].as_i64().map(|signed| if signed == 0 { Mark::Unsigned } else { Mark::Signed })
}

/// What an event is about. Fields whose meaning isn't known are left out: they may name anybody.
pub(super) fn about(event: &Value) -> String {
    let mut parts = Vec::new();
    let (path, command) = (text_of(event, "FILE_PATH", LINE), text_of(event, "COMMAND_LINE", LINE));
    let name = path.rsplit(['\\', '/']).next().unwrap_or_default();
    if !path.is_empty() && (command.is_empty() || !command.to_lowercase().contains(&name.to_lowercase())) {
        parts.push(path.clone());
    }
    if !command.is_empty() {
        parts.push(if path.is_empty() || parts.is_empty() { command } else { format!("with {command}") });
    }
    parts.extend(ABOUT.iter().map(|field| text_of(event, field, 400)).filter(|text| !text.is_empty()));
    parts.extend(connections(event));
    parts.extend(logged(event));
    parts.join(" ")
}

fn connections(event: &Value) -> Option<String> {
    let one = |row: &Value| {
        let end = |name: &str| {
            let address = text_of(&row[name], "IP_ADDRESS", 60);
            let port = row[name]["PORT"].as_u64().map(|port| format!(" port {port}")).unwrap_or_default();
            (!address.is_empty()).then(|| format!("{address}{port}"))
        };
        match row["IS_OUTGOING"].as_i64() {
            Some(0) => end("SOURCE").map(|from| format!("from {from}")),
            _ => end("DESTINATION").map(|to| format!("to {to}")),
        }
    };
    let rows = event["NETWORK_ACTIVITY"].as_array().map_or_else(|| std::slice::from_ref(event), Vec::as_slice);
    let ends: Vec<String> = rows.iter().filter_map(one).take(CONNECTIONS).collect();
    let more = rows.len().saturating_sub(CONNECTIONS);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!ends.is_empty()).then(|| format!("{}{rest}", ends.join(", ")))
}

/// A record of the Windows event log: its number and its log.
fn logged(event: &Value) -> Option<String> {
    let system = event.pointer("/EVENT/System")?;
    let number =
        system["EventID"].as_str().map(str::to_owned).or_else(|| system["EventID"].as_i64().map(|id| id.to_string()));
    Some(format!("event {} in {}", cut(&number?, 20), text_of(system, "Channel", 100)))
}

fn text_of(from: &Value, field: &str, most: usize) -> String {
    cut(from[field].as_str().unwrap_or_default(), most)
}

/// At most so many characters, without NUL, which can't be stored.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
    .replace('\0', "\u{FFFD}")
}
