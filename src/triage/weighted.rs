//! The weighted count: a vote weighs as much as its voter was right against analysts' declarations.
//!
//! The score of a verdict is the sum of ln(a (K − 1) / (1 − a)) over its valid votes, K = 3 verdicts:
//! the log odds of Dawid and Skene (1979) with equal errors. Voters err together, so the scores are
//! multiplied with `t` before the softmax, and `t` is fitted on declared cases.
use crate::domain::weighing::{Record, Share, Weighed, Weighing, Weights};
use crate::domain::{MachineVerdict, Vote};

/// Verdicts that a voter may give.
const K: f64 = 3.0;
/// The accuracy of a voter of whom too little is known.
const UNKNOWN: f64 = 0.6;
/// Decided cases from which on a voter's own accuracy counts.
pub const CASES_NEEDED: i64 = 30;
/// Labelled cases from which on `t` is fitted.
pub const LABELS_NEEDED: usize = 30;
/// The share that a verdict needs, and how far before the next it has to be.
const SHARE: f64 = 0.8;
const MARGIN: f64 = 0.3;
/// Where `t` may lie: never negative, and never so large that one vote decides everything.
const T: (f64, f64) = (0.05, 2.0);

/// In the order of ties: the more careful one first.
const VERDICTS: [MachineVerdict; 3] =
    [MachineVerdict::NeedsReview, MachineVerdict::TruePositive, MachineVerdict::FalsePositive];

/// A voter's accuracy, 0.5 to 0.99: Laplace-smoothed, and 0.6 where fewer than 30 cases are known.
pub fn accuracy(record: &Record) -> f64 {
    if record.cases < CASES_NEEDED {
        return UNKNOWN;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let (right, cases) = (record.right as f64, record.cases as f64);
    ((right + 1.0) / (cases + 2.0)).clamp(0.5, 0.99)
}

/// What a vote of this accuracy adds to the score of its verdict.
pub fn weight(accuracy: f64) -> f64 {
    (accuracy * (K - 1.0) / (1.0 - accuracy)).ln()
}

/// Weighs the valid votes.
pub fn weigh(votes: &[Vote], weights: &Weights) -> Weighing {
    let weighed = votes.iter().filter_map(|vote| {
        let record = weights.of(&vote.voter);
        let accuracy = accuracy(&record);
        Some(Weighed { verdict: vote.verdict()?, accuracy, weight: weight(accuracy), record })
    });
    let votes: Vec<Weighed> = weighed.collect();
    let score = |verdict| votes.iter().filter(|vote| vote.verdict == verdict).map(|vote| vote.weight).sum::<f64>();
    let scores = VERDICTS.map(score);
    let shares = softmax(scores, weights.t);
    let mut shares: Vec<Share> =
        (0..VERDICTS.len()).map(|at| Share { verdict: VERDICTS[at], score: scores[at], share: shares[at] }).collect();
    // A stable order: among equals the more careful one stays first.
    shares.sort_by(|left, right| right.share.total_cmp(&left.share));
    Weighing { t: weights.t, fitted_on: weights.fitted_on, votes, shares }
}

/// Whether the likeliest verdict is likely enough.
pub fn wins(weighing: &Weighing) -> bool {
    let (_, share, margin) = weighing.leader();
    share >= SHARE && margin >= MARGIN
}

fn softmax(scores: [f64; 3], t: f64) -> [f64; 3] {
    let most = scores.into_iter().fold(f64::MIN, f64::max);
    let parts = scores.map(|score| ((score - most) * t).exp());
    let all: f64 = parts.iter().sum();
    parts.map(|part| part / all)
}

/// A declared case: what its voters said, and what the analyst did.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Voter and verdict of each valid vote.
    pub votes: Vec<(String, MachineVerdict)>,
    /// `TruePositive` for malicious, `FalsePositive` for benign.
    pub truth: MachineVerdict,
}

/// The weights with `t` at the least log loss over declared cases; as they are where there are too few.
pub fn fit(weights: Weights, labelled: &[Labelled]) -> Weights {
    if labelled.len() < LABELS_NEEDED {
        return weights;
    }
    let scored: Vec<([f64; 3], usize)> = labelled.iter().filter_map(|case| scored(&weights, case)).collect();
    let t = least(T, |t| scored.iter().map(|(scores, truth)| -softmax(*scores, t)[*truth].ln()).sum());
    Weights { t, fitted_on: i64::try_from(labelled.len()).unwrap_or(i64::MAX), ..weights }
}

fn scored(weights: &Weights, case: &Labelled) -> Option<([f64; 3], usize)> {
    let score = |verdict| {
        let votes = case.votes.iter().filter(|(_, said)| *said == verdict);
        votes.map(|(voter, _)| weight(accuracy(&weights.of(voter)))).sum::<f64>()
    };
    let truth = VERDICTS.iter().position(|verdict| *verdict == case.truth)?;
    Some((VERDICTS.map(score), truth))
}

/// The place of the least value by golden section: the log loss of a softmax is convex in its factor.
fn least((mut low, mut high): (f64, f64), loss: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..40 {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(left) <= loss(right) {
            high = right;
        } else {
            low = left;
        }
    }
    // Digits beyond these mean nothing and only make the stored figure hard to read.
    (f64::midpoint(low, high) * 1000.0).round() / 1000.0
}
