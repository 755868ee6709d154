//! What each source delivers: how much, how late, and since when nothing.
use super::App;
use super::auth::SignedIn;
use super::page::{Chrome, Page};
use super::view::pull::{PullView, pull};
use super::view::text::visible;
use super::view::words::{When, duration, when};
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::intake::{self, MINUTE_MS, Summary};
use crate::store::pulls;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The stretch that the page sums up: a day.
const MINUTES: i64 = 24 * 60;

struct Line {
    org: String,
    source: String,
    last: When,
    silent: String,
    accepted: i64,
    duplicates: i64,
    rejected: i64,
    an_hour: i64,
    a_minute: String,
    lag: String,
    lag_most: String,
}

#[derive(Template)]
#[template(path = "admin/intake.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
    pulls: Vec<PullView>,
}

/// `GET /admin/intake`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "intake").await?;
    let now = now_ms().div_euclid(MINUTE_MS);
    let mut tx = app.store.read().await?;
    let found = intake::summaries(&mut tx, me.scope(), now - MINUTES, now).await?;
    let lines = found.into_iter().map(|summary| line(summary, now)).collect();
    let mut views = Vec::new();
    for one in pulls::all(&mut tx, me.scope()).await? {
        let gaps = pulls::gaps(&mut tx, one.org_id).await?;
        views.push(pull(&one, &gaps, &app.config.limacharlie, now_ms()));
    }
    Ok(Page(Index { chrome, lines, pulls: views }).into_response())
}

fn line(summary: Summary, now: i64) -> Line {
    let mean = summary.lag_ms.checked_div(summary.accepted);
    let lag = |ms: Option<i64>| ms.map_or_else(|| "none".to_owned(), |ms| duration(ms.max(0)));
    #[expect(clippy::cast_precision_loss, reason = "a count of five minutes")]
    let a_minute = format!("{:.1}", summary.last_five as f64 / 5.0);
    Line {
        org: summary.org,
        source: visible(&summary.source),
        last: when(summary.last_minute * MINUTE_MS),
        silent: duration((now - summary.last_minute) * MINUTE_MS),
        accepted: summary.accepted,
        duplicates: summary.duplicates,
        rejected: summary.rejected,
        an_hour: summary.last_hour,
        a_minute,
        lag: lag(mean),
        lag_most: lag(mean.map(|_| summary.lag_max_ms)),
    }
}
