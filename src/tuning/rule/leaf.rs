//! A condition on the values at one path.
use super::Place;
use crate::domain::path::file_name;
use crate::domain::platform::platform;
use crate::tuning::network::{Kind, Network};
use crate::tuning::path::{Budget, Path, TooMuch};
use regex::Regex;
use serde_json::Value;
use std::borrow::Cow;
use std::net::IpAddr;

/// Texts longer than this are not measured for their distance: the work grows with both lengths.
const LONGEST_DISTANCE: usize = 4_096;

/// A condition on the values at a path: it holds where one of them fits.
#[derive(Debug, Clone)]
pub(in crate::tuning) struct Leaf {
    pub path: Path,
    pub transform: Transform,
    /// Whether upper and lower case differ; `matches` has it in its pattern.
    pub cased: bool,
    pub how: How,
}

/// What is made of a text before it is compared. A value that is no text has no such part.
#[derive(Debug, Clone, Default)]
pub(in crate::tuning) struct Transform {
    pub file_name: bool,
    pub sub_domain: Option<SubDomain>,
}

/// Which parts of a domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tuning) enum SubDomain {
    /// Each by itself.
    Each,
    /// One; negative counts from the end.
    At(i64),
    /// From the one to before the other.
    Slice(Option<i64>, Option<i64>),
}

/// How a value is compared.
#[derive(Debug, Clone)]
pub(in crate::tuning) enum How {
    Is(Value),
    Exists { truthy: bool },
    Contains { text: String, count: usize },
    StartsWith(String),
    EndsWith(String),
    Compare { greater: bool, than: f64, length: bool },
    Matches(Regex),
    Distance { to: Vec<String>, max: usize },
    Cidr(Network),
    Address(Kind),
}

impl Leaf {
    pub fn holds(&self, place: Place<'_>, budget: &mut Budget) -> Result<bool, TooMuch> {
        for value in place.values(&self.path, budget)? {
            for value in self.transform.of(value) {
                if self.fits(&value, budget)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether the field's whole value is the one that is asked for, case aside.
    pub fn is_fixed(&self) -> bool {
        matches!(self.how, How::Is(_)) && !self.transform.file_name && self.transform.sub_domain.is_none()
    }

    /// The text that the field must be, where the condition is that field's plain equality.
    pub fn exactly(&self, path: &str) -> Option<&str> {
        let plain = self.cased && !self.transform.file_name && self.transform.sub_domain.is_none();
        match &self.how {
            How::Is(Value::String(text)) if plain && self.path.text == path => Some(text),
            _ => None,
        }
    }

    fn fits(&self, value: &Value, budget: &mut Budget) -> Result<bool, TooMuch> {
        let text = value.as_str();
        Ok(match &self.how {
            How::Exists { truthy } => !(*truthy && (value.is_null() || text == Some(""))),
            How::Is(wanted) => self.same(value, wanted),
            How::Contains { text: part, count } => {
                text.is_some_and(|text| self.fold(text).matches(self.fold(part).as_ref()).count() >= *count)
            }
            How::StartsWith(start) => text.is_some_and(|text| self.fold(text).starts_with(self.fold(start).as_ref())),
            How::EndsWith(end) => text.is_some_and(|text| self.fold(text).ends_with(self.fold(end).as_ref())),
            How::Compare { greater, than, length } => {
                measure(value, *length).is_some_and(|number| if *greater { number > *than } else { number < *than })
            }
            How::Matches(pattern) => text.is_some_and(|text| pattern.is_match(text)),
            How::Distance { to, max } => match text {
                Some(text) => self.near(text, to, *max, budget)?,
                None => false,
            },
            How::Cidr(network) => address(text).is_some_and(|address| network.holds(address)),
            How::Address(kind) => address(text).is_some_and(|address| kind.fits(address)),
        })
    }

    fn fold<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.cased { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
    }

    /// Equal of the same type; 1 and 1.0 are one number.
    fn same(&self, value: &Value, wanted: &Value) -> bool {
        match (value, wanted) {
            (Value::String(value), Value::String(wanted)) => self.fold(value) == self.fold(wanted),
            (Value::Number(value), Value::Number(wanted)) => {
                value == wanted || value.as_f64().is_some_and(|value| Some(value) == wanted.as_f64())
            }
            (value, wanted) => value == wanted,
        }
    }

    fn near(&self, text: &str, to: &[String], max: usize, budget: &mut Budget) -> Result<bool, TooMuch> {
        if text.len() > LONGEST_DISTANCE {
            return Err(TooMuch);
        }
        for other in to {
            budget.spend(1 + text.len() * other.len() / 64)?;
            if strsim::levenshtein(&self.fold(text), &self.fold(other)) <= max {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn address(text: Option<&str>) -> Option<IpAddr> {
    text?.parse().ok()
}

/// The number that a value is, or how long it is.
#[expect(clippy::cast_precision_loss, reason = "lengths are small")]
fn measure(value: &Value, length: bool) -> Option<f64> {
    match value {
        Value::String(text) if length => Some(text.len() as f64),
        Value::Array(items) if length => Some(items.len() as f64),
        Value::Object(map) if length => Some(map.len() as f64),
        Value::Number(number) if !length => number.as_f64(),
        _ => None,
    }
}

impl Transform {
    fn of<'a>(&self, value: &'a Value) -> Vec<Cow<'a, Value>> {
        if !self.file_name && self.sub_domain.is_none() {
            return vec![Cow::Borrowed(value)];
        }
        let Some(text) = value.as_str() else { return Vec::new() };
        let name = if self.file_name { file_name(text) } else { text };
        let owned = |text: String| Cow::Owned(Value::String(text));
        match self.sub_domain {
            None => vec![owned(name.to_owned())],
            Some(SubDomain::Each) => name.split('.').map(|part| owned(part.to_owned())).collect(),
            Some(part) => part.cut(name).map(owned).into_iter().collect(),
        }
    }
}

impl SubDomain {
    fn cut(self, name: &str) -> Option<String> {
        let parts: Vec<&str> = name.split('.').collect();
        let len = i64::try_from(parts.len()).ok()?;
        let index = |at: i64| usize::try_from(if at < 0 { (len + at).max(0) } else { at.min(len) }).unwrap_or_default();
        match self {
            Self::Each => None,
            Self::At(at) if at >= len || at < -len => None,
            Self::At(at) => parts.get(index(at)).map(|part| (*part).to_owned()),
            Self::Slice(from, to) => {
                let (from, to) = (index(from.unwrap_or(0)), to.map_or(parts.len(), index));
                parts.get(from..to).map(|parts| parts.join("."))
            }
        }
    }
}

/// Whether the sensor is of a platform.
pub(super) fn is_platform(document: &Value, name: &str) -> bool {
    let code = document["routing"]["plat"].as_i64();
    code.is_some_and(|code| platform(code).eq_ignore_ascii_case(name))
}

/// Whether the sensor had a tag.
pub(super) fn is_tagged(document: &Value, tag: &str) -> bool {
    document["routing"]["tags"].as_array().is_some_and(|tags| tags.iter().any(|own| own.as_str() == Some(tag)))
}
