//! A list's address: filters, order, page. The same for the queue page and the API.
use crate::domain::{MachineVerdict, Severity, Status, Verdict};
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::queue::{Cursor, Filter, Sort, View};
use serde::Deserialize;
use std::str::FromStr;

/// The query string of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Listing {
    /// The view.
    pub view: String,
    /// A status.
    pub status: String,
    /// A person's verdict.
    pub verdict: String,
    /// The panel's verdict.
    pub machine_verdict: String,
    /// A severity.
    pub severity: String,
    /// An organisation.
    pub org: String,
    /// An assignee.
    pub assignee: String,
    /// A rule's path.
    pub rule: String,
    /// A sensor's sid.
    pub sensor: String,
    /// A behaviour's fingerprint.
    pub fingerprint: String,
    /// A text.
    pub q: String,
    /// The order.
    pub sort: String,
    /// Rows of a page.
    pub limit: String,
    /// Where the page begins.
    pub after: String,
    /// The previewed case.
    pub peek: String,
}

impl Listing {
    /// The filter, the page's start and its length.
    ///
    /// # Errors
    /// `BadRequest` that names the parameter.
    pub fn parts(&self, view: View, sort: Sort) -> Result<(Filter, Option<Cursor>, i64)> {
        word::<Status>("status", &self.status)?;
        word::<Verdict>("verdict", &self.verdict)?;
        word::<MachineVerdict>("machine_verdict", &self.machine_verdict)?;
        word::<Severity>("severity", &self.severity)?;
        if self.q.chars().count() > 200 {
            return Err(AppError::BadRequest("q: at most 200 characters".to_owned()));
        }
        let filter = Filter {
            view: word("view", &self.view)?.unwrap_or(view),
            sort: word("sort", &self.sort)?.unwrap_or(sort),
            status: self.status.clone(),
            verdict: self.verdict.clone(),
            machine_verdict: self.machine_verdict.clone(),
            severity: self.severity.clone(),
            org: self.org.clone(),
            assignee: self.assignee.clone(),
            rule: self.rule.clone(),
            sensor: self.sensor.clone(),
            fingerprint: fingerprint(&self.fingerprint)?,
            q: self.q.trim().replace('\0', ""),
        };
        Ok((filter, cursor(&self.after)?, self.rows()?))
    }

    fn rows(&self) -> Result<i64> {
        if self.limit.is_empty() {
            return Ok(limits::PAGE);
        }
        let rows = self.limit.parse().ok().filter(|rows| (1..=limits::PAGE_MOST).contains(rows));
        rows.ok_or_else(|| AppError::BadRequest(format!("limit: must be from 1 to {}", limits::PAGE_MOST)))
    }

    /// What other pages led here with: a parameter, its value, and what stands on the chip.
    pub fn pivots(&self) -> Vec<(&'static str, &str, String)> {
        let all = [
            ("rule", &self.rule, "Rule"),
            ("sensor", &self.sensor, "Sensor"),
            ("fingerprint", &self.fingerprint, "Behaviour"),
        ];
        let set = all.into_iter().filter(|(_, value, _)| !value.is_empty());
        set.map(|(name, value, word)| {
            let most = if name == "fingerprint" { 12 } else { 60 };
            (name, value.as_str(), format!("{word} {}", super::text::start(value, most)))
        })
        .collect()
    }

    /// The address of the same list with some parameters replaced; empty ones are left out.
    pub fn with(&self, replaced: &[(&str, &str)]) -> String {
        let own = [
            ("view", &self.view),
            ("status", &self.status),
            ("verdict", &self.verdict),
            ("machine_verdict", &self.machine_verdict),
            ("severity", &self.severity),
            ("org", &self.org),
            ("assignee", &self.assignee),
            ("rule", &self.rule),
            ("sensor", &self.sensor),
            ("fingerprint", &self.fingerprint),
            ("q", &self.q),
            ("sort", &self.sort),
            ("limit", &self.limit),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in own {
            if !replaced.iter().any(|(other, _)| *other == name) && !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.extend_pairs(replaced.iter().filter(|(_, value)| !value.is_empty()));
        format!("/cases?{}", query.finish())
    }
}

/// A word of a closed list in a query, or nothing where it is empty.
///
/// # Errors
/// `BadRequest` that names the parameter.
pub fn word<T: FromStr<Err = crate::domain::UnknownWord>>(name: &str, text: &str) -> Result<Option<T>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|unknown| AppError::BadRequest(format!("{name}: {unknown}")))
}

fn fingerprint(text: &str) -> Result<String> {
    if text.is_empty() || (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(AppError::BadRequest("fingerprint: must be 64 hex digits".to_owned()))
}

/// A cursor as text.
pub fn cursor_text(cursor: Cursor) -> String {
    format!("{}.{}.{}", cursor.0, cursor.1, cursor.2)
}

fn cursor(text: &str) -> Result<Option<Cursor>> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts: Option<Vec<i64>> = text.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([rank, opened, number]) if *rank != i64::MIN => Ok(Some(Cursor(*rank, *opened, *number))),
        _ => Err(AppError::BadRequest("after: is not a page of this list".to_owned())),
    }
}
