//! Reading an event while keeping track of what has a place of its own, so that all the rest can be listed.
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::HashSet;

/// Times outside 2000–2100 are mistakes of units or clocks: they are shown as the numbers they are.
const PLAUSIBLE_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

/// Values of one list that are shown in one place; a longer list is the tree's.
const MOST_VALUES: usize = 20;

/// The values that a panel shows in a place of their own, known by where they stand in memory:
/// two equal values of one event are two values.
#[derive(Default)]
pub struct Told(RefCell<HashSet<usize>>);

impl Told {
    /// Whether a value, or the whole object or list, has its place.
    pub fn holds(&self, value: &Value) -> bool {
        self.0.borrow().contains(&std::ptr::from_ref(value).addr())
    }

    /// Says that a value has its place.
    pub fn tell(&self, value: &Value) {
        self.0.borrow_mut().insert(std::ptr::from_ref(value).addr());
    }
}

/// An object of the event, or nothing where there is none. Keys may be paths such as `SOURCE/PORT`.
///
/// What is read is told; a value of another type than asked for is not, so it stays for the tree.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    told: &'a Told,
}

impl<'a> Fields<'a> {
    /// The fields of a value.
    pub fn of(value: &'a Value, told: &'a Told) -> Self {
        Self { map: value.as_object(), told }
    }

    /// The object's entries.
    pub fn entries(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.map.into_iter().flatten()
    }

    /// Whether there is nothing.
    pub fn is_empty(self) -> bool {
        self.map.is_none_or(Map::is_empty)
    }

    /// A value, without telling it.
    pub fn look(self, path: &str) -> Option<&'a Value> {
        let mut keys = path.split('/');
        let first = self.map?.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.as_object()?.get(key))
    }

    /// A text that is not empty, without telling it.
    pub fn look_text(self, path: &str) -> Option<&'a str> {
        self.look(path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Whether there is an object or list of that name that holds something.
    pub fn has(self, path: &str) -> bool {
        match self.look(path) {
            Some(Value::Object(map)) => !map.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            _ => false,
        }
    }

    /// An object inside this one.
    pub fn at(self, path: &str) -> Self {
        Self { map: self.look(path).and_then(Value::as_object), told: self.told }
    }

    /// The fields of a value inside this one.
    pub fn within(self, value: &'a Value) -> Self {
        Self::of(value, self.told)
    }

    /// The items of a list; each is told by whoever shows it.
    pub fn list(self, path: &str) -> &'a [Value] {
        self.look(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Says that a value has its place.
    pub fn tell(self, value: &Value) {
        self.told.tell(value);
    }

    /// A text that is not empty.
    pub fn text(self, path: &str) -> Option<&'a str> {
        let value = self.look(path)?;
        let text = value.as_str().filter(|text| !text.is_empty())?;
        self.tell(value);
        Some(text)
    }

    /// A whole number, also where it is written as a text.
    pub fn number(self, path: &str) -> Option<i64> {
        let value = self.look(path)?;
        let number = whole(value)?;
        self.tell(value);
        Some(number)
    }

    /// Yes or no, written as such or as 1 and 0.
    pub fn flag(self, path: &str) -> Option<bool> {
        let value = self.look(path)?;
        let flag = match (value.as_bool(), value.as_i64()) {
            (Some(flag), _) => flag,
            (_, Some(number @ (0 | 1))) => number == 1,
            _ => return None,
        };
        self.tell(value);
        Some(flag)
    }

    /// A time in ms; a number small enough to be seconds is taken as seconds.
    pub fn time(self, path: &str) -> Option<i64> {
        let value = self.look(path)?;
        let ms = time(value)?;
        self.tell(value);
        Some(ms)
    }

    /// A value, or the few values of a list, without objects, nulls and empty texts.
    pub fn values(self, path: &str) -> Vec<&'a Value> {
        let found: Vec<&Value> = match self.look(path) {
            Some(Value::Array(items)) if items.len() <= MOST_VALUES => items.iter().collect(),
            Some(Value::Array(_)) | None => Vec::new(),
            Some(value) => vec![value],
        };
        if !found.iter().all(|value| is_plain(value)) {
            return Vec::new();
        }
        for value in &found {
            self.tell(value);
        }
        found
    }

    /// Tells those of the fields that say the same as another object that is shown.
    pub fn same_as(self, other: Self, keys: &[&str]) {
        for key in keys {
            if let Some(value) = self.look(key).filter(|value| Some(*value) == other.look(key)) {
                self.tell(value);
            }
        }
    }
}

/// Whether a value is one thing that can stand in a line.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(_) | Value::Bool(_) => true,
        _ => false,
    }
}

/// A whole number; a text counts where the number would be written the same.
pub fn whole(value: &Value) -> Option<i64> {
    let written = |text: &str| text.parse().ok().filter(|number: &i64| number.to_string() == text);
    value.as_i64().or_else(|| value.as_str().filter(|text| text.len() < 20).and_then(written))
}

/// A number as a time in ms.
pub fn time(value: &Value) -> Option<i64> {
    let raw = value.as_i64()?;
    let ms = if raw.unsigned_abs() < 10_000_000_000 { raw * 1000 } else { raw };
    PLAUSIBLE_MS.contains(&ms).then_some(ms)
}
