//! The case page.
use super::App;
use super::auth::SignedIn;
use super::form::{Asked, CaseNumber};
use super::kept::Kept;
use super::measured;
use super::page::{Chrome, Page};
use super::view::actions::{self as action_views, Group, Line};
use super::view::case::{self as view, CaseData, Choice, DetectionView, NoteView, Pages};
use super::view::economy;
use super::view::evidence::{self, IntelView, ObservableView, TechniqueView};
use super::view::gathered::Gathered;
use super::view::json::{self, Span};
use super::view::measured::accuracy as words_of;
use super::view::panel::{self, RunView};
use super::view::pivot::{self, Cluster};
use super::view::text;
use super::view::timeline::Item;
use super::view::words::{self, Glyph, Sev, When, duration, when};
use crate::clock::now_ms;
use crate::config::AutoClose;
use crate::domain::action::TaskCommand;
use crate::domain::dossier::{Precedents, Prevalence};
use crate::domain::{Role, reason};
use crate::error::{AppError, Result};
use crate::store::cases::{self, Case};
use crate::store::{
    Tx, actions, detections, evidence as gathered, exclusions, fingerprints, intel, notes, observables, precedents,
    reuse, rules, runs, sensors, techniques, timeline, users, votes,
};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// What stands in the page's head.
struct Head {
    severity: Sev,
    rule_level: Option<Sev>,
    verdict: Glyph,
    machine: Glyph,
    stated: String,
    reason: String,
    decided_in: String,
    decided_at: Option<When>,
    opened: When,
    happened: When,
    closed: Option<When>,
    late: Option<String>,
}

/// Response actions, and what may be asked for.
struct Acts {
    recorded: Vec<Group>,
    lines: Vec<Line>,
    commands: &'static [TaskCommand],
    connected: bool,
}

/// A decision that can be undone.
struct Undo {
    event: Option<i64>,
    left: i64,
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
    undo: Undo,
    /// Exclusions in force that hide detections of this true positive.
    hidden_by: Vec<(i64, String, i64)>,
    auto_close: &'static str,
    may_decide: bool,
    key: String,
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    run: Option<i64>,
    merged: Option<i64>,
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
    page(&app, &me, number, query.run, Kept { merged, ..Kept::default() }).await
}

/// The case that another one became part of.
async fn merged_into(app: &App, me: &SignedIn, number: i64) -> Result<Option<i64>> {
    let case = cases::visible(&mut app.store.read().await?, me.scope(), number).await?;
    Ok(case.and_then(|case| case.merged_into))
}

/// The page of a case, with what a person had typed.
pub async fn page(app: &App, me: &SignedIn, number: i64, run: Option<i64>, kept: Kept) -> Result<Response> {
    // First, so that the page holds at least what it says to know.
    let chrome = Chrome::of(app, me, "queue").await?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let data = load(&mut tx, case, run).await?;
    drop(tx);
    Ok(Page(show_of(app, me, chrome, data, run, kept)).into_response())
}

async fn load(tx: &mut Tx, case: Case, run: Option<i64>) -> Result<CaseData> {
    let number = case.number;
    let (runs, votes) = (runs::of_case(tx, number).await?, votes::of_case(tx, number).await?);
    Ok(CaseData {
        measured: measured::of_run(tx, case.org_id, view::shown_run(&runs, run), &votes).await?,
        rule: rules::by_id(tx, case.rule_id).await?,
        sensor: sensors::by_id(tx, case.sensor_id).await?,
        detections: detections::of_case(tx, number, 20).await?,
        runs,
        votes,
        sources: reuse::sources(tx, number).await?,
        observables: observables::of_case(tx, number).await?,
        techniques: techniques::of_case(tx, number).await?,
        intel: intel::of_case(tx, number).await?,
        actions: actions::of_case(tx, number).await?,
        attempts: actions::attempts(tx, number).await?,
        gathered: gathered::of_case(tx, number).await?,
        notes: notes::of_case(tx, number).await?,
        timeline: timeline::of_case(tx, number, 500).await?,
        assignable: users::assignable(tx, case.org_id).await?,
        elsewhere: fingerprints::elsewhere(tx, case.org_id, &case.fingerprint, case.sensor_id).await?,
        hidden_by: exclusions::conflicts_of(tx, 0, number, now_ms()).await?,
        precedents: precedents::of(tx, case.org_id, &case.fingerprint).await?,
        prevalence: fingerprints::prevalence(tx, case.org_id, &case.fingerprint, number, case.sensor_id).await?,
        case,
    })
}

fn show_of(app: &App, me: &SignedIn, chrome: Chrome, data: CaseData, run: Option<i64>, kept: Kept) -> Show {
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
        undo: undo(app, me, &data.timeline),
        auto_close: auto_close(app),
        may_decide: me.user.role >= Role::Analyst,
        key: hex::encode(rand::random::<[u8; 8]>()),
        acts: acts(app, me, &data),
        gathered: Gathered::of(&data),
        pages: view::pages(&data),
        cluster: pivot::cluster(&data),
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

fn head(case: &Case) -> Head {
    Head {
        severity: words::severity(case.severity),
        rule_level: case.rule_level.map(words::severity),
        verdict: words::person(case.verdict),
        machine: words::machine(case.machine_verdict),
        stated: case.confidence.map(words::percent).unwrap_or_default(),
        reason: reason::label(&case.reason).to_owned(),
        decided_in: case.decided_ms.map(|ms| duration(ms - case.opened_ms)).unwrap_or_default(),
        decided_at: case.decided_ms.map(when),
        opened: when(case.opened_ms),
        happened: when(case.first_event_ms),
        closed: case.closed_ms.map(when),
        late: view::lateness(case),
    }
}

/// The newest decision that stands, and for how long its undo is offered.
fn undo(app: &App, me: &SignedIn, timeline: &[timeline::Entry]) -> Undo {
    let newest =
        timeline.iter().find(|entry| matches!(entry.kind.as_str(), "verdict" | "status") && entry.undone_ms.is_none());
    let newest = newest.filter(|entry| entry.undo.is_some() && entry.actor == me.user.username);
    let window = i64::from(app.config.policy.undo_s) * 1000;
    Undo {
        event: newest.map(|entry| entry.id),
        left: newest.map_or(0, |entry| (entry.at_ms + window - now_ms()).max(0) / 1000),
    }
}

fn auto_close(app: &App) -> &'static str {
    match app.config.policy.auto_close {
        AutoClose::Off => "Automatic closing is off, so a person decides.",
        AutoClose::Shadow => "Automatic closing only watches for now, so a person decides.",
        AutoClose::Propose | AutoClose::Auto => "No rule has earned automatic closing yet, so a person decides.",
    }
}
