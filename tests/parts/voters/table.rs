//! Every HTTP kind through every shape of failure; `--nocapture` prints the table.
use crate::voters::fakes::{built, config, question};
use crate::voters::shapes::{Ends, Shape, of_fields, of_status, of_transport, of_waits, of_wrapping};
use crate::voters::wild::Wild;
use fusionsoc::domain::MachineVerdict;
use fusionsoc::voters::{Kind, Reply, Said, Voter, VoterConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const KINDS: [Kind; 4] = [Kind::Ollama, Kind::Openai, Kind::Gemini, Kind::Anthropic];

/// What came of one shape with one kind.
struct Outcome {
    reply: Reply,
    asked: usize,
    took: Duration,
}

/// A voter of a kind and its server, which is in this shape.
async fn set_up(kind: Kind, shape: &Arc<Shape>) -> (Arc<dyn Voter>, Wild) {
    let acting = Arc::clone(shape);
    let server = Wild::start(move |before| (acting.act)(kind, before)).await;
    let config = VoterConfig { timeout_s: shape.patience, ..config(kind, &server.url) };
    (built(config), server)
}

async fn outcome(voter: Arc<dyn Voter>, server: Wild) -> Outcome {
    let start = Instant::now();
    let reply = voter.ask(&question("")).await;
    Outcome { reply, asked: server.asked(), took: start.elapsed() }
}

/// A cell of the table: state, failure or vote, and questions.
fn told(outcome: &Outcome) -> String {
    let what = match &outcome.reply.said {
        Said::Answered(answer) => format!("ok {} {:.2}", answer.verdict.as_str(), answer.confidence),
        Said::Abstained(_) => "abstained".to_owned(),
        Said::Failed(failure, _) => format!("failed {}", failure.as_str()),
    };
    format!("{what} ({}x)", outcome.asked)
}

/// What is wrong with an outcome; empty where nothing is.
fn wrong(shape: &Shape, outcome: &Outcome) -> String {
    let ends = match &outcome.reply.said {
        Said::Answered(answer) if answer.verdict == MachineVerdict::TruePositive => {
            Some(Ends::Voted(answer.confidence))
        }
        Said::Failed(failure, why) if !why.is_empty() => Some(Ends::Failed(*failure)),
        _ => None,
    };
    if ends == Some(shape.ends)
        && outcome.asked == shape.asked
        && outcome.took < Duration::from_secs(shape.patience) + Duration::from_secs(5)
    {
        return String::new();
    }
    format!("{:?} after {} questions and {:?}", outcome.reply.said, outcome.asked, outcome.took)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_ends_every_shape_alike_and_none_as_a_false_positive() {
    let shapes: Vec<_> = [of_transport(), of_waits(), of_status(), of_wrapping(), of_fields()]
        .into_iter()
        .flatten()
        .map(Arc::new)
        .collect();
    let mut running = JoinSet::new();
    // Their deadlines are real: all at once they would wait for the processor, not for the server.
    let places = Arc::new(Semaphore::new(12));
    for (row, shape) in shapes.iter().enumerate() {
        for (column, kind) in KINDS.into_iter().enumerate() {
            let (voter, server) = set_up(kind, shape).await;
            let places = Arc::clone(&places);
            running.spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                ((row, column), outcome(voter, server).await)
            });
        }
    }
    let outcomes: BTreeMap<_, _> = running.join_all().await.into_iter().collect();
    let line = |cells: [&str; 5]| {
        let [name, rest @ ..] = cells;
        println!("{name:36} {}", rest.map(|cell| format!("{cell:27}")).join(" ").trim_end());
    };
    line(["shape", "ollama", "openai", "gemini", "anthropic"]);
    let mut offences = Vec::new();
    for (row, shape) in shapes.iter().enumerate() {
        let cells: [String; 4] = std::array::from_fn(|column| told(&outcomes[&(row, column)]));
        line([shape.name, &cells[0], &cells[1], &cells[2], &cells[3]]);
        for (column, kind) in KINDS.into_iter().enumerate() {
            let wrong = wrong(shape, &outcomes[&(row, column)]);
            if !wrong.is_empty() {
                offences.push(format!("{} / {}: {wrong}", shape.name, kind.as_str()));
            }
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
    assert!(shapes.len() >= 25);
}
