//! The part of a list's address that asks when what happened, and by whom: `decided=2026-03-01..2026-03-30`.
//!
//! A stretch is two ends with `..` between; either may be left out. An end is a day of UTC, which counts whole, or a
//! moment as RFC 3339, of which the second one is not included.
use super::listing::{label, word};
use super::text::start;
use crate::error::{AppError, Result};
use crate::store::activity::DAY_MS;
use crate::store::queue::{Moments, Stretch, Whose};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// When what happened, as asked. Empty texts don't filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Opened.
    pub opened: String,
    /// Declared, with a verdict that stands.
    pub decided: String,
    /// Declared for the first time.
    pub first_decided: String,
    /// Overturned.
    pub overturned: String,
    /// Who declared.
    pub decided_by: String,
    /// `true` where AI had closed it first.
    pub spot: String,
    /// `true` where a later vote says otherwise.
    pub dissent: String,
    /// `people` or `programs`: who reviewed it.
    pub reviewed: String,
}

impl Asked {
    /// The filter.
    ///
    /// # Errors
    /// `BadRequest` that names the parameter.
    pub fn parts(&self) -> Result<Moments> {
        Ok(Moments {
            opened: stretch("opened", &self.opened)?,
            decided: stretch("decided", &self.decided)?,
            first_decided: stretch("first_decided", &self.first_decided)?,
            overturned: stretch("overturned", &self.overturned)?,
            decided_by: self.decided_by.clone(),
            spot: flag("spot", &self.spot)?,
            dissent: flag("dissent", &self.dissent)?,
            reviewed: word::<Whose>("reviewed", &self.reviewed)?,
        })
    }

    /// Parameters and their values, empty ones among them.
    pub fn pairs(&self) -> [(&'static str, &String); 8] {
        [
            ("opened", &self.opened),
            ("decided", &self.decided),
            ("first_decided", &self.first_decided),
            ("overturned", &self.overturned),
            ("decided_by", &self.decided_by),
            ("spot", &self.spot),
            ("dissent", &self.dissent),
            ("reviewed", &self.reviewed),
        ]
    }

    /// What stands on the chips: a parameter, its words, its value.
    pub fn words(&self) -> [(&'static str, &'static str, String); 8] {
        let told = |text: &str| text.replace("..", " to ").trim().to_owned();
        let set = |text: &str, words: &str| if text.is_empty() { String::new() } else { words.to_owned() };
        [
            ("opened", "Opened", told(&self.opened)),
            ("decided", "Decided", told(&self.decided)),
            ("first_decided", "First decided", told(&self.first_decided)),
            ("overturned", "Overturned", told(&self.overturned)),
            ("decided_by", "Decided by", self.decided_by.clone()),
            ("spot", "Closed by AI", set(&self.spot, "and checked")),
            ("dissent", "A later vote", set(&self.dissent, "says otherwise")),
            ("reviewed", "Reviewed", label::<Whose>(&self.reviewed, Whose::label)),
        ]
    }

    /// Takes out what can't be read; returns each parameter with its value.
    pub fn mend(&mut self) -> Vec<(&'static str, String)> {
        let all = [
            ("opened", &mut self.opened),
            ("decided", &mut self.decided),
            ("first_decided", &mut self.first_decided),
            ("overturned", &mut self.overturned),
            ("spot", &mut self.spot),
            ("dissent", &mut self.dissent),
            ("reviewed", &mut self.reviewed),
        ];
        let bad = |name: &str, value: &str| match name {
            "spot" | "dissent" => flag(name, value).is_err(),
            "reviewed" => word::<Whose>(name, value).is_err(),
            _ => stretch(name, value).is_err(),
        };
        all.into_iter().filter_map(|(name, value)| bad(name, value).then(|| (name, std::mem::take(value)))).collect()
    }
}

/// Days from `first` to `last`, both whole, counted from 1970, as a stretch in an address.
pub fn days(first: i64, last: i64) -> String {
    format!("{}..{}", super::strip::day_text(first), super::strip::day_text(last))
}

/// A moment of the store as an end of a stretch.
pub fn moment(ms: i64) -> String {
    super::words::when(ms).iso
}

/// The beginning of a day, or a moment; 0 where nothing is asked.
///
/// # Errors
/// `BadRequest` that names the parameter.
pub fn first(name: &str, text: &str) -> Result<i64> {
    if text.is_empty() {
        return Ok(0);
    }
    end(text, 0).ok_or_else(|| AppError::BadRequest(format!("{name}: must be a day such as 2026-03-01")))
}

fn flag(name: &str, text: &str) -> Result<bool> {
    match text {
        "" => Ok(false),
        "true" => Ok(true),
        _ => Err(AppError::BadRequest(format!("{name}: must be true or left out"))),
    }
}

/// A stretch of time; all of it where nothing is asked.
///
/// # Errors
/// `BadRequest` that names the parameter.
pub fn stretch(name: &str, text: &str) -> Result<Stretch> {
    if text.is_empty() {
        return Ok(Stretch::default());
    }
    let bad = || {
        let text = start(text, 60);
        AppError::BadRequest(format!("{name}: {text} is no stretch of time such as 2026-03-01..2026-03-30"))
    };
    let (from, to) = text.split_once("..").ok_or_else(bad)?;
    let whole = Stretch::default();
    let from = if from.is_empty() { whole.from } else { end(from, 0).ok_or_else(bad)? };
    let to = if to.is_empty() { whole.to } else { end(to, DAY_MS).ok_or_else(bad)? };
    Ok(Stretch { from, to })
}

/// An end in milliseconds: a day, with its length added, or a moment.
fn end(text: &str, day: i64) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let date: Date = text.parse().ok()?;
    Some(TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_millisecond() + day)
}
