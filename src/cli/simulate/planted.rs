//! A planted panel: what its members agree on as false positive, and how much of that is not.
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Voters of the panel.
const VOTERS: i32 = 3;
/// How often a voter is wrong by itself.
const WRONG: f64 = 0.05;
/// How many cases a burst holds, and what share of acts is over one.
const BURST: std::ops::RangeInclusive<i64> = 2..=20;
const BURSTS: f64 = 0.1;

/// An act of a person, or the closing that takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// Whether what the panel calls false positive is a true one.
    pub error: bool,
    /// Cases that it is over.
    pub cases: i64,
}

/// A source of eligible acts.
#[derive(Debug)]
pub struct Panel {
    random: StdRng,
    /// How often all voters err together on a true positive.
    together: f64,
}

impl Panel {
    /// A panel of its own.
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let together = random.random_range(0.05..0.5);
        Self { random, together }
    }

    /// How often all call a true positive false, and how often they do so with a false one.
    fn agree(&self) -> (f64, f64) {
        (self.together + (1.0 - self.together) * WRONG.powi(VOTERS), (1.0 - WRONG).powi(VOTERS))
    }

    /// How frequent true positives have to be for such a share of them among what all call false positive.
    fn frequency(&self, share: f64) -> f64 {
        let (wrongly, rightly) = self.agree();
        share * rightly / (wrongly * (1.0 - share) + share * rightly)
    }

    /// The next act that the gate is about: cases come until all voters call one false positive.
    pub fn next(&mut self, share: f64) -> Act {
        let frequency = self.frequency(share);
        loop {
            let positive = self.random.random::<f64>() < frequency;
            let shock = positive && self.random.random::<f64>() < self.together;
            // Who errs by itself calls a true positive false, and a false one something else.
            let calls_false = |random: &mut StdRng| (random.random::<f64>() < WRONG) == positive;
            if shock || (0..VOTERS).all(|_| calls_false(&mut self.random)) {
                let burst = self.random.random::<f64>() < BURSTS;
                return Act { error: positive, cases: if burst { self.random.random_range(BURST) } else { 1 } };
            }
        }
    }

    /// A number from 0 to 1.
    pub fn chance(&mut self) -> f64 {
        self.random.random()
    }
}
