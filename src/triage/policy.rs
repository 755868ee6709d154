//! What the machine may do alone, decided by code from raw fields: each veto is named.
use super::vote::Count;
use crate::domain::dossier::{Dossier, Intel};
use crate::domain::evidence::{EvidenceKind, Piece, is_own_tag};
use crate::domain::{Claim, MachineVerdict, Severity, Vote, detection::Process};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something that keeps the machine from closing a case.
pub type Named = (&'static str, String);

/// The settings that vetoes depend on.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// From this severity on.
    pub severity: Severity,
    /// Patterns of sensor tags.
    pub tags: &'a [String],
    /// Patterns of rules' paths.
    pub rules: &'a [String],
}

/// The same as a gate keeps it: what is proven of cases that vetoes let through says nothing of those they kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    severity: Severity,
    tags: BTreeSet<String>,
    rules: BTreeSet<String>,
}

impl From<Settings<'_>> for Kept {
    fn from(settings: Settings<'_>) -> Self {
        let set = |patterns: &[String]| patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
        Self { severity: settings.severity, tags: set(settings.tags), rules: set(settings.rules) }
    }
}

impl Kept {
    /// Whether it lets something through that the other one keeps.
    pub fn is_looser_than(&self, other: &Self) -> bool {
        self.severity > other.severity || !self.tags.is_superset(&other.tags) || !self.rules.is_superset(&other.rules)
    }
}

/// The vetoes against closing, in the order in which they matter.
pub fn vetoes(
    dossier: &Dossier,
    count: &Count,
    severity: Severity,
    truncated: bool,
    settings: Settings<'_>,
) -> Vec<Named> {
    let mut vetoes = known(dossier, severity, settings);
    if truncated {
        vetoes.push(("truncated", "Part of the event was cut before the voters saw it.".to_owned()));
    }
    vetoes.extend(evidence(&dossier.evidence));
    if count.missing > 0 {
        vetoes.push(("degraded", "A voter of the panel is missing.".to_owned()));
    }
    vetoes
}

/// Those of the vetoes that follow from the event and from what is known of its behaviour, its host and its observables.
pub fn known(dossier: &Dossier, severity: Severity, settings: Settings<'_>) -> Vec<Named> {
    let mut vetoes = Vec::new();
    vetoes.extend(severe(severity, dossier.detection.rule_severity(), settings.severity));
    vetoes.extend(never(&dossier.detection.rule.path, settings.rules));
    let tags = dossier.host_tags();
    let tags = alarming_tags(&tags, settings.tags);
    if !tags.is_empty() {
        vetoes.push(("host_tags", format!("The host is tagged {}.", tags.join(", "))));
    }
    if dossier.prevalence.high_on_host > 0 {
        vetoes
            .push(("host_case", "The host has another open case of high severity, or one in blind review.".to_owned()));
    }
    for (how, found) in intelligence(dossier) {
        if found {
            vetoes.push(("intelligence", format!("Threat intelligence calls an observable {how}.")));
        }
    }
    if dossier.detection.process().as_ref().is_some_and(unsigned_in_writable) {
        vetoes.push(("unsigned", "The image is not signed and lies where users can write.".to_owned()));
    }
    // What a program declares says that a program runs, and not that anybody looked.
    if dossier.precedents.people() <= 0 {
        vetoes.push(("first_sight", unknown(dossier.prevalence.cases).to_owned()));
    }
    if dossier.precedents.true_positive > 0 {
        vetoes.push(("precedent", "People declared this behaviour a true positive before.".to_owned()));
    }
    vetoes
}

/// How bad intelligence calls an observable, and whether it does.
fn intelligence(dossier: &Dossier) -> [(&'static str, bool); 2] {
    let any = |is: fn(&Intel) -> bool| dossier.intel.iter().any(is);
    let suspicious = |intel: &Intel| intel.malicious == 0 && intel.suspicious > 0;
    [("malicious", any(|intel| intel.malicious > 0)), ("suspicious", any(suspicious))]
}

/// Nobody has decided the behaviour yet. That it is in other cases says nothing: they may be of the same minute, and of
/// the same attack.
const fn unknown(cases: i64) -> &'static str {
    if cases == 0 {
        "This behaviour is seen here for the first time."
    } else {
        "Nobody has decided a case of this behaviour yet."
    }
}

/// The veto of a rule that only people close.
pub fn never(rule: &str, patterns: &[String]) -> Option<Named> {
    let text = "The rule is one of those that only people close.";
    is_never_closed(rule, patterns).then(|| ("rule", text.to_owned()))
}

/// The veto of severity, from `least` on: of what the vote came to, or of the rule's own, which no voter can talk down.
pub fn severe(voted: Severity, rule: Severity, least: Severity) -> Option<Named> {
    let (whose, severity) =
        if voted >= least { ("The severity is", voted) } else { ("The rule's own severity is", rule) };
    (severity >= least).then(|| ("severity", format!("{whose} {}.", severity.label().to_lowercase())))
}

/// The veto of evidence that was needed and can't be relied on. Without pieces nobody could be asked.
fn evidence(pieces: &[Piece]) -> Option<Named> {
    const NEEDED: [EvidenceKind; 2] = [EvidenceKind::Ancestors, EvidenceKind::Sweep];
    let certain = |kind: EvidenceKind| pieces.iter().any(|piece| piece.kind == kind && piece.is_certain());
    let of_host = pieces.iter().any(|piece| piece.kind != EvidenceKind::Intelligence);
    let doubtful = |piece: &&Piece| piece.kind == EvidenceKind::Intelligence && !piece.is_certain();
    let lacking = NEEDED.into_iter().filter(|kind| of_host && !certain(*kind));
    let lacking = lacking.chain(pieces.iter().filter(doubtful).map(|piece| piece.kind));
    let lacking: Vec<EvidenceKind> = lacking.collect();
    (!lacking.is_empty()).then(|| ("evidence", unreliable(&lacking)))
}

fn unreliable(lacking: &[EvidenceKind]) -> String {
    let lacking: Vec<String> = lacking.iter().map(|kind| kind.label().to_lowercase()).collect();
    format!("Needed evidence failed or is inconclusive: {}.", lacking.join(", "))
}

/// Whether intelligence is all the evidence that stored vetoes, by kind and text, say was lacking.
pub fn lacks_only_intelligence<'a>(mut vetoes: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let text = unreliable(&[EvidenceKind::Intelligence]);
    vetoes.any(|veto| veto == ("evidence", text.as_str()))
}

/// The veto of a voter that states what the event contradicts, whatever its verdict.
pub fn claims(claims: &[Claim]) -> Option<Named> {
    let text = "A voter states what the event contradicts.".to_owned();
    super::claims::contradicted(claims).then_some(("claim_contradicted", text))
}

/// The vetoes of what built-in voters of the panel are not sure of.
pub fn builtin(dossier: &Dossier, panel: &[Vote]) -> impl Iterator<Item = Named> {
    unsure(panel).into_iter().chain(nearly(dossier, panel))
}

/// The veto of a panel whose precedents are of nearly the same behaviour only: that is advice.
fn nearly(dossier: &Dossier, panel: &[Vote]) -> Option<Named> {
    let spoke = panel.iter().any(|vote| vote.voter == "builtin:precedent" && vote.valid().is_some());
    let text = "Analysts decided nearly the same behaviours, not this one.".to_owned();
    (spoke && dossier.precedents.total() == 0).then_some(("near_precedents", text))
}

/// Below this the statistical voter is not sure enough of a false positive for the machine to act on it. On labelled
/// detections a fiftieth of the true positives passes here together with the other built-in voters, and none whose
/// rule is of high severity.
const SURE: f64 = 0.85;

/// The veto of a panel in which the statistical voter sits and is not sure. Of other voters, confidence is stated and
/// not measured: it says too little.
pub fn unsure(panel: &[Vote]) -> Option<Named> {
    let mut measured = panel.iter().filter(|vote| vote.voter == "builtin:statistical").filter_map(Vote::valid);
    let answer = measured.find(|answer| answer.verdict == MachineVerdict::FalsePositive && answer.confidence < SURE)?;
    let text = format!("The statistical voter is only {:.0} % sure that this is benign.", answer.confidence * 100.0);
    Some(("unsure", text))
}

/// Whether the vote would let the machine close a case, and nothing stands against it. Whoever closes asks here.
pub fn closable(count: &Count, vetoes: &[Named]) -> bool {
    closable_by(count.auto_action, vetoes.len())
}

/// The same of a run as it is stored: what its vote would allow, and how many vetoes stand against it.
pub const fn closable_by(auto_action: Option<&str>, vetoes: usize) -> bool {
    auto_action.is_some() && vetoes == 0
}

/// The sensor's tags that match one of the patterns; those that we set ourselves never count.
pub fn alarming_tags<'a>(tags: &'a [String], patterns: &[String]) -> Vec<&'a str> {
    let others = tags.iter().map(String::as_str).filter(|tag| !is_own_tag(tag));
    others.filter(|tag| patterns.iter().any(|pattern| fits(pattern, tag))).collect()
}

/// Whether a rule is one of those that only people close.
pub fn is_never_closed(rule: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| fits(pattern, rule))
}

/// Whether a tag or path fits a pattern in which `*` stands for any run of characters.
///
/// Each part between two `*` is taken where it comes first: no pattern and no tag makes this slow.
fn fits(pattern: &str, tag: &str) -> bool {
    let (pattern, tag) = (pattern.to_ascii_lowercase(), tag.to_ascii_lowercase());
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == tag };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = tag.strip_prefix(head).and_then(|left| left.strip_suffix(end)) else { return false };
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    true
}

/// Folders that ordinary users can write to.
const WRITABLE: &[&str] =
    &["\\users\\", "\\temp\\", "\\programdata\\", "\\windows\\tasks\\", "\\perflogs\\", "/tmp/", "/home/", "/var/tmp/"];

fn unsigned_in_writable(process: &Process) -> bool {
    let path = process.path.to_lowercase();
    process.signed == Some(false) && WRITABLE.iter().any(|folder| path.contains(folder))
}
