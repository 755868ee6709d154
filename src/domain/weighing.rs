//! What the votes of a run weighed, kept with the run so that anybody can count again.
use super::MachineVerdict;
use serde::{Deserialize, Serialize};

/// How often a voter was right against analysts' declarations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The voter's name.
    pub voter: String,
    /// Declared cases that it decided as the analyst did.
    pub right: i64,
    /// Declared cases that it decided: as a true or as a false positive.
    pub cases: i64,
}

/// What is known before a weighted count: each voter's record and how far votes are independent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// The factor of the scores before the softmax; below 1 because voters err together.
    pub t: f64,
    /// Declared cases that it was fitted on; 0 where it is the starting value.
    pub fitted_on: i64,
    /// The voters' records.
    pub records: Vec<Record>,
}

impl Default for Weights {
    fn default() -> Self {
        Self { t: Self::START, fitted_on: 0, records: Vec::new() }
    }
}

impl Weights {
    /// The factor before there are labels enough to fit one.
    pub const START: f64 = 0.5;

    /// The record of a voter; an empty one where nothing is known.
    pub fn of(&self, voter: &str) -> Record {
        let known = self.records.iter().find(|record| record.voter == voter).cloned();
        known.unwrap_or_else(|| Record { voter: voter.to_owned(), ..Record::default() })
    }
}

/// What one valid vote weighed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// The voter's record when it was counted.
    #[serde(flatten)]
    pub record: Record,
    /// What it said, as it was counted.
    pub verdict: MachineVerdict,
    /// The accuracy that counted, 0.5 to 0.99.
    pub accuracy: f64,
    /// What the vote added to the score of its verdict.
    pub weight: f64,
}

/// The share of one verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The verdict.
    pub verdict: MachineVerdict,
    /// The sum of the weights of its votes.
    pub score: f64,
    /// Its probability, 0 to 1.
    pub share: f64,
}

/// A weighted count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighing {
    /// The factor of the scores.
    pub t: f64,
    /// Declared cases that the factor was fitted on.
    pub fitted_on: i64,
    /// The valid votes in the panel's order.
    pub votes: Vec<Weighed>,
    /// Each verdict, the likeliest first.
    pub shares: Vec<Share>,
}

impl Weighing {
    /// The likeliest verdict with its share, and how far it is before the next.
    pub fn leader(&self) -> (MachineVerdict, f64, f64) {
        match self.shares.as_slice() {
            [first, second, ..] => (first.verdict, first.share, first.share - second.share),
            _ => (MachineVerdict::NeedsReview, 0.0, 0.0),
        }
    }

    /// The share of all weights that a voter had, 0 to 1; nothing where it gave no valid vote.
    pub fn part(&self, voter: &str) -> Option<f64> {
        let all: f64 = self.votes.iter().map(|vote| vote.weight).sum();
        let own = self.votes.iter().find(|vote| vote.record.voter == voter)?;
        (all > 0.0).then(|| own.weight / all)
    }
}
