//! One detection through the panel, judged as a triage judges it.
use super::lines::Line;
use super::seats::Seats;
use crate::config::Config;
use crate::domain::dossier::{Dossier, Precedents, Prevalence};
use crate::domain::{Failure, MachineVerdict, Outcome, Vote, VoteState, Weights};
use crate::jobs::triage::Private;
use crate::triage::{claims, injection, observables, policy, prompt, report, vote};
use crate::voters::{Kind, Question, Said, Voter};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What came of one line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Item {
    /// The line's id.
    pub id: String,
    /// Its label, where it has one: `true_positive` or `false_positive`.
    pub label: Option<MachineVerdict>,
    /// The panel's verdict.
    pub verdict: MachineVerdict,
    /// How the votes came out.
    pub outcome: Outcome,
    /// The winners' stated confidence.
    pub confidence: f64,
    /// How malicious the panel holds it to be, 0 to 1: the mean over its votes.
    pub score: f64,
    /// The votes in the panel's order.
    pub votes: Vec<Given>,
    /// What keeps the machine from closing it.
    pub vetoes: Vec<Veto>,
    /// Whether panel and vetoes would let it be closed if the gate were open.
    pub closable: bool,
}

/// A vote.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Given {
    /// Whose.
    pub voter: String,
    /// How it stands.
    pub state: VoteState,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<MachineVerdict>,
    /// How sure it says it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// How malicious it holds the event to be, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// A veto.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Veto {
    /// Its kind.
    pub kind: String,
    /// In words.
    pub text: String,
}

/// Asks the panel about a line.
pub async fn one(config: &Config, (seats, rules): (&Seats, vote::Panel), line: &Line, precedents: Precedents) -> Item {
    let dossier = Arc::new(dossier(line, precedents));
    let plain = Arc::new(prompt::build(&dossier, rand::random(), rand::random()));
    let truncated = !plain.truncated.is_empty();
    let question = Question { dossier: Arc::clone(&dossier), prompt: plain, learnt: None };
    let cloud = config.policy.cloud_allowed;
    let asked = seats.iter().map(|voter| given(voter.as_ref(), &question, cloud, Private::of));
    let votes = futures_util::future::join_all(asked).await;
    let models = |vote: &&Vote| seats.iter().any(|one| one.name() == vote.voter && one.kind() != Kind::Builtin);
    let own_words = votes.iter().filter(models).filter_map(|vote| vote.valid().map(|answer| (vote, answer)));
    let stated: Vec<_> =
        own_words.flat_map(|(vote, answer)| claims::of_answer(&dossier, &vote.voter, answer)).collect();
    let counted = claims::counted(&votes, &stated);
    let mut count = vote::count(rules, &counted, &Weights::default(), dossier.detection.rule_severity());
    let second = second_look(seats, &question, cloud, (&mut count, &votes)).await;
    let report = report::report(&count, rules.mode, &counted, &dossier);
    let mut vetoes = policy::vetoes(&dossier, &count, report.severity, truncated, config.policy.vetoes());
    // A line stands for a behaviour that is known; nobody can have decided it here.
    vetoes.retain(|(kind, _)| *kind != "first_sight");
    vetoes.extend(policy::claims(&stated));
    vetoes.extend(policy::builtin(&dossier, &votes));
    vetoes.extend(injection::named(&injection::of(&dossier)).map(|(_, veto)| veto));
    vetoes.extend(second);
    Item {
        id: line.id.clone(),
        label: line.positive.map(
            |positive| {
                if positive { MachineVerdict::TruePositive } else { MachineVerdict::FalsePositive }
            },
        ),
        verdict: count.verdict,
        outcome: count.outcome,
        confidence: count.confidence,
        score: score(&counted),
        closable: policy::closable(&count, &vetoes),
        votes: counted.iter().map(told).collect(),
        vetoes: vetoes.into_iter().map(|(kind, text)| Veto { kind: kind.to_owned(), text }).collect(),
    }
}

/// What a triage would know of a detection whose behaviour has been seen before, and nothing else of its host.
fn dossier(line: &Line, precedents: Precedents) -> Dossier {
    Dossier {
        observables: observables::of(&line.detection),
        precedents,
        prevalence: Prevalence { cases: precedents.total().max(1), ..Prevalence::default() },
        intel: Vec::new(),
        evidence: Vec::new(),
        local: None,
        detection: line.detection.clone(),
    }
}

/// A voter's vote; from the cloud only where the settings allow it, and without names and secrets where it must be.
async fn given(voter: &dyn Voter, question: &Question, cloud: bool, hiding: fn(&Dossier) -> Private) -> Vote {
    let refused = Said::Failed(Failure::Refused, "policy.cloud_allowed is off.".to_owned());
    let said = if voter.cloud() && !cloud {
        refused
    } else if voter.private() {
        let private = hiding(&question.dossier);
        let prompt = Arc::clone(private.prompt());
        private.restored(voter.ask(&Question { prompt, ..question.clone() }).await).said
    } else {
        voter.ask(question).await.said
    };
    let (state, failure, answer) = match said {
        Said::Answered(answer) => (VoteState::Ok, None, Some(answer)),
        Said::Abstained(_) => (VoteState::Abstained, None, None),
        Said::Failed(failure, _) => (VoteState::Failed, Some(failure), None),
    };
    Vote { voter: voter.name().to_owned(), state, failure, answer }
}

/// A false positive by models stands only if one of them sees the same without the event's words.
async fn second_look(
    seats: &Seats,
    question: &Question,
    cloud: bool,
    (count, votes): (&mut vote::Count, &[Vote]),
) -> Option<policy::Named> {
    let given_by = |voter: &str| votes.iter().any(|vote| vote.voter == voter && vote.valid().is_some());
    let model = seats.iter().find(|one| one.kind() != Kind::Builtin && given_by(one.name()))?;
    if count.verdict != MachineVerdict::FalsePositive {
        return None;
    }
    let prompt = Arc::new(prompt::masked(&question.dossier, rand::random(), rand::random(), None));
    let again = Question { prompt, ..question.clone() };
    let said = given(model.as_ref(), &again, cloud, Private::again).await.verdict();
    if said == Some(MachineVerdict::FalsePositive) {
        return None;
    }
    (count.verdict, count.outcome, count.auto_action) = (MachineVerdict::NeedsReview, Outcome::Split, None);
    Some(("masked_look", format!("{} does not say so without the event's words.", model.name())))
}

/// How malicious a vote holds the event to be: its confidence for a true positive, the rest to one for a false
/// positive, its risk where it wants a review.
fn malice(vote: &Vote) -> Option<f64> {
    vote.valid().map(|answer| match answer.verdict {
        MachineVerdict::TruePositive => answer.confidence,
        MachineVerdict::FalsePositive => 1.0 - answer.confidence,
        MachineVerdict::NeedsReview | MachineVerdict::None => f64::from(answer.risk_score) / 100.0,
    })
}

/// One half where nobody voted.
fn score(votes: &[Vote]) -> f64 {
    let said: Vec<f64> = votes.iter().filter_map(malice).collect();
    #[expect(clippy::cast_precision_loss, reason = "a panel has a handful of voters")]
    let count = said.len() as f64;
    if said.is_empty() { 0.5 } else { said.iter().sum::<f64>() / count }
}

fn told(vote: &Vote) -> Given {
    Given {
        voter: vote.voter.clone(),
        state: vote.state,
        failure: vote.failure,
        verdict: vote.verdict(),
        confidence: vote.valid().map(|answer| answer.confidence),
        score: malice(vote),
    }
}

/// `each` precedents for every labelled behaviour, of its lines' labels in their shares, what is left over
/// declared true positive.
pub fn precedents(lines: &[Line], each: u16) -> HashMap<String, Precedents> {
    let mut labels: HashMap<&str, (i64, i64)> = HashMap::new();
    for (line, positive) in lines.iter().filter_map(|line| line.positive.map(|positive| (line, positive))) {
        let (bad, good) = labels.entry(&line.fingerprint).or_default();
        *(if positive { bad } else { good }) += 1;
    }
    let each = i64::from(each);
    let of = |(bad, good): (i64, i64)| {
        let false_positive = each * good / (bad + good);
        Precedents { false_positive, true_positive: each - false_positive, ..Precedents::default() }
    };
    labels.into_iter().map(|(fingerprint, counts)| (fingerprint.to_owned(), of(counts))).collect()
}
