//! Errors that voters make together: pair by pair against chance, effective votes over time, and the cases behind each
//! number, found by the same rules as the numbers.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::Asked;
use super::page::{Chrome, Page};
use super::view::pivot::{self, CaseView};
use super::view::text::visible;
use super::view::together::{Drawn, PairView, PeriodView, drawn, pair_view, period_view};
use super::view::{moments, strip};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::Tx;
use crate::store::activity::DAY_MS;
use crate::store::measured::{self, TOGETHER, Told};
use crate::triage::measure::Member;
use crate::triage::shared_errors::{Kind, Reviewed, pairs, periods};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// So many cases are listed.
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

/// The voters of these cases by name, each with its newest model, and the cases with what each of them said.
fn reviewed(told: &[Told]) -> (Vec<Member>, Vec<Reviewed>) {
    let mut members: Vec<Member> = Vec::new();
    for one in told {
        if members.iter().all(|known| known.name != one.voter) {
            let (name, model, digest) = (one.voter.clone(), one.model.clone(), one.digest.clone());
            members.push(Member { name, model, digest });
        }
    }
    members.sort_by(|one, other| one.name.cmp(&other.name));
    let cases = told.chunk_by(|one, other| one.case_number == other.case_number).map(|case| Reviewed {
        case: case[0].case_number,
        decided_ms: case[0].decided_ms,
        declared: case[0].declared,
        said: members
            .iter()
            .map(|member| case.iter().find(|one| one.voter == member.name).map(|one| one.vote))
            .collect(),
    });
    let cases = cases.collect();
    (members, cases)
}

/// `GET /models/together`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let (days, length) = span(&query)?;
    let chrome = Chrome::of(&app, &me, "models").await?;
    let end = now_ms().div_euclid(DAY_MS) + 1;
    let count = (days + length - 1) / length;
    let ends: Vec<i64> = (0..=count).map(|at| (end - (count - at) * length) * DAY_MS).collect();
    let seated = seated(&app).await;
    let mut tx = app.store.read().await?;
    let told = told(&mut tx, &me, seated.as_deref(), ends[0]).await?;
    drop(tx);
    let (members, cases) = reviewed(&told);
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let all = periods(&members, &cases, &ends);
    let from = strip::day_text(ends[0] / DAY_MS);
    let spans = SPANS.map(|(own, each, href, label)| (href, label, (own, each) == (days, length)));
    Ok(Page(Index {
        spans: spans.to_vec(),
        pairs: pairs(members.len(), &cases).iter().map(|pair| pair_view(pair, &names, &from)).collect(),
        drawn: drawn(&all),
        periods: all.iter().rev().map(period_view).collect(),
        cut: i64::try_from(cases.len()).is_ok_and(|count| count >= TOGETHER),
        most: TOGETHER,
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
    /// `missed` or `alarm` of two voters; empty of any two.
    kind: String,
    /// `true` for those in which both, or at least two, were wrong.
    wrong: String,
}

#[derive(Template)]
#[template(path = "models/cases.html")]
struct List {
    chrome: Chrome,
    head: String,
    cases: Vec<CaseView>,
    most: bool,
}

/// `GET /models/together/cases`: the cases that a number of the page counts.
pub async fn cases(me: SignedIn, State(app): State<App>, Asked(which): Asked<Which>) -> Result<Response> {
    let from_ms = moments::first("from", &which.from)?;
    let to_ms = if which.to.is_empty() { i64::MAX } else { moments::first("to", &which.to)? };
    let kind = if which.kind.is_empty() { None } else { Some(which.kind.parse::<Kind>()) };
    let kind = kind.transpose().map_err(|error| AppError::BadRequest(format!("kind: {error}")))?;
    let chrome = Chrome::of(&app, &me, "models").await?;
    let several = orgs_of(&app, &me).await?.len() > 1;
    let seated = seated(&app).await;
    let mut tx = app.store.read().await?;
    let told = told(&mut tx, &me, seated.as_deref(), from_ms).await?;
    let (members, all) = reviewed(&told);
    let counts = counted(&which, kind, &members)?;
    let found: Vec<i64> =
        all.iter().filter(|case| case.decided_ms < to_ms && counts(case)).map(|case| case.case).collect();
    let most = found.len() > LISTED;
    let lines = measured::lines(&mut tx, &found[..found.len().min(LISTED)]).await?;
    drop(tx);
    let cases = lines.iter().map(|line| pivot::case(line, several)).collect();
    Ok(Page(List { chrome, head: head(&which, kind), cases, most }).into_response())
}

/// Whether a case is one of those that are asked for.
fn counted(which: &Which, kind: Option<Kind>, members: &[Member]) -> Result<impl Fn(&Reviewed) -> bool> {
    let place = |name: &str| members.iter().position(|member| member.name == name);
    let pair = place(&which.one).zip(place(&which.other));
    let named = !which.one.is_empty() || !which.other.is_empty() || kind.is_some();
    if named && (kind.is_none() || which.one.is_empty() || which.other.is_empty()) {
        return Err(AppError::BadRequest("kind, one and other belong together".to_owned()));
    }
    let wrong = which.wrong == "true";
    Ok(move |case: &Reviewed| match (kind, pair) {
        (Some(kind), Some(pair)) if wrong => case.both_wrong(pair, kind),
        (Some(kind), Some(pair)) => case.both_decided(pair, kind),
        (Some(_), None) => false,
        (None, _) => case.decided().0 >= 2 && (!wrong || case.decided().1 >= 2),
    })
}

fn head(which: &Which, kind: Option<Kind>) -> String {
    let wrong = which.wrong == "true";
    match kind {
        None if wrong => "Reviewed cases in which at least two voters were wrong".to_owned(),
        None => "Reviewed cases that at least two voters decided".to_owned(),
        Some(kind) => {
            let declared = if kind == Kind::Missed { "true positive" } else { "benign" };
            let how = if wrong { "both were wrong about" } else { "both decided" };
            format!("{} and {}: declared {declared}, {how}", visible(&which.one), visible(&which.other))
        }
    }
}
