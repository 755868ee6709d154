//! The case page.
mod head;
mod load;

use self::head::{Head, Undo, auto_close, head, undo};
use self::load::load;
use super::App;
use super::auth::SignedIn;
use super::done::{Done, Told, done};
use super::form::{Asked, CaseNumber};
use super::kept::Kept;
use super::page::{Chrome, Page};
use super::trail::{Steps, Trail};
use super::view::actions::{self as action_views, Group, Line};
use super::view::case::{self as view, CaseData, Choice, DetectionView, NoteView, Pages};
use super::view::economy;
use super::view::evidence::{self, IntelView, ObservableView, TechniqueView};
use super::view::gathered::Gathered;
use super::view::json::{self, Span};
use super::view::late;
use super::view::measured::accuracy as words_of;
use super::view::panel::{self, RunView};
use super::view::pivot::{self, Cluster};
use super::view::text;
use super::view::timeline::Item;
use crate::clock::now_ms;
use crate::domain::Role;
use crate::domain::action::TaskCommand;
use crate::domain::dossier::{Precedents, Prevalence};
use crate::error::{AppError, Result};
use crate::store::cases::{self, Case};
use crate::store::{Tx, drafts, rules, runs, sensors, users};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Response actions, and what may be asked for.
struct Acts {
    recorded: Vec<Group>,
    lines: Vec<Line>,
    commands: &'static [TaskCommand],
    connected: bool,
}

#[derive(Template)]
#[template(path = "cases/show.html")]
struct Show {
    chrome: Chrome,
    case: Case,
    kept: Kept,
    head: Head,
    run: Option<RunView>,
    /// How often this panel was right, in words.
    measured: String,
    /// The text that tries to steer the vote, or empty.
    steering: String,
    /// Where its votes came from.
    source: Option<economy::SourceView>,
    others: Vec<RunView>,
    detections: Vec<DetectionView>,
    rule: rules::Rule,
    references: Vec<(String, Option<String>)>,
    techniques: Vec<TechniqueView>,
    observables: Vec<ObservableView>,
    intel: Vec<IntelView>,
    items: Vec<Item>,
    entries: usize,
    report: Vec<Span>,
    choices: Vec<Choice>,
    steps: Vec<(&'static str, &'static str)>,
    sensor: sensors::Sensor,
    tags: Vec<(String, bool)>,
    platform: String,
    /// How the behaviour was decided, and where it was seen.
    seen: (Precedents, Prevalence),
    cluster: Cluster,
    pages: Pages,
    acts: Acts,
    gathered: Gathered,
    notes: Vec<NoteView>,
    assignable: Vec<users::User>,
    /// Exclusions in force that hide detections of this true positive.
    hidden_by: Vec<(i64, String, i64)>,
    auto_close: &'static str,
    may_decide: bool,
    key: String,
    way: Way,
}

/// How the page was come to, and what was done before.
#[derive(Default)]
struct Way {
    /// The neighbours in the list that it was opened from.
    steps: Option<Steps>,
    /// What was decided or taken back a moment ago.
    done: Option<Done>,
    /// The newest decision of this case, where it can be undone.
    undo: Option<Undo>,
    /// Votes that came after the decision and say otherwise.
    late: Vec<String>,
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    run: Option<i64>,
    merged: Option<i64>,
    from: Option<String>,
    #[serde(flatten)]
    told: Told,
}

/// `GET /cases/{number}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    if let Some(into) = merged_into(&app, &me, number).await? {
        return Ok(Redirect::to(&format!("/cases/{into}?merged={number}")).into_response());
    }
    let merged = match query.merged {
        Some(other) if merged_into(&app, &me, other).await? == Some(number) => Some(other),
        _ => None,
    };
    let kept = Kept { merged, trail: query.from.as_deref().and_then(Trail::read), ..Kept::default() };
    shown(&app, &me, (number, query.run), kept, &query.told).await
}

/// The case that another one became part of.
async fn merged_into(app: &App, me: &SignedIn, number: i64) -> Result<Option<i64>> {
    let case = cases::visible(&mut app.store.read().await?, me.scope(), number).await?;
    Ok(case.and_then(|case| case.merged_into))
}

/// The page of a case, with what a person had typed.
pub async fn page(app: &App, me: &SignedIn, number: i64, run: Option<i64>, kept: Kept) -> Result<Response> {
    shown(app, me, (number, run), kept, &Told::default()).await
}

async fn shown(
    app: &App,
    me: &SignedIn,
    (number, run): (i64, Option<i64>),
    kept: Kept,
    told: &Told,
) -> Result<Response> {
    // First, so that the page holds at least what it says to know.
    let chrome = Chrome::of(app, me, "queue").await?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let data = load(&mut tx, case, run).await?;
    let kept = kept.with(drafts::of(&mut tx, me.user.id, number).await?);
    let way = way(&mut tx, app, me, &data, (kept.trail.as_ref(), told)).await?;
    drop(tx);
    Ok(Page(show_of(app, me, data, run, (chrome, kept, way))).into_response())
}

async fn way(
    tx: &mut Tx,
    app: &App,
    me: &SignedIn,
    data: &CaseData,
    (trail, told): (Option<&Trail>, &Told),
) -> Result<Way> {
    let usual = Trail::default();
    Ok(Way {
        done: done(tx, app, me, told, (trail.unwrap_or(&usual), "")).await?,
        steps: match trail {
            Some(trail) => Some(trail.steps(tx, me, data.case.number).await?),
            None => None,
        },
        undo: Some(undo(app, me, &data.timeline)).filter(|undo| undo.event.is_some() && undo.left > 0),
        late: late::dissent(&data.case, &data.votes, &me.user.username),
    })
}

/// What stands around a case: the frame, what was typed, the way here.
type Frame = (Chrome, Kept, Way);

fn show_of(app: &App, me: &SignedIn, data: CaseData, run: Option<i64>, (chrome, kept, way): Frame) -> Show {
    let (shown, others) = view::run_views(&data, run);
    let shown_run = data.runs.iter().find(|run| shown.as_ref().is_some_and(|shown| shown.number == run.number));
    Show {
        head: head(&data.case),
        measured: words_of(data.measured),
        source: shown_run.and_then(|run| economy::source(&data.sources, run)),
        steering: data.runs.iter().find_map(panel::steering).unwrap_or_default(),
        detections: view::detection_views(&data),
        references: data.rule.refs.0.iter().map(|link| (text::visible(link), text::safe_link(link))).collect(),
        techniques: evidence::technique_views(&data),
        observables: evidence::observable_views(&data),
        intel: evidence::intel_views(&data),
        items: view::timeline_items(&data),
        entries: data.timeline.len(),
        report: shown_run.map(report_spans).unwrap_or_default(),
        choices: view::choices(kept.verdict.unwrap_or(data.case.verdict)),
        steps: view::next_steps(&data.case),
        tags: view::tags(&data.sensor, &app.config.policy.veto_tags),
        platform: view::platform_words(&data.sensor),
        notes: view::note_views(&data),
        auto_close: auto_close(app),
        may_decide: me.user.role >= Role::Analyst,
        key: hex::encode(rand::random::<[u8; 8]>()),
        acts: acts(app, me, &data),
        gathered: Gathered::of(&data),
        pages: view::pages(&data),
        cluster: pivot::cluster(&data),
        way,
        hidden_by: data.hidden_by,
        rule: data.rule,
        sensor: data.sensor,
        seen: (data.precedents, data.prevalence),
        assignable: data.assignable,
        run: shown,
        others,
        case: data.case,
        chrome,
        kept,
    }
}

/// A run's report as it is shown.
fn report_spans(run: &runs::Run) -> Vec<Span> {
    let report = run.report.as_ref().and_then(|report| serde_json::to_value(&report.0).ok());
    report.map(|value| json::spans(&value)).unwrap_or_default()
}

fn acts(app: &App, me: &SignedIn, data: &CaseData) -> Acts {
    let may = me.user.role >= Role::Analyst;
    Acts {
        recorded: action_views::groups(&data.actions),
        lines: action_views::lines(&data.actions, &data.attempts, &me.user.username, may, now_ms()),
        commands: TaskCommand::ALL,
        connected: app.connected(&data.case.org),
    }
}
