//! How far effective votes would have come out otherwise with other cases: a percentile bootstrap over cases. Bounded, and
//! the same on every look: so many resamples of so many of the newest cases, drawn by a fixed seed.
use super::measure::{ASSUMED, Errors, effective, phi_of};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// So many times the cases are drawn.
const TIMES: usize = 200;
/// Of so many cases at most, the newest.
const CASES: usize = 1_000;
/// At either side so many of a thousand resamples are left out.
const SIDE: usize = 25;
/// Where the draw begins; any number does.
const SEED: u64 = 0x5eed;

/// The 95 % intervals of the mean correlation and of the effective votes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Of the mean correlation.
    pub rho: (f64, f64),
    /// Of the effective votes.
    pub effective: (f64, f64),
}

/// What a pair said of one case: nothing, neither wrong, the first, the second, both.
fn codes(case: &Errors, pairs: &[(usize, usize)]) -> Vec<u8> {
    let of = |place: usize| case.get(place).copied().flatten();
    let code = |(one, other): &(usize, usize)| match (of(*one), of(*other)) {
        (Some(one), Some(other)) => 1 + u8::from(one) + 2 * u8::from(other),
        _ => 0,
    };
    pairs.iter().map(code).collect()
}

/// The intervals of `members`, where every correlation that counts was measured: `fixed` says of which pairs it is 1
/// because they are one model. Cases come newest first. Nothing for fewer than two members, and without cases.
pub fn spread(members: usize, history: &[Errors], fixed: &dyn Fn(usize, usize) -> bool) -> Option<Spread> {
    let pairs: Vec<(usize, usize)> =
        (0..members).flat_map(|one| (one + 1..members).map(move |other| (one, other))).collect();
    let cases: Vec<Vec<u8>> = history.iter().take(CASES).map(|case| codes(case, &pairs)).collect();
    if pairs.is_empty() || cases.is_empty() {
        return None;
    }
    let one_model: Vec<bool> = pairs.iter().map(|(one, other)| fixed(*one, *other)).collect();
    let mut draw = StdRng::seed_from_u64(SEED);
    let mut found: Vec<f64> = (0..TIMES).map(|_| mean(&cases, &one_model, &mut draw)).collect();
    found.sort_unstable_by(f64::total_cmp);
    let cut = TIMES * SIDE / 1000;
    let rho = (found[cut], found[TIMES - 1 - cut]);
    Some(Spread { rho, effective: (effective(members, rho.1), effective(members, rho.0)) })
}

/// The mean correlation of one resample.
#[expect(clippy::cast_precision_loss, reason = "counts of cases and pairs")]
fn mean(cases: &[Vec<u8>], one_model: &[bool], draw: &mut StdRng) -> f64 {
    let mut counts = vec![[0_u32; 5]; one_model.len()];
    for _ in 0..cases.len() {
        for (count, code) in counts.iter_mut().zip(&cases[draw.random_range(0..cases.len())]) {
            count[usize::from(*code)] += 1;
        }
    }
    let rho = |(count, one_model): (&[u32; 5], &bool)| {
        let [_, neither, one, other, both] = count.map(f64::from);
        let phi = phi_of(neither + one + other + both, one + both, other + both, both);
        // A resample in which one of them never errs says as little as cases would in which it doesn't.
        if *one_model { 1.0 } else { phi.map_or(ASSUMED, |phi| phi.max(0.0)) }
    };
    counts.iter().zip(one_model).map(rho).sum::<f64>() / one_model.len() as f64
}
