//! The case page's data, and how it becomes what the template shows.
mod data;
mod notes;

pub use data::CaseData;
pub use notes::{NoteView, note_views};

use super::event::{self, EventView};
use super::json::{self, Span};
use super::links;
use super::panel::{self, RunView};
use super::text;
use super::timeline::{self, Item};
use super::words::{self, Glyph, Sev, When, duration, when};
use crate::domain::{Detection, ObservableKind, Status, Verdict, platform, reason};
use crate::store::cases::Case;
use crate::store::runs::Run;
use crate::store::{detections, observables, runs, sensors};

/// A detection of the case.
pub struct DetectionView {
    /// Its id.
    pub detect_id: String,
    /// Its title.
    pub title: String,
    /// The rule's level.
    pub level: Option<Sev>,
    /// Its event type.
    pub event_type: String,
    /// Its times: what it is, when.
    pub times: Vec<(&'static str, When)>,
    /// The way it came.
    pub source: String,
    /// How often it was sent again.
    pub repeats: i64,
    /// The event's readable form.
    pub event: EventView,
    /// LimaCharlie's page of the event.
    pub link: Option<String>,
    /// The document, coloured.
    pub json: Vec<Span>,
    /// Its size in words.
    pub size: String,
    /// Fields that can't be read.
    pub unreadable: Vec<&'static str>,
}

/// The declaration's choices: verdict, its glyph, key, whether it is chosen.
pub struct Choice {
    /// The verdict's word in the form.
    pub value: &'static str,
    /// Its shape.
    pub glyph: Glyph,
    /// Its key.
    pub key: &'static str,
    /// Whether it is chosen.
    pub chosen: bool,
    /// Its reasons.
    pub reasons: &'static [reason::Reason],
}

/// The choices of the declaration.
pub fn choices(chosen: Verdict) -> Vec<Choice> {
    let keys = [
        (Verdict::FalsePositive, "f"),
        (Verdict::BenignTruePositive, "b"),
        (Verdict::TruePositive, "t"),
        (Verdict::Undetermined, "e"),
    ];
    keys.into_iter()
        .map(|(verdict, key)| Choice {
            value: verdict.as_str(),
            glyph: words::person(verdict),
            key,
            chosen: verdict == chosen,
            reasons: reason::of(verdict),
        })
        .collect()
}

/// The detections of a case for its page.
pub fn detection_views(data: &CaseData) -> Vec<DetectionView> {
    data.detections.iter().map(|stored| detection_view(data, stored)).collect()
}

fn detection_view(data: &CaseData, stored: &detections::Stored) -> DetectionView {
    let document: serde_json::Value = serde_json::from_str(&stored.raw).unwrap_or_default();
    let read = Detection::read(&document).ok();
    let mut times = Vec::new();
    if let Some(started) = read.as_ref().and_then(Detection::parent).and_then(|parent| parent.at_ms) {
        times.push(("Parent started", when(started)));
    }
    times.push(("Happened", when(stored.event_ms)));
    times.extend(stored.gen_ms.map(|ms| ("Raised by LimaCharlie", when(ms))));
    times.push(("Arrived here", when(stored.received_ms)));
    DetectionView {
        detect_id: text::visible(&stored.detect_id),
        title: text::start(&stored.title, 500),
        level: stored.level.or(data.case.rule_level).map(words::severity),
        event_type: text::visible(&stored.event_type),
        times,
        source: stored.source.clone(),
        repeats: stored.repeats,
        event: read.as_ref().map(event::event).unwrap_or_default(),
        link: read.as_ref().and_then(|read| text::safe_link(&read.link)).filter(|link| link.starts_with("https://")),
        json: json::spans(&document),
        size: words::bytes(i64::try_from(stored.raw.len()).unwrap_or(i64::MAX)),
        unreadable: read.map(|read| read.unreadable).unwrap_or_default(),
    }
}

/// The run that is wanted, or the newest that was not broken off.
pub fn shown_run(runs: &[Run], wanted: Option<i64>) -> Option<&Run> {
    let usual = runs.iter().find(|run| run.state != runs::RunState::Interrupted);
    wanted.and_then(|number| runs.iter().find(|run| run.number == number)).or(usual).or(runs.first())
}

/// The shown run and the others.
pub fn run_views(data: &CaseData, wanted: Option<i64>) -> (Option<RunView>, Vec<RunView>) {
    let of = |run: &Run| data.votes.iter().filter(|vote| vote.run_id == run.id).cloned().collect::<Vec<_>>();
    let shown = shown_run(&data.runs, wanted);
    let others = data.runs.iter().filter(|run| shown.is_none_or(|shown| shown.id != run.id));
    (shown.map(|run| panel::run(run, &of(run))), others.map(|run| panel::run(run, &of(run))).collect())
}

/// The timeline.
pub fn timeline_items(data: &CaseData) -> Vec<Item> {
    timeline::items(&data.timeline)
}

/// How late the case was opened after its first event, where that is worth saying.
pub fn lateness(case: &Case) -> Option<String> {
    let late = case.opened_ms - case.first_event_ms;
    (late > 5 * 60_000).then(|| duration(late))
}

/// The platform in words.
pub fn platform_words(sensor: &sensors::Sensor) -> String {
    match (sensor.plat, sensor.arch) {
        (Some(plat), Some(arch)) => format!("{}, {}", platform::platform(plat), platform::architecture(arch)),
        (Some(plat), None) => platform::platform(plat).to_owned(),
        _ => "Unknown".to_owned(),
    }
}

/// The steps that may follow, closing left out: the declaration does that.
pub fn next_steps(case: &Case) -> Vec<(&'static str, &'static str)> {
    let step =
        |status: &Status| (status.as_str(), if case.status == Status::Closed { "Reopen" } else { status.label() });
    case.status.next().iter().filter(|status| **status != Status::Closed).map(step).collect()
}

/// The sensor's tags, each with whether it argues against closing.
pub fn tags(sensor: &sensors::Sensor, patterns: &[String]) -> Vec<(String, bool)> {
    let alarming = |tag: &String| !crate::triage::policy::alarming_tags(std::slice::from_ref(tag), patterns).is_empty();
    sensor.tags.0.iter().map(|tag| (text::visible(tag), alarming(tag))).collect()
}

/// Where a case leads to.
pub struct Pages {
    /// Its host.
    pub host: String,
    /// Its user, where the user is one of its observables.
    pub user: Option<String>,
    /// Its rule.
    pub rule: String,
}

/// Where a case leads to.
pub fn pages(data: &CaseData) -> Pages {
    let named = |found: &&observables::InCase| {
        matches!(found.kind, ObservableKind::User | ObservableKind::Email)
            && found.value.eq_ignore_ascii_case(&data.case.user_name)
    };
    let user = data.observables.iter().find(named);
    Pages {
        host: links::sensor(&data.sensor.sid),
        user: user.map(|found| super::evidence::observable_page(found.kind, &found.value)),
        rule: links::rule(&data.rule.path),
    }
}
