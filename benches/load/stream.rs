//! A labelled stream: how many cases it makes, how many mix labels, and whether the order of arrival matters.
use crate::data;
use fusionsoc::ingest::{Delivery, Gathered, accept, reading};
use fusionsoc::store::{Durability, Store};
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

struct Line {
    arrival_ms: i64,
    oid: String,
    label: String,
    detection: String,
}

pub async fn run(file: &str) {
    let mut lines: Vec<Line> = data::lines(file)
        .into_iter()
        .map(|line| Line {
            arrival_ms: line["arrival_ms"].as_i64().unwrap(),
            oid: line["detection"]["routing"]["oid"].as_str().unwrap().to_owned(),
            label: line["label"].as_str().unwrap_or_default().to_owned(),
            detection: line["detection"].to_string(),
        })
        .collect();
    let labels: HashMap<String, String> = lines
        .iter()
        .map(|line| (reading::document(&line.detection).unwrap().detection.detect_id, line.label.clone()))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let arrived = take_in(&dir.path().join("arrived.db"), &lines).await;
    tell(&arrived, &labels, lines.len());
    // Any other order: backwards is as far from the order of arrival as one can get.
    lines.reverse();
    let backwards = take_in(&dir.path().join("backwards.db"), &lines).await;
    let apart = |cases: &Cases| cases.values().map(|case| case.detections.clone()).collect::<HashSet<_>>();
    let (one, other) = (apart(&arrived), apart(&backwards));
    println!(
        "backwards: {} cases, {} of them not the same as in order of arrival",
        other.len(),
        other.difference(&one).count()
    );
}

/// A case: its organisation, its behaviours, its detections.
#[derive(Default)]
struct Case {
    orgs: BTreeSet<i64>,
    behaviours: BTreeSet<String>,
    titles: BTreeSet<String>,
    detections: BTreeSet<String>,
}

type Cases = BTreeMap<i64, Case>;

async fn take_in(file: &Path, lines: &[Line]) -> Cases {
    let store = Store::open(&format!("sqlite:{}", file.display()), Durability::Normal).await.unwrap();
    let mut owners = HashMap::new();
    let mut tx = store.write().await.unwrap();
    let mut gathered = Gathered::default();
    for line in lines {
        let (org_id, _) = data::owner(&mut tx, &mut owners, &line.oid).await;
        let document = reading::document(&line.detection).unwrap();
        let delivery = Delivery {
            org_id,
            source: "stream",
            raw: &document.raw,
            detection: &document.detection,
            received_ms: line.arrival_ms,
            number: None,
            triage_at_ms: None,
        };
        accept(&mut tx, &mut gathered, delivery).await.unwrap();
    }
    gathered.write(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    cases(file).await
}

async fn cases(file: &Path) -> Cases {
    let url = format!("sqlite:{}", file.display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let rows = sqlx::query("SELECT case_number, org_id, detect_id, fingerprint, title FROM detections")
        .fetch_all(&pool)
        .await
        .unwrap();
    let mut cases = Cases::new();
    for row in rows {
        let case = cases.entry(row.get(0)).or_default();
        case.orgs.insert(row.get(1));
        case.detections.insert(row.get(2));
        case.behaviours.insert(row.get(3));
        case.titles.insert(row.get(4));
    }
    cases
}

#[allow(clippy::cast_precision_loss)]
fn tell(cases: &Cases, labels: &HashMap<String, String>, lines: usize) {
    let unique: usize = cases.values().map(|case| case.detections.len()).sum();
    let clusters: BTreeSet<_> =
        cases.values().flat_map(|case| case.behaviours.iter().map(|one| (case.orgs.clone(), one))).collect();
    let mut sizes: Vec<usize> = cases.values().map(|case| case.detections.len()).collect();
    sizes.sort_unstable();
    println!("{lines} lines, {unique} detections, {} repeats", lines - unique);
    println!("{} cases in {} clusters (behaviours of an organisation)", cases.len(), clusters.len());
    println!(
        "detections a case: mean {:.2}, median {}, p99 {}, most {}",
        unique as f64 / cases.len() as f64,
        sizes[sizes.len() / 2],
        sizes[sizes.len() * 99 / 100],
        sizes[sizes.len() - 1]
    );
    println!("cases that mix organisations: {}", cases.values().filter(|case| case.orgs.len() > 1).count());
    let mixed: Vec<_> = cases
        .iter()
        .filter(|(_, case)| case.detections.iter().map(|id| &labels[id]).collect::<HashSet<_>>().len() > 1)
        .collect();
    println!("cases that mix labels: {} ({:.2} %)", mixed.len(), 100.0 * mixed.len() as f64 / cases.len() as f64);
    for (number, case) in mixed.iter().take(10) {
        let of = |label: &str| case.detections.iter().filter(|id| labels[*id] == label).count();
        println!(
            "  case {number}: {} true, {} false; {}",
            of("true_positive"),
            of("false_positive"),
            case.titles.iter().cloned().collect::<Vec<_>>().join("; ")
        );
    }
}
