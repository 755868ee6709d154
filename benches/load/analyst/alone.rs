//! What the machine closes alone: the lead who switches proven gates on, a planted panel, and what came of it.
use super::told::thousand;
use super::{Desk, Line, analyst};
use crate::calls::answer;
use async_trait::async_trait;
use fusionsoc::domain::{Detection, GateLevel, GateState, MachineVerdict};
use fusionsoc::jobs::panel::Seats;
use fusionsoc::review::gate;
use fusionsoc::store::gates;
use fusionsoc::triage::fingerprint;
use fusionsoc::triage::vote::{Mode, Panel};
use fusionsoc::voters::{Kind, Question, Reply, Said, Voter};
use sha2::{Digest, Sha256};
use sqlx::Row;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The share of true positive behaviours that all planted voters miss together.
const SHOCK: f64 = 0.003;

/// How far the machine may go.
#[derive(Clone, Copy)]
pub struct Alone {
    /// The share of missed true positives that is accepted.
    pub limit: f64,
    /// Whether the lead also switches gates of families and organisations on.
    pub back_off: bool,
}

impl Desk {
    /// Switches on what is proposed.
    pub async fn lead(&self, alone: Alone, now_ms: i64) {
        let mut tx = self.store.write().await.unwrap();
        for org_id in self.owners.values() {
            for gate in gates::standing(&mut tx, *org_id).await.unwrap() {
                let wanted = alone.back_off || gate.level == GateLevel::Rule;
                if gate.state == GateState::Proposed && wanted {
                    gate::step(&mut tx, &analyst(), &gate, (gate::Step::Activate, ""), now_ms).await.unwrap();
                }
            }
        }
        tx.commit().await.unwrap();
    }

    /// Counts the cases that nobody was shown, and prints how many runs asked nobody.
    pub async fn count_unseen(&mut self, url: &str) {
        let pool = sqlx::SqlitePool::connect(url).await.unwrap();
        let one = "SELECT (SELECT COUNT(*) FROM cases), (SELECT COUNT(*) FROM runs), (SELECT COUNT(*) FROM runs WHERE reused_from IS NOT NULL)";
        let row = sqlx::query(one).fetch_one(&pool).await.unwrap();
        let [cases, runs, reused] = [0, 1, 2].map(|at| row.get::<i64, _>(at));
        self.burden.unseen = usize::try_from(cases).unwrap() - self.burden.shown();
        println!("reuse: {reused} of {runs} runs took the votes of an earlier one over");
    }

    /// Prints what was closed alone and what of it was malicious, by week.
    pub async fn tell_alone(&self, url: &str, begun_ms: i64, detections: usize) {
        let pool = sqlx::SqlitePool::connect(url).await.unwrap();
        let closed = sqlx::query(
            "SELECT c.number, c.machine_closed_ms, c.verdict, d.detect_id FROM cases c JOIN detections d ON d.case_number = c.number
             WHERE c.machine_closed_ms IS NOT NULL",
        );
        let mut cases: BTreeMap<i64, (i64, bool, bool)> = BTreeMap::new();
        for row in closed.fetch_all(&pool).await.unwrap() {
            let case = cases.entry(row.get(0)).or_insert((row.get(1), row.get::<String, _>(2) == "pending", false));
            case.2 |= self.known.positive[&row.get::<String, _>(3)];
        }
        let all: i64 = sqlx::query("SELECT COUNT(*) FROM cases").fetch_one(&pool).await.unwrap().get(0);
        println!("\nweek  closed alone  true positives among them  still hidden at the end");
        let week = |ms: i64| (ms - begun_ms) / (7 * 86_400_000) + 1;
        for wanted in 1..=cases.values().map(|case| week(case.0)).max().unwrap_or(0) {
            let of = || cases.values().filter(|case| week(case.0) == wanted);
            let (bad, hidden) = (of().filter(|case| case.2).count(), of().filter(|case| case.2 && case.1).count());
            println!("{wanted:<4} {:>13} {bad:>26} {hidden:>24}", of().count());
        }
        let bad = cases.values().filter(|case| case.2).count();
        println!(
            "{} of {all} cases were closed alone, {:.0} per 1,000 detections; {bad} of them hold a true positive",
            cases.len(),
            thousand(cases.len(), detections)
        );
        let kinds = "SELECT kind, COUNT(*) FROM gate_events GROUP BY kind ORDER BY kind";
        let events = sqlx::query(kinds).fetch_all(&pool).await.unwrap();
        let told: Vec<_> =
            events.iter().map(|row| format!("{} {}", row.get::<String, _>(0), row.get::<i64, _>(1))).collect();
        println!("events of gates: {}", told.join("; "));
    }
}

/// A voter that knows the labels and errs by chance: alike for equal behaviours, some misses with all others.
struct Planted {
    name: &'static str,
    positive: Arc<HashMap<String, bool>>,
}

#[async_trait]
impl Voter for Planted {
    fn name(&self) -> &str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Ollama
    }

    fn model(&self) -> &'static str {
        "planted"
    }

    async fn ask(&self, question: &Question) -> Reply {
        Reply::bare(Said::Answered(answer(self.says(&question.dossier.detection))))
    }
}

impl Planted {
    fn says(&self, detection: &Detection) -> MachineVerdict {
        let behaviour = fingerprint::of(detection);
        let (own, all) = (chance(self.name, &behaviour), chance("all", &behaviour));
        match self.positive.get(&detection.detect_id) {
            Some(true) if all < SHOCK => MachineVerdict::FalsePositive,
            Some(true) if own >= 0.1 => MachineVerdict::TruePositive,
            Some(false) if own >= 0.08 => MachineVerdict::FalsePositive,
            Some(false) if own < 0.03 => MachineVerdict::TruePositive,
            _ => MachineVerdict::NeedsReview,
        }
    }
}

fn chance(who: &str, behaviour: &str) -> f64 {
    let hash = Sha256::digest(format!("{who}|{behaviour}"));
    f64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])) / f64::from(u32::MAX)
}

/// Three planted voters, who have to agree.
pub fn planted(lines: &[Line]) -> Seats {
    let labels = lines.iter().map(|line| {
        let document: serde_json::Value = serde_json::from_str(&line.detection).unwrap();
        (document["detect_id"].as_str().unwrap_or_default().to_owned(), line.positive)
    });
    let positive = Arc::new(labels.collect::<HashMap<_, _>>());
    let voter = |name| Arc::new(Planted { name, positive: Arc::clone(&positive) }) as Arc<dyn Voter>;
    let panel: Vec<_> = ["one", "two", "three"].into_iter().map(voter).collect();
    Seats {
        rules: Panel { mode: Mode::Unanimous, quorum: 0 },
        models: panel.clone(),
        all: panel.clone(),
        panel,
        advisers: Vec::new(),
        suspended: Vec::new(),
        control_share: 0.0,
        standing_in: false,
    }
}
