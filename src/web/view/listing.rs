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

fn word<T: FromStr<Err = crate::domain::UnknownWord>>(name: &str, text: &str) -> Result<Option<T>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|unknown| AppError::BadRequest(format!("{name}: {unknown}")))
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
