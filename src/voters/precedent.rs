//! `builtin:precedent`: what analysts here declared for this behaviour, or for one that is nearly the same.
//!
//! Three levels are asked in turn, and the first with something to say votes:
//! 1. the same fingerprint;
//! 2. other behaviours of the same rule, parent image and image that are at least [`FAMILY_BOUND`] alike;
//! 3. behaviours of the same rule alone that are at least [`RULE_BOUND`] alike.
//!
//! Confidence is Laplace's rule of succession, (k + 1) / (n + 2) for k of n cases that agree. A case of levels 2 and 3
//! counts for less than one: its weight is its likeness (Dice, 0 to 1) times 1/2 or 1/4, and k and n are sums of
//! weights. That is a power prior (J. G. Ibrahim and M.-H. Chen, Statistical Science 15, 2000: what was seen elsewhere
//! enters with a power between 0 and 1) on the uniform prior of Laplace's rule; few or unlike precedents leave it near
//! 1/2. It is capped at [`NEAR_CAP`], below the 2/3 of a single case of the very behaviour.
//!
//! Near is not equal, so levels 2 and 3 never argue for benign where a malicious behaviour is at least
//! [`FAMILY_BOUND`] alike, whatever its level, nor by a behaviour from which this one differs in what tells trust.
use super::{Kind, Question, Reply, Said, Voter};
use crate::domain::dossier::Precedents;
use crate::domain::evidence::EvidenceState;
use crate::domain::local::{FAMILY_BOUND, Local, Near, RULE_BOUND, Tokens};
use crate::domain::{Answer, MachineVerdict, Severity};
use async_trait::async_trait;

/// The most that nearly the same behaviours can say.
pub const NEAR_CAP: f64 = 0.65;

/// Votes as earlier analysts did; abstains where nobody has decided anything like it.
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
        "analysts' verdicts on the same or nearly the same behaviour"
    }

    async fn ask(&self, question: &Question) -> Reply {
        let seen = question.dossier.precedents;
        let local = question.dossier.local.as_ref();
        let said = if seen.total() > 0 { Ok(exact(seen, local)) } else { local.map_or_else(nobody, near) };
        Reply::bare(match said {
            Ok(opinion) => Said::Answered(answer(question, opinion)),
            Err(why) => Said::Abstained(why),
        })
    }
}

/// A verdict with its reasons.
struct Opinion {
    verdict: MachineVerdict,
    confidence: f64,
    told: String,
    missing: String,
}

fn nobody() -> Result<Opinion, String> {
    Err("No analyst has decided this behaviour here yet.".to_owned())
}

/// The verdict that counts allow, and how many of them agree with it.
const fn verdict(seen: Precedents) -> (MachineVerdict, i64) {
    match (seen.benign(), seen.true_positive) {
        (benign, 0) => (MachineVerdict::FalsePositive, benign),
        (0, malicious) => (MachineVerdict::TruePositive, malicious),
        (benign, malicious) => (MachineVerdict::NeedsReview, if benign > malicious { benign } else { malicious }),
    }
}

/// What was declared for this very behaviour.
fn exact(seen: Precedents, local: Option<&Local>) -> Opinion {
    let (verdict, agreeing) = verdict(seen);
    let total = seen.total();
    let warned = local.and_then(|local| local.malicious().next()).filter(|_| seen.true_positive == 0);
    Opinion {
        verdict,
        confidence: laplace(count(agreeing), count(total)),
        told: format!("Analysts decided {total} earlier cases of this behaviour: {}.", counts(seen)),
        missing: warned.map(warning).unwrap_or_default(),
    }
}

fn warning(near: &Near) -> String {
    format!("A behaviour that is not equal, but {}, was declared true positive.", alike(near))
}

/// Behaviours of one level that are alike enough, the most alike first.
struct Found<'a> {
    shared: &'static str,
    /// What a case counts for, before its likeness.
    weight: f64,
    all: Vec<&'a Near>,
}

impl<'a> Found<'a> {
    fn of(local: &'a Local) -> Self {
        let of = |all: &'a [Near], bound: f64| all.iter().filter(|near| near.alike >= bound).collect::<Vec<_>>();
        let family = of(&local.family.behaviours, FAMILY_BOUND);
        if family.is_empty() {
            Self { shared: "the same rule", weight: 0.25, all: of(&local.rule.behaviours, RULE_BOUND) }
        } else {
            Self { shared: "the same rule, parent image and image", weight: 0.5, all: family }
        }
    }

    /// What certain of their cases weigh together.
    fn weight(&self, cases: impl Fn(Precedents) -> i64) -> f64 {
        self.all.iter().map(|near| near.alike * self.weight * count(cases(near.decided))).sum()
    }
}

/// What was declared for behaviours that are nearly the same.
fn near(local: &Local) -> Result<Opinion, String> {
    if local.levels().into_iter().any(|level| level.state == EvidenceState::Inconclusive) {
        return Err("Older decided behaviours are still being read; until then nobody knows what is near.".to_owned());
    }
    let mut found = Found::of(local);
    let Some(first) = found.all.first().copied() else { return Err(unlike(local)) };
    // What differs in what tells trust may warn, but not vouch.
    found.all.retain(|near| near.decided.true_positive > 0 || !near.graver);
    let Some(nearest) = found.all.first().copied() else {
        return Err(format!(
            "A nearly equal behaviour was declared benign, but this one differs in what tells trust ({}).",
            alike(first)
        ));
    };
    let seen = found.all.iter().fold(Precedents::default(), |sum, near| sum.plus(near.decided));
    let (mut verdict, agreeing) = verdict(seen);
    let warned = local.malicious().next().filter(|_| verdict == MachineVerdict::FalsePositive);
    if warned.is_some() {
        verdict = MachineVerdict::NeedsReview;
    }
    let (benign, malicious) = (found.weight(Precedents::benign), found.weight(|seen| seen.true_positive));
    let agreed = match verdict {
        MachineVerdict::FalsePositive => benign,
        MachineVerdict::TruePositive => malicious,
        _ => benign.max(malicious),
    };
    let told = format!(
        "Not this very behaviour: {agreeing} of {} cases of nearly the same behaviours agree ({}); they have {} in common ({}).",
        seen.total(),
        counts(seen),
        found.shared,
        alike(nearest)
    );
    let missing = warned.map_or_else(|| "No analyst has decided this very behaviour here.".to_owned(), warning);
    Ok(Opinion { verdict, confidence: laplace(agreed, benign + malicious).min(NEAR_CAP), told, missing })
}

fn unlike(local: &Local) -> String {
    let nearest = local.levels().into_iter().find_map(|level| level.behaviours.first());
    let nearest = nearest.map(|near| format!(" The nearest decided one is too unlike ({}).", alike(near)));
    format!("No analyst has decided this behaviour here yet.{}", nearest.unwrap_or_default())
}

/// How alike, and what differs, in words: `0.93 alike; only here: …; only there: …`.
fn alike(near: &Near) -> String {
    let side = |name: &str, tokens: &Tokens| {
        let more = if tokens.more > 0 { format!(" and {} more", tokens.more) } else { String::new() };
        let words = tokens.shown.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ");
        if words.is_empty() { String::new() } else { format!("; only {name}: {words}{more}") }
    };
    format!("{:.2} alike{}{}", near.alike, side("here", &near.only_here), side("there", &near.only_there))
}

fn counts(seen: Precedents) -> String {
    format!(
        "{} false positive, {} benign true positive, {} true positive",
        seen.false_positive, seen.benign_true_positive, seen.true_positive
    )
}

/// Laplace's rule of succession.
fn laplace(agreeing: f64, total: f64) -> f64 {
    (agreeing + 1.0) / (total + 2.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
const fn count(cases: i64) -> f64 {
    cases as f64
}

fn answer(question: &Question, opinion: Opinion) -> Answer {
    let Opinion { verdict, confidence, told, missing } = opinion;
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
        missing_information: missing,
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
