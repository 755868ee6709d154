//! Techniques, observables and intelligence of a case.
use super::case::CaseData;
use super::json::{self, Span};
use super::text;
use super::words::{When, when};
use crate::domain::{Observable, ObservableKind, technique};
use crate::jobs::triage::read_intel;
use crate::store::{intel, observables};

/// A technique and who named it.
pub struct TechniqueView {
    /// Its id.
    pub id: String,
    /// Its name and tactics, where the table has it.
    pub about: String,
    /// Who named it.
    pub source: String,
}

/// An observable.
pub struct ObservableView {
    /// Its type.
    pub kind: &'static str,
    /// Its place in the event.
    pub role: String,
    /// Its value as shown.
    pub value: Vec<String>,
    /// Its value as it is.
    pub raw: String,
    /// Other cases with it.
    pub others: i64,
    /// The observable's page.
    pub page: String,
    /// Where an address lies, or empty.
    pub place: &'static str,
    /// Why everybody has it, or empty.
    pub known: &'static str,
}

/// An answer of a provider.
pub struct IntelView {
    /// The provider.
    pub provider: String,
    /// The sentence's head and rest.
    pub sentence: (String, String),
    /// Malicious, nothing found, no answer, all.
    pub counts: (i64, i64, i64, i64),
    /// The reputation.
    pub reputation: Option<String>,
    /// What was looked up, or empty.
    pub observable: String,
    /// When it was asked.
    pub at: When,
    /// Whether that was elsewhere.
    pub recorded: bool,
    /// The answer, coloured.
    pub json: Vec<Span>,
}

/// The techniques of a case, each with everybody who named it.
pub fn technique_views(data: &CaseData) -> Vec<TechniqueView> {
    let mut views: Vec<TechniqueView> = Vec::new();
    for found in &data.techniques {
        if let Some(view) = views.iter_mut().find(|view| view.id == found.technique) {
            view.source = format!("{}, {}", view.source, found.source);
        } else {
            let about = technique::lookup(&found.technique);
            let about = about
                .map(|known| format!("{}; {}", known.name, known.tactics.replace(';', ", ").replace('-', " ")))
                .unwrap_or_default();
            views.push(TechniqueView { id: found.technique.clone(), about, source: found.source.clone() });
        }
    }
    views
}

/// The observables of a case.
pub fn observable_views(data: &CaseData) -> Vec<ObservableView> {
    let view = |found: &observables::InCase| {
        let (place, known) = Observable::about(found.kind, &found.value);
        ObservableView {
            kind: found.kind.label(),
            role: text::visible(&found.role),
            value: text::pieces(&text::start(&text::defang(found.kind, &found.value), 1_000)),
            raw: found.value.clone(),
            others: found.other_cases,
            page: observable_page(found.kind, &found.value),
            place: place.unwrap_or_default(),
            known: known.unwrap_or_default(),
        }
    };
    data.observables.iter().map(view).collect()
}

/// The address of an observable's page.
pub fn observable_page(kind: ObservableKind, value: &str) -> String {
    format!("/observables/{kind}/{}", super::links::segment(value))
}

/// The answers of providers.
pub fn intel_views(data: &CaseData) -> Vec<IntelView> {
    data.intel.iter().map(intel_view).collect()
}

/// One answer of a provider.
pub fn intel_view(answer: &intel::Answer) -> IntelView {
    let read = read_intel(answer);
    let (engines, found) = (read.engines(), read.malicious + read.suspicious);
    let head = if engines == 0 {
        "The answer holds no counts.".to_owned()
    } else {
        format!("{found} of {engines} engines flagged it.")
    };
    let nothing = read.undetected + read.harmless;
    let rest = if engines == 0 {
        String::new()
    } else {
        format!("{nothing} found nothing, {} gave no answer.", read.no_answer)
    };
    IntelView {
        provider: match answer.provider.as_str() {
            "virustotal" => "VirusTotal".to_owned(),
            other => text::visible(other),
        },
        sentence: (head, rest),
        counts: (found, nothing, read.no_answer, engines),
        reputation: read.reputation.map(|score| score.to_string().replace('-', "\u{2212}")),
        observable: answer.observable.clone().unwrap_or_default(),
        at: when(answer.fetched_ms),
        recorded: answer.recorded,
        json: json::spans(&answer.payload.0),
    }
}
