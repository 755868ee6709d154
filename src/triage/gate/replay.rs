//! The past, played through gates with another limit: what the machine would have closed, and what of it was malicious.
//!
//! The worst case is played: whatever is proven is switched on at once. What would have been closed nobody would have
//! reviewed, so its declaration does not count, and an error in it suspends nothing.
//!
//! All of it is played, also where only some cases are counted: without what people declared before, no gate would be
//! open.
use super::{Moved, Played, drawn, is_error, opens};
use crate::domain::Verdict;
use std::collections::{BTreeMap, HashMap};

/// The key of the draw: nobody hides anything here, and the same past gives the same figures.
const KEY: &str = "replay";

/// A case that was eligible.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its number.
    pub case: i64,
    /// Its scopes by the ids of their gates, from the rule's to the organisation's.
    pub scopes: Vec<i64>,
    /// When it became eligible.
    pub at_ms: i64,
    /// What a person declared.
    pub verdict: Verdict,
    /// When.
    pub declared_ms: Option<i64>,
    /// By which act, where it counted.
    pub act: Option<String>,
    /// Whether it is counted, or only played as evidence for those that are.
    pub counted: bool,
}

/// The policy that is tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// The share of missed true positives that is accepted.
    pub limit: f64,
    /// The share that people review blind in any case.
    pub reviewed: f64,
    /// Whether families and organisations count for their rules.
    pub back_off: bool,
}

/// What it would have come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lived {
    /// How often a gate would have been switched on, and shut by itself, in all that was played.
    pub opened: i64,
    /// See `opened`.
    pub shut: i64,
    /// When the first one would have been switched on.
    pub first_ms: Option<i64>,
    /// Cases of those that are counted that would have been closed alone.
    pub closed: i64,
    /// True positives among them, by their numbers.
    pub missed: Vec<i64>,
    /// Cases among them of which nobody has said what they are.
    pub undecided: i64,
    /// Acts of people over counted cases that would not have been needed.
    pub spared: i64,
}

enum Step {
    Eligible(usize),
    Review(Vec<usize>),
}

/// Plays eligible cases through gates under a policy, up to a moment. What was declared later moves no gate any more.
pub fn replay(past: &[Past], tried: &Tried, until_ms: i64) -> Lived {
    let mut played =
        Playing { past, tried, scopes: HashMap::new(), fates: vec![Fate::Left; past.len()], lived: Lived::default() };
    for (ms, _, step) in steps(past) {
        match step {
            Step::Eligible(at) if ms < until_ms => played.eligible(at, ms),
            Step::Eligible(_) => {}
            Step::Review(cases) => {
                let heard = played.heard(&cases);
                if ms < until_ms {
                    played.review(&heard, ms);
                }
            }
        }
    }
    played.lived
}

/// What happened, in order; a case is eligible before it is declared.
fn steps(past: &[Past]) -> Vec<(i64, u8, Step)> {
    let mut acts: BTreeMap<String, (i64, Vec<usize>)> = BTreeMap::new();
    for (at, one) in past.iter().enumerate().filter(|(_, one)| is_error(one.verdict).is_some()) {
        let Some(ms) = one.declared_ms else { continue };
        let act = one.act.clone().unwrap_or_else(|| format!("case {}", one.case));
        let (first, cases) = acts.entry(act).or_insert((ms, Vec::new()));
        *first = (*first).max(ms);
        cases.push(at);
    }
    let eligible = past.iter().enumerate().map(|(at, one)| (one.at_ms, 0, Step::Eligible(at)));
    let reviews = acts.into_values().map(|(ms, cases)| (ms, 1, Step::Review(cases)));
    let mut steps: Vec<_> = eligible.chain(reviews).collect();
    steps.sort_by_key(|(ms, order, _)| (*ms, *order));
    steps
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Left to people.
    Left,
    /// Drawn for review.
    Drawn,
    /// Closed alone.
    Closed,
}

struct Playing<'a> {
    past: &'a [Past],
    tried: &'a Tried,
    scopes: HashMap<i64, Played>,
    fates: Vec<Fate>,
    lived: Lived,
}

impl Playing<'_> {
    /// The scopes of a case that count under the policy.
    fn ids(&self, at: usize) -> &[i64] {
        let all = &self.past[at].scopes;
        if self.tried.back_off { all } else { &all[..all.len().min(1)] }
    }

    fn eligible(&mut self, at: usize, now_ms: i64) {
        let ids = self.ids(at).to_vec();
        let mut standings = Vec::with_capacity(ids.len());
        let mut share = self.tried.reviewed;
        for id in ids {
            let scope = self.scopes.entry(id).or_insert_with(|| Played::new(self.tried.limit, self.tried.reviewed));
            let moved = scope.dawn(now_ms);
            scope.is_eligible(now_ms);
            standings.push(*scope.standing());
            share = share.max(scope.drawn(now_ms));
            self.moved(moved, now_ms);
        }
        if drawn(KEY, self.past[at].case, share) {
            self.fates[at] = Fate::Drawn;
        } else if opens(&standings, now_ms).is_some() {
            self.fates[at] = Fate::Closed;
            self.closed(at);
        }
    }

    fn closed(&mut self, at: usize) {
        let one = &self.past[at];
        if !one.counted {
            return;
        }
        self.lived.closed += 1;
        match is_error(one.verdict) {
            Some(true) => self.lived.missed.push(one.case),
            Some(false) => {}
            None => self.lived.undecided += 1,
        }
    }

    /// Those of an act's cases that were left to people; without any, nobody would have needed to act.
    fn heard(&mut self, cases: &[usize]) -> Vec<usize> {
        let heard: Vec<usize> = cases.iter().copied().filter(|at| self.fates[*at] != Fate::Closed).collect();
        let spared = heard.is_empty() && cases.iter().any(|at| self.past[*at].counted);
        self.lived.spared += i64::from(spared);
        heard
    }

    fn review(&mut self, heard: &[usize], now_ms: i64) {
        let mut of: BTreeMap<i64, (bool, bool)> = BTreeMap::new();
        for at in heard.iter().copied() {
            let error = is_error(self.past[at].verdict) == Some(true);
            for id in self.ids(at).to_vec() {
                let (errors, drawn) = of.entry(id).or_default();
                *errors |= error;
                *drawn |= self.fates[at] == Fate::Drawn;
            }
        }
        for (id, (error, drawn)) in of {
            let Some(scope) = self.scopes.get_mut(&id) else { continue };
            let (aged, moved) = (scope.dawn(now_ms), scope.review(error, drawn, now_ms));
            self.moved(aged, now_ms);
            self.moved(moved, now_ms);
        }
    }

    fn moved(&mut self, moved: Option<Moved>, now_ms: i64) {
        match moved {
            None => {}
            Some(Moved::Shut) => self.lived.shut += 1,
            Some(Moved::Opened) => {
                self.lived.opened += 1;
                self.lived.first_ms = self.lived.first_ms.or(Some(now_ms));
            }
        }
    }
}
