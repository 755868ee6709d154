//! How sure a voter said it was, as it is counted: in millionths, and in ten bins of equal width.

/// How many bins.
pub const BINS: i64 = 10;
/// Millionths in one.
pub const MILLION: i64 = 1_000_000;

/// A stated confidence, 0 to 1, in millionths: sums of whole numbers can be taken back to the last digit.
#[expect(clippy::cast_possible_truncation, reason = "clamped to a million")]
pub fn ppm(confidence: f64) -> i64 {
    (confidence.clamp(0.0, 1.0) * 1e6).round() as i64
}

/// The bin of a stated confidence in millionths, 0 to 9; what is quite sure is in the last one.
pub const fn bin(ppm: i64) -> i64 {
    let bin = ppm / (MILLION / BINS);
    if bin < BINS { bin } else { BINS - 1 }
}
