//! What a rule's reviewed cases suggest: keep it, tune it, narrow it, or wait for more.
use crate::domain::words;
use crate::store::rules::health::Sample;
use crate::triage::measure;

/// Reviewed cases below which nothing is suggested.
pub const FEW: i64 = 5;
/// The least share of false positives, as the interval's lower end, at which tuning is suggested.
const NOISY: f64 = 0.7;
/// A true positive within so many days keeps a rule.
const RECENT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

words! {
    /// What is suggested for a rule.
    Advice ("advice") {
        /// Nearly all that was reviewed was false positive, and nothing true positive.
        Tune = "tune", "Tune";
        /// Most was false positive, and something true positive.
        Narrow = "narrow", "Narrow";
        /// Some was false positive; too few were reviewed to say more.
        Watch = "watch", "Watch";
        /// It finds what it should.
        Keep = "keep", "Keep";
        /// Too few were reviewed.
        Few = "few", "Not enough reviewed";
    }
}

/// How people declared a rule's cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reviewed {
    /// Declared false positive.
    pub false_positive: i64,
    /// Declared benign true positive.
    pub benign_true_positive: i64,
    /// Declared true positive.
    pub true_positive: i64,
}

impl Reviewed {
    /// What was declared of the newest reviewed cases.
    pub const fn of(sample: &Sample) -> Self {
        let Sample { false_positive, benign_true_positive, true_positive, .. } = *sample;
        Self { false_positive, benign_true_positive, true_positive }
    }

    /// All of them.
    pub const fn all(self) -> i64 {
        self.false_positive + self.benign_true_positive + self.true_positive
    }

    /// The Wilson interval of the share of false positives; nothing where nothing was reviewed.
    pub fn interval(self) -> Option<(f64, f64)> {
        self.interval_of(self.false_positive)
    }

    /// The same of the share of so many of them.
    pub fn interval_of(self, count: i64) -> Option<(f64, f64)> {
        (self.all() > 0).then(|| measure::wilson(count, self.all()))
    }
}

/// What is suggested. A rule that found something a moment ago is kept whatever else it finds, unless most is noise.
pub fn advice(reviewed: Reviewed, last_tp_ms: Option<i64>, now_ms: i64) -> Advice {
    let (low, _) = reviewed.interval().unwrap_or((0.0, 1.0));
    let recent = last_tp_ms.is_some_and(|at| now_ms - at <= RECENT_MS);
    match (reviewed.all() >= FEW, reviewed.true_positive > 0) {
        (true, false) if low >= NOISY && !recent => Advice::Tune,
        (true, true) if low >= 0.5 => Advice::Narrow,
        _ if recent => Advice::Keep,
        (false, _) => Advice::Few,
        (true, _) if reviewed.false_positive * 2 > reviewed.all() => Advice::Watch,
        _ => Advice::Keep,
    }
}
