//! `builtin:rules`: weighs what the event holds on a fixed scale and shows each weight.
//!
//! Each finding adds or takes points. The rule's level starts the scale: informational 15, low 20,
//! medium 35, high 50, critical 60. From 50 on the vote is true positive, below 20 false positive,
//! in between needs review. The confidence follows a curve through the borders that fits how
//! often labelled detections of such points were true positives, and never exceeds 0.95.
mod findings;

use super::{Kind, Question, Reply, Said, Voter, sentence};
use crate::domain::answer::Recommendation;
use crate::domain::evidence::{EvidenceKind, Piece};
use crate::domain::{Answer, Dossier, MachineVerdict, Severity};
use async_trait::async_trait;
use findings::Finding;

/// From so many points on it is a true positive.
const BAD: i32 = 50;
/// Below so many it is a false positive.
const GOOD: i32 = 20;

/// The scale.
pub struct Rules;

#[async_trait]
impl Voter for Rules {
    fn name(&self) -> &'static str {
        "builtin:rules"
    }

    fn kind(&self) -> Kind {
        Kind::Builtin
    }

    fn model(&self) -> &'static str {
        "scale 2"
    }

    async fn ask(&self, question: &Question) -> Reply {
        Reply::bare(Said::Answered(weigh(&question.dossier)))
    }
}

/// The answer of the scale for a dossier.
pub fn weigh(dossier: &Dossier) -> Answer {
    let start = match dossier.detection.rule_severity() {
        Severity::Informational => 15,
        Severity::Low => 20,
        Severity::Medium => 35,
        Severity::High => 50,
        Severity::Critical => 60,
    };
    let findings = findings::of(dossier);
    let points = (start + findings.iter().map(|finding| finding.points).sum::<i32>()).clamp(0, 100);
    let verdict = match points {
        BAD.. => MachineVerdict::TruePositive,
        GOOD..BAD => MachineVerdict::NeedsReview,
        _ => MachineVerdict::FalsePositive,
    };
    answer(dossier, verdict, points, &findings)
}

/// Half of the detections with so many points are true positives, at equal numbers of both.
const MIDDLE: f64 = 30.0;
/// So many points more make the odds of a true positive e times as large.
const STEP: f64 = 10.0;
/// A fixed scale does not know more.
const SUREST: f64 = 0.95;

/// How sure the scale is of what it says.
fn confidence(verdict: MachineVerdict, points: i32) -> f64 {
    let bad = 1.0 / (1.0 + ((MIDDLE - f64::from(points)) / STEP).exp());
    let sure = match verdict {
        MachineVerdict::TruePositive => bad,
        MachineVerdict::FalsePositive => 1.0 - bad,
        MachineVerdict::NeedsReview | MachineVerdict::None => 0.5,
    };
    (sure.min(SUREST) * 100.0).round() / 100.0
}

fn answer(dossier: &Dossier, verdict: MachineVerdict, points: i32, findings: &[Finding]) -> Answer {
    let (severity, action) = match verdict {
        MachineVerdict::TruePositive => {
            (dossier.detection.rule_severity().max(Severity::High), Recommendation::IsolateHost)
        }
        MachineVerdict::FalsePositive => {
            (dossier.detection.rule_severity().min(Severity::Low), Recommendation::TuneRule)
        }
        _ => (dossier.detection.rule_severity(), Recommendation::Hunt),
    };
    let benign = strongest(findings, false);
    Answer {
        what_happened: format!(
            "{} on {}: {points} of 100 points on the scale.",
            summary(dossier),
            dossier.detection.host_label()
        ),
        evidence_malicious: strongest(findings, true),
        false_positive_reason: if verdict == MachineVerdict::FalsePositive { sentence(&benign) } else { String::new() },
        evidence_benign: benign,
        missing_information: missing(dossier),
        ioc_analysis: String::new(),
        verdict,
        severity,
        risk_score: u8::try_from(points).unwrap_or_default(),
        mitre_techniques: dossier.detection.techniques().into_iter().take(5).collect(),
        iocs: Vec::new(),
        recommended_actions: vec![action],
        investigation_questions: Vec::new(),
        confidence: confidence(verdict, points),
    }
}

/// The four findings with the most weight for or against.
fn strongest(findings: &[Finding], bad: bool) -> String {
    let mut chosen: Vec<_> = findings.iter().filter(|finding| (finding.points > 0) == bad).collect();
    chosen.sort_by_key(|finding| -finding.points.abs());
    let words = chosen.iter().take(4).map(|finding| format!("{} ({:+})", finding.text, finding.points));
    words.collect::<Vec<_>>().join("; ")
}

fn summary(dossier: &Dossier) -> String {
    let name = |path: &str| crate::domain::path::file_name(path).to_owned();
    match (dossier.detection.parent(), dossier.detection.process()) {
        (Some(parent), Some(process)) => format!("{} started {}", name(&parent.path), name(&process.path)),
        (None, Some(process)) => format!("{} ran", name(&process.path)),
        _ => dossier.detection.event_type.clone(),
    }
}

/// What nobody could be asked, or did not answer for certain.
fn missing(dossier: &Dossier) -> String {
    let certain = |kind| dossier.piece(kind).is_some_and(Piece::is_certain);
    match (certain(EvidenceKind::Ancestors), certain(EvidenceKind::Sweep)) {
        (false, false) => "Signer, ancestors and activity around the event are not known.",
        (true, false) => "Signer and activity around the event are not known.",
        (false, true) => "Signer and ancestors are not known.",
        (true, true) => "The signer is not known.",
    }
    .to_owned()
}
