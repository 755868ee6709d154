//! `builtin:precedent`: what analysts here declared for this very behaviour.
use super::{Kind, Question, Reply, Said, Voter};
use crate::domain::{Answer, MachineVerdict, Severity};
use async_trait::async_trait;

/// Votes as earlier analysts did; abstains where nobody has decided yet.
pub struct Precedent;

#[async_trait]
impl Voter for Precedent {
    fn name(&self) -> &'static str {
        "builtin:precedent"
    }

    fn kind(&self) -> Kind {
        Kind::Builtin
    }

    fn model(&self) -> &'static str {
        "analysts' verdicts on the same fingerprint"
    }

    async fn ask(&self, question: &Question) -> Reply {
        let seen = question.dossier.precedents;
        let total = seen.total();
        if total <= 0 {
            return Reply::bare(Said::Abstained("No analyst has decided this behaviour here yet.".to_owned()));
        }
        let benign = seen.false_positive + seen.benign_true_positive;
        let (verdict, agreeing) = match (benign, seen.true_positive) {
            (_, 0) => (MachineVerdict::FalsePositive, benign),
            (0, bad) => (MachineVerdict::TruePositive, bad),
            (good, bad) => (MachineVerdict::NeedsReview, good.max(bad)),
        };
        let told = format!(
            "Analysts decided {total} earlier cases of this behaviour: {} false positive, {} benign true positive, {} true positive.",
            seen.false_positive, seen.benign_true_positive, seen.true_positive
        );
        Reply::bare(Said::Answered(answer(question, verdict, share(agreeing, total), told)))
    }
}

/// Laplace's rule of succession: (k + 1) / (n + 2).
#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
fn share(agreeing: i64, total: i64) -> f64 {
    (agreeing + 1) as f64 / (total + 2) as f64
}

fn answer(question: &Question, verdict: MachineVerdict, confidence: f64, told: String) -> Answer {
    let rule = question.dossier.detection.rule_severity();
    let (severity, risk_score) = match verdict {
        MachineVerdict::FalsePositive => (Severity::Low.min(rule), 10),
        MachineVerdict::TruePositive => (rule.max(Severity::High), 80),
        _ => (rule, 50),
    };
    let is = |wanted| if verdict == wanted { told.clone() } else { String::new() };
    Answer {
        evidence_malicious: is(MachineVerdict::TruePositive),
        evidence_benign: is(MachineVerdict::FalsePositive),
        missing_information: String::new(),
        ioc_analysis: String::new(),
        false_positive_reason: if verdict == MachineVerdict::FalsePositive {
            "Analysts declared it so before.".to_owned()
        } else {
            String::new()
        },
        what_happened: told,
        verdict,
        severity,
        risk_score,
        mitre_techniques: Vec::new(),
        iocs: Vec::new(),
        recommended_actions: Vec::new(),
        investigation_questions: Vec::new(),
        confidence,
    }
}
