//! A case as the analyst finds it, before anything is declared.
use fusionsoc::domain::dossier::Precedents;
use fusionsoc::domain::{MachineVerdict, Outcome, Severity, Verdict};
use fusionsoc::review::{Step, caution};
use fusionsoc::store::cases::Case;
use fusionsoc::store::detections::{self, Stored};
use fusionsoc::store::runs::{self, Run};
use fusionsoc::store::{Tx, fingerprints};
use fusionsoc::triage::figures::Judged;
use fusionsoc::triage::policy;
use fusionsoc::triage::vote::Count;
use std::collections::{HashMap, HashSet};

/// What is known of stored detections beside the store.
#[derive(Default)]
pub struct Known {
    /// Labels by `detect_id`.
    pub positive: HashMap<String, bool>,
    /// Detections that were the first of their behaviour in their organisation.
    pub first: HashSet<i64>,
    /// What had been declared of a detection's very behaviour when it arrived.
    pub earlier: HashMap<i64, Precedents>,
}

/// A case at the moment in which it is decided.
pub struct Shown {
    /// By its labels: whether any of its detections is a true positive.
    pub positive: bool,
    /// What the panel says.
    pub verdict: MachineVerdict,
    /// How the votes came out.
    pub outcome: Option<Outcome>,
    /// Whether panel and vetoes would let it be closed if its gate were open.
    pub closable: bool,
    /// The kinds of the vetoes, each once.
    pub vetoes: HashSet<String>,
    /// Whether its organisation had never seen one of its behaviours before it.
    pub new: bool,
    /// What had been declared of its behaviours when they were voted on, where something was of each.
    pub earlier: Option<Precedents>,
    /// How much a declaration by its label asks for.
    pub step: Step,
    /// Whether it repeats a case that was closed.
    pub recurs: bool,
    /// Whether it was decided before, and a late vote dissents.
    pub again: bool,
    /// The behaviour that opened it.
    pub behaviour: String,
}

impl Shown {
    /// Looks at a case.
    pub async fn of(tx: &mut Tx, case: &Case, known: &Known, again: bool) -> Self {
        let held = detections::of_case(tx, case.number, 100_000).await.unwrap();
        let positive = held.iter().any(|one| known.positive[&one.detect_id]);
        let newest = runs::newest_of_each(tx, case.number).await.unwrap();
        let behaviours = fingerprints::of_case(tx, case.number).await.unwrap();
        let voted = behaviours.iter().all(|behaviour| newest.iter().any(|run| run.fingerprint == *behaviour));
        let verdict = if positive { Verdict::TruePositive } else { Verdict::FalsePositive };
        Self {
            positive,
            verdict: case.machine_verdict,
            outcome: case.outcome,
            closable: voted && newest.iter().all(closable),
            vetoes: newest.iter().flat_map(|run| run.vetoes.0.iter().map(|veto| veto.kind.clone())).collect(),
            new: held.iter().any(|one: &Stored| known.first.contains(&one.id)),
            earlier: earlier(known, &newest),
            step: caution(tx, case).await.unwrap().step(verdict),
            recurs: case.previous_case.is_some(),
            again,
            behaviour: case.fingerprint.clone(),
        }
    }

    /// It as the evaluation counts it.
    pub fn judged(&self) -> Judged {
        Judged {
            positive: self.positive,
            strong: true,
            verdict: self.verdict,
            score: 0.0,
            closable: self.closable,
            vetoed: !self.vetoes.is_empty(),
        }
    }
}

/// Asks what whoever closes would ask, by what is stored of a run.
fn closable(run: &Run) -> bool {
    let count = Count {
        verdict: run.machine_verdict,
        outcome: run.outcome.unwrap_or(Outcome::NoQuorum),
        confidence: run.confidence.unwrap_or_default(),
        severity: run.severity.unwrap_or(Severity::Critical),
        risk_score: 0,
        winning_verdict: run.machine_verdict,
        winning_count: 0,
        total: 0,
        missing: 0,
        auto_action: run.auto_action.as_ref().map(|_| "auto_close_fp"),
        weighing: None,
    };
    let vetoes: Vec<policy::Named> = run.vetoes.0.iter().map(|veto| ("veto", veto.text.clone())).collect();
    policy::closable(&count, &vetoes)
}

/// The sum over the runs' behaviours; nothing where one of them had no precedent.
fn earlier(known: &Known, newest: &[Run]) -> Option<Precedents> {
    let of = |run: &Run| known.earlier.get(&run.detection_id).copied().filter(|seen| seen.total() > 0);
    let all: Option<Vec<Precedents>> = newest.iter().map(of).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.into_iter().fold(Precedents::default(), Precedents::plus))
}
