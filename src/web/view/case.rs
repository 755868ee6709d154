//! The case page's data, and how it becomes what the template shows.
mod data;
mod detections;
mod notes;
mod runs;

pub use data::CaseData;
pub use detections::{DetectionView, detection_views};
pub use notes::{NoteView, Notes, note_kind};
pub use runs::{RunLine, compared, run_lines};

use super::links;
use super::panel::{self, RunView};
use super::text;
use super::timeline::{self, Item};
use super::words::{self, Glyph, duration};
use crate::domain::{ObservableKind, Status, Verdict, platform, reason};
use crate::store::cases::Case;
use crate::store::runs::{Run, RunState};
use crate::store::{observables, sensors};

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

/// The run that is wanted, or the newest that was not broken off.
pub fn shown_run(runs: &[Run], wanted: Option<i64>) -> Option<&Run> {
    let usual = runs.iter().find(|run| run.state != RunState::Interrupted);
    wanted.and_then(|number| runs.iter().find(|run| run.number == number)).or(usual).or(runs.first())
}

/// The shown run.
pub fn run_view(data: &CaseData, wanted: Option<i64>) -> Option<RunView> {
    let of = |run: &Run| data.votes.iter().filter(|vote| vote.run_id == run.id).cloned().collect::<Vec<_>>();
    let run = shown_run(&data.runs, wanted)?;
    let mut shown = panel::run(run, &of(run));
    for vote in shown.votes.iter_mut().chain(&mut shown.advice) {
        let told = data.measured.voters.iter().find(|(voter, _)| *voter == vote.voter);
        vote.measured = told.map(|(_, text)| text.clone()).unwrap_or_default();
    }
    Some(shown)
}

/// The timeline.
pub fn timeline_items(data: &CaseData) -> Vec<Item> {
    timeline::items(&data.timeline, &data.runs)
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
