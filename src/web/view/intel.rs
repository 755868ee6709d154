//! What intelligence providers said, for pages: their words are shown as text, never as anything else.
use super::evidence::observable_page;
use super::json::{self, Span};
use super::text;
use super::words::{Glyph, When, duration, when};
use crate::clock::now_ms;
use crate::domain::ObservableKind;
use crate::domain::dossier::Intel;
use crate::domain::intel::{IntelState, IntelVerdict, Opinion};
use crate::intel::{Intelligence, label, words};
use crate::jobs::triage::read_intel;
use crate::store::intel::{Answer, verdict};
use crate::store::observables::InCase;

/// What became of a question to a provider.
pub struct IntelView {
    /// The provider.
    pub provider: String,
    /// The sentence's head and rest.
    pub sentence: (String, String),
    /// Malicious, nothing found, no answer, all.
    pub counts: (i64, i64, i64, i64),
    /// The reputation.
    pub reputation: Option<String>,
    /// Names and tags that the provider gives it.
    pub labels: String,
    /// When it was first seen there.
    pub first_seen: Option<When>,
    /// The provider's page about it.
    pub link: Option<text::Outside>,
    /// When it was answered, or asked in vain.
    pub at: When,
    /// How long ago that was.
    pub age: String,
    /// When it is asked again.
    pub again: Option<When>,
    /// Whether that was elsewhere.
    pub recorded: bool,
    /// The answer, coloured; empty where there is none.
    pub json: Vec<Span>,
}

/// All answers about one value.
pub struct IntelGroup {
    /// What was looked up, in pieces that may break; empty where the reply does not say.
    pub value: Vec<String>,
    /// Its type, or empty.
    pub kind: &'static str,
    /// Its page, or empty.
    pub page: String,
    /// What the answers amount to.
    pub verdict: Option<Glyph>,
    /// The answers.
    pub answers: Vec<IntelView>,
}

/// What a case page shows of intelligence.
pub struct IntelSection {
    /// The answers.
    pub groups: Vec<IntelGroup>,
    /// Whether a provider is set up.
    pub informed: bool,
    /// Hashes of the case that no answer names, in words; empty where there are none, or no answers at all.
    pub unnamed: String,
}

impl IntelSection {
    /// The answers of a case.
    pub fn of(answers: &[Answer], observables: &[InCase], intel: &Intelligence) -> Self {
        let unnamed = if answers.is_empty() { String::new() } else { unnamed(answers, observables) };
        Self { groups: groups(answers, now_ms()), informed: !intel.seats.is_empty(), unnamed }
    }
}

/// Each file once, by its strongest hash.
fn unnamed(answers: &[Answer], observables: &[InCase]) -> String {
    let is_hash = |kind| matches!(kind, ObservableKind::Sha256 | ObservableKind::Sha1 | ObservableKind::Md5);
    let stronger = |one: &InCase| {
        let same = |other: &&InCase| is_hash(other.kind) && other.role == one.role;
        observables.iter().filter(same).any(|other| other.value.len() > one.value.len())
    };
    let named = |one: &InCase| answers.iter().any(|answer| answer.observable.as_deref() == Some(&one.value));
    let left = observables.iter().filter(|one| is_hash(one.kind) && !stronger(one) && !named(one));
    left.map(|one| text::short_hash(&one.value)).collect::<Vec<_>>().join(", ")
}

/// The answers of a case by the value that they are about, the worst first.
fn groups(answers: &[Answer], now_ms: i64) -> Vec<IntelGroup> {
    let mut groups: Vec<(Option<IntelVerdict>, IntelGroup)> = Vec::new();
    let mut before: Vec<&Answer> = Vec::new();
    for answer in answers {
        let same = |other: &&Answer| {
            answer.observable.is_some() && (answer.kind, &answer.observable) == (other.kind, &other.observable)
        };
        if let Some(at) = before.iter().position(same) {
            groups[at].1.answers.push(intel_view(answer, now_ms));
        } else {
            groups.push(group(answer, answers, now_ms));
            before.push(answer);
        }
    }
    groups.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    groups.into_iter().map(|(_, group)| group).collect()
}

fn group(answer: &Answer, all: &[Answer], now_ms: i64) -> (Option<IntelVerdict>, IntelGroup) {
    let (kind, value) = (answer.kind, answer.observable.as_deref().unwrap_or_default());
    let said = kind.and_then(|kind| verdict(all, kind, value));
    let group = IntelGroup {
        value: kind.map(|kind| text::pieces(&text::start(&text::defang(kind, value), 400))).unwrap_or_default(),
        kind: kind.map_or("", |kind| kind.label()),
        page: kind.map(|kind| observable_page(kind, value)).unwrap_or_default(),
        verdict: said.map(glyph),
        answers: vec![intel_view(answer, now_ms)],
    };
    (said, group)
}

/// A verdict as shape and word. Harmless is not green: a list says so, nobody proved it.
pub const fn glyph(verdict: IntelVerdict) -> Glyph {
    let (icon, hue) = match verdict {
        IntelVerdict::Malicious => ("tp", "tp"),
        IntelVerdict::Suspicious => ("su", "su"),
        IntelVerdict::Clean | IntelVerdict::KnownGood | IntelVerdict::Unknown => ("un", "un"),
    };
    Glyph { icon, hue, word: verdict.label(), short: verdict.label() }
}

/// A link to a provider's own page, called after the provider only where its own host is.
fn link(provider: &str, link: &str) -> Option<text::Outside> {
    let hosts: &[&str] = match provider {
        "virustotal" => &["www.virustotal.com"],
        "abuseipdb" => &["www.abuseipdb.com"],
        _ => &[],
    };
    text::outside(link, &format!("At {}", label(provider)), hosts)
}

/// One answer of a provider.
pub fn intel_view(answer: &Answer, now_ms: i64) -> IntelView {
    let (read, said) = (read_intel(answer), answer.opinion());
    let (engines, found) = (read.engines(), read.malicious + read.suspicious);
    let counted = said.as_ref().is_none_or(|said| said.note.is_empty()) && words::are_engines(&read);
    let labels = said.iter().flat_map(|said| &said.labels).map(|label| text::start(label, 80));
    IntelView {
        provider: text::visible(&label(&answer.provider)),
        sentence: sentence(answer, &read, said.as_ref()),
        counts: if counted { (found, read.undetected + read.harmless, read.no_answer, engines) } else { (0, 0, 0, 0) },
        reputation: read.reputation.map(|score| score.to_string().replace('-', "\u{2212}")),
        labels: labels.collect::<Vec<_>>().join(", "),
        first_seen: said.as_ref().and_then(|said| said.first_seen_ms).map(when),
        link: said.as_ref().filter(|_| !answer.recorded).and_then(|said| link(&answer.provider, &said.link)),
        at: when(answer.fetched_ms),
        age: duration(now_ms - answer.fetched_ms),
        again: answer.due_ms.map(when),
        recorded: answer.recorded,
        json: if said.is_some() { json::spans(&answer.payload.0) } else { Vec::new() },
    }
}

/// Found nothing, no answer and not asked are three things.
fn sentence(answer: &Answer, read: &Intel, said: Option<&Opinion>) -> (String, String) {
    let why = text::visible(&answer.why);
    let (head, rest) = match (answer.state, said) {
        (IntelState::Answered, Some(said)) if !said.note.is_empty() => (text::visible(&said.note), String::new()),
        (IntelState::Answered, _) => return words::sentence(read),
        (IntelState::Unknown, _) => ("Nothing known.".to_owned(), "The provider does not know it.".to_owned()),
        (IntelState::Waiting, _) => ("Not asked yet.".to_owned(), why),
        (IntelState::Withheld, _) => ("Not asked.".to_owned(), why),
        (IntelState::Failed, _) => ("No answer.".to_owned(), why),
    };
    (head, rest)
}
