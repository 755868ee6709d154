//! Errors that voters make together, against what chance would give, and over time.
//!
//! Two kinds are told apart: a true positive that both called false positive (missed), and something benign that both
//! called true positive (a false alarm). Only reviewed cases count, and of these only those that both decided.
use super::measure::{self, Errors, Together, bounds_by, truth};
use super::resample::{Spread, spread};
use crate::domain::{MachineVerdict, Verdict, words};

/// Each bound of an interval may be wrong in so many of all cases, so that it holds in 95 of 100.
const SIDE: f64 = 0.025;

words! {
    /// How two voters err together.
    Kind ("kind") {
        /// Both said false positive where an analyst declared true positive.
        Missed = "missed", "Missed together";
        /// Both said true positive where an analyst declared it benign.
        Alarm = "alarm", "False alarms together";
    }
}

/// What a voter said, and as which model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// What it said.
    pub verdict: MachineVerdict,
    /// Its model then.
    pub model: String,
    /// That model's digest, or empty.
    pub digest: String,
}

impl Vote {
    fn is_same_model(&self, other: &Self) -> bool {
        self.model == other.model || !self.digest.is_empty() && self.digest == other.digest
    }
}

/// A reviewed case: what each member said, nothing where it was not asked or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// Its number.
    pub case: i64,
    /// When it was declared.
    pub decided_ms: i64,
    /// What was declared.
    pub declared: Verdict,
    /// What the members said, by their places.
    pub said: Vec<Option<Vote>>,
}

impl Reviewed {
    fn kind(&self) -> Option<Kind> {
        match truth(self.declared)? {
            MachineVerdict::TruePositive => Some(Kind::Missed),
            _ => Some(Kind::Alarm),
        }
    }

    fn wrong(&self, member: usize) -> Option<bool> {
        measure::wrong(self.said.get(member)?.as_ref()?.verdict, self.declared)
    }

    /// Whether two members were one model in it; nothing where not both decided it.
    fn one_model(&self, one: usize, other: usize) -> Option<bool> {
        self.wrong(one).and(self.wrong(other))?;
        Some(self.said.get(one)?.as_ref()?.is_same_model(self.said.get(other)?.as_ref()?))
    }

    /// Whether both members decided a case, whatever it was; with `wrong`, whether both wrongly.
    pub fn both(&self, (one, other): (usize, usize), wrong: bool) -> bool {
        let counts = |member: usize| self.wrong(member).is_some_and(|own| own || !wrong);
        counts(one) && counts(other)
    }

    /// Whether a member was wrong in a case that it and another one decided.
    pub fn alone_wrong(&self, pair: (usize, usize), member: usize, kind: Kind) -> bool {
        self.both_decided(pair, kind) && self.wrong(member) == Some(true)
    }

    /// Whether both members decided a case in which this kind of error is possible.
    pub fn both_decided(&self, (one, other): (usize, usize), kind: Kind) -> bool {
        self.kind() == Some(kind) && self.wrong(one).is_some() && self.wrong(other).is_some()
    }

    /// Whether both were wrong in it.
    pub fn both_wrong(&self, pair: (usize, usize), kind: Kind) -> bool {
        self.both_decided(pair, kind) && self.wrong(pair.0) == Some(true) && self.wrong(pair.1) == Some(true)
    }

    /// How many members decided it, and how many of these were wrong.
    pub fn decided(&self) -> (usize, usize) {
        let all = (0..self.said.len()).filter_map(|member| self.wrong(member));
        all.fold((0, 0), |(decided, wrong), one| (decided + 1, wrong + usize::from(one)))
    }
}

/// How often two members err together in one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Their places.
    pub of: (usize, usize),
    /// In which way.
    pub kind: Kind,
    /// Cases that both decided and in which they could.
    pub cases: i64,
    /// In which the first was wrong, the second, and both.
    pub wrong: (i64, i64, i64),
    /// The share of those in which both were, with its 95 % Clopper–Pearson interval; nothing without cases.
    pub share: Option<(f64, f64, f64)>,
    /// The share that independent errors would have: that of the one times that of the other.
    pub independent: f64,
}

impl Pair {
    /// Whether they err together more often than chance explains: the whole interval lies above what it would give.
    pub fn is_telling(&self) -> bool {
        self.wrong.2 > 0 && self.share.is_some_and(|(_, low, _)| low > self.independent)
    }
}

/// Every two members in both ways.
pub fn pairs(members: usize, cases: &[Reviewed]) -> Vec<Pair> {
    let places = (0..members).flat_map(|one| (one + 1..members).map(move |other| (one, other)));
    places.flat_map(|of| Kind::ALL.iter().map(move |kind| pair(of, *kind, cases))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases")]
fn pair(of: (usize, usize), kind: Kind, cases: &[Reviewed]) -> Pair {
    let (mut n, mut wrong) = (0_i64, (0, 0, 0));
    for case in cases.iter().filter(|case| case.both_decided(of, kind)) {
        let (one, other) = (case.wrong(of.0) == Some(true), case.wrong(of.1) == Some(true));
        n += 1;
        wrong = (wrong.0 + i64::from(one), wrong.1 + i64::from(other), wrong.2 + i64::from(one && other));
    }
    let share = |k: i64| if n == 0 { 0.0 } else { k as f64 / n as f64 };
    Pair { of, kind, cases: n, wrong, share: share_of(wrong.2, n), independent: share(wrong.0) * share(wrong.1) }
}

/// A stretch of time, its end not included, and how the members erred in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Its beginning.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
    /// Reviewed cases that at least two members decided.
    pub cases: i64,
    /// Of these, in which at least two were wrong.
    pub together: i64,
    /// The share of those, with its 95 % Clopper–Pearson interval; nothing without cases.
    pub share: Option<(f64, f64, f64)>,
    /// The members that decided at least one of them.
    pub members: i64,
    /// The effective votes of those members, as [`measure::together`] has them; nothing for fewer than two.
    pub votes: Option<Together>,
    /// How far correlation and effective votes might be otherwise; nothing where a correlation is assumed.
    pub spread: Option<Spread>,
}

/// The same for each stretch between two of the given moments, which are in order; cases come newest first. Who counts as
/// one model is told by the votes of the stretch itself: two that were one on every case that both decided in it.
pub fn periods(members: usize, cases: &[Reviewed], moments: &[i64]) -> Vec<Period> {
    moments.windows(2).map(|ends| period(members, cases, (ends[0], ends[1]))).collect()
}

fn period(members: usize, cases: &[Reviewed], (from_ms, to_ms): (i64, i64)) -> Period {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let inside: Vec<&Reviewed> =
        cases.iter().filter(|case| (from_ms..to_ms).contains(&case.decided_ms) && case.decided().0 >= 2).collect();
    let took_part: Vec<usize> =
        (0..members).filter(|place| inside.iter().any(|case| case.wrong(*place).is_some())).collect();
    let errors = |case: &&Reviewed| -> Errors { took_part.iter().map(|place| case.wrong(*place)).collect() };
    let history: Vec<Errors> = inside.iter().map(errors).collect();
    let same = |one: usize, other: usize| {
        let mut shared = inside.iter().filter_map(|case| case.one_model(took_part[one], took_part[other])).peekable();
        shared.peek().is_some() && shared.all(|same| same)
    };
    let votes = (took_part.len() >= 2).then(|| measure::together_by(took_part.len(), &history, &same));
    let measured = votes.as_ref().is_some_and(|votes| !votes.assumed);
    let (n, k) = (whole(inside.len()), whole(inside.iter().filter(|case| case.decided().1 >= 2).count()));
    Period {
        from_ms,
        to_ms,
        cases: n,
        together: k,
        share: share_of(k, n),
        members: whole(took_part.len()),
        spread: if measured { spread(took_part.len(), &history, &same) } else { None },
        votes,
    }
}

/// A share with its interval; nothing without cases.
#[expect(clippy::cast_precision_loss, reason = "counts of cases")]
fn share_of(k: i64, n: i64) -> Option<(f64, f64, f64)> {
    let (low, high) = bounds_by(k, n, SIDE);
    (n > 0).then(|| (k as f64 / n as f64, low, high))
}
