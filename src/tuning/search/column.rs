//! Documents as columns: the fields that many false positives have, and what each is worth in an exclusion.
use super::Sample;
use crate::tuning::condition::{LONGEST, is_of_one_event};
use serde_json::Value;
use std::collections::HashMap;

/// Fields that are looked at, those of most false positives first.
const MOST: usize = 60;
/// Fields of one document that are read, and how deep.
const MOST_OF_ONE: usize = 400;
const DEEPEST: usize = 6;
/// Paths of all documents together: their names may be anybody's.
const MOST_PATHS: usize = 4_000;
/// Texts of fields that are no paths and no command lines: longer ones are not compared.
const LONGEST_OTHER: usize = 200;

/// What kind of field it is, from what is hardest to forge to what an attacker writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Who signed the file.
    Signer,
    /// The file's hash.
    Hash,
    /// Where a file lies.
    Path,
    /// What says little by itself: a user, an event type, whether a file is signed, a number.
    Little,
    /// A command line.
    Command,
    /// Anything else: host names, keys, domains, words.
    Other,
}

/// One field of all samples.
#[derive(Debug)]
pub(super) struct Column<'a> {
    /// Its path in the document, such as `detect/event/PARENT/FILE_PATH`.
    pub path: String,
    /// Its kind.
    pub kind: Kind,
    /// Its values, each once.
    pub values: Vec<&'a Value>,
    /// The place of each sample's value among those.
    pub of: Vec<Option<usize>>,
}

/// What the documents hold at one path.
struct Found<'a> {
    path: String,
    takes: Takes,
    /// Whether a document holds a list there.
    list: bool,
    /// Samples to be covered that have it.
    targets: usize,
    /// Samples by their places, with their values.
    values: Vec<(usize, &'a Value)>,
}

/// What is read at a path, by its name.
#[derive(Clone, Copy)]
struct Takes {
    /// The longest text; 0 for none.
    text: usize,
    number: bool,
}

/// All paths, while the documents are read.
#[derive(Default)]
struct Table<'a> {
    places: HashMap<String, usize>,
    found: Vec<Found<'a>>,
    /// The document that is read, whether it is one to be covered, and how many of its fields were read.
    at: (usize, bool, usize),
}

/// The fields that the false positives have most often.
///
/// A field that holds a list in any sample is left out: a condition would hold by one entry, whatever the others are.
pub(super) fn columns(samples: &[Sample], is_target: impl Fn(usize) -> bool) -> Vec<Column<'_>> {
    let mut table = Table::default();
    for (at, sample) in samples.iter().enumerate() {
        table.at = (at, is_target(at), 0);
        table.read(&sample.document);
    }
    let mut found = table.found;
    found.retain(|one| !one.list && one.targets > 0);
    found.sort_by(|one, other| other.targets.cmp(&one.targets).then_with(|| one.path.cmp(&other.path)));
    found.truncate(MOST);
    found.into_iter().map(|one| column(one, samples.len())).collect()
}

/// The same with each value once.
fn column(found: Found<'_>, samples: usize) -> Column<'_> {
    let (mut known, mut values, mut of) = (HashMap::new(), Vec::new(), vec![None; samples]);
    for (at, value) in found.values {
        let key = (value.as_str(), value.as_i64());
        let place = *known.entry(key).or_insert_with(|| {
            values.push(value);
            values.len() - 1
        });
        of[at] = Some(place);
    }
    let first = values.iter().find_map(|value| value.as_str()).unwrap_or_default();
    Column { kind: kind(&found.path, first), path: found.path, values, of }
}

impl<'a> Table<'a> {
    fn read(&mut self, document: &'a Value) {
        for name in ["event_type", "hostname"] {
            let value = &document["routing"][name];
            if value.as_str().is_some_and(|text| !text.is_empty()) {
                self.add(&format!("routing/{name}"), value);
            }
        }
        let nested = document["detect"].get("event").is_some();
        let mut path = if nested { "detect/event".to_owned() } else { "detect".to_owned() };
        self.walk(if nested { &document["detect"]["event"] } else { &document["detect"] }, &mut path, 0);
    }

    fn walk(&mut self, at: &'a Value, path: &mut String, depth: usize) {
        let Some(map) = at.as_object().filter(|_| depth < DEEPEST) else { return };
        let length = path.len();
        for (name, value) in map {
            // Such a name would be read as a step of the path.
            if name.contains('/') || matches!(name.as_str(), "" | "?" | "*") {
                continue;
            }
            path.push('/');
            path.push_str(name);
            match value {
                Value::Object(_) => self.walk(value, path, depth + 1),
                Value::Array(_) | Value::String(_) | Value::Number(_) => self.add(path, value),
                _ => {}
            }
            path.truncate(length);
        }
    }

    fn add(&mut self, path: &str, value: &'a Value) {
        let (at, target, read) = self.at;
        let place = self.places.get(path).copied();
        if read == MOST_OF_ONE || place.is_none() && self.found.len() == MOST_PATHS {
            return;
        }
        let place = place.unwrap_or_else(|| {
            self.places.insert(path.to_owned(), self.found.len());
            let name = path.rsplit('/').next().unwrap_or_default();
            let empty =
                Found { path: path.to_owned(), takes: takes(name), list: false, targets: 0, values: Vec::new() };
            self.found.push(empty);
            self.found.len() - 1
        });
        let found = &mut self.found[place];
        self.at.2 += 1;
        found.list = found.list || value.is_array();
        if !found.takes.fits(value) {
            return;
        }
        found.targets += usize::from(target);
        found.values.push((at, value));
    }
}

impl Takes {
    fn fits(self, value: &Value) -> bool {
        match value {
            Value::String(text) => (1..=self.text).contains(&text.len()) && text.chars().any(char::is_alphabetic),
            _ => self.number && value.is_i64(),
        }
    }
}

fn takes(name: &str) -> Takes {
    let upper = name.to_ascii_uppercase();
    let long = is_command(&upper) || upper.ends_with("PATH");
    let longest = if long { LONGEST } else { LONGEST_OTHER };
    let text = if is_of_one_event(name) { 0 } else { longest };
    Takes { text, number: is_telling(&upper) }
}

/// Numbers that are behaviour rather than a counter or a handle.
fn is_telling(upper: &str) -> bool {
    const TELLING: &[&str] = &["FILE_IS_SIGNED", "PORT", "EVENTID", "EVENT_ID", "LOGONTYPE", "LOGON_TYPE", "DNS_TYPE"];
    TELLING.contains(&upper)
}

fn is_command(upper: &str) -> bool {
    upper.contains("COMMAND_LINE") || upper.contains("COMMANDLINE")
}

fn kind(path: &str, first: &str) -> Kind {
    const LITTLE: &[&str] = &["USER_NAME", "USER", "EVENT_TYPE", "CHANNEL", "PROVIDER", "ACTION", "STATE"];
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
    let holds = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if is_command(&name) {
        Kind::Command
    } else if first.is_empty() || LITTLE.contains(&name.as_str()) {
        Kind::Little
    } else if holds(&["CERT_", "SIGNER", "PUBLISHER"]) || name == "SIGNATURE" {
        Kind::Signer
    } else if holds(&["HASH", "MD5", "SHA1", "SHA256"]) {
        Kind::Hash
    } else if holds(&["PATH", "IMAGE"]) && (first.contains('\\') || first.starts_with('/')) {
        Kind::Path
    } else {
        Kind::Other
    }
}

/// What a field is called in a condition.
pub(super) fn title(path: &str) -> &str {
    let own = path.strip_prefix("detect/event/").or_else(|| path.strip_prefix("detect/")).unwrap_or(path);
    match own {
        "FILE_PATH" | "FILE_IS_SIGNED" => "Image",
        "PARENT/FILE_PATH" | "PARENT/FILE_IS_SIGNED" => "Parent image",
        "HASH" => "Hash of the image",
        "PARENT/HASH" => "Hash of the parent image",
        "COMMAND_LINE" => "Command line",
        "PARENT/COMMAND_LINE" => "Parent command line",
        "USER_NAME" => "User",
        "PARENT/USER_NAME" => "User of the parent",
        "routing/hostname" => "Host",
        "routing/event_type" => "Event type",
        other => other,
    }
}

/// What a condition on the field is about: path, hash and signer of one process speak of one file.
pub(super) fn subject(path: &str, kind: Kind) -> String {
    let within = path.rsplit_once('/').map_or("", |(within, _)| within);
    match kind {
        Kind::Path | Kind::Hash | Kind::Signer => within.strip_suffix("/SIGNATURE").unwrap_or(within).to_owned(),
        _ => path.to_owned(),
    }
}
