//! Learning from what analysts declare: the weights that ship are the prior, the declared behaviours are the evidence.
//!
//! A maximum a posteriori fit as in Chapelle and Li, "An Empirical Evaluation of Thompson Sampling" (2011), algorithm 3:
//! each weight is drawn to the one that ships as strongly as training was sure of it. It is made anew from all that is
//! declared now, so what is taken back leaves nothing behind. The bias stays: most detections of a house are false
//! positives, and a model that learnt that would call everything one.
use super::fit::{Prior, Row, fit};
use super::model::Model;
use super::train::{C, FOR, PAIR, rounded};
use crate::domain::Detection;
use crate::features::{self, Features, is_against};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A behaviour that analysts declared.
#[derive(Debug, Clone)]
pub struct Declared {
    /// What it is like.
    pub features: Features,
    /// Whether it is a true positive.
    pub positive: bool,
    /// Rule, image and parent: many behaviours of one family must not outvote others.
    pub family: String,
    /// How many cases were declared so.
    pub cases: u32,
}

impl Declared {
    /// A detection's behaviour; nothing where the event has no features.
    pub fn of(detection: &Detection, positive: bool, family: String, cases: u32) -> Option<Self> {
        Some(Self { features: features::of(detection)?, positive, family, cases })
    }
}

impl Model {
    /// The same model after what was declared; itself where nothing was.
    ///
    /// # Errors
    /// Where the optimisation can't go on; its own words.
    pub fn learn(&self, declared: &[Declared]) -> Result<Self, String> {
        if declared.is_empty() {
            return Ok(self.clone());
        }
        let names = vocabulary(declared);
        let rows = rows(self, declared, &names);
        let mut prior = prior(self, &names);
        loop {
            let theta = fit(&rows, &prior)?;
            // What speaks against an event must not be learnt to excuse it.
            let absurd = |(name, at): (&String, &usize)| {
                let moved = prior.precision[at + 1].is_finite() && theta[at + 1] < FOR.min(prior.mean[at + 1]);
                (moved && is_against(name)).then_some(at + 1)
            };
            let absurd: Vec<usize> = names.iter().filter_map(absurd).collect();
            if absurd.is_empty() {
                return Ok(self.after(declared, &names, &theta));
            }
            for at in absurd {
                prior.precision[at] = f64::INFINITY;
            }
        }
    }

    /// The model with new weights. They are calibrated already; one that was not learnt stays as it was.
    fn after(&self, declared: &[Declared], names: &BTreeMap<String, usize>, theta: &[f64]) -> Self {
        let mut weights: BTreeMap<String, f64> =
            self.weights.iter().map(|(name, weight)| (name.clone(), rounded(weight * self.calibration.0))).collect();
        weights.extend(names.iter().map(|(name, at)| (name.clone(), rounded(theta[at + 1]))));
        Self {
            bias: rounded(theta[0]),
            calibration: (1.0, 0.0),
            weights,
            precision: BTreeMap::new(),
            declared: declared.len(),
            declared_positives: declared.iter().filter(|one| one.positive).count(),
            ..self.clone()
        }
    }
}

/// The features that any declared behaviour has, in order; none of a pair of programs, as in training.
fn vocabulary(declared: &[Declared]) -> BTreeMap<String, usize> {
    let all: BTreeSet<&str> = declared.iter().flat_map(|one| one.features.iter()).collect();
    all.into_iter().filter(|name| !name.starts_with(PAIR)).enumerate().map(|(at, name)| (name.to_owned(), at)).collect()
}

/// The weights that ship, calibrated, and how sure they are.
fn prior(model: &Model, names: &BTreeMap<String, usize>) -> Prior {
    let (slope, intercept) = model.calibration;
    let mut prior = Prior { mean: vec![slope.mul_add(model.bias, intercept)], precision: vec![f64::INFINITY] };
    for name in names.keys() {
        let precision = model.precision.get(name).copied().unwrap_or_else(|| C.recip());
        prior.mean.push(slope * model.weights.get(name).copied().unwrap_or_default());
        prior.precision.push(precision / (slope * slope));
    }
    prior
}

fn rows(model: &Model, declared: &[Declared], names: &BTreeMap<String, usize>) -> Vec<Row> {
    let weights = weights(model, declared);
    let row = |(one, weight): (&Declared, f64)| Row {
        values: one.features.iter().filter_map(|name| Some((*names.get(name)?, 1.0))).collect(),
        positive: one.positive,
        weight,
    };
    declared.iter().zip(weights).map(row).collect()
}

/// √n for the `n` cases of a family and label. Declared false positives weigh no more in all than half of the examples
/// that ship and the declared true positives together: the more of them there are, the less each counts.
fn weights(model: &Model, declared: &[Declared]) -> Vec<f64> {
    let mut cases: HashMap<(&str, bool), f64> = HashMap::new();
    for one in declared {
        *cases.entry((&one.family, one.positive)).or_default() += f64::from(one.cases);
    }
    let weight = |one: &Declared| f64::from(one.cases) / cases[&(one.family.as_str(), one.positive)].sqrt();
    let sum = |positive: bool| declared.iter().filter(|one| one.positive == positive).map(weight).sum::<f64>();
    #[expect(clippy::cast_precision_loss, reason = "a count of examples")]
    let most = sum(true) + model.examples as f64 / 2.0;
    let scale = (most / sum(false)).min(1.0);
    declared.iter().map(|one| if one.positive { weight(one) } else { weight(one) * scale }).collect()
}
