//! The gate: whether the machine has proven that it may close cases of a scope alone. Pure decisions over counts of
//! reviews; no store, no clock.
//!
//! A scope is a rule, a family of rules or an organisation, under one version of the panel. What is measured is exactly
//! what would be closed: eligible cases (`eligible`). A **review** is a person's declaration on one; a true positive
//! among them is an **error**. The reviews are **looked** at when their number reaches n₁, 2·n₁, 4·n₁ …, n₁ being the
//! least with which no error at all passes. The j-th look of a scope's life spends δⱼ = 0.05 · 6 / (π² j²), and these
//! add up to 0.05. It passes where the one-sided Clopper–Pearson bound at δⱼ is no more than the limit.
//!
//! **What this promises.** In a scope whose true share of errors is above the limit, a look passes by luck in no more
//! than δⱼ of all cases, so over the whole life of a scope, whatever happens in between, in no more than 5 % (the union
//! bound). Three things keep this true:
//! - A look is taken once, when the number is reached, and never postponed until it would come out better. Where a true
//!   positive is less than 30 days old, the look is taken all the same, and fails.
//! - A gate that is suspended begins anew (an epoch): only reviews from then on count. The number of looks goes on, so a
//!   later epoch has less left to spend and needs more reviews. Its first look comes at the least number with which no
//!   error passes at that δⱼ, the next ones at twice the number before. When an epoch begins may well depend on what was
//!   seen before; what is seen in it does not, so its looks are worth what the first ones were.
//! - What is done between looks can only shut a gate. While it is proposed or active, nothing is looked at; but the bound
//!   at the δ of the look that it rests on is held against the limit all the time, over the reviews of the last 180 days.
//!
//! Each scope has its own 5 %. A rule that is closed by a coarser scope has the promise of that scope: that the share of
//! errors among all of its cases is within the limit, not among those of this one rule.
mod draw;
mod eligible;
mod played;
mod replay;
mod version;

pub use draw::{QUOTA_DAYS, drawn, share};
pub use eligible::{Heard, Ineligible, eligible};
pub use played::{Moved, Played};
pub use replay::{Lived, Past, Tried, replay};
pub use version::{Juror, panel, rule_text};

use super::measure::bounds_by;
use crate::domain::{GateState, Verdict};
use std::f64::consts::PI;

/// What all looks of a scope's life may spend together.
pub const DELTA: f64 = 0.05;
/// Reviews of so many days count, the day of the look included.
pub const WINDOW_DAYS: i64 = 180;
/// A look passes only where the last true positive is so many days old.
pub const QUIET_DAYS: i64 = 30;
/// So many reviews of its own, without an error, a rule needs before a coarser scope counts for it.
pub const OWN_LEAST: i64 = 10;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The day of a moment, since 1970, by which reviews are counted.
pub const fn day(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS)
}

/// The first day that counts at a moment.
pub const fn first_day(now_ms: i64) -> i64 {
    day(now_ms) - WINDOW_DAYS + 1
}

/// What the j-th look of a scope's life spends, j from 1 on: all together spend [`DELTA`].
pub fn spent(look: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a scope has a handful of looks")]
    let j = look.max(1) as f64;
    DELTA * 6.0 / (PI * PI * j * j)
}

/// The least number of reviews with which no error at all passes; nothing where no number would do.
pub fn needed(limit: f64, delta: f64) -> Option<i64> {
    if limit <= 0.0 || delta <= 0.0 {
        return None;
    }
    if limit >= 1.0 {
        return Some(1);
    }
    // 1 − δ^(1/n) ≤ limit; then by the bound that looks use, so that the two never differ.
    #[expect(clippy::cast_possible_truncation, reason = "limits of less than a millionth are of no use")]
    let mut n = ((delta.ln() / (-limit).ln_1p()).ceil() as i64).max(1);
    while upper(0, n, delta) > limit {
        n += 1;
    }
    while n > 1 && upper(0, n - 1, delta) <= limit {
        n -= 1;
    }
    Some(n)
}

/// The one-sided Clopper–Pearson bound of a share: no larger, but for `delta` of all cases. Without an error that is
/// 1 − δ^(1/n).
pub fn upper(k: i64, n: i64, delta: f64) -> f64 {
    if k > 0 || n <= 0 {
        return bounds_by(k, n, delta).1;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let share = -(delta.ln() / n as f64).exp_m1();
    share
}

/// Reviews of an epoch in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Reviews.
    pub n: i64,
    /// Errors among them.
    pub k: i64,
}

/// A look at the reviews.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// 1, 2, 3 … in the scope's life.
    pub number: i64,
    /// Reviews.
    pub n: i64,
    /// Errors among them.
    pub k: i64,
    /// What it spends.
    pub delta: f64,
    /// The share of errors is no larger, but for `delta` of all cases.
    pub bound: f64,
    /// The share that was accepted.
    pub limit: f64,
    /// Whether no true positive is younger than 30 days.
    pub quiet: bool,
    /// Whether it passed.
    pub passed: bool,
}

/// What of a look a gate rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proof {
    /// What the look spent.
    pub delta: f64,
    /// Its bound.
    pub bound: f64,
    /// Its reviews.
    pub counts: Counts,
}

impl From<&Look> for Proof {
    fn from(look: &Look) -> Self {
        Self { delta: look.delta, bound: look.bound, counts: Counts { n: look.n, k: look.k } }
    }
}

/// A scope as decisions see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Where it stands.
    pub state: GateState,
    /// Looks in its whole life.
    pub looks: i64,
    /// Of these, in this epoch.
    pub fresh: i64,
    /// The reviews of this epoch in the window.
    pub counts: Counts,
    /// The look that it rests on, where it stands.
    pub rests_on: Option<Proof>,
    /// When its last true positive was declared.
    pub last_tp_ms: Option<i64>,
    /// The share that is accepted.
    pub limit: f64,
}

/// Why a scope that stands no longer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A true positive was declared.
    TruePositive,
    /// The limit is now lower than the bound of its look.
    Limit,
    /// Too few of its reviews are young enough, or stand.
    Evidence,
    /// Another version of the panel, or of the rule's words, was seen.
    Version,
    /// The vetoes let more through than those under which it was proven.
    Vetoes,
    /// Somebody who gave evidence for its cases is not asked any more.
    Sources,
}

impl Broken {
    /// Why, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TruePositive => "a true positive was declared",
            Self::Limit => "the limit is lower than the bound of the look that it rests on",
            Self::Evidence => "too few reviews of the last 180 days are left to prove it",
            Self::Version => "another panel votes, or the rule was worded anew",
            Self::Vetoes => "the vetoes let more through than before",
            Self::Sources => "somebody who gave evidence before is not asked any more",
        }
    }
}

/// What follows for a scope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Follows {
    /// Nothing.
    Nothing,
    /// A look was due.
    Look(Look),
    /// It shuts.
    Suspend(Broken),
}

/// Whether what a person declared is an error; nothing where it decides nothing.
pub const fn is_error(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::FalsePositive | Verdict::BenignTruePositive => Some(false),
        Verdict::TruePositive => Some(true),
        Verdict::Undetermined | Verdict::Pending => None,
    }
}

/// Whether a declaration counts as a review: all do until a gate is active. From then on the machine takes cases away
/// from people, so what is left to them says nothing of the rest; only what was drawn and declared blind does.
pub const fn is_counted(state: GateState, blind: bool) -> bool {
    blind || !matches!(state, GateState::Active)
}

/// How many reviews the next look needs; nothing where none would do.
pub fn due(scope: &Standing) -> Option<i64> {
    let first = needed(scope.limit, spent(scope.looks - scope.fresh + 1))?;
    let doubled = u32::try_from(scope.fresh).ok().and_then(|times| 1_i64.checked_shl(times)).filter(|by| *by > 0);
    first.checked_mul(doubled?)
}

/// What follows for a scope after its reviews changed, its limit did, or time went by. `error` where an error was just
/// declared, be it counted or not.
pub fn follows(scope: &Standing, error: bool, now_ms: i64) -> Follows {
    if scope.state.stands() {
        return broken(scope, error).map_or(Follows::Nothing, Follows::Suspend);
    }
    match due(scope) {
        Some(due) if scope.counts.n >= due => Follows::Look(look(scope, now_ms)),
        _ => Follows::Nothing,
    }
}

fn broken(scope: &Standing, error: bool) -> Option<Broken> {
    let Some(proof) = scope.rests_on else { return Some(Broken::Evidence) };
    let Counts { n, k } = scope.counts;
    // With no more errors in no fewer reviews the bound is no larger.
    let holds = k <= proof.counts.k && n >= proof.counts.n;
    if error {
        Some(Broken::TruePositive)
    } else if proof.bound > scope.limit {
        Some(Broken::Limit)
    } else if !holds && upper(k, n, proof.delta) > scope.limit {
        Some(Broken::Evidence)
    } else {
        None
    }
}

fn look(scope: &Standing, now_ms: i64) -> Look {
    let Counts { n, k } = scope.counts;
    let number = scope.looks + 1;
    let delta = spent(number);
    let bound = upper(k, n, delta);
    let quiet = scope.last_tp_ms.is_none_or(|at| now_ms - at >= QUIET_DAYS * DAY_MS);
    Look { number, n, k, delta, bound, limit: scope.limit, quiet, passed: quiet && bound <= scope.limit }
}

/// Whether a coarser scope may count for a rule: it has reviews enough of its own, no error among them, no true positive
/// in the window, and was not shut itself.
pub fn may_back_off(rule: &Standing, now_ms: i64) -> bool {
    let tp_ago = rule.last_tp_ms.is_none_or(|at| day(at) < first_day(now_ms));
    rule.state != GateState::Suspended && rule.counts.n >= OWN_LEAST && rule.counts.k == 0 && tp_ago
}

/// Which of a case's scopes, from the rule's to the coarsest, lets the machine close it, by its place. What was shut for a
/// finer scope is not closed by a coarser one.
pub fn opens(scopes: &[Standing], now_ms: i64) -> Option<usize> {
    let rule = scopes.first()?;
    let found = scopes.iter().position(|scope| scope.state == GateState::Active)?;
    let shut = scopes[..found].iter().any(|scope| scope.state == GateState::Suspended);
    (found == 0 || !shut && may_back_off(rule, now_ms)).then_some(found)
}
