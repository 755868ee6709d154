//! Where in a document a rule looks: parts between slashes, `?` for one level, `*` for any number.
use super::rule::{RuleError, invalid};
use serde_json::Value;

/// The longest path, in parts.
const MOST_PARTS: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    One,
    Any,
}

/// A path of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    parts: Vec<Part>,
    /// As it stands in the rule.
    pub text: String,
}

/// How much a rule may still look at. Documents are hostile: `*` over a deep one must end.
#[derive(Debug)]
pub(super) struct Budget(usize);

/// The rule looked at more values than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rule would look at too many values of this detection")]
pub struct TooMuch;

impl Budget {
    pub const fn new(steps: usize) -> Self {
        Self(steps)
    }

    /// Takes some steps.
    pub fn spend(&mut self, steps: usize) -> Result<(), TooMuch> {
        self.0 = self.0.checked_sub(steps).ok_or(TooMuch)?;
        Ok(())
    }
}

impl Path {
    pub fn read(text: &str) -> Result<Self, RuleError> {
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| !part.is_empty()) {
            let part = match part {
                "?" => Part::One,
                "*" => Part::Any,
                name => Part::Name(name.to_owned()),
            };
            // Two in a row say the same as one, and cost a power more.
            if part != Part::Any || parts.last() != Some(&Part::Any) {
                parts.push(part);
            }
        }
        if parts.is_empty() {
            return invalid("path", "names no field");
        }
        if parts.len() > MOST_PARTS {
            return invalid("path", "has too many parts");
        }
        Ok(Self { parts, text: text.to_owned() })
    }

    /// The path without its first part, where that is `name`.
    pub fn below(&self, name: &str) -> Option<Self> {
        match self.parts.split_first() {
            Some((Part::Name(first), rest)) if first == name => {
                Some(Self { parts: rest.to_vec(), text: String::new() })
            }
            _ => None,
        }
    }

    /// The values at the path; a list at its end stands for its elements.
    pub fn values<'a>(&self, root: &'a Value, budget: &mut Budget) -> Result<Vec<&'a Value>, TooMuch> {
        let mut found = Vec::new();
        walk(root, &self.parts, budget, &mut found)?;
        Ok(found)
    }
}

fn walk<'a>(at: &'a Value, parts: &[Part], budget: &mut Budget, found: &mut Vec<&'a Value>) -> Result<(), TooMuch> {
    budget.spend(1)?;
    let Some((first, rest)) = parts.split_first() else {
        match at {
            Value::Array(items) => {
                budget.spend(items.len())?;
                found.extend(items);
            }
            other => found.push(other),
        }
        return Ok(());
    };
    match (first, at) {
        (Part::Name(name), Value::Object(map)) => match map.get(name) {
            Some(value) => walk(value, rest, budget, found),
            None => Ok(()),
        },
        (Part::One, Value::Object(map)) => map.values().try_for_each(|value| walk(value, rest, budget, found)),
        (Part::One, Value::Array(items)) => items.iter().try_for_each(|value| walk(value, rest, budget, found)),
        (Part::Name(_), Value::Array(items)) => items.iter().try_for_each(|value| walk(value, parts, budget, found)),
        (Part::Any, _) => {
            walk(at, rest, budget, found)?;
            match at {
                Value::Object(map) => map.values().try_for_each(|value| walk(value, parts, budget, found)),
                Value::Array(items) => items.iter().try_for_each(|value| walk(value, parts, budget, found)),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
