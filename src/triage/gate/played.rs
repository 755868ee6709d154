//! A scope that is played through without a store: of a simulation, or of a past period under another policy.
use super::{Counts, Follows, Proof, QUOTA_DAYS, Standing, day, first_day, follows, is_counted, needed, share, spent};
use crate::domain::GateState;
use std::collections::VecDeque;

/// What a review or a day brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It was proven, and somebody switched it on at once: the worst case.
    Opened,
    /// It shut by itself.
    Shut,
}

/// A scope with its reviews and eligible cases by day.
#[derive(Debug, Clone)]
pub struct Played {
    standing: Standing,
    days: VecDeque<(i64, Counts)>,
    eligible: VecDeque<(i64, i64)>,
    recent: i64,
    first_ms: Option<i64>,
    reviewed: f64,
}

impl Played {
    /// A scope with this limit, of whose cases people review at least this share blind.
    pub const fn new(limit: f64, reviewed: f64) -> Self {
        let standing = Standing {
            state: GateState::Shadow,
            looks: 0,
            fresh: 0,
            counts: Counts { n: 0, k: 0 },
            rests_on: None,
            last_tp_ms: None,
            limit,
        };
        Self { standing, days: VecDeque::new(), eligible: VecDeque::new(), recent: 0, first_ms: None, reviewed }
    }

    /// How it stands.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// A new day: what is too old falls out.
    pub fn dawn(&mut self, now_ms: i64) -> Option<Moved> {
        let first = first_day(now_ms);
        while let Some((_, old)) = self.days.front().copied().filter(|(day, _)| *day < first) {
            self.days.pop_front();
            self.standing.counts.n -= old.n;
            self.standing.counts.k -= old.k;
        }
        while let Some((_, old)) = self.eligible.front().copied().filter(|(at, _)| *at <= day(now_ms) - QUOTA_DAYS) {
            self.eligible.pop_front();
            self.recent -= old;
        }
        if self.standing.state.stands() { self.follow(false, now_ms) } else { None }
    }

    /// A case of it is eligible.
    pub fn is_eligible(&mut self, now_ms: i64) {
        let today = day(now_ms);
        match self.eligible.back_mut() {
            Some((last, count)) if *last == today => *count += 1,
            _ => self.eligible.push_back((today, 1)),
        }
        self.recent += 1;
        self.first_ms = self.first_ms.or(Some(now_ms));
    }

    /// The share that is drawn from it.
    pub fn drawn(&self, now_ms: i64) -> f64 {
        let active = self.standing.state == GateState::Active;
        let first_ms = self.first_ms.unwrap_or(now_ms);
        let quota = active.then(|| (needed(self.standing.limit, spent(1)), self.recent, first_ms, now_ms));
        share(self.reviewed, quota)
    }

    /// A person reviewed an act over cases of it.
    pub fn review(&mut self, error: bool, drawn: bool, now_ms: i64) -> Option<Moved> {
        if error {
            self.standing.last_tp_ms = Some(now_ms);
        }
        if is_counted(self.standing.state, drawn) {
            let (today, k) = (day(now_ms), i64::from(error));
            match self.days.back_mut() {
                Some((last, counts)) if *last == today => (counts.n, counts.k) = (counts.n + 1, counts.k + k),
                _ => self.days.push_back((today, Counts { n: 1, k })),
            }
            self.standing.counts.n += 1;
            self.standing.counts.k += k;
        }
        self.follow(error, now_ms)
    }

    fn follow(&mut self, error: bool, now_ms: i64) -> Option<Moved> {
        let standing = &mut self.standing;
        match follows(standing, error, now_ms) {
            Follows::Nothing => None,
            Follows::Look(look) => {
                (standing.looks, standing.fresh) = (look.number, standing.fresh + 1);
                if !look.passed {
                    return None;
                }
                (standing.state, standing.rests_on) = (GateState::Active, Some(Proof::from(&look)));
                Some(Moved::Opened)
            }
            Follows::Suspend(_) => {
                (standing.state, standing.fresh, standing.counts) = (GateState::Suspended, 0, Counts::default());
                self.days.clear();
                Some(Moved::Shut)
            }
        }
    }
}
