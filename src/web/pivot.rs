//! What the pages of rules, sensors and observables gather in common. A person may see the same
//! thing in several organisations: each is asked by its index, and the answers are put together here.
use super::view::listing::word;
use super::view::pivot::{self as view, CaseView, Tally};
use super::view::strip::{self, Strip};
use super::view::words::{self, Glyph};
use crate::clock::now_ms;
use crate::domain::Verdict;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::Tx;
use crate::store::activity::{self, DAY_MS, Subject};
use crate::store::history::{self, After, Line, Of};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Rows of the short lists.
pub const SHORT: i64 = 10;

/// The query of such a page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Lists only cases with this verdict.
    pub verdict: String,
    /// Where the list begins.
    pub after: String,
}

/// What all of these pages show.
pub struct Pivot {
    /// Detections a day.
    pub strip: Strip,
    /// How many detections there are.
    pub detections: i64,
    /// How people decided.
    pub tally: Tally,
    /// The cases decided last.
    pub decided: Vec<CaseView>,
    /// One page of its cases.
    pub cases: Vec<CaseView>,
    /// The verdict that the list is cut to.
    pub only: Option<Glyph>,
    /// The page after this one.
    pub more: Option<String>,
    /// The page's own address.
    pub page: String,
    /// Whether this is not the list's first page.
    pub later: bool,
}

/// A page's cases, and where the next page begins.
pub async fn cases(tx: &mut Tx, of: &[Of], query: &Query, limit: i64) -> Result<(Vec<Line>, Option<String>)> {
    let verdict = word::<Verdict>("verdict", &query.verdict)?;
    let after = after(&query.after)?;
    let mut lines = Vec::new();
    for one in of {
        // One more than is shown tells whether there is another page.
        lines.extend(history::page(tx, *one, verdict, after, limit + 1).await?);
    }
    if let Some(one) = of.first() {
        history::sort(one.subject, &mut lines);
    }
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let full = lines.len() > shown;
    lines.truncate(shown);
    let next = lines.last().filter(|_| full).map(|line| format!("{}.{}", line.opened_ms, line.number));
    Ok((lines, next))
}

fn after(text: &str) -> Result<Option<After>> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('.').and_then(|(opened, number)| Some((opened.parse().ok()?, number.parse().ok()?)));
    let (opened_ms, number) =
        parts.ok_or_else(|| AppError::BadRequest("after: is not a page of this list".to_owned()))?;
    Ok(Some(After { opened_ms, number }))
}

/// How many cases have each verdict, in all of these together.
pub async fn verdicts(tx: &mut Tx, of: &[Of]) -> Result<Vec<(Verdict, i64)>> {
    let mut counts = Vec::new();
    for one in of {
        counts.extend(history::verdicts(tx, *one).await?);
    }
    Ok(counts)
}

/// How many detections all of these have.
pub async fn detections(tx: &mut Tx, of: &[Of]) -> Result<i64> {
    let mut sum = 0;
    for one in of {
        sum += activity::total(tx, one.subject, one.id).await?;
    }
    Ok(sum)
}

/// Gathers what such a page shows; `page` is its address.
pub async fn gather(tx: &mut Tx, of: &[Of], page: &str, query: &Query, several_orgs: bool) -> Result<Pivot> {
    let (lines, next) = cases(tx, of, query, limits::PAGE).await?;
    let mut decided = Vec::new();
    for one in of {
        decided.extend(history::decided(tx, *one, 5).await?);
    }
    decided.sort_by_key(|line| std::cmp::Reverse((line.decided_ms, line.number)));
    decided.truncate(5);
    let show = |line: &Line| view::case(line, several_orgs);
    let more = next.map(|next| {
        let query = [("verdict", query.verdict.as_str()), ("after", next.as_str())];
        let query = query.iter().filter(|(_, value)| !value.is_empty());
        format!("{page}?{}#cases", form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
    });
    Ok(Pivot {
        strip: strip(tx, of).await?,
        detections: detections(tx, of).await?,
        tally: view::tally(&verdicts(tx, of).await?, page),
        decided: decided.iter().map(show).collect(),
        cases: lines.iter().map(show).collect(),
        only: word::<Verdict>("verdict", &query.verdict)?.map(words::person),
        later: !query.after.is_empty(),
        page: page.to_owned(),
        more,
    })
}

/// The days up to the last one that any of these was seen on.
async fn strip(tx: &mut Tx, of: &[Of]) -> Result<Strip> {
    let mut end = None;
    for one in of {
        end = end.max(activity::last(tx, one.subject, one.id).await?);
    }
    let end = end.unwrap_or_else(today);
    let mut days = BTreeMap::new();
    for one in of {
        for (day, count) in activity::since(tx, one.subject, one.id, end - strip::DAYS + 1).await? {
            *days.entry(day).or_insert(0) += count;
        }
    }
    Ok(strip::strip(&days.into_iter().collect::<Vec<_>>(), end))
}

fn today() -> i64 {
    now_ms().div_euclid(DAY_MS)
}

/// The same days of each row of a list, up to the last one that any was seen on, and that day.
/// A clock that runs ahead can't push all others out of view: no day lies after today.
pub async fn trends(tx: &mut Tx, subject: Subject, ids: &[i64]) -> Result<(Vec<Strip>, String)> {
    let mut end = None;
    for id in ids {
        end = end.max(activity::last(tx, subject, *id).await?);
    }
    let end = end.unwrap_or_else(today).min(today());
    let mut all = Vec::new();
    for id in ids {
        let days = activity::since(tx, subject, *id, end - strip::DAYS + 1).await?;
        all.push(strip::strip(&days, end));
    }
    Ok((all, strip::day_text(end)))
}

/// The query of the lists of rules and sensors.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Names {
    /// The start of a name.
    pub q: String,
    /// Where the page begins.
    pub after: String,
}

/// The end of the page before, as the store takes it.
pub type Bound = (i64, i64);

impl Names {
    /// The wanted start of a name and the end of the page before.
    ///
    /// # Errors
    /// `BadRequest` that names the parameter.
    pub fn parts(&self) -> Result<(String, Bound)> {
        if self.q.chars().count() > 200 {
            return Err(AppError::BadRequest("q: at most 200 characters".to_owned()));
        }
        let after = after(&self.after)?.map_or((i64::MAX, i64::MAX), |after| (after.opened_ms, after.number));
        Ok((self.q.trim().replace('\0', ""), after))
    }

    /// The address of the page after the one that ends with this row.
    pub fn more(&self, list: &str, end: Bound) -> String {
        let after = format!("{}.{}", end.0, end.1);
        let pairs = [("q", self.q.as_str()), ("after", after.as_str())];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        format!("{list}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
    }
}

/// Rows of several organisations as one page, newest first, and its end where another page follows.
pub fn newest<T>(mut found: Vec<T>, key: impl Fn(&T) -> Bound) -> (Vec<T>, Option<Bound>) {
    found.sort_by_key(|one| std::cmp::Reverse(key(one)));
    let most = usize::try_from(limits::PAGE).unwrap_or(usize::MAX);
    let full = found.len() > most;
    found.truncate(most);
    let end = found.last().filter(|_| full).map(key);
    (found, end)
}
