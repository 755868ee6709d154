//! Calibration: how often verdicts were right that were stated this surely, and whether a new version of a voter differs.
use super::figures::{Bin, calibration_error, share};
use super::measure::{DELTA, bounds, bounds_by};
use crate::domain::stated::{BINS, MILLION};
use statrs::stats_tests::{Alternative, fisher::fishers_exact};

/// Decided cases below which figures are too few to tell anything.
pub const CASES_NEEDED: i64 = 30;
/// A difference is beyond chance where chance alone would show one at least as large more rarely than this.
const CHANCE: f64 = 0.05;

/// Cases in one bin: the bin, whether the verdict was right, how many, the sum of what was stated in millionths.
pub type Counted = (i64, bool, i64, i64);

/// A bin that holds something.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// What was stated and measured in it.
    pub bin: Bin,
    /// How many of its cases were right.
    pub right: i64,
    /// The one-sided 95 % bounds of how often, see [`bounds`].
    pub bounds: (f64, f64),
}

/// Stated confidence against what was so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// The bins that hold anything, least sure first.
    pub bins: Vec<Filled>,
    /// Cases that were decided.
    pub cases: i64,
    /// Of these, right.
    pub right: i64,
    /// The mean of what was stated, 0 to 1; 0 of nothing.
    pub stated: f64,
    /// Expected calibration error, see [`calibration_error`].
    pub error: Option<f64>,
    /// Its bounds, see [`of`].
    pub error_bounds: (f64, f64),
}

/// The calibration of counted cases.
///
/// The error's bounds are what it is at least and at most while the share of each of the B bins in use lies within its
/// one-sided Clopper–Pearson bounds at 0.05 / B: by Bonferroni they hold all together in 90 of 100 cases or more, so
/// they are wide rather than narrow. Where the mean of a bin lies within its bounds, the bin may have no error at all.
pub fn of(counted: impl IntoIterator<Item = Counted>) -> Calibration {
    let counted: Vec<Counted> = counted.into_iter().collect();
    let bins: Vec<Filled> = (0..BINS).filter_map(|bin| filled(bin, &counted)).collect();
    let plain: Vec<Bin> = bins.iter().map(|filled| filled.bin.clone()).collect();
    let (cases, right) = (plain.iter().map(|bin| bin.lines).sum(), bins.iter().map(|filled| filled.right).sum());
    let sum = plain.iter().map(|bin| weigh(bin, cases) * bin.stated).sum();
    Calibration {
        error_bounds: error_bounds(&bins, cases),
        cases,
        right,
        stated: sum,
        error: calibration_error(&plain),
        bins,
    }
}

fn filled(at: i64, counted: &[Counted]) -> Option<Filled> {
    let held = || counted.iter().filter(|(bin, ..)| *bin == at);
    let lines = held().map(|(_, _, cases, _)| cases).sum();
    let right = held().filter(|(_, right, ..)| *right).map(|(_, _, cases, _)| cases).sum();
    let measured = share(right, lines)?;
    let stated = share(held().map(|(.., ppm)| ppm).sum(), lines.saturating_mul(MILLION))?;
    let from = share(at, BINS)?;
    Some(Filled { bin: Bin { from, lines, stated, measured }, right, bounds: bounds(right, lines) })
}

/// The part of all cases that a bin holds.
fn weigh(bin: &Bin, cases: i64) -> f64 {
    share(bin.lines, cases).unwrap_or_default()
}

fn error_bounds(bins: &[Filled], cases: i64) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "ten bins")]
    let delta = DELTA / bins.len().max(1) as f64;
    bins.iter().fold((0.0, 0.0), |(least, most), Filled { bin, right, .. }| {
        let (low, high) = bounds_by(*right, bin.lines, delta);
        let near = (low - bin.stated).max(bin.stated - high).max(0.0);
        let far = (bin.stated - low).max(high - bin.stated);
        let weight = weigh(bin, cases);
        (least + weight * near, most + weight * far)
    })
}

/// How a new version compares with the one before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// How often chance alone would part the shares of right verdicts at least so far: Fisher's exact test, two-sided.
    pub p: f64,
    /// Whether the share of right verdicts differs beyond chance.
    pub accuracy: bool,
    /// Whether the calibration error does: its bounds don't overlap.
    pub error: bool,
    /// Whether both have enough cases for "no difference" to mean anything.
    pub enough: bool,
}

/// Compares the old version's figures with the new one's. Fisher's test is exact for few cases as well, so a clear
/// difference shows early; looking again and again at it makes a chance find likelier than one in twenty.
pub fn drift(old: &Calibration, new: &Calibration) -> Drift {
    let table = [old.right, old.cases - old.right, new.right, new.cases - new.right];
    let p = fishers_exact(&table.map(|count| u64::try_from(count).unwrap_or_default()), Alternative::TwoSided);
    let p = p.map_or(1.0, |p| p.clamp(0.0, 1.0));
    let (before, since) = (old.error_bounds, new.error_bounds);
    Drift {
        p,
        accuracy: p < CHANCE,
        error: before.1 < since.0 || since.1 < before.0,
        enough: old.cases >= CASES_NEEDED && new.cases >= CASES_NEEDED,
    }
}
