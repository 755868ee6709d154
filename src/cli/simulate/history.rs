//! One history: acts, reviews, looks, gates that open and shut.
use super::planted::{Act, Panel};
use crate::domain::GateState;
use crate::triage::gate::{self, Moved, Played};

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
    played: Played,
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
    const fn new(limit: f64, share: f64) -> Self {
        let played = Played::new(limit, REVIEWED);
        Self { played, reviews: 0, share, opened_after: None, row: 0, naive: false }
    }

    fn review(&mut self, error: bool, drawn: bool, now_ms: i64) {
        self.reviews += 1;
        self.row = if error { 0 } else { self.row + 1 };
        self.naive |= self.row >= NAIVE;
        if self.played.review(error, drawn, now_ms) == Some(Moved::Opened) {
            self.opened_after = self.opened_after.or(Some(self.reviews));
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
            lived.whole.played.dawn(now_ms);
            for rule in &mut lived.rules {
                rule.played.dawn(now_ms);
            }
        }
        let rule = (!lived.rules.is_empty()).then(|| of_family(panel.chance()));
        let now = setting.jumps_to.filter(|_| lived.whole.opened_after.is_some()).map_or(setting.factor, |to| to);
        let act = panel.next(setting.limit * now * rule.map_or(1.0, |rule| FAMILY[rule].1));
        step(&mut lived, &mut panel, (rule, act), now_ms, suspended);
        suspended |= lived.whole.opened_after.is_some() && lived.whole.played.standing().state == GateState::Suspended;
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
        Some(at) => {
            let own = &lived.rules[at].played;
            (vec![*own.standing(), *lived.whole.played.standing()], own.drawn(now_ms))
        }
        None => (vec![*lived.whole.played.standing()], 0.0),
    };
    share = share.max(lived.whole.played.drawn(now_ms));
    let drawn = panel.chance() < share;
    let open = gate::opens(&standings, now_ms).is_some();
    lived.ever[rule.unwrap_or(0)] |= open;
    let mut scopes: Vec<&mut Scope> =
        rule.map(|at| &mut lived.rules[at]).into_iter().chain([&mut lived.whole]).collect();
    for scope in &mut scopes {
        scope.played.is_eligible(now_ms);
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
