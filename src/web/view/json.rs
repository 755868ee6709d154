//! JSON coloured by a walk over its tree: a list of spans for the template, never HTML.
use super::text::{FOLD, visible};
use serde_json::Value;

/// A run of text with the class that colours it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `k` key, `s` text, `n` number, `l` literal, or empty.
    pub class: &'static str,
    /// The text.
    pub text: String,
    /// The page of what it names, where it is an observable of the case.
    pub page: Option<String>,
}

/// The spans of a value, indented by two.
pub fn spans(value: &Value) -> Vec<Span> {
    linked(value, &|_| None, &mut MOST.clone())
}

/// The same with links to the pages of what its values name, in what room is left on the page.
pub fn linked(value: &Value, page: &dyn Fn(&str) -> Option<String>, room: &mut usize) -> Vec<Span> {
    let mut out = Writer { spans: Vec::new(), most: MOST.min(*room), page };
    out.value(value, 0);
    if out.spans.len() >= out.most {
        out.put("l", "\n… more than a page can show; whole in the download".to_owned());
    }
    *room = room.saturating_sub(out.spans.len());
    out.spans
}

/// Spans that one document may have on a page.
const MOST: usize = 3_000;

struct Writer<'a> {
    spans: Vec<Span>,
    most: usize,
    page: &'a dyn Fn(&str) -> Option<String>,
}

impl Writer<'_> {
    fn put(&mut self, class: &'static str, text: String) {
        match self.spans.last_mut().filter(|last| class.is_empty() && last.class.is_empty()) {
            Some(last) => last.text.push_str(&text),
            None => self.spans.push(Span { class, text, page: None }),
        }
    }

    fn value(&mut self, value: &Value, depth: usize) {
        if self.spans.len() >= self.most {
            return;
        }
        match value {
            Value::Object(map) if !map.is_empty() => {
                self.put("", "{\n".to_owned());
                for (at, (key, inner)) in map.iter().enumerate().take(self.most.saturating_sub(self.spans.len())) {
                    self.put("", "  ".repeat(depth + 1));
                    self.put("k", quoted(key));
                    self.put("", ": ".to_owned());
                    self.value(inner, depth + 1);
                    self.put("", if at + 1 < map.len() { ",\n" } else { "\n" }.to_owned());
                }
                self.put("", format!("{}}}", "  ".repeat(depth)));
            }
            Value::Array(items) if !items.is_empty() => {
                self.put("", "[\n".to_owned());
                for (at, item) in items.iter().enumerate().take(self.most.saturating_sub(self.spans.len())) {
                    self.put("", "  ".repeat(depth + 1));
                    self.value(item, depth + 1);
                    self.put("", if at + 1 < items.len() { ",\n" } else { "\n" }.to_owned());
                }
                self.put("", format!("{}]", "  ".repeat(depth)));
            }
            Value::String(text) => {
                self.put("s", quoted(text));
                let page = (self.page)(text);
                if let Some(last) = self.spans.last_mut() {
                    last.page = page;
                }
            }
            Value::Number(number) => self.put("n", number.to_string()),
            other => self.put("l", other.to_string()),
        }
    }
}

/// A text in quotes with what is hidden made visible; a very long one is cut, the download has it whole.
fn quoted(text: &str) -> String {
    let kept = &text[..text.floor_char_boundary(FOLD)];
    let json = serde_json::to_string(kept).unwrap_or_default();
    let shown = visible(&json);
    if kept.len() < text.len() {
        format!("{shown} … {} characters in all, whole in the download", text.chars().count())
    } else {
        shown
    }
}
