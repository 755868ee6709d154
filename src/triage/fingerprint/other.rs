//! Events whose form is not LimaCharlie's own: Windows' logs, mail, and whatever an adapter sends.
use super::normal::{text, user_class};
use serde_json::Value;

/// Behaviour shows in the first fields of an event; an endless one must not cost endless time.
pub(super) const MOST_LEAVES: usize = 500;
const MOST_ITEMS: usize = 50;
const LONGEST_KEY: usize = 64;
const LONGEST_TEXT: usize = 8 * 1024;
const LONGEST_CODE: usize = 35;

/// Names, in lower case without `_`, that hold an instance: clocks, counters, handles, ports given out at random.
const VOLATILE: &[&str] = &[
    "timestamp",
    "creationtime",
    "processid",
    "parentprocessid",
    "threads",
    "memoryusage",
    "baseaddress",
    "messageid",
    "threadid",
    "eventrecordid",
    "systemtime",
    "timecreated",
    "utctime",
    "ipport",
    "sourceport",
    "correlation",
    "execution",
    "processguid",
    "parentprocessguid",
    "logonguid",
    "computer",
    "requestid",
    "eventtime",
    "id",
    "uuid",
    "traceid",
    "correlationid",
    "sessionid",
    "recordid",
    "ts",
    "time",
    "date",
    "creationdate",
];

/// Names whose number is behaviour.
const TELLING: &[&str] = &[
    "port",
    "type",
    "eventid",
    "accessflags",
    "dnstype",
    "isoutgoing",
    "state",
    "fileissigned",
    "logontype",
    "status",
    "code",
    "errorcode",
    "responsecode",
    "action",
    "svctype",
    "level",
];

fn plain(key: &str) -> String {
    key.to_lowercase().replace(['_', '-'], "")
}

fn is_volatile(name: &str) -> bool {
    VOLATILE.contains(&name) || name.ends_with("atom") || name.ends_with("logonid") || name.ends_with("logonguid")
}

/// All values of an event whose form is not known: volatile names left out, values as placeholders.
pub(super) fn leaves(prefix: &str, value: &Value, lines: &mut Vec<String>) {
    if lines.len() > MOST_LEAVES {
        return;
    }
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().filter(|(key, _)| !is_volatile(&plain(key))).collect();
            keys.sort_by_key(|(key, _)| *key);
            for (key, inner) in keys {
                let key = &key[..key.floor_char_boundary(LONGEST_KEY)];
                leaves(&format!("{prefix}/{key}"), inner, lines);
            }
        }
        Value::Array(items) => items.iter().take(MOST_ITEMS).for_each(|item| leaves(prefix, item, lines)),
        Value::String(value) => lines.push(format!("{prefix}={}", leaf(prefix, value))),
        Value::Number(number) if TELLING.contains(&&*last(prefix)) => lines.push(format!("{prefix}={number}")),
        Value::Number(_) | Value::Null => {}
        Value::Bool(flag) => lines.push(format!("{prefix}={flag}")),
    }
}

fn last(prefix: &str) -> String {
    plain(prefix.rsplit('/').next().unwrap_or_default())
}

fn leaf(prefix: &str, value: &str) -> String {
    let name = last(prefix);
    let value = &value[..value.floor_char_boundary(LONGEST_TEXT)];
    if name.ends_with("username") && !value.contains('@') {
        user_class(value).to_owned()
    } else if value.len() <= LONGEST_CODE && (TELLING.contains(&&*name) || name.contains("ipaddress")) {
        // An address or a code as text tells as much as it would as a number; an identifier is longer.
        value.to_lowercase()
    } else {
        text(value)
    }
}

/// An entry of a Windows log: its channel, provider and number, and the data that carry behaviour.
pub(super) fn windows_log(event: &Value, lines: &mut Vec<String>) {
    let entry = event.get("EVENT").unwrap_or(event);
    let system = entry.get("System").unwrap_or(&Value::Null);
    for at in ["/Channel", "/Provider/Name", "/EventID", "/EventID/#text"] {
        match system.pointer(at) {
            Some(Value::String(value)) => lines.push(format!("{at}={}", value.to_lowercase())),
            Some(Value::Number(number)) => lines.push(format!("{at}={number}")),
            _ => {}
        }
    }
    for part in ["EventData", "UserData"] {
        if let Some(data) = entry.get(part) {
            leaves(part, data, lines);
        }
    }
}

/// A mail: who sends, about what, with which attachments, and whether the sender was proven.
pub(super) fn mail(event: &Value, lines: &mut Vec<String>) {
    let headers = event.get("headers").unwrap_or(&Value::Null);
    for name in ["from", "reply-to", "return-path", "subject", "content-type"] {
        if let Some(value) = first(headers.get(name)) {
            // The boundary is new in every mail.
            let value = value.split("boundary=").next().unwrap_or(value);
            lines.push(format!("{name}={}", text(&value[..value.floor_char_boundary(LONGEST_TEXT)])));
        }
    }
    if let Some(results) = first(headers.get("authentication-results")) {
        let proofs = results
            .split([';', ' '])
            .filter(|part| ["spf=", "dkim=", "dmarc="].iter().any(|name| part.starts_with(name)));
        lines.push(format!("proofs={}", proofs.collect::<Vec<_>>().join(" ")));
    }
    for part in ["attachments", "parts", "urls"] {
        if let Some(inner) = event.get(part) {
            leaves(part, inner, lines);
        }
    }
}

fn first(value: Option<&Value>) -> Option<&str> {
    match value? {
        Value::String(text) => Some(text),
        Value::Array(items) => items.first().and_then(Value::as_str),
        _ => None,
    }
}
