//! How people who did not know what the panel says compare with it: the one measure of it that it can't have biased.
use super::measure::{bounds_by, bounds_of};
use crate::domain::{MachineVerdict, Verdict};

/// Each end of an interval is wrong in at most this share: both together in 5 %.
const DELTA: f64 = 0.025;

/// A case that was declared blind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Review<'a> {
    /// Who declared it.
    pub by: &'a str,
    /// What they declared.
    pub declared: Verdict,
    /// What the panel had said.
    pub machine: MachineVerdict,
    /// What stands declared now.
    pub now: Verdict,
    /// From the opening of the case to the declaration, in ms.
    pub took_ms: i64,
    /// The share by which it was drawn, 0 to 1.
    pub share: f64,
}

impl Review<'_> {
    /// Whether panel and person agree; nothing where one of them did not say.
    pub const fn agrees(&self) -> Option<bool> {
        let said = matches!(self.machine, MachineVerdict::FalsePositive | MachineVerdict::TruePositive);
        let declared = !matches!(self.declared, Verdict::Pending | Verdict::Undetermined);
        if said && declared { Some(!self.declared.contradicts(self.machine)) } else { None }
    }

    /// Whether the panel calls it a false positive and a person said what it was, so that it tells how much is missed.
    pub fn tells_missed(&self) -> bool {
        self.machine == MachineVerdict::FalsePositive && self.agrees().is_some() && self.share > 0.0
    }

    /// Whether the declaration does not stand any more.
    pub fn is_reversed(&self) -> bool {
        self.now != self.declared
    }
}

/// What reviews amount to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// How many there are.
    pub reviews: i64,
    /// Those in which both panel and person had said something.
    pub compared: i64,
    /// Of these, those in which they agree.
    pub agreed: i64,
    /// Declarations that do not stand any more.
    pub reversed: i64,
    /// The median time from opening to declaration, by nearest rank, in ms.
    pub median_ms: Option<i64>,
    /// Of all cases that the panel calls a false positive, the share that is a true positive, each review weighted by
    /// one through the share by which its case was drawn (Horvitz and Thompson, as a ratio); nothing without any.
    pub missed: Option<f64>,
    /// How many unweighted reviews would say as much of that share: (Σ w)² / Σ w² (Kish).
    pub weight: f64,
}

impl Figures {
    /// The two-sided 95 % Clopper–Pearson interval of the share of agreement, 0 to 1.
    pub fn interval(&self) -> (f64, f64) {
        bounds_by(self.agreed, self.compared, DELTA)
    }

    /// The same of the share that is missed, of as many reviews as the weighted ones amount to (Korn and Graubard).
    pub fn missed_interval(&self) -> Option<(f64, f64)> {
        self.missed.map(|share| bounds_of(share * self.weight, self.weight, DELTA))
    }
}

/// What some reviews amount to.
pub fn figures<'a>(all: impl Iterator<Item = &'a Review<'a>>) -> Figures {
    let (mut sums, mut took) = (Figures::default(), Vec::new());
    let (mut errors, mut weights, mut squares) = (0.0, 0.0, 0.0);
    for one in all {
        sums.reviews += 1;
        sums.compared += i64::from(one.agrees().is_some());
        sums.agreed += i64::from(one.agrees() == Some(true));
        sums.reversed += i64::from(one.is_reversed());
        took.push(one.took_ms);
        if one.tells_missed() {
            let weight = 1.0 / one.share;
            (weights, squares) = (weights + weight, squares + weight * weight);
            errors += if one.declared == Verdict::TruePositive { weight } else { 0.0 };
        }
    }
    took.sort_unstable();
    sums.median_ms = took.get(took.len().div_ceil(2).saturating_sub(1)).copied();
    sums.missed = (weights > 0.0).then(|| errors / weights);
    sums.weight = if weights > 0.0 { weights * weights / squares } else { 0.0 };
    sums
}

/// The same for each person, who has most first.
pub fn by_person<'a>(all: &'a [Review<'a>]) -> Vec<(&'a str, Figures)> {
    let mut names: Vec<&str> = all.iter().map(|one| one.by).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name: &'a str| (name, figures(all.iter().filter(|one| one.by == name)));
    let mut found: Vec<_> = names.into_iter().map(of).collect();
    found.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.reviews));
    found
}
