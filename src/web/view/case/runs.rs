//! The runs of a case: a line for each, and two of them compared.
use super::{CaseData, shown_run, words};
use crate::store::runs::{Run, RunState};
use crate::store::votes::Stored;
use crate::web::view::compare::{self, Compared};
use crate::web::view::words::{Glyph, When, percent, when};

/// A run in the list.
pub struct RunLine {
    /// Its number.
    pub number: i64,
    /// The case that it came with.
    pub origin: Option<i64>,
    /// When it was asked for.
    pub at: When,
    /// Who asked.
    pub asked_by: String,
    /// Its verdict's shape.
    pub glyph: Glyph,
    /// How it came out, in words.
    pub outcome: String,
    /// Whether it is shown.
    pub shown: bool,
    /// Whether it is compared with.
    pub against: bool,
}

/// All runs, newest first.
pub fn run_lines(data: &CaseData, wanted: Option<i64>, against: Option<i64>) -> Vec<RunLine> {
    let shown = shown_run(&data.runs, wanted).map(|run| run.number);
    data.runs.iter().map(|run| line(run, shown, against)).collect()
}

fn line(run: &Run, shown: Option<i64>, against: Option<i64>) -> RunLine {
    let mut outcome = match (run.state, run.outcome) {
        (RunState::Done, Some(outcome)) => outcome.label().to_lowercase(),
        (state, _) => state.label().to_lowercase(),
    };
    if let Some(confidence) = run.confidence.filter(|_| run.state == RunState::Done) {
        outcome = format!("{outcome}, {}", percent(confidence));
    }
    if !run.note.is_empty() {
        outcome = format!("{outcome}. {}", run.note);
    }
    RunLine {
        number: run.number,
        origin: run.origin_case,
        at: when(run.queued_ms),
        asked_by: crate::web::view::text::visible(&run.asked_by),
        glyph: words::machine(run.machine_verdict),
        outcome,
        shown: shown == Some(run.number),
        against: against == Some(run.number),
    }
}

/// The shown run compared with another one.
pub fn compared(data: &CaseData, wanted: Option<i64>, against: Option<i64>) -> Option<Compared> {
    let to = shown_run(&data.runs, wanted)?;
    let from = data.runs.iter().find(|run| Some(run.number) == against && run.id != to.id)?;
    let votes =
        |run: &Run| data.votes.iter().filter(|vote| vote.run_id == run.id && vote.counts()).collect::<Vec<&Stored>>();
    Some(compare::compared((from, &votes(from)), (to, &votes(to))))
}
