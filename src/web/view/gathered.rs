//! Evidence of a case for its page: one line for each question, the answer's lines below it.
use super::case::CaseData;
use super::words::{Glyph, When, duration, when};
use super::{links, text};
use crate::domain::evidence::{EvidenceKind, EvidenceState, Line, Mark, Piece};
use crate::domain::{Observable, ObservableKind};
use crate::limacharlie::{Atom, Oid, Sid};
use crate::store::evidence::Stored;
use crate::store::observables::InCase;
use std::collections::HashSet;

/// Lines that a page shows at first; the others are kept.
const SHOWN: usize = 100;

/// The answer to one question.
pub struct PieceView {
    /// What was asked.
    pub kind: &'static str,
    /// Its state as shape and word.
    pub glyph: Glyph,
    /// Whether nobody may conclude from it that there is nothing.
    pub is_open: bool,
    /// The sentence.
    pub text: String,
    /// Whom.
    pub source: String,
    /// When it was asked.
    pub at: When,
    /// The window, where it has one.
    pub window: Option<(When, When)>,
    /// Whether a person asked for it.
    pub by_hand: bool,
    /// All lines there are.
    pub total: i64,
    /// The lines.
    pub lines: Vec<LineView>,
}

/// One event or host.
pub struct LineView {
    /// When.
    pub at: Option<When>,
    /// The event's type.
    pub event_type: String,
    /// What happened, in pieces that may break.
    pub text: Vec<String>,
    /// Who.
    pub user: String,
    /// What is special about it.
    pub marks: Vec<&'static str>,
    /// Whether it is the detection's own event.
    pub trigger: bool,
    /// Its page: LimaCharlie's for an event, ours for a host.
    pub link: Option<(String, bool)>,
}

/// What a case page shows of its evidence.
pub struct Gathered {
    /// The answers.
    pub pieces: Vec<PieceView>,
    /// What other hosts can be searched for: the observable's id, and in words.
    pub huntable: Vec<(i64, String)>,
}

impl Gathered {
    /// The evidence of a case.
    pub fn of(data: &CaseData) -> Self {
        Self { pieces: views(&data.gathered), huntable: huntable(&data.observables) }
    }
}

/// The newest answer to each question; those of a triage in the order of its questions.
fn views(stored: &[Stored]) -> Vec<PieceView> {
    let mut seen = HashSet::new();
    let newest = stored.iter().filter(|one| seen.insert((one.piece.kind, one.fingerprint.as_str(), one.action_id)));
    let mut newest: Vec<&Stored> = newest.collect();
    newest.sort_by_key(|one| (one.action_id.is_some(), std::cmp::Reverse(one.piece.taken_ms), one.id));
    newest.into_iter().map(view).collect()
}

fn view(stored: &Stored) -> PieceView {
    let piece = &stored.piece;
    PieceView {
        kind: piece.kind.label(),
        glyph: glyph(piece.state),
        is_open: piece.state == EvidenceState::Inconclusive,
        text: text::visible(&piece.text),
        source: text::visible(&piece.source),
        at: when(piece.taken_ms),
        window: piece.from_ms.map(when).zip(piece.to_ms.map(when)),
        by_hand: stored.action_id.is_some(),
        total: piece.total,
        lines: shown(piece).into_iter().map(|line| line_view(piece, line)).collect(),
    }
}

/// The lines nearest to the trigger, or the first ones.
fn shown(piece: &Piece) -> Vec<&Line> {
    let at = piece.lines.iter().position(|line| line.marks.contains(&Mark::Trigger)).unwrap_or_default();
    let start = at.saturating_sub(SHOWN / 2).min(piece.lines.len().saturating_sub(SHOWN));
    piece.lines.iter().skip(start).take(SHOWN).collect()
}

fn line_view(piece: &Piece, line: &Line) -> LineView {
    LineView {
        at: line.at_ms.map(when),
        event_type: text::start(&line.event_type, 60),
        text: text::pieces(&line.text),
        user: text::start(&line.user, 120),
        marks: line.marks.iter().map(|mark| mark.label()).collect(),
        trigger: line.marks.contains(&Mark::Trigger),
        link: host(line).map(|link| (link, false)).or_else(|| event(piece, line).map(|link| (link, true))),
    }
}

fn host(line: &Line) -> Option<String> {
    line.sid.parse::<Sid>().ok().map(|sid| links::sensor(sid.as_str()))
}

/// LimaCharlie's page of an event, where each part of the address is what it should be.
fn event(piece: &Piece, line: &Line) -> Option<String> {
    let (oid, sid): (Oid, Sid) = (piece.facts.oid.parse().ok()?, piece.facts.sid.parse().ok()?);
    let (atom, at): (Atom, i64) = (line.atom.parse().ok()?, line.at_ms?.div_euclid(1000));
    Some(format!("https://app.limacharlie.io/orgs/{oid}/sensors/{sid}/timeline?time={at}&selected={atom}"))
}

/// No state is green: evidence is neither good nor bad by being there.
pub(super) const fn glyph(state: EvidenceState) -> Glyph {
    let (icon, hue) = match state {
        EvidenceState::Ok => ("check", "un"),
        EvidenceState::Empty => ("un", "un"),
        EvidenceState::Inconclusive => ("su", "su"),
        EvidenceState::Failed => ("err", "tp"),
    };
    Glyph { icon, hue, word: state.label(), short: state.label() }
}

/// A sensor as LimaCharlie last described it.
pub struct NowView {
    /// The sentence.
    pub text: String,
    /// Whether it can be relied on.
    pub certain: bool,
    /// When.
    pub at: When,
    /// How long ago that was.
    pub age: String,
    /// When it was enrolled, or empty.
    pub enrolled: String,
    /// Its tags, each with whether it argues against closing.
    pub tags: Vec<(String, bool)>,
}

/// The newest word on a sensor.
pub fn now_view(piece: &Piece, patterns: &[String], now_ms: i64) -> Option<NowView> {
    let alarming = |tag: &String| !crate::triage::policy::alarming_tags(std::slice::from_ref(tag), patterns).is_empty();
    (piece.kind == EvidenceKind::Tags).then(|| NowView {
        text: text::visible(&piece.text),
        certain: piece.is_certain(),
        at: when(piece.taken_ms),
        age: duration(now_ms - piece.taken_ms),
        enrolled: text::visible(&piece.facts.enrolled),
        tags: piece.facts.tags.iter().map(|tag| (text::visible(tag), alarming(tag))).collect(),
    })
}

/// The observables that other hosts can be searched for.
fn huntable(observables: &[InCase]) -> Vec<(i64, String)> {
    let of_host = |kind| matches!(kind, ObservableKind::Host);
    let usable = observables.iter().filter(|one| !of_host(one.kind) && Observable::searchable(one.kind, &one.value));
    usable.map(|one| (one.id, format!("{} {}", one.kind.label(), text::start(&one.value, 80)))).collect()
}
