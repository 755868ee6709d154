//! What search found, for its page: every text is foreign, so all of it goes through `text`.
use super::evidence::observable_page;
use super::links;
use super::text::{defang, start, visible};
use super::words::{self, Glyph, Sev, When, when};
use crate::domain::search::{Meaning, Part, Query};
use crate::review::search::{CaseHit, Pivots, cases_with};
use crate::triage::found::Found;

/// A part of the question that was understood, and the address without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// It.
    pub text: String,
    /// The address.
    pub without: String,
}

/// A text around what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Where it stands.
    pub place: String,
    /// Its pieces, each with whether it is what was looked for.
    pub pieces: Vec<(bool, String)>,
}

/// A case that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseView {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Host, or host and organisation.
    pub host: String,
    /// Its severity.
    pub severity: Sev,
    /// A person's verdict, or the panel's.
    pub verdict: Glyph,
    /// Whose word that is, or empty.
    pub whose: &'static str,
    /// When the event happened.
    pub happened: When,
    /// Where the words are.
    pub snippet: Option<Snippet>,
}

/// A line of another group: where it leads, its text, what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The address.
    pub href: String,
    /// Its text.
    pub text: String,
    /// What stands beside it.
    pub beside: String,
    /// Where the words are, for a note.
    pub snippet: Option<Snippet>,
}

/// The address of a question.
pub fn address(q: &str, after: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([("q", q), ("after", after)].into_iter().filter(|(_, value)| !value.is_empty()));
    format!("/search?{}", query.finish())
}

/// The parts of a question that are more than words.
pub fn chips(query: &Query) -> Vec<Chip> {
    let special = |part: &Part| match &part.meaning {
        Meaning::Term(term) => term.field.is_some() || term.excluded,
        Meaning::Condition(_) => true,
        Meaning::Problem(_) => false,
    };
    let parts = query.parts.iter().enumerate().filter(|(_, part)| special(part));
    parts.map(|(at, part)| Chip { text: visible(&part.source), without: address(&query.with(at, ""), "") }).collect()
}

/// A case for the page.
pub fn case(hit: &CaseHit, several_orgs: bool) -> CaseView {
    let case = &hit.case;
    let host = visible(&case.hostname);
    let (verdict, whose) = words::said(case.verdict, case.machine_verdict, case.blind);
    CaseView {
        number: case.number,
        title: start(&case.title, 200),
        host: if several_orgs { format!("{host} · {}", case.org) } else { host },
        severity: words::severity(case.severity),
        verdict,
        whose,
        happened: when(hit.event_ms),
        snippet: hit.found.as_ref().map(snippet),
    }
}

/// A snippet for the page.
pub fn snippet(found: &Found) -> Snippet {
    let pieces = found.pieces.iter().map(|piece| (piece.hit, visible(&piece.text))).collect();
    Snippet { place: visible(&found.place), pieces }
}

/// The groups beside cases that hold something, each with its name.
pub fn groups(pivots: &Pivots, several_orgs: bool) -> Vec<(&'static str, Vec<Line>)> {
    let hosts = pivots.hosts.iter().map(|host| {
        let name = if host.hostname.is_empty() { &host.sid } else { &host.hostname };
        let beside = if several_orgs { format!("{} · {}", visible(&host.sid), host.org) } else { visible(&host.sid) };
        Line { href: links::sensor(&host.sid), text: start(name, 120), beside, snippet: None }
    });
    let values = pivots.values.iter().map(|value| Line {
        href: observable_page(value.kind, &value.value),
        text: start(&defang(value.kind, &value.value), 200),
        beside: format!("{}, {}", value.kind.label(), cases_with(value)),
        snippet: None,
    });
    let rules = pivots.rules.iter().map(|rule| Line {
        href: links::rule(&rule.path),
        text: start(&rule.title, 200),
        beside: start(&rule.path, 200),
        snippet: None,
    });
    let notes = pivots.notes.iter().map(|(note, found)| Line {
        href: format!("/cases/{}#notes", note.case_number),
        text: format!("#{}", note.case_number),
        beside: format!("{}, {}", visible(&note.author), when(note.created_ms).full),
        snippet: Some(snippet(found)),
    });
    let all = [
        ("Hosts", hosts.collect()),
        ("Observables", values.collect()),
        ("Rules", rules.collect()),
        ("Notes", notes.collect::<Vec<_>>()),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}
