//! What the event says, ready to be compared with what voters state.
use crate::domain::claim::ClaimState;
use crate::domain::detection::Process;
use crate::domain::path::file_name;
use crate::domain::{Dossier, dossier::Intel};
use serde_json::Value;

/// How a statement stands, and what the event says.
pub type Judged = (ClaimState, String);

/// A process of the event and its file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thing {
    /// The file's name as it is written.
    pub name: String,
    /// Its path in small letters.
    pub path: String,
    /// Its hash in small letters.
    pub hash: String,
    /// Whether it is signed.
    pub signed: Option<bool>,
    /// The subject of its certificate in small letters, or empty.
    pub signer: String,
    /// Its own user in small letters, or empty.
    pub user: String,
}

impl Thing {
    fn of(process: &Process, object: &Value) -> Self {
        let text = |name: &str| object.pointer(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let flag = object.pointer("/SIGNATURE/FILE_IS_SIGNED").and_then(|flag| flag.as_i64().map(|flag| flag != 0));
        Self {
            name: file_name(&process.path).to_owned(),
            path: process.path.to_lowercase(),
            hash: process.hash.to_lowercase(),
            signed: process.signed.or(flag),
            signer: text("/SIGNATURE/CERT_SUBJECT"),
            user: process.user.to_lowercase(),
        }
    }

    /// Whether a word is the name of its file, with or without its ending.
    pub fn is_named(&self, word: &str) -> bool {
        let name = self.name.to_lowercase();
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        !name.is_empty() && (word == name || word.len() > 2 && word == stem)
    }
}

/// Whom a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The process of the event.
    Process,
    /// Its parent.
    Parent,
    /// Both of them.
    Both,
    /// Something else.
    Other,
}

/// The facts of a dossier.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The process of the event.
    pub process: Option<Thing>,
    /// Its parent.
    pub parent: Option<Thing>,
    /// The user, in small letters: the event's, else the parent's.
    pub user: String,
    /// What intelligence says.
    pub intel: &'a [Intel],
    texts: Vec<String>,
}

impl<'a> Facts<'a> {
    /// The facts of a dossier.
    pub fn of(dossier: &'a Dossier) -> Self {
        let detection = &dossier.detection;
        let event = &detection.event;
        let own = Process::read(event);
        let process = detection.process().or_else(|| own.clone());
        let is_own = process.as_ref().map(|one| &one.path) == own.as_ref().map(|one| &one.path);
        let nothing = Value::Null;
        let object = if is_own { event } else { event.get("PARENT").unwrap_or(&nothing) };
        let mut texts = Vec::new();
        leaves(event, &mut texts);
        texts.extend(dossier.observables.iter().map(|one| one.value.to_lowercase()));
        Self {
            process: process.map(|process| Thing::of(&process, object)),
            parent: detection.parent().map(|parent| Thing::of(&parent, event.get("PARENT").unwrap_or(&nothing))),
            user: detection.user().to_lowercase(),
            intel: &dossier.intel,
            texts,
        }
    }

    /// The things that a subject stands for.
    pub fn things(&self, subject: Subject) -> Vec<&Thing> {
        match subject {
            Subject::Process => self.process.iter().collect(),
            Subject::Parent => self.parent.iter().collect(),
            Subject::Both => self.process.iter().chain(&self.parent).collect(),
            Subject::Other => Vec::new(),
        }
    }

    /// Whether the event holds a text anywhere; small letters are asked for.
    pub fn holds(&self, text: &str) -> bool {
        self.texts.iter().any(|held| held.contains(text))
    }

    /// Whether the event holds a word with this start and this end.
    pub fn holds_ends(&self, head: &str, tail: &str) -> bool {
        self.texts.iter().any(|held| held.starts_with(head) && held.ends_with(tail))
    }

    /// Judges each thing of a subject; the worst counts, and nothing to look at means that nothing is known.
    pub fn judge(&self, subject: Subject, unknown: &str, each: impl Fn(&Thing) -> Judged) -> Judged {
        let all = self.things(subject).into_iter().map(each);
        all.max_by_key(|(state, _)| *state).unwrap_or_else(|| (ClaimState::Unsupported, unknown.to_owned()))
    }
}

fn leaves(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.to_lowercase()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, into)),
        _ => {}
    }
}

/// Supported where they agree, else contradicted.
pub const fn agree(same: bool) -> ClaimState {
    if same { ClaimState::Supported } else { ClaimState::Contradicted }
}
