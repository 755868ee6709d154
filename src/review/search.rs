//! Search: what a person or a program asks, and all that is found for it.
mod nearest;
mod pivot;

pub use pivot::Pivots;

use super::ReviewError;
use crate::domain::search::{self as asking, Query, Term};
use crate::domain::{Detection, ObservableKind};
use crate::store::cases::{self, Case};
use crate::store::queue::Cursor;
use crate::store::search::{self, Hit, Index, Value};
use crate::store::{Scope, Tx};
use crate::triage::found::{self, Found};
use crate::triage::observables::{self, scan};

/// A case that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseHit {
    /// It.
    pub case: Case,
    /// When the event happened that the words are in, or the first one.
    pub event_ms: i64,
    /// Where the words are.
    pub found: Option<Found>,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The question as it was understood.
    pub query: Query,
    /// Cases.
    pub cases: Vec<CaseHit>,
    /// Where the next page of cases begins.
    pub next: Option<String>,
    /// Whether there is more to look at than was looked at.
    pub stopped: bool,
    /// Beginnings of too many words.
    pub broad: Vec<String>,
    /// What else was found; on the first page only.
    pub pivots: Pivots,
    /// Where nothing was found: a known value that is nearly what was typed, and the question with it.
    pub nearest: Option<(String, String)>,
}

/// What a question names outright.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A case.
    Case(i64),
    /// An observable that we hold.
    Observable(ObservableKind, String),
}

/// A case by `#459`, or by `459` where there is one to see; a hash that is held.
///
/// # Errors
/// Where the database refuses.
pub async fn named(tx: &mut Tx, scope: Scope, text: &str) -> Result<Option<Named>, ReviewError> {
    let text = text.trim();
    let digits = text.strip_prefix('#').unwrap_or(text);
    let number = Some(digits).filter(|it| it.len() < 12).and_then(|it| it.parse::<i64>().ok()).filter(|it| *it > 0);
    if let Some(number) = number
        && (digits.len() < text.len() || cases::visible(tx, scope, number).await?.is_some())
    {
        return Ok(Some(Named::Case(number)));
    }
    let Some(kind) = scan::hash(text) else { return Ok(None) };
    let orgs: Vec<_> = search::orgs(tx, scope).await?.into_iter().map(|(id, _)| id).collect();
    let held = search::values(tx, &[kind], &text.to_ascii_lowercase(), true, &orgs).await?;
    Ok(held.into_iter().next().map(|held| Named::Observable(held.kind, held.value)))
}

/// Finds.
///
/// # Errors
/// `Invalid` where the text is too long or `after` is no page; otherwise where the database refuses.
pub async fn search(tx: &mut Tx, scope: Scope, text: &str, after: &str) -> Result<Outcome, ReviewError> {
    let length = text.chars().count();
    if length > asking::LONGEST {
        let most = asking::LONGEST;
        return ReviewError::invalid("q", format!("The search text has {length} characters; at most {most} are read."));
    }
    let known = search::orgs(tx, scope).await?;
    let mut query = asking::read(&text.replace('\0', " "));
    query.check_orgs(&known);
    let orgs = query.orgs(&known);
    let mut outcome = Outcome { query, ..Outcome::default() };
    if !outcome.query.asks() || orgs.is_empty() {
        return Ok(outcome);
    }
    if outcome.query.terms().next().is_some() {
        by_words(tx, &mut outcome, &orgs, number(after)?).await?;
    } else {
        by_conditions(tx, &mut outcome, &orgs, cursor(after)?).await?;
    }
    if after.is_empty() {
        outcome.pivots = pivot::find(tx, &outcome.query, &orgs).await?;
        if outcome.cases.is_empty() && outcome.next.is_none() && outcome.pivots.is_empty() {
            outcome.nearest = nearest::find(tx, &outcome.query, &orgs).await?;
        }
    }
    Ok(outcome)
}

async fn by_words(tx: &mut Tx, outcome: &mut Outcome, orgs: &[i64], after: Option<i64>) -> Result<(), ReviewError> {
    let query = &outcome.query;
    let terms: Vec<_> = query.terms().collect();
    let words = search::matching(tx, Index::Detections, &terms, orgs, false).await?;
    let page = search::by_words(tx, query, &words, orgs, after).await?;
    let wanted: Vec<_> = query.wanted().collect();
    outcome.cases = page.items.into_iter().map(|hit| shown(hit, &wanted)).collect();
    outcome.next = page.next.map(|next| next.to_string());
    outcome.stopped = page.stopped;
    outcome.broad = words.broad;
    Ok(())
}

/// A hit with the text that the words are in, read from the document of the detection.
fn shown(hit: Hit, wanted: &[&Term]) -> CaseHit {
    let document = hit.raw.as_deref().and_then(|raw| serde_json::from_str(raw).ok());
    let detection = document.and_then(|document| Detection::read(&document).ok());
    let found = detection.and_then(|detection| found::find(&detection, &observables::of(&detection), wanted));
    CaseHit { case: hit.case, event_ms: hit.event_ms, found }
}

async fn by_conditions(
    tx: &mut Tx,
    outcome: &mut Outcome,
    orgs: &[i64],
    after: Option<Cursor>,
) -> Result<(), ReviewError> {
    let page = search::by_conditions(tx, &outcome.query, orgs, after).await?;
    let hit = |case: Case| CaseHit { event_ms: case.first_event_ms, found: None, case };
    outcome.cases = page.items.into_iter().map(hit).collect();
    outcome.next = page.next.map(|Cursor(_, opened, number)| format!("{opened}.{number}"));
    outcome.stopped = page.stopped;
    Ok(())
}

/// Where a page of a search by words begins.
fn number(after: &str) -> Result<Option<i64>, ReviewError> {
    if after.is_empty() {
        return Ok(None);
    }
    after.parse().map(Some).or_else(|_| no_page())
}

/// Where a page of a search by conditions begins.
fn cursor(after: &str) -> Result<Option<Cursor>, ReviewError> {
    if after.is_empty() {
        return Ok(None);
    }
    let parts = after.split_once('.').and_then(|(opened, number)| Some((opened.parse().ok()?, number.parse().ok()?)));
    parts.map_or_else(no_page, |(opened, number)| Ok(Some(Cursor(0, opened, number))))
}

fn no_page<T>() -> Result<T, ReviewError> {
    ReviewError::invalid("after", "This is not a page of this search.")
}

/// Cases that hold a value, as a count that stops at 100.
pub fn cases_with(value: &Value) -> String {
    match value.cases {
        1 => "1 case".to_owned(),
        100.. => "100+ cases".to_owned(),
        cases => format!("{cases} cases"),
    }
}
