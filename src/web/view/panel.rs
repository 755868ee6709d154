//! A run for the case page: the answer in words, what argues against it, each vote.
use super::claims;
use super::measured;
use super::text::visible;
use super::words::{self, Glyph, duration, percent};
use crate::domain::claim::Passage;
use crate::domain::{MachineVerdict, Outcome, VoteState};
use crate::jobs::triage::money;
use crate::store::runs::{Run, RunState};
use crate::store::votes::{CONTROL, MASKED, Stored};
use crate::triage::{injection, weighted};
use crate::web::markdown::{self, Html};

/// One vote.
#[derive(Debug, Clone, PartialEq)]
pub struct VoteView {
    /// The voter.
    pub voter: String,
    /// `primary`, `secondary` or `adviser`.
    pub role: &'static str,
    /// Its verdict's shape.
    pub glyph: Glyph,
    /// Whether it is a valid vote.
    pub valid: bool,
    /// Whether the answer is still to come.
    pub waiting: bool,
    /// Stated confidence, 0 to 100, and as text.
    pub confidence: (String, String),
    /// Its own words.
    pub said: Html,
    /// Evidence it names: malicious, benign, missing.
    pub evidence: Vec<(&'static str, Html)>,
    /// Its words about indicators.
    pub about_iocs: Html,
    /// How it is counted, where that is not what it said.
    pub turned: String,
    /// What it counted, where votes are weighed.
    pub counted: String,
    /// How often it was right where it was this sure, or empty; filled in by who knows.
    pub measured: String,
    /// Why there is no vote.
    pub problem: String,
    /// Facts of how it came about.
    pub provenance: Vec<String>,
    /// The prompt as it was sent, or empty.
    pub prompt: String,
    /// The raw answer, or empty.
    pub raw: String,
    /// Whether it differs from the panel's verdict.
    pub dissents: bool,
    /// Whether it was given in another case.
    pub reused: bool,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// Its number.
    pub number: i64,
    /// The verdict's shape.
    pub glyph: Glyph,
    /// The answer in words.
    pub headline: String,
    /// Mean stated confidence, or empty.
    pub confidence: String,
    /// The reason and the risk.
    pub reason: Html,
    /// What the vote would allow, or empty.
    pub auto_action: String,
    /// How the votes are counted.
    pub rule: String,
    /// Panel votes.
    pub votes: Vec<VoteView>,
    /// Advice that does not count.
    pub advice: Vec<VoteView>,
    /// The second look at the event without its words.
    pub second: Vec<VoteView>,
    /// The question with a planted instruction.
    pub control: Vec<VoteView>,
    /// What argues against it: head, text.
    pub flags: Vec<(String, String)>,
    /// What the event supports.
    pub supported: Vec<(String, String)>,
    /// What keeps the machine from closing.
    pub vetoes: Vec<String>,
    /// Something to know about the run.
    pub note: String,
    /// Whether it is under way.
    pub under_way: bool,
    /// Whether it was recorded elsewhere.
    pub recorded: bool,
    /// Given and expected votes.
    pub given: (usize, usize),
    /// Recommendations in words.
    pub recommended: Vec<String>,
    /// Open questions.
    pub questions: Vec<String>,
    /// The effect of questions on who voted: how many had a say.
    pub asked_by: String,
}

/// A run for the page.
pub fn run(run: &Run, stored: &[Stored]) -> RunView {
    let votes: Vec<&Stored> = stored.iter().filter(|vote| vote.counts()).collect();
    let of_role = |role: &'static str| stored.iter().filter(move |vote| vote.role == role);
    let given = votes.iter().filter(|vote| !matches!(vote.state, VoteState::Pending | VoteState::Asking)).count();
    let under_way = matches!(run.state, RunState::Queued | RunState::Running);
    let report = run.report.as_ref().map(|report| &report.0);
    let split = |kind: bool| {
        let chosen = run.flags.0.iter().filter(|flag| (flag.kind == "supported") == kind);
        chosen.map(|flag| head(&visible(&flag.text))).collect::<Vec<_>>()
    };
    RunView {
        number: run.number,
        glyph: if under_way { words::machine(MachineVerdict::None) } else { words::machine(run.machine_verdict) },
        headline: headline(run, &votes, given, under_way),
        confidence: run
            .confidence
            .filter(|_| !under_way && run.state == RunState::Done)
            .map(percent)
            .unwrap_or_default(),
        reason: report.map(|report| reason(&report.false_positive_reason, run, &votes)).unwrap_or_default(),
        auto_action: run.auto_action.clone().unwrap_or_default(),
        rule: rule(run),
        votes: votes
            .iter()
            .enumerate()
            .map(|(at, vote)| vote_view(vote, if at == 0 { "primary" } else { "secondary" }, run))
            .collect(),
        advice: of_role("adviser").map(|vote| vote_view(vote, "adviser", run)).collect(),
        second: of_role(MASKED).map(|vote| vote_view(vote, "second look", run)).collect(),
        control: of_role(CONTROL).map(|vote| vote_view(vote, "control", run)).collect(),
        flags: split(false),
        supported: split(true),
        vetoes: run.vetoes.0.iter().map(|veto| veto.text.clone()).collect(),
        note: run.note.clone(),
        under_way,
        recorded: run.recorded,
        given: (given, votes.len()),
        recommended: report.map(|report| report.recommended_actions.clone()).unwrap_or_default(),
        questions: report.map(|report| report.investigation_questions.clone()).unwrap_or_default(),
        asked_by: run.asked_by.clone(),
    }
}

/// The text of the event that tries to steer the vote.
pub fn steering(run: &Run) -> Option<String> {
    run.flags.0.iter().find(|flag| flag.kind == injection::FLAG).map(|flag| head(&flag.text).1)
}

/// The first sentence as a head, the rest as text.
fn head(text: &str) -> (String, String) {
    let (head, rest) = text.split_once(". ").unwrap_or((text, ""));
    if rest.is_empty() { (String::new(), head.to_owned()) } else { (format!("{head}."), rest.to_owned()) }
}

fn headline(run: &Run, votes: &[&Stored], given: usize, under_way: bool) -> String {
    if under_way {
        return if votes.is_empty() {
            "Waiting for the panel".to_owned()
        } else {
            format!("{given} of {} votes are in", votes.len())
        };
    }
    if run.state == RunState::Interrupted {
        return "This run was interrupted".to_owned();
    }
    let verdict = run.machine_verdict.label().to_lowercase();
    let valid: Vec<_> = votes.iter().filter(|vote| vote.state == VoteState::Ok).collect();
    let failed = votes.iter().filter(|vote| vote.state == VoteState::Failed).count();
    if run.flags.0.iter().any(|flag| flag.kind == "masked_look") {
        return "Needs review: without the event's words a voter says otherwise".to_owned();
    }
    let turned = valid.iter().filter(|vote| claims::is_turned(vote)).count();
    let agree = valid.windows(2).all(|pair| pair[0].verdict == pair[1].verdict);
    let outweighed = run.weighing.as_ref().is_some_and(|weighing| !weighted::wins(&weighing.0));
    match run.outcome {
        _ if turned > 0 && !run.recorded && run.machine_verdict == MachineVerdict::NeedsReview => {
            format!("Needs review: {turned} of {} votes rest on what the event contradicts", votes.len())
        }
        Some(Outcome::Unanimous) => format!("{} say {verdict}", everybody(valid.len())),
        Some(Outcome::Majority) => format!("The majority says {verdict}"),
        Some(Outcome::Weighted) => format!("By weight, the voters say {verdict}"),
        Some(Outcome::Single) => format!("One voter says {verdict}"),
        Some(Outcome::Degraded) if votes.iter().any(|vote| vote.unasked) => {
            "Needs review: the day's budget is used up".to_owned()
        }
        Some(Outcome::Degraded) => format!("Needs review: {} of {} voters did not vote", failed, votes.len()),
        Some(Outcome::NoQuorum) => "Needs review: too few voters had something to say".to_owned(),
        Some(Outcome::Split) if agree && outweighed => {
            "Needs review: the voters agree, but too little shows that they are right".to_owned()
        }
        Some(Outcome::Split) if agree => "Needs review: the voters agree, but call the severity high".to_owned(),
        Some(Outcome::Split) => "Needs review: the voters disagree".to_owned(),
        None => "No vote yet".to_owned(),
    }
}

fn everybody(count: usize) -> String {
    match count {
        2 => "Both voters".to_owned(),
        3 => "All three voters".to_owned(),
        4 => "All four voters".to_owned(),
        5 => "All five voters".to_owned(),
        more => format!("All {more} voters"),
    }
}

fn reason(reason: &str, run: &Run, votes: &[&Stored]) -> Html {
    let risk = run.risk_score.map(|score| format!("Risk score {score} of 100.")).unwrap_or_default();
    let whose = votes.iter().find(|vote| vote.answer.as_ref().is_some_and(|it| it.0.false_positive_reason == reason));
    let strikes = whose.map(|vote| claims::strikes(vote, Passage::FalsePositiveReason)).unwrap_or_default();
    let text = if reason.is_empty() { risk } else { format!("{} {risk}", reason.trim_end()) };
    markdown::plain(&text, &strikes)
}

fn rule(run: &Run) -> String {
    let mode = if run.mode.is_empty() { "unanimous" } else { &run.mode };
    let outcome = run.outcome.map(|outcome| outcome.label().to_lowercase()).unwrap_or_default();
    format!(
        "Vote rule: {mode}{}",
        if outcome.is_empty() || outcome == mode { String::new() } else { format!(", outcome: {outcome}") },
    ) + &measured::weighing(run)
}

fn vote_view(vote: &Stored, role: &'static str, run: &Run) -> VoteView {
    let answer = vote.answer.as_ref().map(|answer| &answer.0);
    let waiting = matches!(vote.state, VoteState::Pending | VoteState::Asking);
    let strikes = |field| claims::strikes(vote, field);
    let confidence = vote.confidence.map(|share| (format!("{:.1}", share * 100.0), percent(share))).unwrap_or_default();
    let problem = match vote.state {
        VoteState::Failed => words::no_vote(&vote.voter, vote.failure, &vote.detail),
        VoteState::Abstained => vote.detail.clone(),
        VoteState::Asking => "Asked, waiting for the answer.".to_owned(),
        VoteState::Pending => "Not asked yet.".to_owned(),
        VoteState::Ok => String::new(),
    };
    VoteView {
        voter: vote.voter.clone(),
        role,
        glyph: words::vote(vote.state, vote.verdict),
        valid: vote.state == VoteState::Ok,
        waiting,
        confidence,
        said: markdown::model(answer.map_or("", |answer| &answer.what_happened), &strikes(Passage::WhatHappened)),
        evidence: answer.map(|answer| claims::evidence(vote, answer)).unwrap_or_default(),
        about_iocs: markdown::model(answer.map_or("", |answer| &answer.ioc_analysis), &strikes(Passage::IocAnalysis)),
        turned: claims::turned(vote, run),
        counted: measured::counted(&vote.voter, run),
        measured: String::new(),
        problem: visible(&problem),
        provenance: provenance(vote),
        prompt: vote.prompt.clone(),
        raw: vote.raw.clone(),
        reused: vote.reused_from.is_some(),
        dissents: vote.verdict.is_some_and(|verdict| verdict != run.machine_verdict) && run.state == RunState::Done,
    }
}

fn provenance(vote: &Stored) -> Vec<String> {
    if vote.kind == "recorded" {
        return vec!["recorded elsewhere".to_owned()];
    }
    let mut facts = Vec::new();
    if let Some(ms) = vote.latency_ms.filter(|_| vote.answered_ms.is_some() && vote.kind != "builtin") {
        facts.push(if ms < 10_000 {
            format!("{:.1} s", std::time::Duration::from_millis(ms.unsigned_abs()).as_secs_f64())
        } else {
            duration(ms)
        });
    }
    facts.push(format!("{} {}", vote.kind, vote.model));
    if !vote.digest.is_empty() {
        facts.push(format!("digest {}", &vote.digest[..vote.digest.floor_char_boundary(12)]));
    }
    if !vote.prompt_version.is_empty() {
        facts.push(format!(
            "prompt {} {}",
            vote.prompt_version,
            &vote.prompt_hash[..vote.prompt_hash.floor_char_boundary(8)]
        ));
    }
    if vote.replaced > 0 {
        let values = if vote.replaced == 1 { "value" } else { "values" };
        facts.push(format!("{} {values} replaced before it was sent", vote.replaced));
    }
    if vote.attempts > 1 {
        facts.push(format!("{} tries", vote.attempts));
    }
    if let Some(micro) = vote.cost_micro.filter(|micro| *micro > 0) {
        facts.push(format!("cost {}", money(micro)));
    }
    if vote.reused_from.is_some() {
        facts.push("reused".to_owned());
    } else if let Some(number) = vote.carried_from {
        facts.push(format!("taken over from run {number}"));
    }
    facts
}
