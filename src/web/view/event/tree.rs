//! The tree of all that has no place of its own: nested, lists numbered, bounded, and what is left out is counted.
use super::fields::{self, Told};
use super::value::{self, Kind, Shown};
use crate::web::view::text;
use crate::web::view::words::when;
use serde_json::Value;

/// Lines that one page shows of an event's other fields.
const MOST_LINES: usize = 200;
/// Characters of all their names and values together.
const MOST_TEXT: usize = 64 * 1024;
/// Characters of all values in places of their own.
const MOST_PLACED: usize = 256 * 1024;
/// Levels that are told apart; below them a name is a path.
const LEVELS: usize = 6;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// How deep it stands, from 0.
    pub depth: usize,
    /// Its key, or its number in a list.
    pub name: String,
    /// Its value; empty for an object or list, whose lines follow.
    pub value: Shown,
}

/// What one page still has room for: nested events share it.
pub struct Room {
    lines: usize,
    text: usize,
    /// Characters of the values that have a place of their own.
    pub placed: usize,
}

impl Room {
    /// Room for so many lines; other limits stay.
    pub fn of(lines: usize) -> Self {
        Self { lines, ..Self::default() }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self { lines: MOST_LINES, text: MOST_TEXT, placed: MOST_PLACED }
    }
}

/// The lines of a tree as they are found.
pub struct Tree<'a> {
    told: &'a Told,
    room: &'a mut Room,
    /// The way to where the walk is; those names that already have their line are counted by `named`.
    way: Vec<String>,
    named: usize,
    /// The lines.
    pub leaves: Vec<Leaf>,
    /// Fields that there was no room for.
    pub left_out: usize,
}

impl<'a> Tree<'a> {
    /// A tree without lines.
    pub fn new(told: &'a Told, room: &'a mut Room) -> Self {
        Self { told, room, way: Vec::new(), named: 0, leaves: Vec::new(), left_out: 0 }
    }

    /// Adds what is not told inside a value. `serde_json` reads no deeper than 128 levels, so recursion is safe.
    pub fn inside(&mut self, value: &Value) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, inner)| self.entry(inner, || text::start(key, 80))),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.for_each(|(index, inner)| self.entry(inner, || format!("{}.", index + 1)));
            }
            value => self.value(value),
        }
    }

    fn entry(&mut self, value: &Value, name: impl Fn() -> String) {
        if self.told.holds(value) {
            return;
        }
        // Without room names are of no use any more, only the count is.
        self.way.push(if self.room.lines == 0 { String::new() } else { name() });
        let is_empty =
            value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        if is_empty {
            self.value(value);
        } else {
            self.inside(value);
        }
        self.way.pop();
        self.named = self.named.min(self.way.len());
    }

    fn value(&mut self, value: &Value) {
        if self.room.lines == 0 {
            self.left_out += 1;
            return;
        }
        let shown = match value {
            Value::String(text) if text.is_empty() => Shown::default().with("empty"),
            Value::String(text) => value::of_text(value::guess(text), text),
            Value::Null => Shown::default().with("null"),
            Value::Object(_) => Shown::default().with("empty object"),
            Value::Array(_) => Shown::default().with("empty list"),
            value => value::shown(Kind::Text, value).with(&self.time_of(value)),
        };
        while self.named + 1 < self.way.len().min(LEVELS) {
            let name = self.way[self.named].clone();
            self.line(self.named, name, Shown::default());
            self.named += 1;
        }
        let depth = self.way.len().clamp(1, LEVELS) - 1;
        let name = self.way.get(depth..).unwrap_or_default().join(" / ");
        self.line(depth, name, shown);
    }

    /// A number whose name says that it is a time, as one.
    fn time_of(&self, value: &Value) -> String {
        let named = self.way.last().is_some_and(|name| name.to_ascii_lowercase().contains("time"));
        fields::time(value).filter(|_| named).map(|ms| when(ms).full).unwrap_or_default()
    }

    fn line(&mut self, depth: usize, name: String, value: Shown) {
        let size = name.len() + value.strong.len() + value.pieces.iter().map(String::len).sum::<usize>();
        self.room.text = self.room.text.saturating_sub(size);
        self.room.lines = if self.room.text == 0 { 0 } else { self.room.lines.saturating_sub(1) };
        self.leaves.push(Leaf { depth, name, value });
    }
}
