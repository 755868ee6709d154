//! Observables of an event: a walk over all of its values in document order, each value once.
use crate::domain::{Detection, Observable, ObservableKind};
use serde_json::Value;
use std::collections::HashSet;
use std::net::IpAddr;

/// How many observables of one detection are kept.
const MOST: usize = 200;
/// What is kept of a key, and of the way to a value.
const LONGEST_KEY: usize = 64;
const LONGEST_ROLE: usize = 200;

/// The observables of a detection: those of its event, then files named on command lines, then host and user.
pub fn of(detection: &Detection) -> Vec<Observable> {
    let mut found = Found::default();
    found.walk(&detection.event, &mut Vec::new());
    for (role, process) in [("COMMAND_LINE", detection.process()), ("PARENT/COMMAND_LINE", detection.parent())] {
        let Some(process) = process else { continue };
        for path in files_named(&process.command_line) {
            found.add(ObservableKind::Path, path, role);
        }
    }
    found.add(ObservableKind::Host, &detection.hostname, "routing/hostname");
    found.add(ObservableKind::User, &detection.user(), "USER_NAME");
    found.list
}

#[derive(Default)]
struct Found {
    list: Vec<Observable>,
    seen: HashSet<(ObservableKind, String)>,
}

impl Found {
    fn walk<'a>(&mut self, value: &'a Value, path: &mut Vec<&'a str>) {
        if self.list.len() >= MOST {
            return;
        }
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    path.push(&key[..key.floor_char_boundary(LONGEST_KEY)]);
                    self.walk(inner, path);
                    path.pop();
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, path)),
            Value::String(text) => {
                let field = path.last().copied().unwrap_or_default();
                if let Some(kind) = kind_of(field, text) {
                    self.add(kind, text, &path.join("/"));
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, kind: ObservableKind, value: &str, role: &str) {
        let value = canonical(kind, value);
        if value.is_empty() || value.len() > 2_000 || self.list.len() >= MOST {
            return;
        }
        if self.seen.insert((kind, value.clone())) {
            let role = role[..role.floor_char_boundary(LONGEST_ROLE)].replace('\0', "\u{FFFD}");
            self.list.push(Observable { kind, value, role });
        }
    }
}

/// The type of a value, by the field's name first and by its form second.
fn kind_of(field: &str, value: &str) -> Option<ObservableKind> {
    match field {
        "FILE_PATH" | "ORIGINAL_FILE_PATH" => Some(ObservableKind::Path),
        "DOMAIN_NAME" => Some(ObservableKind::Domain),
        "IP_ADDRESS" => value.parse::<IpAddr>().is_ok().then_some(ObservableKind::Ip),
        "URL" => Some(ObservableKind::Url),
        "COMMAND_LINE" | "USER_NAME" => None,
        _ if field.starts_with("HASH") || field.ends_with("HASH") => hash(value),
        _ => form(value),
    }
}

fn form(value: &str) -> Option<ObservableKind> {
    if value.starts_with("http://") || value.starts_with("https://") {
        return Some(ObservableKind::Url);
    }
    // Atoms look like MD5, so a bare 32-digit value counts only under a hash's name.
    if value.len() >= 40 {
        return hash(value);
    }
    value.parse::<IpAddr>().is_ok().then_some(ObservableKind::Ip)
}

fn hash(value: &str) -> Option<ObservableKind> {
    if !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match value.len() {
        64 => Some(ObservableKind::Sha256),
        40 => Some(ObservableKind::Sha1),
        32 => Some(ObservableKind::Md5),
        _ => None,
    }
}

fn canonical(kind: ObservableKind, value: &str) -> String {
    let value = value.trim().replace('\0', "\u{FFFD}");
    match kind {
        ObservableKind::Path | ObservableKind::Url | ObservableKind::User => value,
        _ => value.to_lowercase(),
    }
}

/// Absolute paths of files on a command line: quoted or bare, with an extension, programs' switches left out.
fn files_named(command_line: &str) -> Vec<&str> {
    let mut rest = command_line;
    let mut files = Vec::new();
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[start..];
        let (token, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        if is_file(token) {
            files.push(token);
        }
        rest = after;
    }
    files
}

fn is_file(token: &str) -> bool {
    let drive = token.as_bytes().get(1..3) == Some(b":\\") && token.as_bytes()[0].is_ascii_alphabetic();
    let absolute = drive || token.starts_with("\\\\") || token.starts_with('/');
    let name = crate::domain::path::file_name(token);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    absolute
        && (1..=5).contains(&extension.len())
        && extension.chars().all(|c| c.is_ascii_alphanumeric())
        && !token.contains('*')
}
