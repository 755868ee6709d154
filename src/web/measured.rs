//! What voters had said of declared cases: figures for pages, and the cases behind each number.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::calibration;
use super::form::Asked;
use super::page::{Chrome, Page};
use super::view::measured::right_of;
use super::view::pivot::{self, CaseView};
use super::view::strip::day_text;
use super::view::text::visible;
use super::view::together::left_out;
use super::view::voters::{self as view, Figures, PanelFigures};
use super::view::{links, lists, moments};
use crate::clock::now_ms;
use crate::domain::{MachineVerdict, Verdict};
use crate::error::{AppError, Result};
use crate::jobs::evidence::count;
use crate::jobs::learn;
use crate::jobs::panel::Seats;
use crate::store::activity::DAY_MS;
use crate::store::measured::Told;
use crate::store::{Scope, Tx, measured, runs, votes};
use crate::triage::measure::{self, Errors, Member};
use crate::voters::statistical::{Model, Statistical};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// How right those who voted in a run were before, in its organisation.
#[derive(Debug, Default)]
pub struct OfRun {
    /// The panel: right in so many cases, of so many that it decided.
    pub panel: (i64, i64),
    /// Each voter, and how often it was right where it was as sure as here, in words.
    pub voters: Vec<(String, String)>,
}

/// How right the panel of a run and its voters were before.
pub async fn of_run(tx: &mut Tx, org_id: i64, run: Option<&runs::Run>, stored: &[votes::Stored]) -> Result<OfRun> {
    let Some(run) = run else { return Ok(OfRun::default()) };
    let seated = stored.iter().filter(|vote| vote.run_id == run.id && vote.counts()).map(|vote| vote.voter.as_str());
    let name = measured::panel_name(&run.mode, &seated.collect::<Vec<_>>());
    let since_ms = now_ms() - measured::DAYS * DAY_MS;
    let panel = right_of(measured::of_panel(tx, org_id, &name, since_ms).await?);
    Ok(OfRun { panel, voters: calibration::of_run(tx, org_id, run, stored).await? })
}

/// The figures of everybody who is set up, and of the panel as it is now.
pub async fn figures(app: &App, me: &SignedIn, seats: &Seats) -> Result<(Vec<Figures>, PanelFigures)> {
    let now = now_ms();
    let first = now.div_euclid(DAY_MS) - measured::DAYS;
    let (since, from) = (first * DAY_MS, day_text(first));
    let mut tx = app.store.read().await?;
    let cells = measured::cells(&mut tx, me.scope(), since).await?;
    let mut all = Vec::new();
    let mut members = Vec::new();
    for (voter, role) in seats.listed() {
        let recent = measured::recent(&mut tx, me.scope(), voter.name()).await?;
        if role == "panel" {
            let digest = recent.iter().find(|vote| !vote.digest.is_empty()).map(|vote| vote.digest.clone());
            let (name, model) = (voter.name().to_owned(), voter.model().to_owned());
            members.push(Member { name, model, digest: digest.unwrap_or_default() });
        }
        let mut figures = view::figures(voter.as_ref(), role, &recent, (&cells, &from), now);
        if voter.name() == Statistical::NAME {
            figures.facts.push(("Learnt from analysts", learnt(&mut tx, me).await?));
        }
        all.push(figures);
    }
    let told = measured::told(&mut tx, me.scope(), since).await?;
    let programs = measured::by_programs(&mut tx, me.scope(), since).await?;
    let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
    let together = measure::together(&members, &errors(&names, &told));
    let name = measured::panel_name(seats.rules.mode.as_str(), &names);
    let came = measured::outcomes(&mut tx, me.scope()).await?;
    let mut panel = view::panel((&members, &name), &came, (&cells, &from), &together);
    panel.left_out = left_out(programs, &from);
    Ok((all, panel))
}

/// What the statistical voter learnt in a person's organisations, in words.
async fn learnt(tx: &mut Tx, me: &SignedIn) -> Result<String> {
    let all = learn::told(tx, me.scope()).await?;
    let one = |(org, model, made_ms): &(String, Model, i64)| {
        let behaviours = count(model.declared, "declared behaviour");
        let bad = count(model.declared_positives, "true positive");
        format!("{}: {behaviours}, {bad}, {}", visible(org), moments::moment(*made_ms))
    };
    let all: Vec<String> = all.iter().map(one).collect();
    Ok(if all.is_empty() { "nothing yet".to_owned() } else { all.join("; ") })
}

/// For each declared case, who of these was wrong.
fn errors(names: &[&str], told: &[Told]) -> Vec<Errors> {
    let cases = told.chunk_by(|left, right| left.case_number == right.case_number);
    let wrong = |case: &[Told], name: &&str| {
        case.iter().find(|told| told.voter == *name).and_then(|told| measure::wrong(told.vote, told.declared))
    };
    cases.map(|case| names.iter().map(|name| wrong(case, name)).collect()).collect()
}

/// So many cases stand on a page.
const LISTED: i64 = 100;

/// Which cases.
#[derive(Debug, Deserialize)]
pub struct Query {
    #[serde(default)]
    voter: String,
    #[serde(default)]
    model: String,
    vote: MachineVerdict,
    declared: String,
    /// A day of UTC before which nothing is listed, or empty.
    #[serde(default)]
    since: String,
    /// An organisation's short name, or empty.
    #[serde(default)]
    org: String,
    /// The last case of the page before, as its time and number.
    #[serde(default)]
    after: String,
}

/// A page of a list of cases.
#[derive(Template)]
#[template(path = "models/cases.html")]
pub struct List {
    /// The frame.
    pub chrome: Chrome,
    /// What they are.
    pub head: String,
    /// The cases.
    pub cases: Vec<CaseView>,
    /// The next page, where there is one.
    pub more: Option<String>,
}

/// `GET /models/cases`: the cases in which a voter, or the panel, said one thing where an analyst declared another.
pub async fn cases(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let declared: &[Verdict] = match query.declared.as_str() {
        "benign" => &[Verdict::FalsePositive, Verdict::BenignTruePositive],
        "malicious" => &[Verdict::TruePositive],
        _ => return Err(AppError::BadRequest("declared must be benign or malicious.".to_owned())),
    };
    let chrome = Chrome::of(&app, &me, "models").await?;
    let orgs = orgs_of(&app, &me).await?;
    let (several, org) = (orgs.len() > 1, orgs.iter().find(|org| org.slug == query.org));
    if org.is_none() && !query.org.is_empty() {
        return Err(AppError::Unknown("organisation"));
    }
    let scope = org.map_or_else(|| me.scope(), |org| Scope::org(org.id));
    let since_ms = moments::first("since", &query.since)?;
    let after = lists::after(&query.after)?;
    let mut tx = app.store.read().await?;
    let mut lines = Vec::new();
    for verdict in declared {
        let of =
            measured::Of { voter: &query.voter, model: &query.model, vote: query.vote, declared: *verdict, since_ms };
        lines.extend(measured::cases(&mut tx, scope, of, after, LISTED + 1).await?);
    }
    lines.sort_by_key(|line| std::cmp::Reverse((line.decided_ms, line.number)));
    let who = if query.voter.is_empty() { "the panel".to_owned() } else { visible(&query.voter) };
    let most = usize::try_from(LISTED).unwrap_or(usize::MAX);
    let (shown, more) = lists::page(&lines, most, |line| (line.decided_ms.unwrap_or_default(), line.number));
    let more = more.map(|end| next(&query, &end));
    let head = format!("Declared {}, {who} had said {}", query.declared, query.vote.label().to_lowercase());
    let cases = shown.iter().map(|line| pivot::case(line, several)).collect();
    Ok(Page(List { chrome, head, cases, more }).into_response())
}

/// The same list from a place on.
fn next(query: &Query, after: &str) -> String {
    let fields = [("org", query.org.as_str()), ("after", after)];
    let own = links::measured((&query.voter, &query.model), query.vote.as_str(), &query.declared, &query.since);
    let more = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("{own}&{more}")
}
