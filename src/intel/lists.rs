//! Lists of our own, read again when they change: what is malicious, what is harmless, and hashes of known good files.
//!
//! Deny and allow lists are CSV with the columns type, value, note. Known-good hashes are one a line, or
//! CSV in which every cell that has the form of a hash counts, as in the NSRL's files.
use super::settings::{self, BadIntel};
use super::watched::Watched;
use super::{Made, Provider, Trouble};
use crate::domain::ObservableKind;
use crate::domain::intel::{IntelVerdict, Opinion, Query};
use crate::secret::Keys;
use async_trait::async_trait;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

/// The name of the section.
pub(super) const NAME: &str = "lists";
/// The lists' names in the store.
pub(super) const DENY: &str = "deny";
/// See [`DENY`].
pub(super) const ALLOW: &str = "allow";
/// See [`DENY`].
pub(super) const KNOWN: &str = "known_good";
/// A list's name on pages; of anything else, its own.
pub(super) fn label(name: &str) -> &str {
    match name {
        DENY => "Deny list",
        ALLOW => "Allow list",
        KNOWN => "Known-good hashes",
        other => other,
    }
}

/// Entries of a list, and hashes of the known-good files; each hash takes as many bytes as it has.
const ENTRIES: usize = 1_000_000;
const HASHES: usize = 20_000_000;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "they are the names of the settings")]
struct Settings {
    /// A file with lines of `type,value,note` that count as malicious; a domain stands for all names below it.
    deny_file: String,
    /// The same of what is harmless; it never overrules who calls a value malicious.
    allow_file: String,
    /// A file with hashes of known good files, one a line or in cells.
    known_good_file: String,
}

/// What the section may hold.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Settings::json_schema(generator);
    let about = "Lists of our own, read again within a minute of a change; nothing leaves.";
    schema.insert("description".to_owned(), about.into());
    schema
}

/// Whether the section can be read.
pub(super) fn check(section: &Value) -> Result<(), BadIntel> {
    settings::read::<Settings>(NAME, section).map(|_| ())
}

/// The lists that are set.
pub(super) fn make(section: &Value, _keys: &Keys) -> Result<Made, BadIntel> {
    let read: Settings = settings::read(NAME, section)?;
    let mut all = Made::new();
    for (name, field, file) in [(DENY, "deny_file", &read.deny_file), (ALLOW, "allow_file", &read.allow_file)] {
        if !file.is_empty() {
            let bad = |why| BadIntel(format!("{NAME}.{field}: {file}: {why}"));
            all.push(Arc::new(List { name, entries: Watched::open(file, entries).map_err(bad)? }));
        }
    }
    if !read.known_good_file.is_empty() {
        let bad = |why| BadIntel(format!("{NAME}.known_good_file: {}: {why}", read.known_good_file));
        all.push(Arc::new(Known(Watched::open(&read.known_good_file, hashes).map_err(bad)?)));
    }
    Ok(all)
}

fn lines(file: &str) -> Result<impl Iterator<Item = Result<(usize, String), String>>, String> {
    let open = File::open(file).map_err(|error| error.to_string())?;
    let numbered = BufReader::new(open).lines().enumerate();
    Ok(numbered.map(|(at, line)| match line {
        Ok(line) => Ok((at + 1, line)),
        Err(error) => Err(format!("line {}: {error}", at + 1)),
    }))
}

/// A deny or an allow list.
struct List {
    name: &'static str,
    entries: Watched<Entries>,
}

/// Notes by type and value.
type Entries = HashMap<(ObservableKind, String), String>;

/// The entries of a file; the first line may name the columns, and lines that begin with `#` are remarks.
fn entries(file: &str) -> Result<Entries, String> {
    let mut entries = HashMap::new();
    for line in lines(file)? {
        let (number, line) = line?;
        let line = line.trim_start_matches('\u{FEFF}').trim();
        if line.is_empty()
            || line.starts_with('#')
            || number == 1 && line.to_ascii_lowercase().starts_with("type,value")
        {
            continue;
        }
        let cells = cells(line);
        let (kind, value) = match cells.as_slice() {
            [kind, value, ..] if !value.is_empty() => (kind, value),
            _ => return Err(format!("line {number}: must be type,value,note")),
        };
        let kind: ObservableKind = kind.to_lowercase().parse().map_err(|error| format!("line {number}: {error}"))?;
        let value = value.trim_end_matches('.').to_lowercase();
        entries.insert((kind, value), cells.get(2).cloned().unwrap_or_default());
        if entries.len() > ENTRIES {
            return Err(format!("has more than {ENTRIES} entries"));
        }
    }
    Ok(entries)
}

/// The cells of a line of CSV after RFC 4180; a cell does not go over several lines here.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            other => cell.push(other),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

/// The note of an entry for the value, or for the domain that a name lies in.
fn note(entries: &Entries, query: &Query) -> Option<String> {
    let value = query.observable.to_lowercase();
    let mut rest = value.as_str();
    loop {
        if let Some(note) = entries.get(&(query.kind, rest.to_owned())) {
            return Some(note.clone());
        }
        let is_name = query.kind == ObservableKind::Domain;
        rest = rest.split_once('.').map(|(_, parent)| parent).filter(|_| is_name)?;
    }
}

#[async_trait]
impl Provider for List {
    fn name(&self) -> &str {
        self.name
    }

    fn label(&self) -> &str {
        label(self.name)
    }

    fn is_local(&self) -> bool {
        true
    }

    fn takes(&self, _: ObservableKind) -> bool {
        true
    }

    async fn ask(&self, query: &Query) -> Result<Option<Opinion>, Trouble> {
        self.refresh().await;
        let Some(note) = note(&self.entries.get(), query) else { return Ok(None) };
        let denied = self.name == DENY;
        let says = if denied { "malicious" } else { "harmless" };
        let mut opinion = Opinion::of(self.name, BTreeMap::from([(says.to_owned(), 1)]));
        if !denied {
            opinion.verdict = IntelVerdict::KnownGood;
        }
        opinion.note = format!("It is on the {} list.", if denied { "deny" } else { "allow" });
        Ok(Some(opinion.with_labels([note])))
    }

    async fn check(&self) -> Result<Option<String>, Trouble> {
        Ok(Some(format!("{} entries", self.entries.get().len())))
    }

    async fn refresh(&self) {
        self.entries.refresh().await;
    }

    fn failure(&self) -> Option<(String, i64)> {
        self.entries.failure()
    }
}

/// Hashes of known good files, sorted.
#[derive(Default)]
struct Hashes {
    md5: Vec<[u8; 16]>,
    sha1: Vec<[u8; 20]>,
    sha256: Vec<[u8; 32]>,
}

fn hashes(file: &str) -> Result<Hashes, String> {
    let mut all = Hashes::default();
    for line in lines(file)? {
        let (_, line) = line?;
        for cell in line.split([',', ';', '\t', ' ']).map(|cell| cell.trim().trim_matches('"')) {
            match cell.len() {
                32 => all.md5.extend(bytes(cell)),
                40 => all.sha1.extend(bytes(cell)),
                64 => all.sha256.extend(bytes(cell)),
                _ => {}
            }
        }
        if all.len() > HASHES {
            return Err(format!("has more than {HASHES} hashes"));
        }
    }
    if all.len() == 0 {
        return Err("holds no hashes".to_owned());
    }
    all.md5.sort_unstable();
    all.sha1.sort_unstable();
    all.sha256.sort_unstable();
    Ok(all)
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex::decode(text).ok()?.try_into().ok()
}

impl Hashes {
    const fn len(&self) -> usize {
        self.md5.len() + self.sha1.len() + self.sha256.len()
    }

    fn holds(&self, query: &Query) -> bool {
        match query.kind {
            ObservableKind::Md5 => bytes(&query.value).is_some_and(|hash| self.md5.binary_search(&hash).is_ok()),
            ObservableKind::Sha1 => bytes(&query.value).is_some_and(|hash| self.sha1.binary_search(&hash).is_ok()),
            ObservableKind::Sha256 => bytes(&query.value).is_some_and(|hash| self.sha256.binary_search(&hash).is_ok()),
            _ => false,
        }
    }
}

/// The known-good hashes of a file.
struct Known(Watched<Hashes>);

#[async_trait]
impl Provider for Known {
    fn name(&self) -> &str {
        KNOWN
    }

    fn label(&self) -> &str {
        label(KNOWN)
    }

    fn is_local(&self) -> bool {
        true
    }

    fn takes(&self, kind: ObservableKind) -> bool {
        matches!(kind, ObservableKind::Md5 | ObservableKind::Sha1 | ObservableKind::Sha256)
    }

    async fn ask(&self, query: &Query) -> Result<Option<Opinion>, Trouble> {
        self.refresh().await;
        if !self.0.get().holds(query) {
            return Ok(None);
        }
        let mut opinion = Opinion::of(KNOWN, BTreeMap::from([("harmless".to_owned(), 1)]));
        opinion.verdict = IntelVerdict::KnownGood;
        "It is the hash of a known good file.".clone_into(&mut opinion.note);
        Ok(Some(opinion))
    }

    async fn check(&self) -> Result<Option<String>, Trouble> {
        Ok(Some(format!("{} hashes", self.0.get().len())))
    }

    async fn refresh(&self) {
        self.0.refresh().await;
    }

    fn failure(&self) -> Option<(String, i64)> {
        self.0.failure()
    }
}
