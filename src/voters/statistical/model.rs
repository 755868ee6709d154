//! A small model over the features of an event: logistic regression.
use crate::features::Features;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// A model: weights by the name of their feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What it is called, such as `2026-11`.
    pub version: String,
    /// How many examples it was trained on.
    pub examples: usize,
    /// Of these, true positives.
    pub positives: usize,
    /// SHA-256 over ids and labels of the lines it was trained on, in hex.
    #[serde(default)]
    pub data: String,
    /// The log-odds of an event without any feature.
    pub bias: f64,
    /// Platt's slope and intercept: they turn the sum into log-odds that fit what was measured on lines that
    /// the model had not seen, where both labels are equally frequent.
    pub calibration: (f64, f64),
    /// The weights; positive is malicious.
    pub weights: BTreeMap<String, f64>,
    /// How sure each weight is, as 1 / variance: what analysts declare moves those more of which little is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub precision: BTreeMap<String, f64>,
    /// Behaviours that analysts declared and it has learnt from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub declared: usize,
    /// Of these, true positives.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub declared_positives: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// How much one feature moved the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The feature's name.
    pub feature: String,
    /// What it added to the calibrated log-odds.
    pub weight: f64,
}

static SHIPPED: LazyLock<Option<Arc<Model>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("weights.json")).ok().map(Arc::new));

/// The model that ships; nothing only if its file were damaged, which a test rules out.
pub fn shipped() -> Option<Arc<Model>> {
    SHIPPED.clone()
}

impl Model {
    fn known<'a>(&'a self, features: &'a Features) -> impl Iterator<Item = (&'a str, f64)> {
        features.iter().filter_map(|name| Some((name, *self.weights.get(name)?)))
    }

    /// The probability of a true positive where both labels are equally frequent.
    pub fn probability(&self, features: &Features) -> f64 {
        logistic(self.log_odds(features))
    }

    pub(super) fn log_odds(&self, features: &Features) -> f64 {
        let sum = self.bias + self.known(features).map(|(_, weight)| weight).sum::<f64>();
        self.calibration.0.mul_add(sum, self.calibration.1)
    }

    /// What counted, the strongest first.
    pub fn parts(&self, features: &Features) -> Vec<Part> {
        let part = |(name, weight): (&str, f64)| Part { feature: name.to_owned(), weight: weight * self.calibration.0 };
        let mut parts: Vec<_> = self.known(features).map(part).collect();
        parts.sort_by(|one, other| other.weight.abs().total_cmp(&one.weight.abs()));
        parts
    }
}

/// `1 / (1 + e^-x)`.
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
