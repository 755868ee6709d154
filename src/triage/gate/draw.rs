//! Which cases people review blind: drawn by a secret key when they open, before anybody votes, so that neither an
//! attacker nor a hurried analyst can tell or choose.
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Days within which an active gate is proven anew by what is drawn.
pub const QUOTA_DAYS: i64 = 90;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The share of a scope's cases that is drawn: no less than the policy says, and of an active one enough to
/// prove it anew every [`QUOTA_DAYS`]. Of an active one: the reviews that a first look takes, the cases that were eligible
/// in the last [`QUOTA_DAYS`], when its first one came, and now; a younger scope is expected to go on as it began.
pub fn share(policy: f64, active: Option<(Option<i64>, i64, i64, i64)>) -> f64 {
    let Some((needed, eligible, first_ms, now_ms)) = active else { return policy.clamp(0.0, 1.0) };
    let Some(needed) = needed else { return 1.0 };
    let days = ((now_ms - first_ms).max(0) / DAY_MS + 1).min(QUOTA_DAYS);
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let share = needed as f64 / (eligible.max(1) as f64 * QUOTA_DAYS as f64 / days as f64);
    policy.max(share).clamp(0.0, 1.0)
}

/// Whether a case is drawn: HMAC-SHA-256 of its number, the first 32 bits, below the share. Who is drawn by a share is
/// drawn by every larger one.
pub fn drawn(key: &str, case: i64, share: f64) -> bool {
    // A key of any length will do; without one nothing could be closed.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return true };
    mac.update(case.to_string().as_bytes());
    let bytes = mac.finalize().into_bytes();
    let number = bytes.first_chunk::<4>().map_or(0, |first| u32::from_be_bytes(*first));
    f64::from(number) < share * (f64::from(u32::MAX) + 1.0)
}
