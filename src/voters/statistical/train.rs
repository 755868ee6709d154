//! Training: from labelled features to a calibrated model.
use super::fit::{Prior, Row, fit};
use super::model::{Model, logistic};
use crate::features::{Features, is_against};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A weight below this is one for the event.
pub(super) const FOR: f64 = -0.001;
/// What no feature of a pair of programs is learnt from: pairs repeat what both say alone.
pub(super) const PAIR: &str = "pair=";
/// How freely weights leave zero, or the prior.
pub(super) const C: f64 = 0.5;
/// Parts for the calibration, and what they are drawn by.
const PARTS: u64 = 5;
const SEED: u64 = 99;
/// So freely the two numbers of the calibration are found.
const FREE: f64 = 1e6;

/// A labelled event.
#[derive(Debug, Clone)]
pub struct Example {
    /// What it is like.
    pub features: Features,
    /// Whether it is a true positive.
    pub positive: bool,
    /// Rule, image and parent: many lines of one behaviour must not outvote others.
    pub behaviour: String,
    /// What stays together when the calibration splits the examples: the rule.
    pub group: String,
}

/// The part that a group falls into: the first eight bytes of SHA-256 over `seed:group`, big endian, modulo `parts`.
pub fn fold(seed: u64, group: &str, parts: u64) -> u64 {
    let digest = Sha256::digest(format!("{seed}:{group}"));
    let first = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    first % parts.max(1)
}

/// Trains a model on examples of both labels.
///
/// # Errors
/// Where a label is missing or the optimisation fails, in words.
pub fn train(examples: &[&Example], version: &str) -> Result<Model, String> {
    let positives = examples.iter().filter(|example| example.positive).count();
    if positives == 0 || positives == examples.len() {
        return Err("training needs true and false positives".to_owned());
    }
    let mut model = raw(examples)?;
    model.calibration = calibrate(examples)?;
    Ok(Model { version: version.to_owned(), ..model })
}

/// The same without calibration.
fn raw(examples: &[&Example]) -> Result<Model, String> {
    let mut names = vocabulary(examples);
    loop {
        let rows = rows(examples, &names, balanced(examples));
        let theta = fit(&rows, &Prior::around(vec![0.0; names.len() + 1], C.recip()))?;
        // What speaks against an event must not excuse it because some updater does it too.
        let absurd = |name: &str, at: usize| is_against(name) && theta[at + 1] < FOR;
        if !names.iter().any(|(name, at)| absurd(name, *at)) {
            let precision = precision(&rows, &theta);
            return Ok(Model { precision: named(&names, &precision), ..of_theta(examples, &names, &theta) });
        }
        let kept: Vec<&str> = names.iter().filter(|(name, at)| !absurd(name, **at)).map(|(name, _)| *name).collect();
        names = numbered(kept);
    }
}

fn of_theta(examples: &[&Example], names: &BTreeMap<&str, usize>, theta: &[f64]) -> Model {
    Model {
        version: String::new(),
        examples: examples.len(),
        positives: examples.iter().filter(|example| example.positive).count(),
        data: String::new(),
        bias: rounded(theta[0]),
        calibration: (1.0, 0.0),
        weights: named(names, theta),
        precision: BTreeMap::new(),
        declared: 0,
        declared_positives: 0,
    }
}

/// The numbers behind the bias by the names of their features.
fn named(names: &BTreeMap<&str, usize>, all: &[f64]) -> BTreeMap<String, f64> {
    names.iter().map(|(name, at)| ((*name).to_owned(), rounded(all[at + 1]))).collect()
}

/// How sure each weight is: the diagonal of the loss's second derivative at the best weights.
fn precision(rows: &[Row], theta: &[f64]) -> Vec<f64> {
    let mut precision = vec![C.recip(); theta.len()];
    for row in rows {
        let p = logistic(theta[0] + row.values.iter().map(|(at, value)| theta[at + 1] * value).sum::<f64>());
        for (at, value) in &row.values {
            precision[at + 1] += row.weight * p * (1.0 - p) * value * value;
        }
    }
    precision
}

/// Four decimals: more would be noise, and differ from machine to machine.
pub(super) fn rounded(weight: f64) -> f64 {
    (weight * 1e4).round() / 1e4
}

/// The features that any example has, in order.
fn vocabulary<'a>(examples: &[&'a Example]) -> BTreeMap<&'a str, usize> {
    let all: BTreeSet<&str> = examples.iter().flat_map(|example| example.features.iter()).collect();
    numbered(all.into_iter().filter(|name| !name.starts_with(PAIR)))
}

fn numbered<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    names.into_iter().enumerate().map(|(at, name)| (name, at)).collect()
}

fn rows(examples: &[&Example], names: &BTreeMap<&str, usize>, weights: Vec<f64>) -> Vec<Row> {
    let row = |(example, weight): (&&Example, f64)| Row {
        values: example.features.iter().filter_map(|name| Some((*names.get(name)?, 1.0))).collect(),
        positive: example.positive,
        weight,
    };
    examples.iter().zip(weights).map(row).collect()
}

/// `1 / √n` for each of `n` lines of a behaviour and label; then both labels weigh the same, in all as much as
/// there are lines.
fn balanced(examples: &[&Example]) -> Vec<f64> {
    let mut counts: HashMap<(&str, bool), f64> = HashMap::new();
    for example in examples {
        *counts.entry((&example.behaviour, example.positive)).or_default() += 1.0;
    }
    let weight = |example: &&Example| counts[&(example.behaviour.as_str(), example.positive)].sqrt().recip();
    let sum = |positive: bool| examples.iter().filter(|one| one.positive == positive).map(weight).sum::<f64>();
    let (bad, good) = (sum(true), sum(false));
    #[expect(clippy::cast_precision_loss, reason = "counts of examples")]
    let half = examples.len() as f64 / 2.0;
    let scaled = |example: &&Example| weight(example) * half / if example.positive { bad } else { good };
    examples.iter().map(scaled).collect()
}

/// Platt scaling (Platt, "Probabilistic Outputs for Support Vector Machines", 1999) on what models say of parts that
/// they were not trained on.
fn calibrate(examples: &[&Example]) -> Result<(f64, f64), String> {
    let weights = balanced(examples);
    let mut unseen = Vec::new();
    for part in 0..PARTS {
        let is_in = |example: &&Example| fold(SEED, &example.group, PARTS) == part;
        let rest: Vec<&Example> = examples.iter().filter(|example| !is_in(example)).copied().collect();
        let Ok(model) = raw(&rest) else { continue };
        let held = examples.iter().zip(&weights).filter(|(example, _)| is_in(example));
        unseen.extend(held.map(|(example, weight)| Row {
            values: vec![(0, model.log_odds(&example.features))],
            positive: example.positive,
            weight: *weight,
        }));
    }
    if !(unseen.iter().any(|row| row.positive) && unseen.iter().any(|row| !row.positive)) {
        return Ok((1.0, 0.0));
    }
    let theta = fit(&unseen, &Prior::around(vec![0.0, 1.0], FREE.recip()))?;
    // A slope below zero would turn the model around; too few examples can do that.
    Ok(if theta[1] > 0.0 { (rounded(theta[1]), rounded(theta[0])) } else { (1.0, 0.0) })
}
