//! Techniques and observables of a case.
use super::case::CaseData;
use super::text;
use super::words::Glyph;
use crate::domain::{Observable, ObservableKind, technique};
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
    /// What intelligence amounts to, where somebody was asked.
    pub verdict: Option<Glyph>,
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
            verdict: intel::verdict(&data.intel, found.kind, &found.value).map(super::intel::glyph),
        }
    };
    data.observables.iter().map(view).collect()
}

/// The address of an observable's page.
pub fn observable_page(kind: ObservableKind, value: &str) -> String {
    format!("/observables/{kind}/{}", super::links::segment(value))
}
