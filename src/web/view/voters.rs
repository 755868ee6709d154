//! The figures of voters and of their panel, as the Models page shows them.
use super::links;
use super::measured::{accuracy, right_of};
use super::together::address;
use super::words::{duration, percent};
use crate::domain::{MachineVerdict, VoteState};
use crate::jobs::evidence::count;
use crate::store::activity::DAY_MS;
use crate::store::measured::{Came, Cell, PANEL, Recent};
use crate::triage::measure::{self, Member, Together};
use crate::voters::Voter;

/// So many of a voter's newest votes make its latency.
const LATENCIES: usize = 200;
/// Answers and failures are counted over so many days.
const DAYS: i64 = 7;

/// A number with the page of its cases, or none where there is nothing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub cases: i64,
    /// The page of its cases.
    pub href: String,
    /// Whether it is a missed true positive.
    pub missed: bool,
}

/// One row of a confusion table: what was said, in how many cases that were declared benign and malicious.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was said.
    pub said: &'static str,
    /// Declared benign, malicious.
    pub counts: [Count; 2],
}

/// What a voter was measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// How often it was right, in words.
    pub accuracy: String,
    /// Its confusion table; none where nothing was declared.
    pub rows: Vec<Row>,
}

/// The figures of a voter: a label and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The voter.
    pub name: String,
    /// `panel`, `adviser` or `no vote`.
    pub role: &'static str,
    /// Facts: what, value.
    pub facts: Vec<(&'static str, String)>,
    /// What it was measured by.
    pub measured: Measured,
}

/// The table of one voter's cells, which are of a day on.
pub fn measured(voter: &str, model: &str, (cells, from): (&[Cell], &str)) -> Measured {
    let cells: Vec<&Cell> = cells.iter().filter(|cell| cell.voter == voter && cell.model == model).collect();
    let accuracy = accuracy(right_of(cells.iter().map(|cell| (cell.vote, cell.declared, cell.cases))));
    let count = |vote: MachineVerdict, truth: MachineVerdict| {
        let wanted = cells.iter().filter(|cell| cell.vote == vote && measure::truth(cell.declared) == Some(truth));
        let word = if truth == MachineVerdict::TruePositive { "malicious" } else { "benign" };
        Count {
            cases: wanted.map(|cell| cell.cases).sum(),
            href: links::measured((voter, model), vote.as_str(), word, from),
            missed: (vote, truth) == (MachineVerdict::FalsePositive, MachineVerdict::TruePositive),
        }
    };
    let row = |vote: MachineVerdict| Row {
        said: vote.label(),
        counts: [count(vote, MachineVerdict::FalsePositive), count(vote, MachineVerdict::TruePositive)],
    };
    let said = [MachineVerdict::FalsePositive, MachineVerdict::NeedsReview, MachineVerdict::TruePositive];
    let rows = if cells.is_empty() { Vec::new() } else { said.map(row).to_vec() };
    Measured { accuracy, rows }
}

/// The figures of a voter from its newest votes and its cells.
pub fn figures(voter: &dyn Voter, role: &'static str, recent: &[Recent], cells: (&[Cell], &str), now: i64) -> Figures {
    let answered = recent.iter().find(|vote| vote.state == VoteState::Ok);
    let or_none = |text: String| if text.is_empty() { "none yet".to_owned() } else { text };
    let version = answered.map(version).unwrap_or_default();
    let facts = vec![
        ("Version at the last answer", or_none(version)),
        ("Time to answer", or_none(latency(recent))),
        ("Last 7 days", week(recent, now - DAYS * DAY_MS)),
        ("With the panel's verdict", or_none(agreement(recent))),
        ("Tokens in 7 days", tokens(recent, now - DAYS * DAY_MS)),
    ];
    Figures { name: voter.name().to_owned(), role, facts, measured: measured(voter.name(), voter.model(), cells) }
}

fn version(vote: &Recent) -> String {
    let digest = match vote.digest.as_str() {
        "" => String::new(),
        digest => format!("digest {}", &digest[..digest.floor_char_boundary(12)]),
    };
    let prompt = if vote.prompt_version.is_empty() { String::new() } else { format!("prompt {}", vote.prompt_version) };
    let parts: Vec<_> = [digest, prompt].into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "built in".to_owned() } else { parts.join(", ") }
}

/// The median and the time within which 95 of 100 answers came, by nearest rank.
fn latency(recent: &[Recent]) -> String {
    let answered = recent.iter().filter(|vote| vote.state == VoteState::Ok);
    let mut all: Vec<i64> = answered.filter_map(|vote| vote.latency_ms).take(LATENCIES).collect();
    all.sort_unstable();
    let rank = |share: usize| all.get((all.len() * share).div_ceil(100).saturating_sub(1)).copied();
    let told = |ms: i64| if ms < 10_000 { format!("{ms} ms") } else { duration(ms) };
    match (rank(50), rank(95)) {
        (Some(half), Some(most)) => {
            format!("half within {}, 95% within {} ({})", told(half), told(most), count(all.len(), "vote"))
        }
        _ => String::new(),
    }
}

fn week(recent: &[Recent], since: i64) -> String {
    let votes: Vec<_> = recent.iter().filter(|vote| vote.asked_ms >= since).collect();
    let of = |state: VoteState| votes.iter().filter(|vote| vote.state == state).count();
    let mut parts = vec![count(of(VoteState::Ok), "answer")];
    if of(VoteState::Abstained) > 0 {
        parts.push(count(of(VoteState::Abstained), "abstention"));
    }
    for failure in crate::domain::Failure::ALL {
        let count = votes.iter().filter(|vote| vote.failure == Some(*failure)).count();
        if count > 0 {
            parts.push(format!("{count} × {}", failure.label()));
        }
    }
    if of(VoteState::Failed) == 0 {
        parts.push("no failures".to_owned());
    }
    parts.join(", ")
}

fn agreement(recent: &[Recent]) -> String {
    let both = |vote: &&Recent| vote.role != "masked" && vote.verdict.is_some() && vote.panel != MachineVerdict::None;
    let all = recent.iter().filter(both).count();
    let same = recent.iter().filter(both).filter(|vote| vote.verdict == Some(vote.panel)).count();
    if all == 0 { String::new() } else { format!("{same} of {all} votes") }
}

fn tokens(recent: &[Recent], since: i64) -> String {
    let sum: i64 = recent.iter().filter(|vote| vote.asked_ms >= since).map(|vote| vote.tokens).sum();
    sum.to_string()
}

/// The figures of the panel.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelFigures {
    /// Outcomes: word, cases, share.
    pub outcomes: Vec<(&'static str, i64, String)>,
    /// The mean of what was stated, or empty.
    pub stated: String,
    /// What it was measured by.
    pub measured: Measured,
    /// As how many independent votes it counts, and why.
    pub effective: String,
    /// In how many cases all were wrong together, of how many that all decided, and in what share they can be right at
    /// most; nothing where all decided none.
    pub common: Option<([(i64, String); 2], String)>,
    /// Every two voters.
    pub pairs: Vec<Pair>,
    /// How many cases are left out because a program declared them, and their list.
    pub left_out: Option<(String, String)>,
}

/// Two voters and their errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Their names.
    pub names: String,
    /// Cases that both decided, and their list.
    pub cases: (usize, String),
    /// Of these, those that both decided wrongly, and their list.
    pub both: (usize, String),
    /// The correlation.
    pub rho: String,
}

/// The figures of the panel of these members and this name; cells are of a day on.
pub fn panel(
    (members, name): (&[Member], &str),
    came: &[Came],
    (cells, from): (&[Cell], &str),
    together: &Together,
) -> PanelFigures {
    let all: i64 = came.iter().map(|one| one.cases).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let share = |cases: i64| percent(cases as f64 / all.max(1) as f64);
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let stated = came.iter().map(|one| one.stated * one.cases as f64).sum::<f64>() / all.max(1) as f64;
    PanelFigures {
        outcomes: came.iter().map(|one| (one.outcome.label(), one.cases, share(one.cases))).collect(),
        stated: if all == 0 { String::new() } else { percent(stated) },
        measured: measured(PANEL, name, (cells, from)),
        effective: effective(members, together),
        common: common(together, from),
        pairs: together.pairs.iter().map(|pair| pair_view(members, pair, from)).collect(),
        left_out: None,
    }
}

fn effective(members: &[Member], together: &Together) -> String {
    let votes = if members.len() == 1 { "vote counts" } else { "votes count" };
    let basis = if together.assumed { "assumed for want of declared cases" } else { "from declared cases" };
    let why = if members.len() > 1 { format!(" (ρ = {:.2}, {basis})", together.rho) } else { String::new() };
    format!("{} {votes} like {:.1} independent{why}", members.len(), together.effective)
}

fn common(together: &Together, from: &str) -> Option<([(i64, String); 2], String)> {
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let beta = together.all_wrong as f64 / together.cases as f64;
    let list = |wrong: &str| address(&[("from", from), ("wrong", wrong)]);
    let counts = [(together.all_wrong, list("all")), (together.cases, list("decided"))];
    (together.cases > 0).then(|| (counts, percent(1.0 - beta)))
}

fn pair_view(members: &[Member], pair: &measure::Pair, from: &str) -> Pair {
    let name = |at: usize| members.get(at).map_or("", |member| member.name.as_str());
    let (one, other) = (name(pair.of.0), name(pair.of.1));
    let list = |wrong: &str| address(&[("from", from), ("one", one), ("other", other), ("wrong", wrong)]);
    Pair {
        names: format!("{one} and {other}"),
        cases: (pair.cases, list("")),
        both: (pair.both_wrong, list("true")),
        rho: format!("{:.2}{}", pair.rho, if pair.assumed { ", assumed" } else { "" }),
    }
}
