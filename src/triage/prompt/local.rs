//! Local evidence in the prompt: numbers and words of ours alone. In what behaviours differ was written by others,
//! and stays out.
use crate::domain::Severity;
use crate::domain::dossier::Dossier;
use crate::domain::evidence::EvidenceState;
use crate::domain::local::{Beside, HostHistory, Level, Local, Spread};
use std::fmt::Write;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One line of facts; nothing where there is no local evidence.
pub(super) fn facts(dossier: &Dossier) -> String {
    let Some(local) = &dossier.local else { return String::new() };
    format!(
        "\n  local_evidence: prevalence={} host_14d={} near_30min={} tags={} same_rule_and_images={} same_rule={}",
        spread(local.spread, dossier.detection.event_ms),
        host(&local.host),
        beside(&local.beside),
        local.tags.len(),
        level(&local.family),
        level(&local.rule)
    )
}

/// What reuse of votes depends on: which verdicts there were on nearly the same behaviours, and on the host.
pub fn decisions(local: &Local) -> String {
    let of = |level: &Level| {
        let seen = level.decided;
        format!("{}{}{}", seen.false_positive.min(1), seen.benign_true_positive.min(1), seen.true_positive.min(1))
    };
    let malicious = local.host.verdicts.iter().any(|(verdict, _)| *verdict == crate::domain::Verdict::TruePositive);
    format!("family={} rule={} host={malicious}", of(&local.family), of(&local.rule))
}

fn spread(spread: Spread, event_ms: Option<i64>) -> String {
    let first = spread.first_ms.zip(event_ms).map(|(first, event)| (event - first).max(0) / DAY_MS);
    let first = first.map(|days| format!(" first_seen_days_before={days}")).unwrap_or_default();
    format!("{}(cases={} hosts={} days={}{first})", spread.state(), spread.cases, spread.hosts, spread.days)
}

fn host(host: &HostHistory) -> String {
    let state = if host.cases() > 0 { EvidenceState::Ok } else { EvidenceState::Empty };
    let mut all = format!("{state}(detections={} other_cases={}", host.detections, host.cases());
    // Writing to a String can't fail.
    for (severity, cases) in &host.severities {
        let _ = write!(all, " {severity}={cases}");
    }
    for (verdict, cases) in &host.verdicts {
        let _ = write!(all, " {verdict}={cases}");
    }
    all + ")"
}

fn beside(beside: &Beside) -> String {
    if beside.nearest.is_empty() {
        return EvidenceState::Empty.to_string();
    }
    let more = if beside.more { "+" } else { "" };
    let worst = beside.nearest.iter().filter_map(|one| one.level).max().unwrap_or(Severity::Informational);
    format!("{}({}{more} highest_level={worst})", EvidenceState::Ok, beside.nearest.len())
}

fn level(level: &Level) -> String {
    let Some(nearest) = level.behaviours.first() else { return level.state.to_string() };
    let seen = level.decided;
    format!(
        "{}(behaviours={} false_positive={} benign_true_positive={} true_positive={} nearest_alike={:.2})",
        level.state,
        level.behaviours.len(),
        seen.false_positive,
        seen.benign_true_positive,
        seen.true_positive,
        nearest.alike
    )
}
