//! Evidence in the prompt: numbers and words of ours as facts, and the lines that come from outside as data.
use super::Lines;
use crate::domain::dossier::Dossier;
use crate::domain::evidence::{EvidenceKind, Line, Mark, Piece};
use crate::intel::words;
use crate::triage::render;
use std::fmt::Write;

/// Tokens for all lines of evidence together, beside those of the event.
const TOKENS: usize = 900;
/// Tokens of one line.
const LINE: usize = 130;
/// Lines of each kind.
const ABOVE: usize = 5;
const BELOW: usize = 5;
const AROUND: usize = 10;
/// Answers of intelligence providers.
const ANSWERS: usize = 8;

/// What providers say, in counts alone: the worst first. Words of theirs are never shown to a voter.
pub(super) fn intelligence(dossier: &Dossier) -> String {
    let mut all: Vec<_> = dossier.intel.iter().collect();
    all.sort_by_key(|intel| std::cmp::Reverse((intel.malicious, intel.suspicious)));
    match (all.as_slice(), dossier.piece(EvidenceKind::Intelligence)) {
        ([], None) => "none asked".to_owned(),
        ([], Some(piece)) if piece.is_certain() => "asked, nothing known".to_owned(),
        ([], Some(_)) => "asked, no answer".to_owned(),
        (all, _) => {
            let each = all.iter().take(ANSWERS).map(|intel| words::brief(intel));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

impl Lines<'_> {
    /// Adds the lines and gives the facts; `shown` is false where the reader gets no words from outside.
    pub(super) fn evidence(&mut self, dossier: &Dossier, shown: bool) -> String {
        if dossier.evidence.is_empty() {
            return String::new();
        }
        let chosen = if shown { chosen(dossier) } else { Vec::new() };
        let added = chosen.iter().filter(|(name, line)| self.evidence_line(name, line, dossier)).count();
        let mut facts = "\n  evidence:".to_owned();
        for piece in &dossier.evidence {
            // Writing to a String can't fail.
            let _ = write!(facts, " {}={}{}", piece.kind, piece.state, number(piece));
        }
        let _ = write!(facts, "\n  evidence_lines_shown={added}");
        facts
    }

    /// One line behind the prefix; `false` where there was no room.
    fn evidence_line(&mut self, name: &str, line: &Line, dossier: &Dossier) -> bool {
        if TOKENS.saturating_sub(self.evidence) < 24 {
            return false;
        }
        let text = sentence(line, dossier);
        let masked = self.mask.as_deref_mut().map(|mask| mask.text(&text));
        let text = super::braces(masked.as_deref().unwrap_or(&text));
        let rendered = render::value(&text, LINE.min(TOKENS - self.evidence)).text;
        self.evidence += render::tokens(&rendered) + 8;
        self.text.push(format!("{}| {name}: {rendered}", self.prefix));
        true
    }
}

/// The lines that say most: the chain, then what is nearest to the trigger.
fn chosen(dossier: &Dossier) -> Vec<(&'static str, &Line)> {
    let lines = |kind| dossier.piece(kind).map(|piece| piece.lines.as_slice()).unwrap_or_default();
    let mut around: Vec<&Line> =
        lines(EvidenceKind::Sweep).iter().filter(|line| !line.marks.contains(&Mark::Trigger)).collect();
    let centre = dossier.detection.event_ms.unwrap_or_default();
    around.sort_by_key(|line| line.at_ms.map_or(u64::MAX, |ms| ms.abs_diff(centre)));
    around.truncate(AROUND);
    around.sort_by_key(|line| line.at_ms);
    let above = lines(EvidenceKind::Ancestors).iter().take(ABOVE).map(|line| ("ancestor", line));
    let below = lines(EvidenceKind::Children).iter().take(BELOW).map(|line| ("child", line));
    above.chain(below).chain(around.into_iter().map(|line| ("activity", line))).collect()
}

/// A line in words: when, what, who, signed or not.
fn sentence(line: &Line, dossier: &Dossier) -> String {
    let mut out = String::new();
    if let Some((at, event)) = line.at_ms.zip(dossier.detection.event_ms) {
        let tenths = (at - event) / 100;
        let sign = if tenths < 0 { '-' } else { '+' };
        let _ = write!(out, "{sign}{}.{} s ", tenths.abs() / 10, tenths.abs() % 10);
    }
    let _ = write!(out, "{} {}", line.event_type, line.text);
    if !line.user.is_empty() {
        let _ = write!(out, " by {}", line.user);
    }
    for mark in line.marks.iter().filter(|mark| matches!(mark, Mark::Signed | Mark::Unsigned)) {
        let _ = write!(out, " ({})", mark.label());
    }
    out
}

/// What code counted, in brackets.
fn number(piece: &Piece) -> String {
    let facts = &piece.facts;
    match piece.kind {
        _ if !piece.is_certain() => String::new(),
        EvidenceKind::Sweep => format!("({} events, trigger found)", piece.total),
        EvidenceKind::Tags => {
            let word = |flag: Option<bool>| flag.map_or("unknown", |flag| if flag { "yes" } else { "no" });
            let isolated = facts.isolated.map(|(_, actual)| actual);
            format!("(tags_now={} online={} isolated={})", facts.tags.len(), word(facts.online), word(isolated))
        }
        EvidenceKind::Prevalence => {
            let each = facts.seen.iter().map(|seen| format!("{}_hosts_30d={}", seen.kind, seen.hosts[2]));
            format!("({})", each.collect::<Vec<_>>().join(" "))
        }
        _ => format!("({})", piece.total),
    }
}
