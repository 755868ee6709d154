//! Errors that voters make together: pair by pair against chance, effective votes over time, and the cases behind each
//! number, found by the same rules as the numbers.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::Asked;
use super::measured::List;
use super::page::{Chrome, Page};
use super::view::pivot;
use super::view::text::visible;
use super::view::together::{Drawn, PairView, PeriodView, address, drawn, left_out, pair_view, period_view};
use super::view::{lists, moments, strip};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::Tx;
use crate::store::activity::DAY_MS;
use crate::store::measured::{self, TOGETHER, Told};
use crate::triage::shared_errors::{Kind, Pair, Period, Reviewed, Vote, pairs, periods};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::collections::BTreeSet;

/// So many cases stand on a page.
const LISTED: usize = 100;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    days: String,
    by: String,
}

/// The stretches that can be asked for: days, days of one period, the words of the address, what they are called.
const SPANS: [(i64, i64, &str, &str); 4] = [
    (90, 7, "days=90&by=week", "90 days by week"),
    (90, 30, "days=90&by=month", "90 days by 30 days"),
    (180, 7, "days=180&by=week", "180 days by week"),
    (180, 30, "days=180&by=month", "180 days by 30 days"),
];

#[derive(Template)]
#[template(path = "models/together.html")]
struct Index {
    chrome: Chrome,
    spans: Vec<(&'static str, &'static str, bool)>,
    pairs: Vec<PairView>,
    periods: Vec<PeriodView>,
    drawn: Drawn,
    cut: bool,
    most: i64,
    /// How many cases are left out because a program declared them, and their list.
    left_out: Option<(String, String)>,
}

/// The days and the length of a period that are asked for.
fn span(query: &Query) -> Result<(i64, i64)> {
    let days = match query.days.as_str() {
        "" | "90" => 90,
        "180" => 180,
        _ => return Err(AppError::BadRequest("days: must be 90 or 180".to_owned())),
    };
    match query.by.as_str() {
        "" | "week" => Ok((days, 7)),
        "month" => Ok((days, 30)),
        _ => Err(AppError::BadRequest("by: must be week or month".to_owned())),
    }
}

/// Who is on the panel now; nothing where the voters can't be set up, so that whoever voted is shown.
async fn seated(app: &App) -> Option<Vec<String>> {
    let seats = app.panel.current(&app.store).await.ok()?;
    let panel = seats.listed().filter(|(_, role)| *role == "panel");
    Some(panel.map(|(voter, _)| voter.name().to_owned()).collect())
}

/// What those said of the newest cases declared since a time.
async fn told(tx: &mut Tx, me: &SignedIn, seated: Option<&[String]>, since_ms: i64) -> Result<Vec<Told>> {
    let mut told = measured::told(tx, me.scope(), since_ms).await?;
    told.retain(|one| seated.is_none_or(|names| names.contains(&one.voter)));
    Ok(told)
}

/// The voters of these cases by name, and the cases with what each of them said.
fn reviewed(told: &[Told]) -> (Vec<String>, Vec<Reviewed>) {
    let names: BTreeSet<&str> = told.iter().map(|one| one.voter.as_str()).collect();
    let vote = |one: &Told| Vote { verdict: one.vote, model: one.model.clone(), digest: one.digest.clone() };
    let cases = told.chunk_by(|one, other| one.case_number == other.case_number).map(|case| Reviewed {
        case: case[0].case_number,
        decided_ms: case[0].decided_ms,
        declared: case[0].declared,
        said: names.iter().map(|name| case.iter().find(|one| one.voter == *name).map(vote)).collect(),
    });
    let cases = cases.collect();
    (names.into_iter().map(str::to_owned).collect(), cases)
}

/// What the page tells of votes, counted off the threads that serve pages.
async fn counted_together(told: Vec<Told>, ends: Vec<i64>) -> Result<(Vec<String>, usize, Vec<Pair>, Vec<Period>)> {
    let counted = tokio::task::spawn_blocking(move || {
        let (names, cases) = reviewed(&told);
        let (pairs, periods) = (pairs(names.len(), &cases), periods(names.len(), &cases, &ends));
        (names, cases.len(), pairs, periods)
    });
    counted.await.map_err(|error| AppError::Internal(error.into()))
}

/// `GET /models/together`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let (days, length) = span(&query)?;
    let chrome = Chrome::of(&app, &me, "models").await?;
    let end = now_ms().div_euclid(DAY_MS) + 1;
    let count = (days + length - 1) / length;
    let ends: Vec<i64> = (0..=count).map(|at| (end - (count - at) * length) * DAY_MS).collect();
    let from = strip::day_text(ends[0] / DAY_MS);
    let seated = seated(&app).await;
    let mut tx = app.store.read().await?;
    let told = told(&mut tx, &me, seated.as_deref(), ends[0]).await?;
    let programs = measured::by_programs(&mut tx, me.scope(), ends[0]).await?;
    drop(tx);
    let (names, cases, pairs, all) = counted_together(told, ends).await?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let spans = SPANS.map(|(own, each, href, label)| (href, label, (own, each) == (days, length)));
    Ok(Page(Index {
        spans: spans.to_vec(),
        pairs: pairs.iter().map(|pair| pair_view(pair, &names, &from)).collect(),
        drawn: drawn(&all),
        periods: all.iter().rev().map(period_view).collect(),
        cut: i64::try_from(cases).is_ok_and(|count| count >= TOGETHER),
        most: TOGETHER,
        left_out: left_out(programs, &from),
        chrome,
    })
    .into_response())
}

/// Which cases.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    /// The day of UTC with which the stretch begins, and the one before which it ends, or empty.
    from: String,
    to: String,
    /// Two voters, or empty for any two.
    one: String,
    other: String,
    /// `missed` or `alarm` of two voters, or empty for both.
    kind: String,
    /// `true` for those in which both, or at least two, were wrong; `one` or `other` for those in which that one was; of any
    /// two `decided` and `all` for those that all on the panel decided, and decided wrongly.
    wrong: String,
    /// The last case of the page before, as its time and number.
    after: String,
}

/// `GET /models/together/cases`: the cases that a number of the page counts.
pub async fn cases(me: SignedIn, State(app): State<App>, Asked(which): Asked<Which>) -> Result<Response> {
    let from_ms = moments::first("from", &which.from)?;
    let to_ms = if which.to.is_empty() { i64::MAX } else { moments::first("to", &which.to)? };
    let kind = if which.kind.is_empty() { None } else { Some(which.kind.parse::<Kind>()) };
    let kind = kind.transpose().map_err(|error| AppError::BadRequest(format!("kind: {error}")))?;
    let after = lists::after(&which.after)?;
    let chrome = Chrome::of(&app, &me, "models").await?;
    let several = orgs_of(&app, &me).await?.len() > 1;
    let seated = seated(&app).await;
    let mut tx = app.store.read().await?;
    let told = told(&mut tx, &me, seated.as_deref(), from_ms).await?;
    let (names, all) = reviewed(&told);
    let whole = seated.as_ref().map_or(names.len(), Vec::len);
    let counts = counted(&which, kind, &names, whole)?;
    let fits = |case: &&Reviewed| case.decided_ms < to_ms && (case.decided_ms, case.case) < after && counts(case);
    let found: Vec<(i64, i64)> =
        all.iter().filter(fits).take(LISTED + 1).map(|case| (case.decided_ms, case.case)).collect();
    let (shown, more) = lists::page(&found, LISTED, |one| *one);
    let numbers: Vec<i64> = shown.iter().map(|(_, number)| *number).collect();
    let lines = measured::lines(&mut tx, &numbers).await?;
    drop(tx);
    let cases = lines.iter().map(|line| pivot::case(line, several)).collect();
    let more = more.map(|end| which.page(&end));
    Ok(Page(List { chrome, head: head(&which, kind), cases, more }).into_response())
}

impl Which {
    /// The same list from a place on.
    fn page(&self, after: &str) -> String {
        address(&[
            ("from", &self.from),
            ("to", &self.to),
            ("one", &self.one),
            ("other", &self.other),
            ("kind", &self.kind),
            ("wrong", &self.wrong),
            ("after", after),
        ])
    }
}

/// Whether a case is one of those that are asked for; `whole` is how many are on the panel.
fn counted(which: &Which, kind: Option<Kind>, names: &[String], whole: usize) -> Result<impl Fn(&Reviewed) -> bool> {
    let place = |name: &str| names.iter().position(|known| known == name);
    let pair = place(&which.one).zip(place(&which.other));
    let paired = !which.one.is_empty() && !which.other.is_empty();
    if which.one.is_empty() != which.other.is_empty() || kind.is_some() && !paired {
        return Err(AppError::BadRequest("kind, one and other belong together".to_owned()));
    }
    let known: &[&str] = match (paired, kind) {
        (true, Some(_)) => &["", "true", "one", "other"],
        (true, None) => &["", "true"],
        (false, _) => &["", "true", "decided", "all"],
    };
    if !known.contains(&which.wrong.as_str()) {
        let text = format!("wrong: must be {}, or left out", known[1..].join(", "));
        return Err(AppError::BadRequest(text));
    }
    let wrong = which.wrong.clone();
    Ok(move |case: &Reviewed| match (kind, pair, wrong.as_str()) {
        (_, None, _) if paired => false,
        (Some(kind), Some(pair), "one") => case.alone_wrong(pair, pair.0, kind),
        (Some(kind), Some(pair), "other") => case.alone_wrong(pair, pair.1, kind),
        (Some(kind), Some(pair), "true") => case.both_wrong(pair, kind),
        (Some(kind), Some(pair), _) => case.both_decided(pair, kind),
        (None, Some(pair), wrong) => case.both(pair, wrong == "true"),
        (_, None, "decided") => case.decided().0 == whole,
        (_, None, "all") => case.decided() == (whole, whole),
        (_, None, wrong) => case.decided().0 >= 2 && (wrong != "true" || case.decided().1 >= 2),
    })
}

fn head(which: &Which, kind: Option<Kind>) -> String {
    let (one, other) = (visible(&which.one), visible(&which.other));
    let how = match which.wrong.as_str() {
        "true" => "both were wrong about".to_owned(),
        "one" => format!("both decided and {one} was wrong about"),
        "other" => format!("both decided and {other} was wrong about"),
        _ => "both decided".to_owned(),
    };
    match kind {
        None if !which.one.is_empty() => format!("{one} and {other}: reviewed cases that {how}"),
        None if which.wrong == "true" => "Reviewed cases in which at least two voters were wrong".to_owned(),
        None if which.wrong == "all" => "Reviewed cases in which all voters of the panel were wrong".to_owned(),
        None if which.wrong == "decided" => "Reviewed cases that all voters of the panel decided".to_owned(),
        None => "Reviewed cases that at least two voters decided".to_owned(),
        Some(kind) => {
            let declared = if kind == Kind::Missed { "true positive" } else { "benign" };
            format!("{one} and {other}: declared {declared}, {how}")
        }
    }
}
