//! How many questions to models a stream costs: one for each detection and voter, one run for each behaviour of a case, and with reuse.
//!
//! The voters are fakes in this process: pure functions of the evidence that also depend on the instance, on host
//! and command line, so that reuse can come to another verdict. The program's clock follows the stream, and a
//! vote takes no time: with slow models, detections that arrive together are asked about together.
use crate::data;
use async_trait::async_trait;
use fusionsoc::clock;
use fusionsoc::config::Config;
use fusionsoc::domain::{Answer, Dossier, MachineVerdict, Severity};
use fusionsoc::ingest::{Delivery, Gathered, accept, reading};
use fusionsoc::jobs::panel::Seats;
use fusionsoc::jobs::{PanelSource, Worker};
use fusionsoc::store::{Durability, Store};
use fusionsoc::triage::prompt::path_class;
use fusionsoc::triage::vote::{Mode, Panel};
use fusionsoc::voters::{Kind, Question, Reply, Said, Voter};
use sha2::{Digest, Sha256};
use sqlx::Row;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const VOTERS: [&str; 3] = ["careful", "middling", "bold"];
/// Of a hundred instances of equal evidence, so many are judged otherwise by a voter.
const MOODS: u8 = 4;

struct Fake {
    name: &'static str,
    /// Points from which on it calls something malicious.
    limit: usize,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Voter for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Ollama
    }

    fn model(&self) -> &'static str {
        "fake"
    }

    async fn ask(&self, question: &Question) -> Reply {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let points = points(&question.dossier) + self.mood(&question.dossier);
        let verdict = match points {
            points if points >= self.limit => MachineVerdict::TruePositive,
            points if points + 2 >= self.limit => MachineVerdict::NeedsReview,
            _ => MachineVerdict::FalsePositive,
        };
        Reply { tokens_in: Some(1_200), tokens_out: Some(250), ..Reply::bare(Said::Answered(answer(verdict))) }
    }
}

impl Fake {
    /// Some instances look worse to a voter than others.
    fn mood(&self, dossier: &Dossier) -> usize {
        let detection = &dossier.detection;
        let line = detection.process().map(|process| process.command_line).unwrap_or_default();
        let hash = Sha256::digest(format!("{}|{}|{line}", self.name, detection.hostname));
        if hash[0] % 100 < MOODS { 2 } else { 0 }
    }
}

/// What speaks against a detection.
fn points(dossier: &Dossier) -> usize {
    let detection = &dossier.detection;
    let process = detection.process().unwrap_or_default();
    let line = process.command_line.to_lowercase();
    let unsigned = usize::from(process.signed == Some(false)) * 2;
    let place = usize::from(matches!(path_class(&process.path), "temporary" | "user_profile"));
    let hidden = usize::from(line.contains("-enc") || line.contains("http")) * 2;
    let level = match detection.rule_severity() {
        Severity::Critical | Severity::High => 2,
        Severity::Medium => 1,
        _ => 0,
    };
    unsigned + place + hidden + level
}

/// An answer that says no more than a verdict.
pub fn answer(verdict: MachineVerdict) -> Answer {
    let text = String::new;
    Answer {
        what_happened: text(),
        evidence_malicious: text(),
        evidence_benign: text(),
        missing_information: text(),
        ioc_analysis: text(),
        verdict,
        false_positive_reason: text(),
        severity: if verdict == MachineVerdict::TruePositive { Severity::High } else { Severity::Low },
        risk_score: 20,
        mitre_techniques: Vec::new(),
        iocs: Vec::new(),
        recommended_actions: Vec::new(),
        investigation_questions: Vec::new(),
        confidence: 0.9,
    }
}

/// A way through the stream: what was asked, and what the machine made of each case.
struct Done {
    asked: usize,
    unique: usize,
    runs: i64,
    reused: i64,
    checked: i64,
    differed: i64,
    verdicts: BTreeMap<i64, (String, String)>,
}

pub async fn run(file: &str, count: usize, minutes: u32) {
    let lines: Vec<(i64, String, String)> = data::lines(file)
        .into_iter()
        .take(count)
        .map(|line| {
            let oid = line["detection"]["routing"]["oid"].as_str().unwrap().to_owned();
            (line["arrival_ms"].as_i64().unwrap(), oid, line["detection"].to_string())
        })
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let apart = through(&dir.path().join("apart.db"), &lines, 0).await;
    let shared = through(&dir.path().join("shared.db"), &lines, minutes).await;
    let each = apart.unique * VOTERS.len();
    println!("{} lines, {} detections, {} cases, {} runs", lines.len(), apart.unique, apart.verdicts.len(), apart.runs);
    println!("calls, every voter for every detection: {each}");
    println!("calls, a run for each behaviour of a case, second looks included: {}", told(apart.asked, each));
    println!("calls, with reuse for {minutes} minutes: {}", told(shared.asked, each));
    println!(
        "{} runs reused votes, {} were asked to compare, {} of these came out otherwise",
        shared.reused, shared.checked, shared.differed
    );
    differences(&apart, &shared);
}

#[allow(clippy::cast_precision_loss)]
fn told(asked: usize, each: usize) -> String {
    format!("{asked} ({:.1} %)", 100.0 * asked as f64 / each as f64)
}

fn differences(apart: &Done, shared: &Done) {
    let other: Vec<_> = apart
        .verdicts
        .iter()
        .filter_map(|(number, (verdict, title))| {
            let reused = shared.verdicts.get(number).map_or("no case", |(verdict, _)| verdict.as_str());
            (reused != verdict).then_some((number, title, verdict.as_str(), reused))
        })
        .collect();
    println!("cases whose verdict differs with reuse: {} of {}", other.len(), apart.verdicts.len());
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (_, _, asked, reused) in &other {
        *kinds.entry((asked, reused)).or_default() += 1;
    }
    for ((asked, reused), count) in kinds {
        println!("  {asked} asked, {reused} with reuse: {count}");
    }
    for (number, title, asked, reused) in other.iter().take(10) {
        println!("  case {number}: {asked} asked, {reused} with reuse; {title}");
    }
}

fn seats(asked: &Arc<AtomicUsize>) -> Seats {
    let fake = |(at, name): (usize, &&'static str)| {
        Arc::new(Fake { name, limit: 6 - at, asked: Arc::clone(asked) }) as Arc<dyn Voter>
    };
    let panel: Vec<_> = VOTERS.iter().enumerate().map(fake).collect();
    let rules = Panel { mode: Mode::Unanimous, quorum: 0 };
    Seats {
        rules,
        models: panel.clone(),
        all: panel.clone(),
        panel,
        advisers: Vec::new(),
        suspended: Vec::new(),
        control_share: 0.0,
        standing_in: false,
    }
}

async fn through(file: &Path, lines: &[(i64, String, String)], reuse_minutes: u32) -> Done {
    let store = Store::open(&format!("sqlite:{}", file.display()), Durability::Normal).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let mut config = Config::default();
    config.panel.reuse_minutes = reuse_minutes;
    let policy = Arc::new(config.policy.clone());
    let panel = Arc::new(PanelSource::seated(Arc::new(config), seats(&asked)));
    let worker = Worker::new(store.clone(), panel, policy, Arc::default());
    let mut owners = HashMap::new();
    for (arrival_ms, oid, detection) in lines {
        clock::advance(arrival_ms - clock::now_ms());
        let mut tx = store.write().await.unwrap();
        let (org_id, _) = data::owner(&mut tx, &mut owners, oid).await;
        let document = reading::document(detection).unwrap();
        let delivery = Delivery {
            org_id,
            source: "stream",
            raw: &document.raw,
            detection: &document.detection,
            received_ms: *arrival_ms,
            number: None,
            triage_at_ms: Some(*arrival_ms),
        };
        let mut gathered = Gathered::default();
        accept(&mut tx, &mut gathered, delivery).await.unwrap();
        gathered.write(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        worker.run_due().await;
    }
    done(file, asked.load(Ordering::Relaxed)).await
}

async fn done(file: &Path, asked: usize) -> Done {
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let number = |sql: &'static str| {
        let pool = pool.clone();
        async move { sqlx::query(sql).fetch_one(&pool).await.unwrap().get::<i64, _>(0) }
    };
    let rows = sqlx::query("SELECT number, machine_verdict, title FROM cases WHERE merged_into IS NULL");
    let rows = rows.fetch_all(&pool).await.unwrap();
    Done {
        asked,
        unique: usize::try_from(number("SELECT COUNT(*) FROM detections").await).unwrap(),
        runs: number("SELECT COUNT(*) FROM runs").await,
        reused: number("SELECT COALESCE(SUM(reused), 0) FROM spending").await,
        checked: number("SELECT COALESCE(SUM(checked), 0) FROM spending").await,
        differed: number("SELECT COALESCE(SUM(differed), 0) FROM spending").await,
        verdicts: rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect(),
    }
}
