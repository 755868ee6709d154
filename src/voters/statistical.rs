//! `builtin:statistical`: a small model over what the event is like, trained on labelled detections.
//!
//! It says how malicious such events were among the examples, at equal numbers of true and false positives, and
//! shows the features that counted. Signatures, hashes, hosts, users and rule names are no part of it.
//!
//! `model` holds what it weighs, `train` fits that, `fit` is the optimisation. The weights that ship (`weights.json`) and
//! what is known of them (`CARD.md`) lie in the folder; the command `train` makes them anew.
mod fit;
mod learn;
mod model;
mod train;

pub use learn::Declared;
pub use model::{Model, Part, shipped};
pub use train::{Example, fold, train};

use super::{Kind, Question, Reply, Said, Voter, sentence};
use crate::domain::answer::Recommendation;
use crate::domain::{Answer, Dossier, MachineVerdict, Severity};
use crate::features::{self, Features};
use async_trait::async_trait;
use std::sync::Arc;

/// From this probability on it is a true positive.
const BAD: f64 = 0.5;
/// Below this one it is a false positive. In between a person looks.
const GOOD: f64 = 0.35;
/// It is never surer than this: the examples are few, and not from this house.
const SUREST: f64 = 0.97;
/// So many features are told on each side.
const TOLD: usize = 4;
/// What counts less is not worth telling.
const LEAST: f64 = 0.05;

/// The model's voice.
pub struct Statistical {
    model: Option<Arc<Model>>,
}

impl Statistical {
    /// Its name.
    pub const NAME: &'static str = "builtin:statistical";

    /// By the model that ships.
    pub fn shipped() -> Self {
        Self { model: shipped() }
    }

    /// By a certain model.
    pub const fn of(model: Arc<Model>) -> Self {
        Self { model: Some(model) }
    }
}

#[async_trait]
impl Voter for Statistical {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn kind(&self) -> Kind {
        Kind::Builtin
    }

    fn model(&self) -> &'static str {
        "logistic regression 1"
    }

    async fn ask(&self, question: &Question) -> Reply {
        let Some(model) = question.learnt.as_ref().or(self.model.as_ref()) else {
            return Reply::bare(Said::Abstained("There is no model.".to_owned()));
        };
        let Some(features) = features::of(&question.dossier.detection) else {
            let why = "The event names no program of Windows, or is of a kind that the model does not know.";
            return Reply::bare(Said::Abstained(why.to_owned()));
        };
        Reply::bare(Said::Answered(answer(&question.dossier, model, &features)))
    }
}

/// What a model says of a dossier with these features.
fn answer(dossier: &Dossier, model: &Model, features: &Features) -> Answer {
    let probability = model.probability(features).clamp(1.0 - SUREST, SUREST);
    let verdict = match probability {
        p if p >= BAD => MachineVerdict::TruePositive,
        p if p < GOOD => MachineVerdict::FalsePositive,
        _ => MachineVerdict::NeedsReview,
    };
    let rule = dossier.detection.rule_severity();
    let (severity, action) = match verdict {
        MachineVerdict::TruePositive if probability >= 0.9 => (rule.max(Severity::High), Recommendation::IsolateHost),
        MachineVerdict::TruePositive => (rule.max(Severity::Medium), Recommendation::Hunt),
        MachineVerdict::FalsePositive => (rule.min(Severity::Low), Recommendation::TuneRule),
        _ => (rule, Recommendation::Hunt),
    };
    let parts = model.parts(features);
    let benign = counted(&parts, false);
    Answer {
        what_happened: happened(&parts, probability) + &learnt(model),
        evidence_malicious: counted(&parts, true),
        false_positive_reason: if verdict == MachineVerdict::FalsePositive { sentence(&benign) } else { String::new() },
        evidence_benign: benign,
        missing_information: "The model sees paths, the command line, the parent and the rule's level, nothing else."
            .to_owned(),
        ioc_analysis: String::new(),
        verdict,
        severity,
        risk_score: percent(probability),
        mitre_techniques: Vec::new(),
        iocs: Vec::new(),
        recommended_actions: vec![action],
        investigation_questions: Vec::new(),
        confidence: match verdict {
            MachineVerdict::FalsePositive => rounded(1.0 - probability),
            MachineVerdict::TruePositive => rounded(probability),
            _ => 0.5,
        },
    }
}

fn happened(parts: &[Part], probability: f64) -> String {
    format!(
        "The model puts it at {} in 100 that this is a true positive, at equal numbers of true and false positives. \
         It weighed {} features.",
        percent(probability),
        parts.len()
    )
}

/// What it learnt here, in words.
fn learnt(model: &Model) -> String {
    match (model.declared, model.declared_positives) {
        (0, _) => String::new(),
        (1, bad) => format!(
            " It has learnt from one behaviour that was declared here, {}.",
            if bad == 1 { "a true positive" } else { "not a true positive" }
        ),
        (all, bad) => {
            format!(" It has learnt from {all} behaviours that were declared here, {bad} of them true positives.")
        }
    }
}

/// The strongest features for or against, in words, each thing once.
fn counted(parts: &[Part], bad: bool) -> String {
    let mut told: Vec<String> = Vec::new();
    let heavy = parts.iter().filter(|part| (part.weight > 0.0) == bad && part.weight.abs() >= LEAST);
    for part in heavy {
        let Some(words) = features::told(&part.feature) else { continue };
        if told.len() < TOLD && !told.iter().any(|known| known.starts_with(&words)) {
            told.push(format!("{words} ({:+.1})", part.weight));
        }
    }
    told.join("; ")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
fn percent(probability: f64) -> u8 {
    (probability * 100.0).round() as u8
}

fn rounded(probability: f64) -> f64 {
    (probability * 1000.0).round() / 1000.0
}
