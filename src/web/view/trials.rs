//! What came of a trial, in words and lists.
use super::text;
use super::words::{self, Glyph, When, when};
use crate::domain::MachineVerdict;
use crate::store::trials::{Spent, Trial, TrialState, Tried};
use crate::triage::measure;
use crate::web::view::measured::{accuracy, right_of};

/// A case of a trial.
pub struct Line {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// What was declared.
    pub declared: Glyph,
    /// What its panel had said.
    pub then: Glyph,
    /// What the tried panel says.
    pub now: Glyph,
    /// How its votes came out.
    pub outcome: &'static str,
}

/// A trial.
pub struct TrialView {
    /// Its id.
    pub id: i64,
    /// The voters.
    pub voters: String,
    /// The mode in words.
    pub mode: String,
    /// How far it is, in words.
    pub state: &'static str,
    /// Whether it is still under way.
    pub going: bool,
    /// Why it failed, or empty.
    pub error: String,
    /// Who asked, and when.
    pub asked: (String, When),
    /// Cases asked about, and all.
    pub done: (usize, usize),
    /// How often it was right, in words.
    pub accuracy: String,
    /// The same of what had been said then, on the same cases.
    pub then: String,
    /// Cases that it leaves to people.
    pub reviews: usize,
    /// Voter, reused votes, failed votes, requests, tokens.
    pub spent: Vec<Spent>,
    /// Requests and tokens of all.
    pub total: (i64, i64),
}

/// The trial with its figures.
pub fn trial(trial: Trial, cases: &[Tried], spent: &[Spent]) -> TrialView {
    let done: Vec<_> = cases.iter().filter_map(|case| case.verdict.map(|verdict| (case, verdict))).collect();
    TrialView {
        id: trial.id,
        voters: trial.voters.0.join(", "),
        mode: trial.mode,
        state: trial.state.label(),
        going: matches!(trial.state, TrialState::Queued | TrialState::Running),
        error: text::visible(&trial.error),
        asked: (trial.asked_by, when(trial.queued_ms)),
        done: (done.len(), cases.len()),
        accuracy: accuracy(right_of(done.iter().map(|(case, verdict)| (*verdict, case.declared, 1)))),
        then: accuracy(right_of(done.iter().map(|(case, _)| (case.said_then, case.declared, 1)))),
        reviews: done.iter().filter(|(_, verdict)| *verdict == MachineVerdict::NeedsReview).count(),
        total: (spent.iter().map(|one| one.calls).sum(), spent.iter().map(|one| one.tokens).sum()),
        spent: spent.to_vec(),
    }
}

/// Missed true positives, false alarms, and false positives that it recognises.
pub fn lists(cases: &[Tried]) -> (Vec<Line>, Vec<Line>, Vec<Line>) {
    let of = |verdict: MachineVerdict, truth: MachineVerdict| {
        let wanted = cases.iter().filter(|case| case.verdict == Some(verdict));
        wanted.filter(|case| measure::truth(case.declared) == Some(truth)).map(line).collect()
    };
    let (benign, malicious) = (MachineVerdict::FalsePositive, MachineVerdict::TruePositive);
    (of(benign, malicious), of(malicious, benign), of(benign, benign))
}

fn line(case: &Tried) -> Line {
    Line {
        number: case.number,
        title: text::start(&case.title, 200),
        declared: words::person(case.declared),
        then: words::machine(case.said_then),
        now: words::machine(case.verdict.unwrap_or(MachineVerdict::None)),
        outcome: case.outcome.map_or("", crate::domain::Outcome::label),
    }
}
