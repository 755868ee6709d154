//! The fields of a selection: numbers, lists, and what is declared of them.
use crate::domain::Verdict;
use crate::error::{AppError, Result};
use crate::review::bulk::Selection;
use crate::store::queue::{Filter, Sort, View};
use crate::web::trail::Trail;
use crate::web::view::listing::Listing;
use axum::extract::Query;
use axum::http::Uri;
use std::collections::BTreeSet;

/// The longest query string of a list that is read, in bytes.
const LONGEST: usize = 2_000;
/// So many lists may be chosen at once: a page of the queue holds no more.
const LISTS: usize = 200;

/// A selection as it was sent, and what is declared of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    /// What was chosen.
    pub(super) selection: Selection,
    /// Query strings of lists.
    pub(super) lists: Vec<String>,
    /// The verdict's word, or empty.
    pub(super) verdict: String,
    /// The reason's code, or empty.
    pub(super) reason: String,
    /// A note for each case.
    pub(super) note: String,
    /// Whether the cases are closed as well.
    pub(super) close: bool,
    /// What tells this form from all others.
    pub(super) token: String,
    /// Who gets the cases.
    pub(super) user: String,
    /// The query string of the list that it comes from.
    pub(super) from: String,
}

impl Form {
    /// Reads a form's body or a query string.
    pub(super) fn read(body: &[u8]) -> Result<Self> {
        let mut form = Self::default();
        for (field, value) in form_urlencoded::parse(body) {
            if value.contains('\0') {
                return Err(invalid(&field, "holds a NUL character"));
            }
            match field.as_ref() {
                "numbers" => form.selection.numbers.extend(numbers("numbers", &value)?),
                "back" => form.selection.back.extend(numbers("back", &value)?),
                "filter" => form.add(value.into_owned())?,
                "shown_ms" => form.selection.shown_ms = value.parse().ok(),
                "verdict" => form.verdict = value.into_owned(),
                "reason" => form.reason = value.into_owned(),
                "note" => form.note = value.into_owned(),
                "close" => form.close = value == "true",
                "idempotency_key" => value[..value.floor_char_boundary(100)].clone_into(&mut form.token),
                "user" => form.user = value.into_owned(),
                "from" => form.from = value.into_owned(),
                _ => {}
            }
        }
        Ok(form)
    }

    fn add(&mut self, list: String) -> Result<()> {
        if self.lists.contains(&list) {
            return Ok(());
        }
        if self.lists.len() == LISTS {
            return Err(invalid("filter", "too many lists"));
        }
        self.selection.filters.push(filter(&list)?);
        self.lists.push(list);
        Ok(())
    }

    /// The numbers as one field.
    pub(super) fn numbers(&self) -> String {
        self.selection.numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
    }

    /// The verdict that was chosen.
    pub(super) fn verdict(&self) -> Result<Verdict> {
        self.verdict.parse().map_err(|unknown: crate::domain::UnknownWord| invalid("verdict", &unknown.to_string()))
    }

    /// The list that it comes from, the usual one where it names none.
    pub(super) fn trail(&self) -> Trail {
        Trail::read(&self.from).unwrap_or_default()
    }
}

/// Case numbers, separated by commas.
fn numbers(field: &str, text: &str) -> Result<BTreeSet<i64>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let all: Option<BTreeSet<i64>> = parts.map(|part| part.parse().ok().filter(|number| *number > 0)).collect();
    all.ok_or_else(|| invalid(field, "must be case numbers, separated by commas"))
}

/// The filter of a list's query string: every case by itself, from its first page on.
fn filter(query: &str) -> Result<Filter> {
    let unread = || invalid("filter", "is not the query string of a list");
    let uri: Uri =
        (query.len() <= LONGEST).then(|| format!("/cases?{query}").parse().ok()).flatten().ok_or_else(unread)?;
    let Query(listing) = Query::<Listing>::try_from_uri(&uri).map_err(|_| unread())?;
    let usual = if listing.q.is_empty() { View::NeedsDecision } else { View::All };
    let (filter, ..) = listing.parts(usual, Sort::Risk).map_err(|error| invalid("filter", &error.to_string()))?;
    Ok(filter)
}

fn invalid(field: &str, text: &str) -> AppError {
    AppError::Invalid { field: field.chars().take(40).collect(), text: text.to_owned() }
}
