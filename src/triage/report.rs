//! Writes a run's report: the count, and the voters' words put together.
use super::vote::{Count, Mode};
use crate::domain::report::{CountedVote, Voting};
use crate::domain::{Answer, Dossier, MachineVerdict, Outcome, Report, Vote};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The report in the seed's shape. The first voter of the panel is the primary one.
pub fn report(count: &Count, mode: Mode, votes: &[Vote], dossier: &Dossier) -> Report {
    let valid: Vec<(&Vote, &Answer)> =
        votes.iter().filter_map(|vote| vote.valid().map(|answer| (vote, answer))).collect();
    let winners = || valid.iter().map(|(_, answer)| *answer).filter(|answer| answer.verdict == count.winning_verdict);
    let primary = winners().next();
    let text = |field: fn(&Answer) -> &String| primary.map(|answer| field(answer).clone()).unwrap_or_default();
    let is_fp = count.verdict == MachineVerdict::FalsePositive;
    Report {
        confidence: count.confidence,
        false_positive_reason: if is_fp { text(|answer| &answer.false_positive_reason) } else { String::new() },
        investigation_questions: questions(&valid),
        ioc_analysis: text(|answer| &answer.ioc_analysis),
        iocs_extracted: iocs(&valid, dossier),
        mitre_techniques: techniques(&valid, dossier),
        recommended_actions: advice(count, &valid),
        risk_score: count.risk_score,
        severity: count.severity,
        summary: summary(count, votes),
        verdict: count.verdict,
        voting: voting(count, mode, &valid),
    }
}

fn voting(count: &Count, mode: Mode, valid: &[(&Vote, &Answer)]) -> Voting {
    let line = |vote: &Vote, answer: &Answer| {
        format!(
            "{}: {} ({}, {:.0}% confidence)",
            vote.voter,
            answer.verdict,
            answer.severity,
            answer.confidence * 100.0
        )
    };
    Voting {
        auto_action: count.auto_action.unwrap_or_default().to_owned(),
        mode: mode.as_str().to_owned(),
        total_models: count.total,
        vote_summary: valid.iter().map(|(vote, answer)| line(vote, answer)).collect(),
        votes: valid
            .iter()
            .map(|(vote, answer)| CountedVote {
                confidence: answer.confidence,
                model: vote.voter.clone(),
                verdict: answer.verdict,
            })
            .collect(),
        winning_count: count.winning_count,
        winning_verdict: count.winning_verdict,
    }
}

fn questions(valid: &[(&Vote, &Answer)]) -> Vec<String> {
    let mut all = Vec::new();
    for question in valid.iter().flat_map(|(_, answer)| &answer.investigation_questions) {
        if !question.is_empty() && !all.contains(question) && all.len() < 6 {
            all.push(question.clone());
        }
    }
    all
}

/// Only what literally occurs in the event: a voter can't put a value there.
fn iocs(valid: &[(&Vote, &Answer)], dossier: &Dossier) -> Vec<String> {
    let mut texts = Vec::new();
    leaves(&dossier.detection.event, &mut texts);
    let mut all = Vec::new();
    for ioc in valid.iter().flat_map(|(_, answer)| &answer.iocs) {
        if ioc.len() >= 4 && !all.contains(ioc) && texts.iter().any(|text| text.contains(ioc.as_str())) {
            all.push(ioc.clone());
        }
    }
    all
}

fn leaves<'a>(value: &'a serde_json::Value, into: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) => into.push(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        serde_json::Value::Object(map) => map.values().for_each(|item| leaves(item, into)),
        _ => {}
    }
}

/// Techniques that two voters name, or one voter and the rule; with one voter in all, its own.
fn techniques(valid: &[(&Vote, &Answer)], dossier: &Dossier) -> Vec<String> {
    let rule = dossier.detection.techniques();
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for technique in valid.iter().flat_map(|(_, answer)| &answer.mitre_techniques) {
        *named.entry(technique).or_default() += 1;
    }
    let enough = valid.len().min(2);
    named
        .into_iter()
        .filter(|(id, count)| *count >= enough || rule.iter().any(|known| known == id))
        .map(|(id, _)| id.to_owned())
        .collect()
}

fn advice(count: &Count, valid: &[(&Vote, &Answer)]) -> Vec<String> {
    let mut all = Vec::new();
    if count.auto_action.is_some() {
        all.push("Close case as false positive (unanimous AI verdict)".to_owned());
    }
    for action in valid.iter().flat_map(|(_, answer)| &answer.recommended_actions) {
        let label = action.label().to_owned();
        let said = *action == crate::domain::answer::Recommendation::CloseFp && count.auto_action.is_some();
        if !said && !all.contains(&label) {
            all.push(label);
        }
    }
    all
}

/// Markdown: how the vote came out, then each voter under its name. Voters' words are untrusted.
fn summary(count: &Count, votes: &[Vote]) -> String {
    let verdict = count.winning_verdict.as_str().replace('_', " ").to_uppercase();
    let how = match count.outcome {
        Outcome::Unanimous => "UNANIMOUS",
        Outcome::Majority => "MAJORITY",
        Outcome::Weighted => "WEIGHTED",
        Outcome::Single => "SINGLE",
        Outcome::Split => "SPLIT",
        Outcome::NoQuorum => "NO QUORUM",
        Outcome::Degraded => "DEGRADED",
    };
    let mut text = format!("**Vote: {how} ({}/{} -> {verdict})**\n", count.winning_count, count.total);
    for (at, vote) in votes.iter().enumerate() {
        let rank = if at == 0 { "Primary" } else { "Secondary" };
        // Writing to a String can't fail.
        let _ = write!(text, "\n---\n\n### {} Analysis ({rank})\n", vote.voter);
        let _ = match (vote.valid(), vote.failure) {
            (Some(answer), _) => write!(
                text,
                "**Verdict:** {} | **Confidence:** {}\n{}\n\n**IOC Analysis:** {}\n",
                answer.verdict, answer.confidence, answer.what_happened, answer.ioc_analysis
            ),
            (None, Some(failure)) => writeln!(text, "No vote: {} {}.", vote.voter, failure.label()),
            (None, None) => writeln!(text, "No vote: abstained."),
        };
    }
    text
}
