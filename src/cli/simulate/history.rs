//! One history: acts, reviews, looks, gates that open and shut.
use super::planted::{Act, Panel};
use crate::domain::GateState;
use crate::triage::gate::{self, Counts, Follows, Proof, Standing};
use std::collections::VecDeque;

/// Days of a history, and acts on each.
const DAYS: i64 = 400;
const ACTS: i64 = 20;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The share that people review blind in any case.
const REVIEWED: f64 = 0.05;
/// Clean reviews in a row with which the naive rule opens.
const NAIVE: i64 = 20;
/// Of a family: how often each of its rules comes, and its share of errors as a multiple of the family's. Weighted, the
/// multiples come to 1.
const FAMILY: [(f64, f64); 5] = [(0.4, 1.0), (0.25, 1.2), (0.2, 0.5), (0.1, 1.5), (0.05, 1.0)];

/// A kind of history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// The share of errors that is accepted.
    pub limit: f64,
    /// The true share as a multiple of it.
    pub factor: f64,
    /// Whether it is a family of rules whose gate counts for each of them.
    pub back_off: bool,
    /// The multiple from the moment on at which the gate is active, where it changes.
    pub jumps_to: Option<f64>,
}

/// A scope of a history.
#[derive(Debug, Clone)]
pub struct Scope {
    standing: Standing,
    days: VecDeque<(i64, Counts)>,
    eligible: VecDeque<(i64, i64)>,
    recent: i64,
    reviews: i64,
    /// The true share of errors at first.
    pub share: f64,
    /// How many reviews it took to open, where it ever did.
    pub opened_after: Option<i64>,
    row: i64,
    /// Whether the naive rule ever opened.
    pub naive: bool,
}

/// What a history came to.
#[derive(Debug, Clone)]
pub struct Lived {
    /// The gate of the family, or of the one rule.
    pub whole: Scope,
    /// The gates of the rules, where there is a family.
    pub rules: Vec<Scope>,
    /// Of the rules: whether any gate ever let the machine close cases of it.
    pub ever: Vec<bool>,
    /// Cases that the machine closed.
    pub closed: i64,
    /// True positives among them.
    pub missed: i64,
    /// True positives that it closed before the first suspension.
    pub missed_at_first: i64,
}

impl Scope {
    fn new(limit: f64, share: f64) -> Self {
        let standing = Standing {
            state: GateState::Shadow,
            looks: 0,
            fresh: 0,
            counts: Counts::default(),
            rests_on: None,
            last_tp_ms: None,
            limit,
        };
        let (days, eligible) = (VecDeque::new(), VecDeque::new());
        let (recent, reviews, row) = (0, 0, 0);
        Self { standing, days, eligible, recent, reviews, share, opened_after: None, row, naive: false }
    }

    /// A new day: what is too old falls out.
    fn dawn(&mut self, now_ms: i64) {
        let first = gate::first_day(now_ms);
        while let Some((_, old)) = self.days.front().copied().filter(|(day, _)| *day < first) {
            self.days.pop_front();
            self.standing.counts.n -= old.n;
            self.standing.counts.k -= old.k;
        }
        while let Some((_, old)) = self.eligible.front().copied().filter(|(day, _)| *day <= gate::day(now_ms) - 90) {
            self.eligible.pop_front();
            self.recent -= old;
        }
        if self.standing.state.stands() {
            self.follow(false, now_ms);
        }
    }

    fn is_eligible(&mut self, now_ms: i64) {
        let day = gate::day(now_ms);
        match self.eligible.back_mut() {
            Some((last, count)) if *last == day => *count += 1,
            _ => self.eligible.push_back((day, 1)),
        }
        self.recent += 1;
    }

    /// The share that is drawn from it.
    fn drawn(&self) -> f64 {
        let needed = gate::needed(self.standing.limit, gate::spent(1));
        gate::share(REVIEWED, (self.standing.state == GateState::Active).then_some((needed, self.recent)))
    }

    fn review(&mut self, error: bool, drawn: bool, now_ms: i64) {
        self.reviews += 1;
        self.row = if error { 0 } else { self.row + 1 };
        self.naive |= self.row >= NAIVE;
        if error {
            self.standing.last_tp_ms = Some(now_ms);
        }
        if gate::is_counted(self.standing.state, drawn) {
            let (day, k) = (gate::day(now_ms), i64::from(error));
            match self.days.back_mut() {
                Some((last, counts)) if *last == day => (counts.n, counts.k) = (counts.n + 1, counts.k + k),
                _ => self.days.push_back((day, Counts { n: 1, k })),
            }
            self.standing.counts.n += 1;
            self.standing.counts.k += k;
        }
        self.follow(error, now_ms);
    }

    fn follow(&mut self, error: bool, now_ms: i64) {
        let standing = &mut self.standing;
        match gate::follows(standing, error, now_ms) {
            Follows::Nothing => {}
            Follows::Look(look) => {
                (standing.looks, standing.fresh) = (look.number, standing.fresh + 1);
                if look.passed {
                    // The worst case: somebody switches it on without another thought.
                    (standing.state, standing.rests_on) = (GateState::Active, Some(Proof::from(&look)));
                    self.opened_after = self.opened_after.or(Some(self.reviews));
                }
            }
            Follows::Suspend(_) => {
                (standing.state, standing.fresh, standing.counts) = (GateState::Suspended, 0, Counts::default());
                self.days.clear();
            }
        }
    }
}

/// Lives one history.
pub fn lived(setting: &Setting, seed: u64) -> Lived {
    let mut panel = Panel::new(seed);
    let share = setting.limit * setting.factor;
    let rules = if setting.back_off { &FAMILY[..] } else { &[] };
    let mut lived = Lived {
        whole: Scope::new(setting.limit, share),
        rules: rules.iter().map(|(_, by)| Scope::new(setting.limit, share * by)).collect(),
        ever: vec![false; rules.len().max(1)],
        closed: 0,
        missed: 0,
        missed_at_first: 0,
    };
    let mut suspended = false;
    for at in 0..DAYS * ACTS {
        let now_ms = at / ACTS * DAY_MS;
        if at % ACTS == 0 {
            lived.whole.dawn(now_ms);
            lived.rules.iter_mut().for_each(|rule| rule.dawn(now_ms));
        }
        let rule = (!lived.rules.is_empty()).then(|| of_family(panel.chance()));
        let now = setting.jumps_to.filter(|_| lived.whole.opened_after.is_some()).map_or(setting.factor, |to| to);
        let act = panel.next(setting.limit * now * rule.map_or(1.0, |rule| FAMILY[rule].1));
        step(&mut lived, &mut panel, (rule, act), now_ms, suspended);
        suspended |= lived.whole.opened_after.is_some() && lived.whole.standing.state == GateState::Suspended;
    }
    lived
}

fn of_family(mut chance: f64) -> usize {
    FAMILY
        .iter()
        .position(|(often, _)| {
            chance -= often;
            chance < 0.0
        })
        .unwrap_or(FAMILY.len() - 1)
}

/// One act: it is drawn or not, closed by the machine or reviewed by a person.
fn step(lived: &mut Lived, panel: &mut Panel, (rule, act): (Option<usize>, Act), now_ms: i64, suspended: bool) {
    let (standings, mut share) = match rule {
        Some(at) => (vec![lived.rules[at].standing, lived.whole.standing], lived.rules[at].drawn()),
        None => (vec![lived.whole.standing], 0.0),
    };
    share = share.max(lived.whole.drawn());
    let drawn = panel.chance() < share;
    let open = gate::opens(&standings, now_ms).is_some();
    lived.ever[rule.unwrap_or(0)] |= open;
    let mut scopes: Vec<&mut Scope> =
        rule.map(|at| &mut lived.rules[at]).into_iter().chain([&mut lived.whole]).collect();
    for scope in &mut scopes {
        scope.is_eligible(now_ms);
    }
    if open && !drawn {
        lived.closed += act.cases;
        let missed = if act.error { act.cases } else { 0 };
        lived.missed += missed;
        lived.missed_at_first += if suspended { 0 } else { missed };
        return;
    }
    for scope in scopes {
        scope.review(act.error, drawn, now_ms);
    }
}
