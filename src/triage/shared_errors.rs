//! Errors that voters make together, against what chance would give, and over time.
//!
//! Two kinds are told apart: a true positive that both called false positive (missed), and something benign that both
//! called true positive (a false alarm). Only reviewed cases count, and of these only those that both decided.
use super::measure::{self, Errors, Member, Together, bounds_by, truth};
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
    pub said: Vec<Option<MachineVerdict>>,
}

impl Reviewed {
    fn kind(&self) -> Option<Kind> {
        match truth(self.declared)? {
            MachineVerdict::TruePositive => Some(Kind::Missed),
            _ => Some(Kind::Alarm),
        }
    }

    fn wrong(&self, member: usize) -> Option<bool> {
        measure::wrong(self.said.get(member).copied()??, self.declared)
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
    Pair {
        of,
        kind,
        cases: n,
        wrong,
        share: (n > 0).then(|| (share(wrong.2), bounds_by(wrong.2, n, SIDE).0, bounds_by(wrong.2, n, SIDE).1)),
        independent: share(wrong.0) * share(wrong.1),
    }
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
    /// The members that decided at least one of them.
    pub members: i64,
    /// The effective votes of those members, as [`measure::together`] has them; nothing for fewer than two.
    pub votes: Option<Together>,
}

/// The same for each stretch between two of the given moments, which are in order.
pub fn periods(members: &[Member], cases: &[Reviewed], moments: &[i64]) -> Vec<Period> {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let one = |ends: &[i64]| {
        let inside: Vec<&Reviewed> = cases
            .iter()
            .filter(|case| (ends[0]..ends[1]).contains(&case.decided_ms) && case.decided().0 >= 2)
            .collect();
        let took_part: Vec<usize> =
            (0..members.len()).filter(|place| inside.iter().any(|case| case.wrong(*place).is_some())).collect();
        let own: Vec<Member> = took_part.iter().map(|place| members[*place].clone()).collect();
        let errors = |case: &&Reviewed| -> Errors { took_part.iter().map(|place| case.wrong(*place)).collect() };
        let history: Vec<Errors> = inside.iter().map(errors).collect();
        Period {
            from_ms: ends[0],
            to_ms: ends[1],
            cases: whole(inside.len()),
            together: whole(inside.iter().filter(|case| case.decided().1 >= 2).count()),
            members: whole(own.len()),
            votes: (own.len() >= 2).then(|| measure::together(&own, &history)),
        }
    };
    moments.windows(2).map(one).collect()
}
