//! Candidates for the conditions of an exclusion, made from one detection; a person chooses among them.
use super::rule::{Rule, RuleError};
use crate::domain::path::file_name;
use crate::domain::words;
use serde_json::{Map, Value, json};

/// The longest text that becomes a condition.
pub(super) const LONGEST: usize = 2_000;
/// Further fields of the event that are offered.
const MOST_FIELDS: usize = 12;

words! {
    /// Which conditions are chosen to begin with.
    Preset ("preset") {
        /// The rule, the image and its parent, both signed.
        Parent = "parent", "Image started by its parent";
        /// The rule and both hashes; ends with the next update of either file.
        Hashes = "hashes", "Exactly these files";
        /// The rule and the command line, numbers in it aside.
        Command = "command", "This command line";
        /// The rule on this host alone.
        Host = "host", "This host alone";
    }
}

/// A condition that a person can choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Its name in the form, such as `parent`.
    pub key: String,
    /// What it says, for people.
    pub label: String,
    /// The condition in LimaCharlie's syntax.
    pub rule: Value,
    /// Whether it tells of the event, rather than only of its rule.
    pub specific: bool,
}

/// Everything that can be said about a detection's document in one condition each.
pub fn of(document: &Value) -> Vec<Condition> {
    // The documented shape has the event's fields directly under `detect`.
    let nested = document["detect"].get("event").is_some();
    let (event, base) =
        if nested { (&document["detect"]["event"], "detect/event") } else { (&document["detect"], "detect") };
    let mut all = Offer { list: Vec::new(), base, event };
    all.is("source_rule", "Rule", "source_rule", &document["source_rule"], false);
    all.is("cat", "Title", "cat", &document["cat"], false);
    all.is("event_type", "Event type", "routing/event_type", &document["routing"]["event_type"], false);
    all.is("host", "Host", "routing/hostname", &document["routing"]["hostname"], true);
    all.is("sensor", "Sensor", "routing/sid", &document["routing"]["sid"], true);
    all.process("", "", "Image");
    all.process("PARENT/", "parent_", "Parent image");
    all.command_line();
    all.own("user", "User", "USER_NAME");
    all.further();
    all.list
}

/// The conditions that a preset chooses, of those that there are.
pub fn chosen(preset: Preset, all: &[Condition]) -> Vec<&str> {
    let wanted: &[&str] = match preset {
        Preset::Parent => &["source_rule", "image", "signed", "parent_image", "parent_signed"],
        Preset::Hashes => &["source_rule", "hash", "parent_hash"],
        Preset::Command => &["source_rule", "image", "command"],
        Preset::Host => &["source_rule", "host", "image"],
    };
    let has = |key: &str| all.iter().any(|condition| condition.key == key);
    let rule = if has("source_rule") { "source_rule" } else { "cat" };
    wanted.iter().map(|key| if *key == "source_rule" { rule } else { key }).filter(|key| has(key)).collect()
}

/// The presets that choose something specific of these conditions.
pub fn presets(all: &[Condition]) -> Vec<Preset> {
    let own = |preset: Preset| match preset {
        Preset::Parent => "parent_image",
        Preset::Hashes => "hash",
        Preset::Command => "command",
        Preset::Host => "host",
    };
    let has = |preset: &Preset| all.iter().any(|condition| condition.key == own(*preset));
    Preset::ALL.iter().copied().filter(has).collect()
}

/// Why a choice of conditions makes no exclusion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooBroad {
    /// Fewer than two fields.
    #[error("Choose at least two fields.")]
    OneField,
    /// Nothing but the rule itself.
    #[error("Choose a field of the event or the host as well: what only names the rule would hide all that it finds.")]
    OnlyTheRule,
    /// The conditions can't be read back.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// The rule of which all chosen conditions must hold.
///
/// # Errors
/// Where the choice is too broad.
pub fn combine(chosen: &[&Condition]) -> Result<Value, TooBroad> {
    let rules: Vec<&Value> = chosen.iter().map(|condition| &condition.rule).collect();
    let rule = json!({"op": "and", "rules": rules});
    if chosen.is_empty() {
        return Err(TooBroad::OneField);
    }
    if Rule::read(&rule)?.fields().len() < 2 {
        return Err(TooBroad::OneField);
    }
    if !chosen.iter().any(|condition| condition.specific) {
        return Err(TooBroad::OnlyTheRule);
    }
    Ok(rule)
}

/// A name such as `fp-suspicious-expansion-sre-exe-20260323`: what it hides, by what, and since when.
pub fn name(title: &str, pattern: &str, day: &str) -> String {
    format!("fp-{}-{}-{day}", slug(title, 48), slug(pattern, 32))
}

fn slug(text: &str, max: usize) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if !slug.ends_with('-') && !slug.is_empty() => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(max);
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

struct Offer<'a> {
    list: Vec<Condition>,
    base: &'static str,
    event: &'a Value,
}

impl Offer<'_> {
    fn push(&mut self, key: &str, label: String, rule: Value, specific: bool) {
        self.list.push(Condition { key: key.to_owned(), label, rule, specific });
    }

    /// The field is exactly this text.
    fn is(&mut self, key: &str, label: &str, path: &str, value: &Value, specific: bool) {
        let Some(text) = value.as_str().filter(|text| (1..=LONGEST).contains(&text.len())) else { return };
        self.push(key, format!("{label} is {text}"), equals(path, text, true), specific);
    }

    fn text(&self, field: &str) -> Option<String> {
        let value = field.split('/').try_fold(self.event, |at, part| at.get(part))?;
        value.as_str().filter(|text| (1..=LONGEST).contains(&text.len())).map(str::to_owned)
    }

    fn own(&mut self, key: &str, label: &str, field: &str) {
        if let Some(text) = self.text(field) {
            self.push(key, format!("{label} is {text}"), equals(&format!("{}/{field}", self.base), &text, false), true);
        }
    }

    /// Image, hash and signature of a process. A signature is offered only where there is one.
    fn process(&mut self, within: &str, key: &str, label: &str) {
        let path = |field: &str| format!("{}/{within}{field}", self.base);
        let (image, hash, signed) = (path("FILE_PATH"), path("HASH"), path("FILE_IS_SIGNED"));
        if let Some(text) = self.text(&format!("{within}FILE_PATH")) {
            self.push(&format!("{key}image"), format!("{label} is {text}"), equals(&image, &text, false), true);
            let name = file_name(&text);
            if !name.is_empty() && name != text {
                let mut rule = equals(&image, name, false);
                rule["file name"] = json!(true);
                self.push(&format!("{key}name"), format!("{label} is named {name}, in any folder"), rule, true);
            }
        }
        if let Some(text) = self.text(&format!("{within}HASH")) {
            self.push(&format!("{key}hash"), format!("{label} has the hash {text}"), equals(&hash, &text, false), true);
        }
        let own = if within.is_empty() { self.event } else { &self.event["PARENT"] };
        if own["FILE_IS_SIGNED"] == json!(1) {
            let rule = json!({"op": "is", "path": signed, "value": 1});
            self.push(&format!("{key}signed"), format!("{label} is signed"), rule, false);
        }
    }

    fn command_line(&mut self) {
        let Some(text) = self.text("COMMAND_LINE") else { return };
        let (pattern, open) = loosen(&text);
        let path = format!("{}/COMMAND_LINE", self.base);
        let rule = json!({"op": "matches", "path": path, "re": format!("^{pattern}$"), "case sensitive": false});
        let aside = if open { ", with any numbers and identifiers in it" } else { "" };
        self.push("command", format!("Command line is {text}{aside}"), rule, true);
    }

    /// Texts of the event that stand for themselves and have no condition yet.
    fn further(&mut self) {
        let Some(event) = self.event.as_object() else { return };
        let mut fields = Vec::new();
        texts(event, "", 0, &mut fields);
        for (field, text) in fields {
            let path = format!("{}/{field}", self.base);
            let known = self.list.iter().any(|condition| condition.rule["path"] == json!(path));
            if !known && self.list.len() < MOST_FIELDS + 20 {
                let rule = equals(&path, &text, true);
                self.push(&format!("field:{field}"), format!("{field} is {text}"), rule, true);
            }
        }
    }
}

fn texts(map: &Map<String, Value>, within: &str, depth: usize, found: &mut Vec<(String, String)>) {
    for (name, value) in map {
        // Such a name would be read as a step of the path.
        if found.len() >= MOST_FIELDS || name.contains('/') || matches!(name.as_str(), "" | "?" | "*") {
            continue;
        }
        let path = format!("{within}{name}");
        match value {
            Value::String(text) if (1..=200).contains(&text.len()) && says_something(name, text) => {
                found.push((path, text.clone()));
            }
            Value::Object(inner) if depth < 4 => texts(inner, &format!("{path}/"), depth + 1, found),
            _ => {}
        }
    }
}

fn says_something(name: &str, text: &str) -> bool {
    let command = name.to_ascii_lowercase().contains("command_line");
    !command && !is_of_one_event(name) && text.chars().any(char::is_alphabetic)
}

/// Atoms, times and counters are of one event alone.
pub(super) fn is_of_one_event(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["atom", "time", "guid", "recordid", "processid"].iter().any(|word| name.contains(word))
}

/// The field is this text. A text that LimaCharlie would look up is written as a pattern, which it takes as it is.
pub(super) fn equals(path: &str, text: &str, cased: bool) -> Value {
    let mut rule = if text.contains("<<") || text.contains("[[") {
        json!({"op": "matches", "path": path, "re": format!("^{}$", regex::escape(text).replace('<', "\\x3c"))})
    } else {
        json!({"op": "is", "path": path, "value": text})
    };
    if !cased || rule["op"] == "matches" {
        rule["case sensitive"] = json!(cased);
    }
    rule
}

/// A pattern for a command line in which GUIDs, and numbers of four digits or more, may be others; and whether it has any.
pub(super) fn loosen(text: &str) -> (String, bool) {
    let (mut pattern, mut open, mut rest) = (String::new(), false, text);
    while let Some(first) = rest.chars().next() {
        let guid = rest.get(..36).filter(|part| is_guid(part));
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (piece, taken) = match guid {
            Some(_) => ("(?:[0-9a-f-]{36})".to_owned(), 36),
            None if digits >= 4 => ("\\d+".to_owned(), digits),
            None if digits > 0 => (rest[..digits].to_owned(), digits),
            None => (regex::escape(&rest[..first.len_utf8()]).replace('<', "\\x3c"), first.len_utf8()),
        };
        open = open || guid.is_some() || digits >= 4;
        pattern.push_str(&piece);
        rest = &rest[taken..];
    }
    (pattern, open)
}

fn is_guid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}
