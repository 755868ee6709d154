//! A list's address: filters, order, page. The same for the queue page and the API.
use super::moments;
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
    /// A tag that people gave.
    pub tag: String,
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
    /// `off` shows every case of a behaviour by itself.
    pub group: String,
    /// The saved view that led here.
    pub saved: String,
    /// When what happened, and by whom.
    #[serde(flatten)]
    pub moments: moments::Asked,
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
        if !matches!(self.group.as_str(), "" | "off") {
            return Err(AppError::BadRequest("group: must be off or left out".to_owned()));
        }
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
            tag: tag(&self.tag)?,
            q: self.q.trim().replace('\0', ""),
            exact: self.group == "off",
            grouped: false,
            moments: self.moments.parts()?,
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

    /// Whether undecided cases of one behaviour are one row in this list.
    pub fn grouped(&self, filter: &Filter) -> bool {
        let views = [View::NeedsDecision, View::SplitVotes, View::LikelyTruePositive, View::AllOpen];
        let whole = self.group.is_empty() && self.fingerprint.is_empty();
        whole && filter.sort == Sort::Risk && views.contains(&filter.view)
    }

    /// What the form doesn't ask for but keeps: a parameter and its value.
    pub fn hidden(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("machine_verdict", &self.machine_verdict),
            ("assignee", &self.assignee),
            ("rule", &self.rule),
            ("sensor", &self.sensor),
            ("fingerprint", &self.fingerprint),
            ("q", &self.q),
            ("group", &self.group),
        ];
        let all = all.into_iter().chain(self.moments.pairs());
        all.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.as_str())).collect()
    }

    /// The filters in force: a parameter, and what stands on its chip.
    pub fn chips(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("q", "Text", self.q.clone()),
            ("status", "Status", label::<Status>(&self.status, Status::label)),
            ("verdict", "Analyst", label::<Verdict>(&self.verdict, Verdict::label)),
            ("machine_verdict", "Vote", label::<MachineVerdict>(&self.machine_verdict, MachineVerdict::label)),
            ("severity", "Severity", label::<Severity>(&self.severity, Severity::label)),
            ("org", "Organisation", self.org.clone()),
            ("assignee", "Assigned to", self.assignee.clone()),
            ("rule", "Rule", self.rule.clone()),
            ("sensor", "Sensor", self.sensor.clone()),
            ("tag", "Tag", crate::domain::tag::label(&self.tag).to_owned()),
            ("fingerprint", "Behaviour", self.fingerprint.clone()),
            ("group", "Every case", if self.group.is_empty() { String::new() } else { "by itself".to_owned() }),
        ];
        let set = all.into_iter().chain(self.moments.words()).filter(|(_, _, value)| !value.is_empty());
        set.map(|(name, word, value)| {
            let most = if name == "fingerprint" { 12 } else { 60 };
            (name, format!("{word} {}", super::text::start(&value, most)))
        })
        .collect()
    }

    /// The address of the same list without one filter.
    pub fn without(&self, name: &&'static str) -> String {
        self.with(&[(*name, ""), ("saved", "")])
    }

    /// The query string of the same list, as it is saved and handed on.
    pub fn query(&self, replaced: &[(&str, &str)]) -> String {
        let all: Vec<(&str, &str)> = [("saved", ""), ("limit", "")].iter().chain(replaced).copied().collect();
        self.with(&all).split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default()
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
            ("tag", &self.tag),
            ("q", &self.q),
            ("sort", &self.sort),
            ("limit", &self.limit),
            ("group", &self.group),
            ("saved", &self.saved),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in own.into_iter().chain(self.moments.pairs()) {
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

/// A word's label, or the text where it is no such word.
pub(super) fn label<T: FromStr>(text: &str, label: impl Fn(T) -> &'static str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), |word| label(word).to_owned())
}

fn tag(text: &str) -> Result<String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    crate::domain::tag::read(text).map_err(|problem| AppError::BadRequest(format!("tag: {problem}")))
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
