//! The count: from votes to a verdict, never silently.
//!
//! N is the panel less those that abstained; a voter that failed stays in N, so it can only make
//! the result more careful. A true positive stated with 0.7 or more vetoes a false positive in
//! every mode, and so does a voter that calls the case high or critical. In the weighted mode votes
//! that all agree are unanimous only where their weight suffices; otherwise a person looks.
use super::weighted;
use crate::domain::{Answer, MachineVerdict, Outcome, Severity, Vote, VoteState, Weighing, Weights, words};

words! {
    /// How many must agree.
    Mode ("panel.mode") {
        /// All of them.
        Unanimous = "unanimous", "Unanimous";
        /// More than half of N.
        Majority = "majority", "Majority";
        /// Each vote counts by how often its voter was right.
        Weighted = "weighted", "Weighted";
    }
}

/// From this stated confidence on, a true positive vetoes a false positive.
const VETO_CONFIDENCE: f64 = 0.7;

/// How a panel's votes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panel {
    /// How many must agree.
    pub mode: Mode,
    /// Valid votes that are needed; 0 for the mode's own: all, or more than half.
    pub quorum: usize,
}

/// The result of a count.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    /// The panel's verdict.
    pub verdict: MachineVerdict,
    /// How the votes came out.
    pub outcome: Outcome,
    /// Mean of the winners' stated confidence, three decimals; times winners / N where not all agree.
    pub confidence: f64,
    /// The triaged severity.
    pub severity: Severity,
    /// 0 to 100.
    pub risk_score: u8,
    /// The verdict with the most votes.
    pub winning_verdict: MachineVerdict,
    /// How many votes it got.
    pub winning_count: usize,
    /// N.
    pub total: usize,
    /// How many of N failed.
    pub missing: usize,
    /// What the vote would allow the machine to do.
    pub auto_action: Option<&'static str>,
    /// What each vote weighed, in the weighted mode.
    pub weighing: Option<Weighing>,
}

/// Counts the votes of the panel; `rule` is the rule's own severity. `weights` matter in the weighted mode only.
pub fn count(panel: Panel, votes: &[Vote], weights: &Weights, rule: Severity) -> Count {
    let total = votes.iter().filter(|vote| vote.state != VoteState::Abstained).count();
    let valid: Vec<&Answer> = votes.iter().filter_map(Vote::valid).collect();
    let missing = total - valid.len();
    let weighing = (panel.mode == Mode::Weighted).then(|| weighted::weigh(votes, weights));
    let (winning_verdict, winning_count) = winner(&valid, weighing.as_ref());
    let (mut verdict, mut outcome) = decide(panel, &valid, total, (winning_verdict, winning_count), weighing.as_ref());
    let alarmed = valid.iter().any(|answer| answer.severity >= Severity::High || vetoes(answer));
    if verdict == MachineVerdict::FalsePositive && alarmed {
        (verdict, outcome) = (MachineVerdict::NeedsReview, Outcome::Split);
    }
    let winners: Vec<&&Answer> = valid.iter().filter(|answer| answer.verdict == winning_verdict).collect();
    let clean = outcome == Outcome::Unanimous && verdict == MachineVerdict::FalsePositive && missing == 0 && total >= 2;
    Count {
        confidence: confidence(&winners, total),
        severity: severity(verdict, &valid, rule),
        risk_score: risk(verdict, &valid),
        auto_action: clean.then_some("auto_close_fp"),
        verdict,
        outcome,
        winning_verdict,
        winning_count,
        total,
        missing,
        weighing,
    }
}

fn vetoes(answer: &Answer) -> bool {
    answer.verdict == MachineVerdict::TruePositive && answer.confidence >= VETO_CONFIDENCE
}

/// The verdict with the most votes or the most weight; among equals the more careful one.
fn winner(valid: &[&Answer], weighing: Option<&Weighing>) -> (MachineVerdict, usize) {
    let votes_for = |verdict: MachineVerdict| valid.iter().filter(|answer| answer.verdict == verdict).count();
    if let Some(weighing) = weighing {
        let leader = weighing.leader().0;
        return (leader, votes_for(leader));
    }
    let candidates = [MachineVerdict::FalsePositive, MachineVerdict::TruePositive, MachineVerdict::NeedsReview];
    let best = candidates.into_iter().max_by_key(|verdict| votes_for(*verdict));
    best.map(|verdict| (verdict, votes_for(verdict)))
        .filter(|(_, count)| *count > 0)
        .unwrap_or((MachineVerdict::NeedsReview, 0))
}

fn decide(
    panel: Panel,
    valid: &[&Answer],
    total: usize,
    winner: (MachineVerdict, usize),
    weighing: Option<&Weighing>,
) -> (MachineVerdict, Outcome) {
    let review = |outcome| (MachineVerdict::NeedsReview, outcome);
    let missing = total - valid.len();
    let open = if missing > 0 { Outcome::Degraded } else { Outcome::Split };
    let quorum = match (panel.quorum, panel.mode) {
        (0, Mode::Unanimous) => total,
        (0, Mode::Majority | Mode::Weighted) => total / 2 + 1,
        (set, _) => set,
    };
    match (panel.mode, total) {
        (_, 0) => review(Outcome::NoQuorum),
        (_, 1) if missing == 1 => review(Outcome::Degraded),
        (_, 1) => (winner.0, Outcome::Single),
        _ if valid.len() < quorum => review(if missing > 0 { Outcome::Degraded } else { Outcome::NoQuorum }),
        _ if weighing.is_some_and(|weighing| !weighted::wins(weighing)) => review(open),
        _ if winner.1 == total => (winner.0, Outcome::Unanimous),
        (Mode::Majority, _) if winner.1 * 2 > total => (winner.0, Outcome::Majority),
        (Mode::Weighted, _) => (winner.0, Outcome::Weighted),
        _ => review(open),
    }
}

/// The mean, not a product: voters err together, so their statements are not independent.
fn confidence(winners: &[&&Answer], total: usize) -> f64 {
    if winners.is_empty() {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a panel has a handful of voters")]
    let (count, all) = (winners.len() as f64, total as f64);
    let mean = winners.iter().map(|answer| answer.confidence).sum::<f64>() / count;
    let shown = if winners.len() == total { mean } else { mean * count / all };
    (shown * 1000.0).round() / 1000.0
}

/// The worst for anything but a false positive; for that the median, and never above the rule's own.
fn severity(verdict: MachineVerdict, valid: &[&Answer], rule: Severity) -> Severity {
    let mut all: Vec<Severity> = valid.iter().map(|answer| answer.severity).collect();
    all.sort_unstable();
    match all.as_slice() {
        [] => rule,
        sorted if verdict == MachineVerdict::FalsePositive => sorted[sorted.len() / 2].min(rule),
        sorted => sorted[sorted.len() - 1],
    }
}

fn risk(verdict: MachineVerdict, valid: &[&Answer]) -> u8 {
    let scores = valid.iter().map(|answer| u32::from(answer.risk_score));
    let score = match (verdict, u32::try_from(valid.len())) {
        (MachineVerdict::FalsePositive, Ok(count @ 1..)) => (scores.sum::<u32>() + count / 2) / count,
        _ => scores.max().unwrap_or_default(),
    };
    u8::try_from(score).unwrap_or(100)
}
