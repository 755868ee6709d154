//! A triage and threat intelligence that took place elsewhere, brought in as they were recorded.
use crate::config::Policy;
use crate::domain::answer::Recommendation;
use crate::domain::{Answer, MachineVerdict, Outcome, Report, Severity, Verdict, VoteState, reason};
use crate::jobs::triage;
use crate::proof::receipt::{self, Judged};
use crate::review::{self, Declaration, ReviewError, blind, sight, sight::TRIAGED};
use crate::store::runs::{Finished, New, RunState};
use crate::store::{Actor, ActorKind, Change, JsonText, Tx, cases, intel, policies, record, runs, techniques, votes};
use serde::Deserialize;
use serde_json::Value;

/// What was recorded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Recorded {
    /// The report, in the seed's shape.
    pub triage: Option<Report>,
    /// Answers by provider, such as `{"virustotal": {…}}`.
    pub intel: Option<Value>,
    /// What an analyst declared.
    pub verdict: Option<Declared>,
}

/// An analyst's declaration that was made elsewhere.
#[derive(Debug, Clone, Deserialize)]
pub struct Declared {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason's code.
    pub reason: String,
    /// Free text, or empty.
    #[serde(default)]
    pub note: String,
    /// Who declared it.
    pub by: String,
}

impl Declared {
    /// What is wrong with it, if anything is.
    pub fn problem(&self) -> Option<String> {
        let codes: Vec<_> = reason::of(self.verdict).iter().map(|(code, _)| *code).collect();
        if self.verdict == Verdict::Pending {
            Some("verdict.verdict: must be a decision".to_owned())
        } else if !codes.contains(&self.reason.as_str()) {
            Some(format!("verdict.reason: must be one of {}", codes.join(", ")))
        } else if self.by.trim().is_empty() {
            Some("verdict.by: must name the analyst".to_owned())
        } else {
            None
        }
    }
}

/// Declares what an analyst declared elsewhere, and closes the case, so that it is a precedent.
///
/// # Errors
/// Where reason and verdict don't fit, and where the database refuses.
pub async fn declare(tx: &mut Tx, case: i64, declared: &Declared, now_ms: i64) -> Result<(), ReviewError> {
    let actor = Actor { kind: ActorKind::Person, name: declared.by.chars().take(100).collect(), ..Actor::system() };
    let declaration = Declaration {
        verdict: declared.verdict,
        reason: declared.reason.clone(),
        note: declared.note.clone(),
        close: true,
        version: None,
    };
    let before = cases::by_number(tx, case).await?;
    blind::brought_in(tx, &actor, &before, now_ms).await?;
    let case = cases::by_number(tx, case).await?;
    review::declare(tx, &actor, &case, &declaration, now_ms).await?;
    Ok(())
}

/// Stores what was recorded for a case, as run 1 and as answers of providers.
///
/// # Errors
/// Where the database refuses.
pub async fn attach(
    tx: &mut Tx,
    case: i64,
    detection_id: i64,
    fingerprint: &str,
    recorded: &Recorded,
    now_ms: i64,
) -> crate::store::Result<()> {
    let answers = recorded.intel.as_ref().and_then(Value::as_object).into_iter().flatten();
    for (provider, payload) in answers {
        let answer = intel::Answer {
            provider: provider.clone(),
            payload: JsonText(payload.clone()),
            fingerprint: fingerprint.to_owned(),
            fetched_ms: now_ms,
            recorded: true,
            ..intel::Answer::default()
        };
        intel::insert(tx, case, &answer).await?;
    }
    let Some(report) = &recorded.triage else { return Ok(()) };
    let new = New {
        case,
        detection_id,
        fingerprint,
        asked_by: "FusionSOC",
        continues: None,
        tries: 0,
        mode: &report.voting.mode,
        by_hand: false,
    };
    let (run_id, _) = runs::insert(tx, &new, now_ms).await?;
    give_votes(tx, run_id, report, now_ms).await?;
    for technique in &report.mitre_techniques {
        techniques::add(tx, case, technique, "voters").await?;
    }
    finish(tx, case, run_id, report, now_ms).await
}

/// The recorded votes, in their order.
async fn give_votes(tx: &mut Tx, run_id: i64, report: &Report, now_ms: i64) -> crate::store::Result<()> {
    for (position, vote) in (0_i64..).zip(&report.voting.votes) {
        let seat =
            votes::Seat { run_id, position, voter: &vote.model, role: "panel", kind: "recorded", model: &vote.model };
        votes::reserve(tx, seat).await?;
    }
    for stored in votes::of_run(tx, run_id).await? {
        let answer = answer_of(report, &stored.voter);
        let given = votes::Given {
            state: VoteState::Ok,
            failure: None,
            detail: "",
            answer: Some(&answer),
            raw: "",
            digest: "",
            tokens: (None, None),
            attempts: 0,
            latency_ms: 0,
        };
        votes::give(tx, stored.id, &given, now_ms).await?;
    }
    Ok(())
}

async fn finish(tx: &mut Tx, case: i64, run_id: i64, report: &Report, now_ms: i64) -> crate::store::Result<()> {
    let dossier = triage::dossier_of(tx, case, run_id).await?;
    let given = votes::of_run(tx, run_id).await?;
    let own = policies::of_case(tx, case).await?;
    let triage::Looked { flags, vetoes, claims } = triage::look(&dossier, report, &given, &own);
    triage::keep_claims(tx, &given, &claims).await?;
    let unanimous = report.voting.winning_count == report.voting.total_models;
    let end = Finished {
        weighing: None,
        state: RunState::Done,
        machine_verdict: report.verdict,
        outcome: if unanimous { Outcome::Unanimous } else { Outcome::Split },
        auto_action: Some(report.voting.auto_action.clone()).filter(|action| !action.is_empty()),
        flags,
        vetoes,
        note: "Recorded elsewhere, not made here.".to_owned(),
        recorded: true,
        report: report.clone(),
    };
    runs::finish(tx, run_id, &end, now_ms).await?;
    let policy = &Policy::default().of(&own);
    let judged = Judged { dossier: &dossier, panel: &report.voting.mode, policy, own: &own, gate: Value::Null };
    receipt::write(tx, run_id, judged, now_ms).await?;
    let text = format!(
        "Recorded triage brought in: {}, stated confidence {:.1}%",
        report.verdict.label().to_lowercase(),
        report.confidence * 100.0
    );
    let known = cases::by_number(tx, case).await?;
    let (text, new) = sight(&known).told((&text, report.verdict.as_str()), TRIAGED);
    let change =
        Change { org_id: known.org_id, case, kind: "triaged", text, old: "", new, run: Some(run_id), undo: None };
    record(tx, &Actor::panel(), change, now_ms).await?;
    blind::show_true_positive(tx, case, now_ms).await?;
    triage::refresh_case(tx, case).await
}

/// What a voter said, as far as the recorded report tells: its verdict, and its part of the summary.
fn answer_of(report: &Report, voter: &str) -> Answer {
    let vote = report.voting.votes.iter().find(|vote| vote.model == voter);
    let (said, about_iocs) = part_of(&report.summary, voter);
    let line = report.voting.vote_summary.iter().find(|line| line.starts_with(&format!("{voter}:")));
    let severity =
        line.and_then(|line| Severity::ALL.iter().copied().find(|severity| line.contains(&format!("({severity},"))));
    Answer {
        what_happened: said,
        evidence_malicious: String::new(),
        evidence_benign: String::new(),
        missing_information: String::new(),
        ioc_analysis: about_iocs,
        verdict: vote.map_or(MachineVerdict::NeedsReview, |vote| vote.verdict),
        false_positive_reason: String::new(),
        severity: severity.unwrap_or(report.severity),
        risk_score: report.risk_score,
        mitre_techniques: Vec::new(),
        iocs: Vec::new(),
        recommended_actions: Vec::<Recommendation>::new(),
        investigation_questions: Vec::new(),
        confidence: vote.map_or(0.0, |vote| vote.confidence),
    }
}

/// A voter's paragraph and its words about indicators, from a summary with one heading for each voter.
fn part_of(summary: &str, voter: &str) -> (String, String) {
    let part = summary.split("### ").find(|part| part.lines().next().is_some_and(|heading| heading.contains(voter)));
    let Some(part) = part else { return Default::default() };
    let body: Vec<_> =
        part.lines().skip(1).filter(|line| !line.starts_with("**Verdict:**") && !line.starts_with("---")).collect();
    let text = body.join("\n");
    match text.split_once("**IOC Analysis:**") {
        Some((said, iocs)) => (said.trim().to_owned(), iocs.trim().to_owned()),
        None => (text.trim().to_owned(), String::new()),
    }
}
