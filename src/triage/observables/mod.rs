//! Observables of a detection: a walk over all values of its event in document order, each value
//! once. `fields` tells by a field's name what its value is; `scan` finds what stands inside a
//! longer text: addresses, URLs, e-mail addresses, hashes and files on command lines.
mod fields;
pub mod scan;

use crate::domain::{Detection, Observable, ObservableKind, path::file_name};
use fields::Meaning;
use serde_json::Value;
use std::collections::HashSet;

/// How many observables of one detection are kept.
const MOST: usize = 200;
/// The longest value that is kept: an index of `PostgreSQL` takes no longer ones.
const LONGEST: usize = 2_000;
/// How much of one text is searched for what stands inside it.
const SCANNED: usize = 16 * 1024;
/// What is kept of a key, and of the way to a value.
const LONGEST_KEY: usize = 64;
const LONGEST_ROLE: usize = 200;

/// The observables of a detection: those of its event, then its host.
pub fn of(detection: &Detection) -> Vec<Observable> {
    let mut found = Found::default();
    found.walk(&detection.event, &mut Vec::new());
    found.add(ObservableKind::Host, &detection.hostname, "routing/hostname");
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
                self.text(field, text.trim(), &path.join("/"));
            }
            _ => {}
        }
    }

    fn text(&mut self, field: &str, text: &str, role: &str) {
        match fields::meaning(field, text) {
            Meaning::Is(ObservableKind::Path) => self.file(text, role),
            Meaning::Is(kind) => {
                self.add(kind, text, role);
                if matches!(kind, ObservableKind::CommandLine | ObservableKind::Url) {
                    self.inside(text, role);
                }
            }
            Meaning::Hashes => scan::listed_hashes(text).for_each(|(kind, hash)| self.add(kind, hash, role)),
            Meaning::Text => self.inside(text, role),
            Meaning::Nothing => {}
        }
    }

    /// What stands inside a longer text.
    fn inside(&mut self, text: &str, role: &str) {
        let text = &text[..text.floor_char_boundary(SCANNED)];
        for (kind, value) in scan::values(text) {
            if kind == ObservableKind::Path { self.file(value, role) } else { self.add(kind, value, role) }
        }
    }

    /// A file by its path, and by its name.
    fn file(&mut self, path: &str, role: &str) {
        self.add(ObservableKind::Path, path, role);
        self.add(ObservableKind::File, file_name(path), role);
    }

    fn add(&mut self, kind: ObservableKind, value: &str, role: &str) {
        let value = canonical(kind, value);
        if value.is_empty() || value.len() > LONGEST || self.list.len() >= MOST {
            return;
        }
        if self.seen.insert((kind, value.clone())) {
            let role = role[..role.floor_char_boundary(LONGEST_ROLE)].replace('\0', "\u{FFFD}");
            self.list.push(Observable { kind, value, role });
        }
    }
}

/// One form for one value: what doesn't tell upper from lower case is in lower case.
pub fn canonical(kind: ObservableKind, value: &str) -> String {
    let value = value.trim().replace('\0', "\u{FFFD}");
    match kind {
        ObservableKind::Path
        | ObservableKind::Url
        | ObservableKind::User
        | ObservableKind::RegistryKey
        | ObservableKind::Pipe
        | ObservableKind::CommandLine => value,
        ObservableKind::Domain | ObservableKind::Host => value.trim_end_matches('.').to_lowercase(),
        _ => value.to_lowercase(),
    }
}
