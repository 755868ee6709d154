//! How well verdicts fit labels: confusion, balanced accuracy, calibration, and what could be closed at what risk.
use super::measure::bounds;
use crate::domain::MachineVerdict;
use serde::Serialize;

/// What a labelled detection came out as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Whether it is a true positive by its label.
    pub positive: bool,
    /// Whether the label is certain enough that missing it weighs full.
    pub strong: bool,
    /// The verdict.
    pub verdict: MachineVerdict,
    /// How malicious it was held to be, 0 to 1.
    pub score: f64,
    /// Whether the machine could close it if its gate were open.
    pub closable: bool,
    /// Whether code forbids closing it, whatever the votes.
    pub vetoed: bool,
}

/// Verdicts by label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Row {
    /// Called a true positive.
    pub true_positive: i64,
    /// Called a false positive.
    pub false_positive: i64,
    /// Left to a person.
    pub needs_review: i64,
}

/// All verdicts, by label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Confusion {
    /// Of lines that are true positives.
    pub true_positive: Row,
    /// Of lines that are false positives.
    pub false_positive: Row,
}

impl Row {
    const fn add(&mut self, verdict: MachineVerdict) {
        match verdict {
            MachineVerdict::TruePositive => self.true_positive += 1,
            MachineVerdict::FalsePositive => self.false_positive += 1,
            MachineVerdict::NeedsReview | MachineVerdict::None => self.needs_review += 1,
        }
    }

    /// All of them.
    pub const fn total(self) -> i64 {
        self.true_positive + self.false_positive + self.needs_review
    }
}

/// A share; nothing of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of lines")]
pub fn share(part: i64, all: i64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

impl Confusion {
    /// Counts verdicts.
    pub fn of(all: &[Judged]) -> Self {
        let mut confusion = Self::default();
        for one in all {
            let row = if one.positive { &mut confusion.true_positive } else { &mut confusion.false_positive };
            row.add(one.verdict);
        }
        confusion
    }

    /// The mean of both classes' recall. What is left to a person is not dismissed, so it counts as a true
    /// positive. Nothing where a class is empty.
    pub fn balanced(self) -> Option<f64> {
        let kept = self.true_positive.true_positive + self.true_positive.needs_review;
        let kept = share(kept, self.true_positive.total())?;
        let dismissed = share(self.false_positive.false_positive, self.false_positive.total())?;
        Some(f64::midpoint(kept, dismissed))
    }
}

/// Balanced accuracy where each line is decided by its score alone, at one half.
pub fn by_score(all: &[Judged]) -> Option<f64> {
    let decided = all.iter().map(|one| Judged {
        verdict: if one.score >= 0.5 { MachineVerdict::TruePositive } else { MachineVerdict::FalsePositive },
        ..*one
    });
    Confusion::of(&decided.collect::<Vec<_>>()).balanced()
}

/// A bin of a reliability diagram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// From this probability on.
    pub from: f64,
    /// How many.
    pub lines: i64,
    /// Their mean stated probability.
    pub stated: f64,
    /// How often it was so.
    pub measured: f64,
}

/// How many bins of equal width.
pub const BINS: usize = 10;

/// The bins that hold anything: stated probability against what was so.
pub fn reliability(all: &[(f64, bool)]) -> Vec<Bin> {
    #[expect(clippy::cast_precision_loss, reason = "ten bins")]
    let edge = |bin: usize| bin as f64 / BINS as f64;
    let within = |bin: usize, stated: f64| stated >= edge(bin) && (stated < edge(bin + 1) || bin + 1 == BINS);
    let bin = |bin: usize| {
        let held: Vec<_> = all.iter().filter(|(stated, _)| within(bin, stated.clamp(0.0, 1.0))).collect();
        let lines = i64::try_from(held.len()).unwrap_or(i64::MAX);
        let right = i64::try_from(held.iter().filter(|(_, so)| *so).count()).unwrap_or(i64::MAX);
        let measured = share(right, lines)?;
        #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
        let stated = held.iter().map(|(stated, _)| stated).sum::<f64>() / lines as f64;
        Some(Bin { from: edge(bin), lines, stated, measured })
    };
    (0..BINS).filter_map(bin).collect()
}

/// Expected calibration error: the mean distance between stated and measured, weighed by lines (Naeini and
/// others, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015). Nothing of nothing.
pub fn calibration_error(bins: &[Bin]) -> Option<f64> {
    let lines: i64 = bins.iter().map(|bin| bin.lines).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
    let weighed = bins.iter().map(|bin| bin.lines as f64 * (bin.stated - bin.measured).abs()).sum::<f64>();
    #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
    (lines > 0).then(|| weighed / lines as f64)
}

/// What could be closed if so many true positives were missed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// True positives closed by mistake, at most.
    pub missed: i64,
    /// Whether only those with a strong label are counted.
    pub strong_only: bool,
    /// Everything below this score is closed.
    pub below: f64,
    /// False positives closed.
    pub closed: i64,
    /// Of all false positives.
    pub closed_share: f64,
    /// The upper one-sided 95 % Clopper–Pearson bound on the share of true positives closed.
    pub missed_upper95: f64,
}

/// How many may be missed.
const MISSED: [i64; 4] = [0, 1, 2, 4];

/// The curve: lines are closed from the least malicious score on, those that code forbids left out, until one
/// more true positive would go with them.
pub fn curve(all: &[Judged]) -> Vec<Point> {
    let kinds = [true, false].into_iter().filter(|strong| !strong || all.iter().any(|one| one.positive && one.strong));
    kinds.flat_map(|strong| MISSED.map(|missed| point(all, strong, missed))).collect()
}

fn point(all: &[Judged], strong_only: bool, missed: i64) -> Point {
    let counts = |one: &&Judged| one.positive && (one.strong || !strong_only);
    let open = || all.iter().filter(|one| !one.vetoed);
    let mut scores: Vec<f64> = open().filter(counts).map(|one| one.score).collect();
    scores.sort_by(f64::total_cmp);
    // Equal scores go together: none of them where one too many is among them.
    let below = usize::try_from(missed).ok().and_then(|at| scores.get(at).copied()).unwrap_or(f64::INFINITY);
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let closed = number(open().filter(|one| !one.positive && one.score < below).count());
    let gone = number(open().filter(counts).filter(|one| one.score < below).count());
    let negatives = number(all.iter().filter(|one| !one.positive).count());
    let positives = number(all.iter().filter(counts).count());
    Point {
        missed,
        strong_only,
        below: below.min(1.0),
        closed,
        closed_share: share(closed, negatives).unwrap_or_default(),
        missed_upper95: bounds(gone, positives).1,
    }
}
