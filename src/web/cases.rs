//! The case page.
mod detections;
mod export;
mod head;
mod load;
mod related;
mod report;
mod strip;
mod wanted;
mod way;

pub use self::detections::{decode, list};
pub use self::export::{export, leaves};
pub use self::report::report;

use self::head::{Head, auto_close, head};
use self::load::load;
use self::wanted::{Lane, Query, RunsView, Wanted};
use self::way::{Way, way};
use super::App;
use super::auth::SignedIn;
use super::form::{Asked, CaseNumber};
use super::kept::Kept;
use super::looks::is_look;
use super::page::{Chrome, Page};
use super::trail::Trail;
use super::view::actions::{self as action_views, Group, Line};
use super::view::case::{self as view, CaseData, Choice, DetectionView, Notes, Pages};
use super::view::economy;
use super::view::event::Merged;
use super::view::evidence::{self, ObservableView, TechniqueView};
use super::view::gathered::Gathered;
use super::view::intel::IntelSection;
use super::view::json::{self, Span};
use super::view::local::LocalView;
use super::view::measured::accuracy as words_of;
use super::view::panel::{self, RunView};
use super::view::pivot::{self, Cluster};
use super::view::text;
use super::view::work::WorkView;
use crate::clock::now_ms;
use crate::domain::Role;
use crate::domain::action::TaskCommand;
use crate::error::{AppError, Result};
use crate::store::cases::{self, Case};
use crate::store::{drafts, rules, runs, sensors, users};
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

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
    detections: Vec<DetectionView>,
    rule: rules::Rule,
    references: Vec<(String, Option<String>)>,
    techniques: Vec<TechniqueView>,
    observables: Vec<ObservableView>,
    intel: IntelSection,
    report: Vec<Span>,
    choices: Vec<Choice>,
    steps: Vec<(&'static str, &'static str)>,
    sensor: sensors::Sensor,
    tags: Vec<(String, bool)>,
    platform: String,
    /// Precedents, and what else is known here.
    local: LocalView,
    cluster: Cluster,
    pages: Pages,
    acts: Acts,
    gathered: Gathered,
    work: WorkView,
    assignable: Vec<users::User>,
    /// Exclusions in force that hide detections of this true positive.
    hidden_by: Vec<(i64, String, i64)>,
    auto_close: &'static str,
    may_decide: bool,
    key: String,
    way: Way,
    /// The processes of all detections, where there are several.
    tree: Option<Merged>,
    compared: RunsView,
    lane: Lane,
}

/// `GET /cases/{number}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    headers: HeaderMap,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let query = Query { looked: is_look(&headers), ..query };
    if query.alone.is_none()
        && let Some(into) = merged_into(&app, &me, number).await?
    {
        return Ok(Redirect::to(&format!("/cases/{into}?merged={number}")).into_response());
    }
    let merged = match query.merged {
        Some(other) if merged_into(&app, &me, other).await? == Some(number) => Some(other),
        _ => None,
    };
    let kept = Kept { merged, trail: query.from.as_deref().and_then(Trail::read), ..Kept::default() };
    page_of(&app, &me, number, &query, kept).await
}

/// The case that another one became part of.
async fn merged_into(app: &App, me: &SignedIn, number: i64) -> Result<Option<i64>> {
    let case = cases::visible(&mut app.store.read().await?, me.scope(), number).await?;
    Ok(case.and_then(|case| case.merged_into))
}

/// The page of a case, with what a person had typed.
pub async fn page(app: &App, me: &SignedIn, number: i64, run: Option<i64>, kept: Kept) -> Result<Response> {
    page_of(app, me, number, &Query { run, ..Query::default() }, kept).await
}

async fn page_of(app: &App, me: &SignedIn, number: i64, query: &Query, kept: Kept) -> Result<Response> {
    // First, so that the page holds at least what it says to know.
    let chrome = Chrome::of(app, me, "queue").await?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let wanted = query.wanted();
    let data = load(&mut tx, case, wanted).await?;
    let kept = kept.with(drafts::of(&mut tx, me.user.id, number).await?);
    let way = way(&mut tx, app, me, &data, (kept.trail.as_ref(), &query.told())).await?;
    drop(tx);
    if query.looked {
        let newest = data.timeline.iter().map(|entry| entry.id).max().unwrap_or_default();
        app.looks.note(me.user.id, number, newest.max(chrome.feed));
    }
    Ok(Page(show_of(app, me, data, wanted, (chrome, kept, way))).into_response())
}

/// What stands around a case: the frame, what was typed, the way here.
type Frame = (Chrome, Kept, Way);

fn show_of(app: &App, me: &SignedIn, data: CaseData, wanted: Wanted, (chrome, kept, way): Frame) -> Show {
    let shown = view::run_view(&data, wanted.run);
    let (detections, tree) = detections_of(app, &data);
    let shown_run = data.runs.iter().find(|run| shown.as_ref().is_some_and(|shown| shown.number == run.number));
    Show {
        head: head(&data.case),
        measured: words_of(data.measured.panel),
        source: shown_run.and_then(|run| economy::source(&data.sources, run)),
        steering: data.runs.iter().find_map(panel::steering).unwrap_or_default(),
        detections,
        tree,
        compared: RunsView::of(&data, wanted),
        lane: Lane::of(&data, wanted),
        references: data.rule.refs.0.iter().map(|link| (text::visible(link), text::safe_link(link))).collect(),
        techniques: evidence::technique_views(&data),
        observables: evidence::observable_views(&data),
        intel: IntelSection::of(&data.intel, &data.observables, &app.intel),
        report: shown_run.map(report_spans).unwrap_or_default(),
        choices: view::choices(kept.verdict.unwrap_or(data.case.verdict)),
        steps: view::next_steps(&data.case),
        tags: view::tags(&data.sensor, &app.config.policy.of(&data.own).veto_tags),
        platform: view::platform_words(&data.sensor),
        work: work(me, &data, wanted, &chrome.zone),
        auto_close: auto_close(app.config.policy.of(&data.own).auto_close),
        may_decide: me.user.role >= Role::Analyst && way.related.part_of.is_none(),
        key: hex::encode(rand::random::<[u8; 8]>()),
        acts: acts(app, me, &data),
        gathered: Gathered::of(&data),
        pages: view::pages(&data),
        cluster: pivot::cluster(&data),
        local: LocalView::of(&data),
        way,
        hidden_by: data.hidden_by,
        rule: data.rule,
        sensor: data.sensor,
        assignable: data.assignable,
        run: shown,
        case: data.case,
        chrome,
        kept,
    }
}

fn detections_of(app: &App, data: &CaseData) -> (Vec<DetectionView>, Option<Merged>) {
    view::detection_views(&data.case, (&data.detections, &data.older), &data.observables, app.config.retention)
}

fn work(me: &SignedIn, data: &CaseData, wanted: Wanted, zone: &str) -> WorkView {
    let notes = Notes::of(data, wanted.notes, (&me.actor(), me.user.role));
    WorkView { notes, ..WorkView::of(&data.case, &data.work, &me.user.username, (zone, now_ms())) }
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
        lines: action_views::lines(&data.actions, &data.attempts, &me.user, may, now_ms()),
        commands: TaskCommand::ALL,
        connected: app.connected(&data.case.org),
    }
}
