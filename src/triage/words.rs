//! What search knows of a detection: the words of its texts, and again those that stand in a certain field.
use crate::domain::search::Field;
use crate::domain::terms::{self, Entry};
use crate::domain::{Detection, Observable, ObservableKind};
use serde_json::Value;
use std::collections::HashSet;

/// Of the words of a detection, those of its texts; the rest is kept for those of fields.
const MOST_PLAIN: usize = 9_000;
/// What is kept of a key, and of the way to a text.
const LONGEST_KEY: usize = 64;
const LONGEST_PLACE: usize = 200;

/// A text of a detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// The field that it counts for, where it was taken for one.
    pub field: Option<Field>,
    /// Where it stands, such as `PARENT/COMMAND_LINE`.
    pub name: String,
    /// The text.
    pub text: &'a str,
}

/// The words of a detection for the index.
pub fn of(org_id: i64, detection: &Detection, observables: &[Observable]) -> String {
    let mut entry = Entry::new(org_id);
    each_text(detection, &mut |_, text| entry.add(None, text, MOST_PLAIN));
    for place in fields(detection, observables) {
        entry.add(place.field, place.text, terms::MOST);
    }
    entry.text
}

/// What is left of a detection whose document is gone.
#[derive(Debug, Clone)]
pub struct Left<'a> {
    /// Its own texts.
    pub texts: &'a [&'a str],
    /// What counts for the rule.
    pub rule: &'a [&'a str],
    /// What counts for the host.
    pub host: &'a [&'a str],
    /// Type and value of its case's observables.
    pub observables: Vec<(ObservableKind, &'a str)>,
}

/// The words of a detection whose document is gone.
pub fn of_left(org_id: i64, left: &Left<'_>) -> String {
    let mut entry = Entry::new(org_id);
    let plain = left.texts.iter().chain(left.rule).chain(left.host).copied();
    for text in plain.chain(left.observables.iter().map(|(_, value)| *value)) {
        entry.add(None, text, MOST_PLAIN);
    }
    let fields =
        left.rule.iter().map(|text| (Field::Rule, *text)).chain(left.host.iter().map(|text| (Field::Host, *text)));
    let known = left.observables.iter().filter_map(|(kind, value)| Field::of(*kind).map(|field| (field, *value)));
    for (field, text) in fields.chain(known) {
        entry.add(Some(field), text, terms::MOST);
    }
    entry.text
}

/// Every text of a detection, each once.
pub fn texts(detection: &Detection) -> Vec<Place<'_>> {
    let mut all = Vec::new();
    each_text(detection, &mut |path, text| {
        let name = path.join("/");
        let name = name[..name.floor_char_boundary(LONGEST_PLACE)].to_owned();
        all.push(Place { field: None, name, text });
        all.len() < MOST_PLAIN
    });
    all
}

/// What counts for a field: the rule, the host, the observables, the techniques.
pub fn fields<'a>(detection: &'a Detection, observables: &'a [Observable]) -> Vec<Place<'a>> {
    let place = |field, name: &str, text| Place { field: Some(field), name: name.to_owned(), text };
    let mut all = vec![
        place(Field::Rule, "Title", &*detection.rule.title),
        place(Field::Rule, "Rule", &*detection.rule.path),
        place(Field::Host, "Host", &*detection.hostname),
        place(Field::Host, "Sensor", &*detection.sid),
    ];
    let techniques = detection.rule.tags.iter().filter_map(|tag| tag.get(7..).filter(|_| is_technique(tag)));
    all.extend(techniques.map(|id| place(Field::Technique, "Technique", id)));
    let known = observables.iter().filter(|one| one.role != "routing/hostname");
    all.extend(known.filter_map(|one| Field::of(one.kind).map(|field| place(field, &one.role, &*one.value))));
    all
}

/// Whether a rule's tag names a technique, as `attack.t1218` does.
fn is_technique(tag: &str) -> bool {
    !crate::domain::technique::from_tags([tag]).is_empty()
}

type Visit<'v, 'a> = &'v mut dyn FnMut(&[&str], &'a str) -> bool;

/// Shows every text with the way to it, each text once, until the visitor has enough.
fn each_text<'a>(detection: &'a Detection, visit: Visit<'_, 'a>) {
    let mut seen = HashSet::new();
    let mut once = |path: &[&str], text: &'a str| !seen.insert(text) || visit(path, text);
    let own = [
        ("Title", &detection.rule.title),
        ("Rule", &detection.rule.path),
        ("Host", &detection.hostname),
        ("Detection", &detection.detect_id),
    ];
    let mut more = own.into_iter().all(|(name, text)| once(&[name], text));
    more = more && detection.tags.iter().all(|tag| once(&["Tag"], tag));
    more = more && detection.rule.tags.iter().all(|tag| once(&["Rule tag"], tag));
    more = more && walk(&detection.event, &mut Vec::new(), &mut once);
    if more {
        let mut path = vec!["routing"];
        for (key, value) in &detection.routing {
            path.push(&key[..key.floor_char_boundary(LONGEST_KEY)]);
            if !walk(value, &mut path, &mut once) {
                return;
            }
            path.pop();
        }
    }
}

fn walk<'a>(value: &'a Value, path: &mut Vec<&'a str>, visit: Visit<'_, 'a>) -> bool {
    match value {
        Value::Object(map) => map.iter().all(|(key, inner)| {
            path.push(&key[..key.floor_char_boundary(LONGEST_KEY)]);
            let more = walk(inner, path, visit);
            path.pop();
            more
        }),
        Value::Array(items) => items.iter().all(|item| walk(item, path, visit)),
        Value::String(text) => visit(path, text),
        _ => true,
    }
}
