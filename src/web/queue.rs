//! The queue: views, filters in the address, a preview of the current row.
mod asks;
mod bar;
mod peek;
mod stale;
pub mod tabs;

use self::bar::{Bar, bar};
use self::peek::{Peek, peek};
use self::tabs::{Tab, tabs};
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::done::{Done, Told, done};
use super::form::Asked;
use super::page::{COUNT_MOST, Chrome, Page, count_text};
use super::trail::Trail;
use super::view::listing::{Listing, cursor_text};
use super::view::row::{RowView, cluster, row};
use super::view::{economy, pull, words};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::Result;
use crate::store::orgs::Org;
use crate::store::queue::{self, Filter, Row, Sort, View};
use crate::store::{Tx, looks, pulls, spending};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The query of the page: the list's, and the case that was just decided.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    #[serde(flatten)]
    listing: Listing,
    #[serde(flatten)]
    told: Told,
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
    filtered: bool,
    clear: String,
    done: Option<Done>,
    may_decide: bool,
    unasked: String,
    /// What is wrong with pulling, for those who can do something about it.
    troubles: Vec<String>,
    trail: Trail,
    /// Cases that AI closed, to be told where nothing needs a decision.
    unchecked: String,
    /// What of a saved view is not known any more.
    stale: Vec<String>,
    /// What would be saved as a view.
    query: String,
    /// What can be done with selected rows, for those who decide.
    bar: Option<Bar>,
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
pub async fn index(
    me: SignedIn,
    State(app): State<App>,
    RawQuery(raw): RawQuery,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let raw = raw.unwrap_or_default();
    if raw.is_empty()
        && let Some(start) = tabs::start(&mut app.store.read().await?, &me.user).await?
    {
        return Ok(Redirect::to(&start).into_response());
    }
    let mut listing = query.listing;
    if let Some(number) = case_number(&listing.q) {
        return Ok(Redirect::to(&format!("/cases/{number}")).into_response());
    }
    let orgs = orgs_of(&app, &me).await?;
    let stale = if listing.saved.is_empty() { Vec::new() } else { stale::mend(&mut listing, &raw, &orgs) };
    Ok(Page(listed(&app, &me, listing, (orgs, stale), &query.told).await?).into_response())
}

/// The page of one list.
async fn listed(
    app: &App,
    me: &SignedIn,
    listing: Listing,
    (orgs, stale): (Vec<Org>, Vec<String>),
    decided: &Told,
) -> Result<Index> {
    let usual = if listing.q.is_empty() { View::NeedsDecision } else { View::All };
    let (mut filter, after, limit) = listing.parts(usual, Sort::Risk)?;
    filter.grouped = listing.grouped(&filter);
    let mut chrome = Chrome::of(app, me, "queue").await?;
    chrome.q.clone_from(&listing.q);
    let mut tx = app.store.read().await?;
    let found = queue::page(&mut tx, me.scope(), &filter, after, limit).await?;
    let now = now_ms();
    let current = found.iter().find(|row| row.case.number.to_string() == listing.peek).or(found.first());
    let trail = Trail::of(&listing);
    let peek = peek(&mut tx, current, &listing, (&me.user.username, &chrome.zone, now)).await?;
    Ok(Index {
        bar: bar(&mut tx, me, &listing, &filter).await?,
        tabs: tabs(&mut tx, me, &listing, filter.view).await?,
        unasked: economy::unasked(&spending::unasked_cases(&mut tx, me.scope(), now).await?),
        done: done(&mut tx, app, me, decided, (&trail, "queue")).await?,
        rows: changed(&mut tx, me, rows(&found, &listing, orgs.len() > 1, current, (&chrome.zone, now))).await?,
        oldest: if filter.view == View::NeedsDecision { oldest(&found, now) } else { String::new() },
        unchecked: unchecked(&mut tx, me, found.is_empty() && filter.view == View::NeedsDecision).await?,
        more: more(&listing, &found, limit),
        first: after.map(|_| listing.with(&[])),
        filtered: !listing.chips().is_empty(),
        clear: format!("/cases?view={}", filter.view),
        may_decide: me.user.role >= Role::Analyst,
        troubles: troubles(&mut tx, app, me, now).await?,
        query: Listing { view: filter.view.to_string(), ..listing.clone() }.query(&[]),
        trail,
        chrome,
        listing,
        filter,
        orgs,
        peek,
        stale,
    })
}

fn rows(
    found: &[Row],
    listing: &Listing,
    several_orgs: bool,
    current: Option<&Row>,
    clock: (&str, i64),
) -> Vec<RowView> {
    let one = |found: &Row| {
        let shown = row(found, several_orgs, current == Some(found), clock);
        RowView { cluster: found.cluster().map(|of| cluster(found, of, listing)), ..shown }
    };
    found.iter().map(one).collect()
}

/// Marks what others changed since this person looked at it.
async fn changed(tx: &mut Tx, me: &SignedIn, mut rows: Vec<RowView>) -> Result<Vec<RowView>> {
    let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
    let changed = looks::changed(tx, me.user.id, &me.user.username, &numbers).await?;
    for row in &mut rows {
        row.changed = changed.contains(&row.number);
    }
    Ok(rows)
}

/// How many cases wait for a spot check, or empty where none does.
async fn unchecked(tx: &mut Tx, me: &SignedIn, wanted: bool) -> Result<String> {
    let count = if wanted { queue::count(tx, me.scope(), View::SpotCheck, COUNT_MOST).await? } else { 0 };
    Ok(match count {
        0 => String::new(),
        1 => "1 case closed by AI is waiting for a spot check.".to_owned(),
        count => format!("{} cases closed by AI are waiting for a spot check.", count_text(count)),
    })
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
