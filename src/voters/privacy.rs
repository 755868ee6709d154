//! What leaves the house names nobody: users, hosts, inner addresses and secrets become words such as `USER_1`.
//!
//! A [`Mask`] is made from a dossier, so that a value has one word wherever it stands: `ACME\Ana`,
//! `C:\Users\ana\` and `ANA@acme.example` share what they share. Texts are masked before they are
//! escaped and cut, so that no form of a value slips through. Answers are put back with what the event
//! says, but a secret stays a word: nobody needs it to judge an alert.
mod encoded;
mod identity;
mod secrets;
mod shapes;
mod spell;

use crate::domain::{Answer, Dossier, ObservableKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spell::Folded;

/// When a voter gets words instead of names and secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Where its data leaves the house.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Privacy {
    /// Whether it holds for a voter whose data leaves the house or doesn't.
    pub const fn holds(self, cloud: bool) -> bool {
        match self {
            Self::Auto => cloud,
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Host,
    Ip,
    Domain,
    Email,
    Secret,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Host => "HOST",
            Self::Ip => "IP",
            Self::Domain => "DOMAIN",
            Self::Email => "EMAIL",
            Self::Secret => "SECRET",
        }
    }
}

/// A value that must not leave, and the word for it.
#[derive(Debug, Clone)]
struct Known {
    kind: Kind,
    value: String,
    folded: Vec<char>,
    token: String,
    used: bool,
}

/// The words for one dossier's values.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    known: Vec<Known>,
    /// All texts in capitals: a word that the event holds itself would be put back as something else.
    taken: String,
    /// The event's own texts.
    texts: Vec<String>,
}

impl Mask {
    /// A mask that knows what a dossier names.
    pub fn of(dossier: &Dossier) -> Self {
        let detection = &dossier.detection;
        let mut mask = Self::default();
        leaves(&detection.event, &mut mask.texts);
        let lines = dossier.evidence.iter().flat_map(|piece| &piece.lines);
        mask.texts.extend(lines.flat_map(|line| [&line.text, &line.user]).cloned());
        mask.taken = mask.texts.join("\n").to_uppercase();
        mask.host(&detection.hostname);
        for address in [&detection.int_ip, &detection.ext_ip] {
            mask.add(Kind::Ip, address);
        }
        mask.fields("", &detection.event);
        for one in &dossier.observables {
            match one.kind {
                ObservableKind::User => mask.user(&one.value),
                ObservableKind::Host => mask.host(&one.value),
                ObservableKind::Email => mask.add(Kind::Email, &one.value),
                _ => {}
            }
        }
        for line in dossier.evidence.iter().flat_map(|piece| &piece.lines) {
            mask.user(&line.user);
        }
        for text in mask.texts.clone() {
            mask.learn(&shortened(&text));
        }
        mask
    }

    /// A text with a word for each value that must not leave.
    pub fn text(&mut self, raw: &str) -> String {
        let shorter = shortened(raw);
        let raw = shorter.as_str();
        self.learn(raw);
        let folded = Folded::of(raw);
        let mut out = String::with_capacity(raw.len());
        let mut at = 0;
        while at < folded.len() {
            let fits = |known: &&mut Known| folded.holds(at, &known.folded, known.kind == Kind::Secret);
            let longest = self.known.iter_mut().filter(fits).max_by_key(|known| known.folded.len());
            if let Some(known) = longest {
                known.used = true;
                out.push_str(&known.token);
                at += known.folded.len();
            } else {
                out.push_str(folded.source(raw, at));
                at += 1;
            }
        }
        out
    }

    /// How many values were replaced so far.
    pub fn replaced(&self) -> usize {
        self.known.iter().filter(|known| known.used).count()
    }

    /// An answer with the values put back, secrets excepted.
    #[must_use]
    pub fn restore(&self, mut answer: Answer) -> Answer {
        let texts = [
            &mut answer.what_happened,
            &mut answer.evidence_malicious,
            &mut answer.evidence_benign,
            &mut answer.missing_information,
            &mut answer.ioc_analysis,
            &mut answer.false_positive_reason,
        ];
        for text in texts.into_iter().chain(&mut answer.investigation_questions) {
            *text = self.put_back(text);
        }
        for ioc in &mut answer.iocs {
            let value = self.put_back(ioc);
            *ioc = spell::as_in(&self.texts, &value).unwrap_or(value);
        }
        answer
    }

    /// A text with the values put back, secrets excepted.
    pub fn put_back(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let whole = |known: &&Known| {
                let after = rest.strip_prefix(known.token.as_str());
                after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
            };
            let open = self.known.iter().filter(|known| known.kind != Kind::Secret);
            if let Some(known) = open.into_iter().find(whole) {
                out.push_str(&known.value);
                rest = &rest[known.token.len()..];
            } else {
                let next = rest.chars().next().map_or(rest.len(), char::len_utf8);
                out.push_str(&rest[..next]);
                rest = &rest[next..];
            }
        }
        out
    }

    /// Remembers what a text names and hides, in base64 too: a word that hides something must not leave as it is.
    fn learn(&mut self, text: &str) {
        self.learn_plain(text);
        for (word, hidden) in encoded::find(text) {
            self.learn_plain(&hidden);
            if self.is_in(&hidden) {
                self.add(Kind::Secret, &word);
            }
        }
    }

    /// Whether a text holds a value that must not leave.
    fn is_in(&self, text: &str) -> bool {
        let folded = Folded::of(text);
        let here =
            |at: usize| self.known.iter().any(|known| folded.holds(at, &known.folded, known.kind == Kind::Secret));
        (0..folded.len()).any(here)
    }

    fn learn_plain(&mut self, text: &str) {
        for secret in secrets::find(text) {
            self.add(Kind::Secret, &secret);
        }
        for (kind, value) in identity::find(text) {
            match kind {
                Kind::User => self.user(&value),
                Kind::Host => self.host(&value),
                kind => self.add(kind, &value),
            }
        }
    }

    /// What fields say by their names.
    fn fields(&mut self, key: &str, value: &Value) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| self.fields(key, value)),
            Value::Array(items) => items.iter().for_each(|item| self.fields(key, item)),
            Value::String(text) if identity::is_user_field(key) => self.user(text),
            Value::String(text) if identity::is_host_field(key) => self.host(text),
            Value::String(text) if secrets::is_secret_field(key) => self.add(Kind::Secret, text),
            _ => {}
        }
    }

    /// A user with the domain before or after the name.
    fn user(&mut self, text: &str) {
        let text = text.trim();
        if text.chars().count() > 100 || text.contains(['/', '"', ':', '=']) || text.matches('\\').count() > 1 {
            return;
        }
        if let Some((domain, name)) = text.split_once('\\') {
            self.add(Kind::Domain, domain);
            self.add(Kind::User, name);
        } else if let Some((name, _)) = text.split_once('@') {
            self.add(Kind::Email, text);
            self.add(Kind::User, name);
        } else {
            self.add(Kind::User, text);
        }
    }

    /// A host with its domain.
    fn host(&mut self, text: &str) {
        let text = text.trim();
        if text.chars().count() > 255 || text.parse::<std::net::IpAddr>().is_ok() {
            return;
        }
        self.add(Kind::Host, text);
        if let Some((name, domain)) = text.split_once('.') {
            self.add(Kind::Host, name);
            self.add(Kind::Domain, domain);
        }
    }

    fn add(&mut self, kind: Kind, value: &str) {
        let value = value.trim();
        let folded = spell::fold(value);
        let none = value.chars().count() < 2 || kind != Kind::Secret && identity::is_everybodys(value);
        if none || self.known.iter().any(|known| known.folded == folded) {
            return;
        }
        let token = self.token(kind);
        self.known.push(Known { kind, value: value.to_owned(), folded, token, used: false });
    }

    /// The next word of a kind that the event does not hold itself.
    fn token(&self, kind: Kind) -> String {
        let used = |token: &String| self.known.iter().any(|known| known.token == *token) || self.taken.contains(token);
        let all = (1_u32..).map(|number| format!("{}_{number}", kind.word()));
        all.into_iter().find(|token| !used(token)).unwrap_or_default()
    }
}

/// A text of which only start and end are looked at, and so leave: a prompt holds far less.
fn shortened(text: &str) -> String {
    const EACH: usize = 24 * 1024;
    if text.len() <= 2 * EACH {
        return text.to_owned();
    }
    let (head, tail) = (&text[..text.floor_char_boundary(EACH)], &text[text.ceil_char_boundary(text.len() - EACH)..]);
    format!("{head} [...] {tail}")
}

fn leaves(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, into)),
        _ => {}
    }
}
