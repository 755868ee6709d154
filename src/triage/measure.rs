//! How far figures about a panel can be trusted: intervals, effective votes, errors in common.
use crate::domain::{MachineVerdict, Verdict};
use statrs::distribution::{Beta, ContinuousCDF};

/// How sure a bound is: 95 %.
pub(super) const DELTA: f64 = 0.05;
/// The correlation of errors that is assumed of two different models before it is measured: published
/// work finds that two models which both err agree in about 60 % of cases.
pub const ASSUMED: f64 = 0.6;
/// Declared cases that two voters must both have decided before their correlation counts as measured.
pub const CASES_NEEDED: usize = 30;

/// What a declaration says of the event: malicious, benign, or nothing that could be measured.
/// A benign true positive counts as benign: nothing needs doing, which is what a vote for a false positive says.
pub const fn truth(declared: Verdict) -> Option<MachineVerdict> {
    match declared {
        Verdict::TruePositive => Some(MachineVerdict::TruePositive),
        Verdict::FalsePositive | Verdict::BenignTruePositive => Some(MachineVerdict::FalsePositive),
        Verdict::Pending | Verdict::Undetermined => None,
    }
}

/// Whether a vote was wrong; nothing where it asks for a review, which decides nothing, or where nothing was declared.
pub fn wrong(vote: MachineVerdict, declared: Verdict) -> Option<bool> {
    let decided = matches!(vote, MachineVerdict::TruePositive | MachineVerdict::FalsePositive);
    truth(declared).filter(|_| decided).map(|truth| truth != vote)
}

/// The one-sided 95 % Clopper–Pearson bounds of a share, `k` of `n`: no smaller, and no larger. 0 and 1 where `n` is 0.
///
/// `Beta⁻¹(δ; k, n − k + 1)` and `Beta⁻¹(1 − δ; k + 1, n − k)`.
pub fn bounds(k: i64, n: i64) -> (f64, f64) {
    bounds_by(k, n, DELTA)
}

/// The same where each bound may be wrong in `delta` of all cases.
pub fn bounds_by(k: i64, n: i64, delta: f64) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let (k, n) = (k as f64, n as f64);
    bounds_of(k, n, delta)
}

/// The same of numbers that need not be whole: what weighted cases amount to.
pub fn bounds_of(k: f64, n: f64, delta: f64) -> (f64, f64) {
    let quantile = |p: f64, a: f64, b: f64| Beta::new(a, b).ok().map(|beta| beta.inverse_cdf(p));
    let k = k.clamp(0.0, n.max(0.0));
    let low = if k <= 0.0 { None } else { quantile(delta, k, n - k + 1.0) };
    let high = if k >= n { None } else { quantile(1.0 - delta, k + 1.0, n - k) };
    (low.unwrap_or(0.0), high.unwrap_or(1.0))
}

/// The two-sided 95 % Wilson interval of a share, `k` of `n`; 0 and 1 where `n` is 0.
///
/// `(p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)` with z = 1.96.
pub fn wilson(k: i64, n: i64) -> (f64, f64) {
    if n <= 0 {
        return (0.0, 1.0);
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let (k, n) = (k.clamp(0, n) as f64, n as f64);
    let (p, z2) = (k / n, 1.959_964_f64.powi(2));
    let (middle, whole) = (p + z2 / (2.0 * n), 1.0 + z2 / n);
    let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt();
    (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
}

/// Who a voter is: two of the same model err together, whatever their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its model.
    pub model: String,
    /// The model's digest at its last answer, or empty.
    pub digest: String,
}

impl Member {
    fn is_same_model(&self, other: &Self) -> bool {
        self.model == other.model || !self.digest.is_empty() && self.digest == other.digest
    }
}

/// One declared case: for each member whether it was wrong, nothing where it did not decide.
pub type Errors = Vec<Option<bool>>;

/// Two members and their errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Their places.
    pub of: (usize, usize),
    /// Declared cases that both decided.
    pub cases: usize,
    /// Of these, decided wrongly by both.
    pub both_wrong: usize,
    /// The correlation that counts.
    pub rho: f64,
    /// Whether it is assumed for want of cases.
    pub assumed: bool,
}

/// How a panel errs together.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// As how many independent votes they count: n / (1 + (n − 1) ρ).
    pub effective: f64,
    /// The mean correlation of the pairs.
    pub rho: f64,
    /// Whether any correlation is assumed.
    pub assumed: bool,
    /// Declared cases that all members decided.
    pub cases: i64,
    /// Of these, decided wrongly by all: a panel of these can't be right more often than in the rest.
    pub all_wrong: i64,
    /// Every two.
    pub pairs: Vec<Pair>,
}

/// As how many independent votes so many count whose errors correlate so much.
#[expect(clippy::cast_precision_loss, reason = "a panel has a handful of voters")]
pub fn effective(members: usize, rho: f64) -> f64 {
    let n = members as f64;
    if members == 0 { 0.0 } else { n / (1.0 + (n - 1.0) * rho) }
}

/// How members err together, by declared cases.
pub fn together(members: &[Member], history: &[Errors]) -> Together {
    together_by(members.len(), history, &|one, other| members[one].is_same_model(&members[other]))
}

/// The same of so many members, where `same` says which two of them were one model.
pub fn together_by(members: usize, history: &[Errors], same: &dyn Fn(usize, usize) -> bool) -> Together {
    let places = (0..members).flat_map(|one| (one + 1..members).map(move |other| (one, other)));
    let pairs: Vec<Pair> = places.map(|of| pair(history, of, same(of.0, of.1))).collect();
    #[expect(clippy::cast_precision_loss, reason = "a panel has a handful of voters")]
    let count = pairs.len() as f64;
    let rho = if pairs.is_empty() { 0.0 } else { pairs.iter().map(|pair| pair.rho).sum::<f64>() / count };
    let decided = || history.iter().filter(|case| !case.is_empty() && case.iter().all(Option::is_some));
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Together {
        effective: effective(members, rho),
        rho,
        assumed: pairs.iter().any(|pair| pair.assumed),
        cases: whole(decided().count()),
        all_wrong: whole(decided().filter(|case| case.iter().all(|wrong| *wrong == Some(true))).count()),
        pairs,
    }
}

fn pair(history: &[Errors], (one, other): (usize, usize), same: bool) -> Pair {
    let of_case = |case: &Errors| Some((case.get(one).copied()??, case.get(other).copied()??));
    let both: Vec<(bool, bool)> = history.iter().filter_map(of_case).collect();
    let measured = phi(&both).filter(|_| both.len() >= CASES_NEEDED);
    Pair {
        of: (one, other),
        cases: both.len(),
        both_wrong: both.iter().filter(|pair| pair.0 && pair.1).count(),
        // Errors that avoid each other are luck of a small number; they must not make more votes than there are.
        rho: if same { 1.0 } else { measured.map_or(ASSUMED, |phi| phi.max(0.0)) },
        assumed: !same && measured.is_none(),
    }
}

/// The phi coefficient of two error indicators; nothing where one of them never or always errs.
pub fn phi(both: &[(bool, bool)]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let count = |wanted: fn(&(bool, bool)) -> bool| both.iter().filter(|pair| wanted(pair)).count() as f64;
    let (n, one, other, joint) = (count(|_| true), count(|it| it.0), count(|it| it.1), count(|it| it.0 && it.1));
    phi_of(n, one, other, joint)
}

/// The same from how many cases there are, and in how many the one, the other and both erred.
pub fn phi_of(n: f64, one: f64, other: f64, joint: f64) -> Option<f64> {
    let spread = one * (n - one) * other * (n - other);
    (spread > 0.0).then(|| (n * joint - one * other) / spread.sqrt())
}
