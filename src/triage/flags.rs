//! "Check before you agree": what argues against the verdict, found by code in the raw fields.
mod seen;
mod stated;

use super::policy::{Named, alarming_tags};
use crate::domain::dossier::{Dossier, Intel};
use crate::domain::{Claim, MachineVerdict, Report, Vote, detection::Process};
use crate::intel::{label, words};
use std::collections::BTreeSet;

/// What was said about a dossier.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The panel's votes, as they were given.
    pub panel: &'a [Vote],
    /// The advisers' votes.
    pub advisers: &'a [Vote],
    /// What the panel states about the event.
    pub claims: &'a [Claim],
}

/// The flags, and last what the event supports (kind `supported`).
pub fn of(dossier: &Dossier, report: &Report, said: Said<'_>, tag_patterns: &[String]) -> Vec<Named> {
    let Said { panel, advisers, claims } = said;
    let mut flags = Vec::new();
    flags.extend(host_history(dossier, panel, tag_patterns));
    flags.extend(stated::flags(panel, claims));
    flags.extend(dossier.intel.iter().filter_map(reputation));
    if report.verdict == MachineVerdict::FalsePositive {
        flags.extend(seen::flags(&dossier.detection));
    }
    flags.extend(labels(dossier, report));
    flags.extend(dissent(report.verdict, panel));
    flags.extend(advice(report.verdict, advisers));
    flags.extend(precedent(dossier, report.verdict));
    flags.extend(supported(dossier));
    flags
}

fn host_history(dossier: &Dossier, panel: &[Vote], patterns: &[String]) -> Option<Named> {
    let tags = dossier.host_tags();
    let tags = alarming_tags(&tags, patterns);
    if tags.is_empty() {
        return None;
    }
    let mentioned = panel.iter().filter_map(Vote::valid).any(|answer| {
        let text = format!("{} {} {}", answer.what_happened, answer.evidence_malicious, answer.ioc_analysis);
        tags.iter().any(|tag| text.contains(*tag))
    });
    let tail = if mentioned { "" } else { " No voter mentioned this." };
    Some((
        "host_tags",
        format!("Host history. {} is tagged {}.{tail}", dossier.detection.host_label(), tags.join(", ")),
    ))
}

fn reputation(intel: &Intel) -> Option<Named> {
    if let Some(text) = words::charge(intel) {
        return Some(("intelligence", text));
    }
    let reputation = intel.reputation.filter(|reputation| *reputation < 0)?;
    Some((
        "reputation",
        format!(
            "Reputation {} at {}, although 0 of {} engines flagged it.",
            minus(reputation),
            label(&intel.provider),
            intel.engines()
        ),
    ))
}

/// A real minus sign, so that it is not read as a dash.
fn minus(number: i64) -> String {
    number.to_string().replace('-', "\u{2212}")
}

/// Where rule and voters say different things about technique or severity.
fn labels(dossier: &Dossier, report: &Report) -> Option<Named> {
    let ruled = dossier.detection.techniques();
    let rule: BTreeSet<_> = ruled.iter().map(String::as_str).collect();
    let voted: BTreeSet<_> =
        report.mitre_techniques.iter().map(String::as_str).filter(|id| !rule.contains(id)).collect();
    let list = |ids: &BTreeSet<&str>| ids.iter().copied().collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !voted.is_empty() && !rule.is_empty() {
        parts.push(format!("Technique: rule {}, voters {}.", list(&rule), list(&voted)));
    }
    let rule_level = dossier.detection.rule.level.filter(|level| *level != report.severity);
    if let Some(level) = rule_level {
        parts.push(format!(
            "Severity: rule {}, triage {}.",
            level.label().to_lowercase(),
            report.severity.label().to_lowercase()
        ));
    }
    (!parts.is_empty()).then(|| ("labels_disagree", format!("Labels disagree. {}", parts.join(" "))))
}

fn dissent(verdict: MachineVerdict, panel: &[Vote]) -> Vec<Named> {
    let other = panel
        .iter()
        .filter_map(|vote| vote.valid().map(|answer| (vote, answer)))
        .filter(|(_, answer)| answer.verdict != verdict);
    other
        .filter(|_| verdict != MachineVerdict::NeedsReview)
        .map(|(vote, answer)| {
            ("dissent", format!("Dissent. {} says {}.", vote.voter, answer.verdict.label().to_lowercase()))
        })
        .collect()
}

/// Built-in voters that contradict the panel.
fn advice(verdict: MachineVerdict, advisers: &[Vote]) -> Vec<Named> {
    let said = advisers.iter().filter_map(|vote| vote.valid().map(|answer| (vote, answer)));
    said.filter(|(_, answer)| answer.verdict != verdict && verdict == MachineVerdict::FalsePositive)
        .map(|(vote, answer)| {
            let why =
                if answer.evidence_malicious.is_empty() { &answer.what_happened } else { &answer.evidence_malicious };
            ("advice", format!("Advice. {} says {}: {why}", vote.voter, answer.verdict.label().to_lowercase()))
        })
        .collect()
}

fn precedent(dossier: &Dossier, verdict: MachineVerdict) -> Option<Named> {
    let seen = dossier.precedents;
    (seen.true_positive > 0 && verdict == MachineVerdict::FalsePositive).then(|| {
        (
            "precedent",
            format!(
                "Precedent. {} of {} decided cases of this behaviour were true positives.",
                seen.true_positive,
                seen.total()
            ),
        )
    })
}

fn supported(dossier: &Dossier) -> Option<Named> {
    let process = dossier.detection.process()?;
    let parent = dossier.detection.parent();
    let signed = |process: &Process| process.signed == Some(true);
    let text = match (&parent, signed(&process)) {
        (Some(parent), true) if signed(parent) => format!("Both files are signed. The parent is {}.", parent.path),
        (_, true) => "The file is signed.".to_owned(),
        (Some(parent), false) if signed(parent) => format!("The parent is signed: {}.", parent.path),
        _ => return None,
    };
    Some(("supported", format!("Supported by the event. {text}")))
}
