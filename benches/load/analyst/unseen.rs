//! The statistical voter without what it learnt of a stream: for each rule a model that was trained on other rules.
use super::Line;
use async_trait::async_trait;
use fusionsoc::domain::Detection;
use fusionsoc::features;
use fusionsoc::ingest::reading;
use fusionsoc::jobs::panel::Seats;
use fusionsoc::triage::fingerprint;
use fusionsoc::voters::statistical::{Example, Statistical, fold, train};
use fusionsoc::voters::{Kind, Question, Reply, Voter};
use std::collections::HashSet;
use std::sync::Arc;

/// What splits rules into parts is fixed, so that figures can be told again.
const SEED: u64 = 0;

struct Unseen {
    parts: Vec<Statistical>,
}

#[async_trait]
impl Voter for Unseen {
    fn name(&self) -> &'static str {
        "builtin:statistical"
    }

    fn kind(&self) -> Kind {
        Kind::Builtin
    }

    fn model(&self) -> &'static str {
        "logistic regression, trained on other rules"
    }

    async fn ask(&self, question: &Question) -> Reply {
        let part = part(&question.dossier.detection.rule.title, self.parts.len());
        // What is learnt begins with the weights that ship, which know this rule.
        self.parts[part].ask(&Question { learnt: None, ..question.clone() }).await
    }
}

fn part(rule: &str, parts: usize) -> usize {
    usize::try_from(fold(SEED, rule, u64::try_from(parts).unwrap())).unwrap()
}

/// The same panel, its statistical voter trained on one detection of each of the stream's benchmark lines.
pub fn seats(shipped: &Seats, lines: &[Line], folds: usize) -> Seats {
    let mut sources = HashSet::new();
    let lines = lines.iter().filter(|line| sources.insert(&line.source));
    let examples: Vec<Example> = lines.filter_map(example).collect();
    let without = |left: usize| {
        let others = examples.iter().filter(|example| part(&example.group, folds) != left);
        let model = train(&others.collect::<Vec<_>>(), "fold").unwrap();
        Statistical::of(Arc::new(model))
    };
    let unseen: Arc<dyn Voter> = Arc::new(Unseen { parts: (0..folds).map(without).collect() });
    let mut seats = shipped.clone();
    for voter in seats.panel.iter_mut().filter(|voter| voter.name() == unseen.name()) {
        *voter = Arc::clone(&unseen);
    }
    seats
}

fn example(line: &Line) -> Option<Example> {
    let document = reading::document(&line.detection).unwrap();
    let detection: &Detection = &document.detection;
    let images = [detection.process(), detection.parent()];
    let [image, parent] = images.map(|process| fingerprint::path(&process.unwrap_or_default().path));
    Some(Example {
        features: features::of(detection)?,
        positive: line.positive,
        behaviour: format!("{}\n{image}\n{parent}", detection.rule.title),
        group: detection.rule.title.clone(),
    })
}
