//! The dashboard: how much waits, how fast and how well it is decided, and what makes noise.
//!
//! Every number leads to the list that holds exactly the cases it counts.
mod figures;
mod tables;

use self::figures::{AGES_MS, Age, Numbers, PerDay};
use self::tables::{Model, RuleLine};
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::Asked;
use super::page::{Chrome, Page};
use super::view::handover::{CaseLine, case_line};
use super::view::listing::Listing;
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::activity::DAY_MS;
use crate::store::orgs::Org;
use crate::store::queue::{self, Filter, Sort, View};
use crate::store::{Scope, daily, dashboard as store, measured};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// Days of a period that can be chosen; the second is the usual one.
const PERIODS: [i64; 3] = [7, 30, 90];
/// Cases that wait longest.
const LONGEST: i64 = 3;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    days: String,
    org: String,
}

/// Days of UTC and an organisation, or all of a person's.
pub struct Period {
    /// How many days.
    days: i64,
    /// The first one, counted from 1970.
    first: i64,
    /// Today.
    last: i64,
    /// Now.
    now_ms: i64,
    /// The organisation's short name, or empty.
    org: String,
}

impl Period {
    fn of(query: &Query, now_ms: i64) -> Result<Self> {
        let asked = if query.days.is_empty() { Ok(PERIODS[1]) } else { query.days.parse() };
        let days = asked.ok().filter(|days| PERIODS.contains(days));
        let days = days.ok_or_else(|| AppError::BadRequest("days: must be 7, 30 or 90".to_owned()))?;
        let last = now_ms.div_euclid(DAY_MS);
        Ok(Self { days, first: last - days + 1, last, now_ms, org: query.org.clone() })
    }

    /// Its beginning.
    const fn begins_ms(&self) -> i64 {
        self.first * DAY_MS
    }

    /// The address of a list of all cases with a filter.
    fn list(&self, filter: &[(&str, &str)]) -> String {
        let all: Vec<_> = [("view", "all"), ("org", self.org.as_str())].iter().chain(filter).copied().collect();
        Listing::default().with(&all)
    }

    /// The address of a list of waiting cases with a filter, one by one.
    fn waiting(&self, filter: &[(&str, &str)]) -> String {
        let own = [("view", "needs_decision"), ("group", "off"), ("org", self.org.as_str())];
        Listing::default().with(&own.iter().chain(filter).copied().collect::<Vec<_>>())
    }
}

#[derive(Template)]
#[template(path = "dashboard/index.html")]
struct Index {
    chrome: Chrome,
    period: Period,
    orgs: Vec<Org>,
    numbers: Numbers,
    per_day: PerDay,
    ages: Vec<Age>,
    longest: Vec<CaseLine>,
    models: Vec<Model>,
    rules: Vec<RuleLine>,
}

/// `GET /dashboard`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let period = Period::of(&query, now_ms())?;
    let chrome = Chrome::of(&app, &me, "dashboard").await?;
    let orgs = orgs_of(&app, &me).await?;
    let named = orgs.iter().find(|org| org.slug == query.org);
    if named.is_none() && !query.org.is_empty() {
        return Err(AppError::Unknown("organisation"));
    }
    let scope = named.map_or_else(|| me.scope(), |org| Scope::org(org.id));
    let shown: Vec<Org> = named.map_or_else(|| orgs.clone(), |org| vec![org.clone()]);
    let mut tx = app.store.read().await?;
    let days = daily::between(&mut tx, scope, period.first, period.last).await?;
    let waits = store::waiting(&mut tx, scope, AGES_MS.map(|age| period.now_ms - age)).await?;
    let took = store::took(&mut tx, scope, (period.begins_ms(), (period.last + 1) * DAY_MS)).await?;
    let oldest = Filter { view: View::NeedsDecision, sort: Sort::Oldest, ..Filter::default() };
    let oldest = queue::page(&mut tx, scope, &oldest, None, LONGEST).await?;
    let cells = measured::cells(&mut tx, scope, period.begins_ms()).await?;
    let index = Index {
        rules: tables::rules(&mut tx, &period, &shown).await?,
        numbers: figures::numbers(&period, &days, &waits, &took),
        per_day: figures::per_day(&period, &days),
        ages: figures::ages(&period, &waits),
        longest: oldest.iter().map(|row| case_line(row, period.now_ms)).collect(),
        models: tables::models(&period, &cells),
        chrome,
        orgs,
        period,
    };
    Ok(Page(index).into_response())
}
