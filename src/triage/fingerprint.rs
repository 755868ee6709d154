//! Fingerprint: a behaviour without its instance, so that repeats fall together and near-misses don't.
//!
//! It is SHA-256 over a canonical text of the rule's path and the fields that carry behaviour.
//! In paths and command lines, what differs from one run to the next (numbers, GUIDs, hashes,
//! blobs, temporary names, addresses, profile and version folders) becomes a typed placeholder.
//! What tells behaviours apart stays: folders, switches, signatures, the parent, the kind of user.
use crate::domain::{Detection, detection::Process};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// The version of the canonical text; a change makes all fingerprints new.
const VERSION: &str = "1";

/// Behaviour shows in the first fields of an event; an endless one must not cost endless time.
const MOST_LEAVES: usize = 500;
const LONGEST_KEY: usize = 64;

/// The fingerprint in hex.
pub fn of(detection: &Detection) -> String {
    hex::encode(Sha256::digest(canonical(detection)))
}

/// The text that is hashed, one `name=value` a line.
pub fn canonical(detection: &Detection) -> String {
    let mut lines = vec![
        format!("version={VERSION}"),
        format!("rule={}", detection.rule.path),
        format!("event={}", detection.event_type),
    ];
    match detection.process() {
        Some(process) if detection.event_type == "NEW_PROCESS" => {
            process_lines("", &process, &mut lines);
            let parent = detection.parent().unwrap_or_default();
            lines.push(format!("parent.image={}", path(&parent.path)));
            lines.push(format!("parent.signed={}", signed(&parent)));
            lines.push(format!("user={}", user_class(&detection.user())));
        }
        _ => leaves("", &detection.event, &mut lines),
    }
    lines.join("\n")
}

fn process_lines(prefix: &str, process: &Process, lines: &mut Vec<String>) {
    lines.push(format!("{prefix}image={}", path(&process.path)));
    lines.push(format!("{prefix}signed={}", signed(process)));
    lines.push(format!("{prefix}command={}", command(&process.command_line)));
}

fn signed(process: &Process) -> &'static str {
    match process.signed {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

/// All texts of an event whose form is not known: volatile names left out, values as placeholders.
fn leaves(prefix: &str, value: &Value, lines: &mut Vec<String>) {
    const VOLATILE: &[&str] = &[
        "TIMESTAMP",
        "CREATION_TIME",
        "PROCESS_ID",
        "PARENT_PROCESS_ID",
        "THREADS",
        "MEMORY_USAGE",
        "BASE_ADDRESS",
        "MESSAGE_ID",
    ];
    if lines.len() > MOST_LEAVES {
        return;
    }
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> =
                map.iter().filter(|(key, _)| !VOLATILE.contains(&key.as_str()) && !key.ends_with("_ATOM")).collect();
            keys.sort_by_key(|(key, _)| *key);
            for (key, inner) in keys {
                let key = &key[..key.floor_char_boundary(LONGEST_KEY)];
                leaves(&format!("{prefix}/{key}"), inner, lines);
            }
        }
        Value::Array(items) => items.iter().take(50).for_each(|item| leaves(prefix, item, lines)),
        Value::String(text) if text.contains('\\') || text.contains(' ') => {
            lines.push(format!("{prefix}={}", command(text)));
        }
        Value::String(text) => lines.push(format!("{prefix}={}", token(text))),
        Value::Number(_) | Value::Null => {}
        Value::Bool(flag) => lines.push(format!("{prefix}={flag}")),
    }
}

/// A path in lower case with placeholders for drive, profile, version and GUID folders.
pub fn path(path: &str) -> String {
    let lower = path.to_lowercase().replace('/', "\\");
    let parts: Vec<_> = lower.split('\\').collect();
    let mut out = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let profile = at > 0 && parts[at - 1] == "users" && !matches!(*part, "public" | "default");
        out.push(match *part {
            drive if at == 0 && drive.len() == 2 && drive.ends_with(':') => "<drive>".to_owned(),
            _ if profile => "<user>".to_owned(),
            version if at + 1 < parts.len() && is_version(version) => "<version>".to_owned(),
            other => word(other),
        });
    }
    out.join("\\")
}

/// A command line, token by token; quotes are kept out of the comparison, switches are not.
pub fn command(line: &str) -> String {
    line.split(|c: char| c.is_whitespace() || c == '"' || c == '\'')
        .filter(|part| !part.is_empty())
        .map(token)
        .collect::<Vec<_>>()
        .join(" ")
}

fn token(text: &str) -> String {
    if text.contains('\\') && !text.starts_with('-') {
        return path(text);
    }
    if let Some(payload) = blob(text) {
        return payload;
    }
    match text.split_once(['=', ':']).filter(|(name, _)| name.starts_with(['-', '/'])) {
        Some((name, value)) => {
            let value = blob(value).unwrap_or_else(|| word(&value.to_lowercase()));
            format!("{}:{value}", name.to_lowercase())
        }
        None => word(&text.to_lowercase()),
    }
}

/// An encoded payload is behaviour: another payload, if only in upper and lower case, is another fingerprint.
fn blob(text: &str) -> Option<String> {
    let bare = text.trim_matches(|c| matches!(c, '{' | '}' | '(' | ')' | ',' | ';'));
    let encoded = bare.len() >= 40 && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    let plain = bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    (encoded && !plain).then(|| format!("<blob:{}>", &hex::encode(Sha256::digest(bare))[..16]))
}

/// One word: a typed placeholder where it is an instance, else itself with its runs of digits as `#`.
fn word(text: &str) -> String {
    let bare = text.trim_matches(|c| matches!(c, '{' | '}' | '(' | ')' | ',' | ';'));
    let stem = bare.split('.').next().unwrap_or(bare);
    let hexadecimal = |s: &str| s.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_guid(bare) || is_guid(stem) {
        return text.replace(if is_guid(bare) { bare } else { stem }, "<guid>");
    }
    if let Some(kind) = address(bare) {
        return kind.to_owned();
    }
    match stem.len() {
        32 | 40 | 64 if hexadecimal(stem) => return "<hash>".to_owned(),
        // An encoded payload is behaviour: another payload is another fingerprint.
        40.. if bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)) => {
            return format!("<blob:{}>", &hex::encode(Sha256::digest(bare))[..16]);
        }
        8.. if hexadecimal(stem) && stem.bytes().any(|byte| byte.is_ascii_digit()) => {
            return text.replacen(stem, "<hex>", 1);
        }
        _ => {}
    }
    if (stem.starts_with("tmp") || stem.starts_with('~')) && stem.bytes().any(|byte| byte.is_ascii_digit()) {
        return text.replacen(stem, "<temp>", 1);
    }
    numbers(text)
}

/// Runs of digits as `#`, but not those within a name such as `rundll32`.
fn numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    let mut in_name = false;
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            out.push_str(if in_name { &digits } else { "#" });
            digits.clear();
        }
        in_name = c.is_alphabetic();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

fn is_version(text: &str) -> bool {
    text.contains('.')
        && text.split(['.', '_', '-']).all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Addresses on this machine, inside and outside are different behaviours.
fn address(text: &str) -> Option<&'static str> {
    let host = text
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(text, |(host, _)| host);
    Some(match host.parse::<IpAddr>().ok()? {
        ip if ip.is_loopback() => "<ip:loopback>",
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => "<ip:private>",
        _ => "<ip:public>",
    })
}

/// The kind of user: SYSTEM, a service, an administrator by name, or a user.
pub fn user_class(user: &str) -> &'static str {
    let lower = user.to_lowercase();
    let name = lower.rsplit('\\').next().unwrap_or(&lower);
    match name {
        "" => "unknown",
        "system" | "root" => "system",
        "local service" | "network service" | "localservice" | "networkservice" => "service",
        _ if name.starts_with("svc") || name.ends_with('$') => "service",
        _ if name.starts_with("admin") || name.ends_with("admin") => "admin",
        _ => "user",
    }
}
