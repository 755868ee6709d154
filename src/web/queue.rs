//! The queue: views, filters in the address, a preview of the current row.
mod asks;
mod peek;

use self::peek::{Peek, peek};
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::done::{Done, Told, done};
use super::form::Asked;
use super::page::{COUNT_MOST, Chrome, Page, count_text};
use super::trail::Trail;
use super::view::listing::{Listing, cursor_text};
use super::view::row::{RowView, row};
use super::view::{economy, pull, words};
use crate::clock::now_ms;
use crate::domain::{Role, Severity, Status, Verdict};
use crate::error::Result;
use crate::store::orgs::Org;
use crate::store::queue::{self, Filter, Row, Sort, View};
use crate::store::{Tx, pulls, spending};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The tabs, in order.
const TABS: &[View] = &[
    View::NeedsDecision,
    View::SplitVotes,
    View::LikelyTruePositive,
    View::Triaging,
    View::Mine,
    View::AllOpen,
    View::Closed,
];

/// The query of the page: the list's, and the case that was just decided.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    #[serde(flatten)]
    listing: Listing,
    #[serde(flatten)]
    told: Told,
}

struct Tab {
    label: &'static str,
    count: String,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "cases/index.html")]
struct Index {
    chrome: Chrome,
    listing: Listing,
    filter: Filter,
    tabs: Vec<Tab>,
    rows: Vec<RowView>,
    oldest: String,
    more: Option<String>,
    first: Option<String>,
    peek: Option<Peek>,
    orgs: Vec<Org>,
    statuses: &'static [Status],
    verdicts: &'static [Verdict],
    severities: &'static [Severity],
    sorts: &'static [Sort],
    filtered: bool,
    clear: String,
    done: Option<Done>,
    may_decide: bool,
    unasked: String,
    /// What is wrong with pulling, for those who can do something about it.
    troubles: Vec<String>,
    trail: Trail,
}

impl Index {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn peek_href(&self, number: &i64) -> String {
        self.trail.queue(&[("peek", &number.to_string())])
    }

    /// The address of a case that remembers this list.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn case_href(&self, number: &i64) -> String {
        self.trail.case(*number, &[])
    }
}

/// `GET /cases`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let listing = query.listing;
    if let Some(number) = case_number(&listing.q) {
        return Ok(Redirect::to(&format!("/cases/{number}")).into_response());
    }
    let usual = if listing.q.is_empty() { View::NeedsDecision } else { View::All };
    let (filter, after, limit) = listing.parts(usual, Sort::Risk)?;
    let mut chrome = Chrome::of(&app, &me, "queue").await?;
    chrome.q.clone_from(&listing.q);
    let orgs = orgs_of(&app, &me).await?;
    let mut tx = app.store.read().await?;
    let found = queue::page(&mut tx, me.scope(), &filter, after, limit).await?;
    let now = now_ms();
    let current = listing.peek.parse().ok().filter(|wanted| found.iter().any(|row| row.case.number == *wanted));
    let current = current.or(found.first().map(|row| row.case.number));
    let trail = Trail::of(&listing);
    let peeked = found.iter().find(|row| Some(row.case.number) == current);
    let index = Index {
        tabs: tabs(&mut tx, &me, &listing, filter.view).await?,
        peek: peek(&mut tx, peeked, now).await?,
        unasked: economy::unasked(&spending::unasked_cases(&mut tx, me.scope(), now).await?),
        done: done(&mut tx, &app, &me, &query.told, (&trail, "queue")).await?,
        rows: found.iter().map(|found| row(found, orgs.len() > 1, Some(found.case.number) == current, now)).collect(),
        oldest: if filter.view == View::NeedsDecision { oldest(&found, now) } else { String::new() },
        more: more(&listing, &found, limit),
        first: after.map(|_| listing.with(&[])),
        filtered: listing.with(&[("view", ""), ("sort", ""), ("limit", "")]) != "/cases?",
        clear: format!("/cases?view={}", filter.view),
        may_decide: me.user.role >= Role::Analyst,
        troubles: troubles(&mut tx, &app, &me, now).await?,
        statuses: Status::ALL,
        verdicts: Verdict::ALL,
        severities: Severity::ALL,
        sorts: Sort::ALL,
        trail,
        chrome,
        listing,
        filter,
        orgs,
    };
    Ok(Page(index).into_response())
}

/// What is wrong with pulling from LimaCharlie.
async fn troubles(tx: &mut Tx, app: &App, me: &SignedIn, now: i64) -> Result<Vec<String>> {
    if me.user.role < Role::Lead || app.config.limacharlie.is_empty() {
        return Ok(Vec::new());
    }
    let all = pulls::all(tx, me.scope()).await?;
    Ok(all.iter().filter_map(|one| pull::trouble(one, &app.config.limacharlie, now)).collect())
}

/// How long the oldest of these waits.
fn oldest(found: &[Row], now: i64) -> String {
    found.iter().map(|row| row.case.opened_ms).min().map(|ms| words::waiting(now - ms)).unwrap_or_default()
}

/// The address of the next page, where this one is full.
fn more(listing: &Listing, found: &[Row], limit: i64) -> Option<String> {
    let full = i64::try_from(found.len()).is_ok_and(|rows| rows == limit);
    found.last().filter(|_| full).map(|last| listing.with(&[("after", &cursor_text(last.cursor()))]))
}

/// `#459` and `459` go straight to the case.
fn case_number(q: &str) -> Option<i64> {
    let digits = q.trim().strip_prefix('#').unwrap_or(q.trim());
    (digits.len() < 12).then(|| digits.parse().ok()).flatten().filter(|number| *number > 0)
}

async fn tabs(tx: &mut Tx, me: &SignedIn, listing: &Listing, current: View) -> Result<Vec<Tab>> {
    let mut tabs = Vec::new();
    for view in TABS {
        let count = if *view == View::Closed {
            String::new()
        } else {
            count_text(queue::count(tx, me.scope(), *view, COUNT_MOST).await?)
        };
        let href =
            Listing { view: view.as_str().to_owned(), sort: listing.sort.clone(), ..Listing::default() }.with(&[]);
        tabs.push(Tab { label: view.label(), count, href, current: *view == current });
    }
    Ok(tabs)
}
