//! Reads single fields tolerantly and remembers which it could not read.
use super::RuleFacts;
use serde_json::{Map, Value};

/// What is kept of a text that stands beside every page, and of a list of such texts; the document has them whole.
const LONGEST_TEXT: usize = 1_000;
const MOST_TEXTS: usize = 100;

/// Times outside 2000–2100 are mistakes of units or clocks.
const PLAUSIBLE_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

/// Reads fields and remembers which it could not.
#[derive(Default)]
pub(super) struct Reader {
    /// Fields that were there with a type we can't read.
    pub unreadable: Vec<&'static str>,
}

impl Reader {
    pub fn rule(&mut self, top: &Map<String, Value>, metadata: &Map<String, Value>) -> RuleFacts {
        let title = self.text(top, "cat");
        let path = self.text(top, "source_rule");
        let mut tags = self.texts(metadata, "tags");
        tags.extend(self.texts(top, "rule_tags"));
        let mut seen = std::collections::HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        RuleFacts {
            title: if title.is_empty() { "Untitled detection".to_owned() } else { cut(&title, 500) },
            path: if path.is_empty() { cut(&title, 500) } else { cut(&path, 500) },
            level: self.text(metadata, "level").parse().ok(),
            author: cut(&self.text(metadata, "author"), LONGEST_TEXT),
            description: cut(&self.text(metadata, "description"), 4 * LONGEST_TEXT),
            false_positives: self.texts(metadata, "falsepositives"),
            references: self.texts(metadata, "references"),
            tags,
        }
    }

    pub fn text(&mut self, from: &Map<String, Value>, field: &'static str) -> String {
        match from.get(field) {
            Some(Value::String(text)) => clean(text),
            None | Some(Value::Null) => String::new(),
            Some(_) => self.unreadable(field),
        }
    }

    pub fn texts(&mut self, from: &Map<String, Value>, field: &'static str) -> Vec<String> {
        match from.get(field) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(Value::as_str)
                .take(MOST_TEXTS)
                .map(|text| cut(&clean(text), LONGEST_TEXT))
                .collect(),
            Some(Value::String(one)) => vec![cut(&clean(one), LONGEST_TEXT)],
            None | Some(Value::Null) => Vec::new(),
            Some(_) => self.unreadable(field),
        }
    }

    pub fn number(&mut self, from: &Map<String, Value>, field: &'static str) -> Option<i64> {
        match from.get(field) {
            Some(Value::Number(number)) => number.as_i64(),
            None | Some(Value::Null) => None,
            Some(_) => self.unreadable(field),
        }
    }

    /// Milliseconds; a number small enough to be seconds is taken as seconds.
    pub fn time(&mut self, from: &Map<String, Value>, field: &'static str) -> Option<i64> {
        let raw = self.number(from, field)?;
        let ms = if raw.unsigned_abs() < 10_000_000_000 { raw * 1000 } else { raw };
        if PLAUSIBLE_MS.contains(&ms) { Some(ms) } else { self.unreadable(field) }
    }

    pub fn unreadable<T: Default>(&mut self, field: &'static str) -> T {
        self.unreadable.push(field);
        T::default()
    }
}

/// NUL can't be stored by PostgreSQL and hides text in many programs; it becomes U+FFFD.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

pub(super) fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}
