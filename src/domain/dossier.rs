//! What every voter is shown about a detection: gathered by code before anybody is asked.
use super::evidence::{EvidenceKind, Piece, is_own_tag};
use super::local::Local;
use super::{Detection, Observable};
use serde::Serialize;

/// The evidence for one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Dossier {
    /// The detection that stands for the fingerprint.
    pub detection: Detection,
    /// Its observables.
    pub observables: Vec<Observable>,
    /// How analysts decided earlier cases with the same fingerprint in this organisation.
    pub precedents: Precedents,
    /// Where the fingerprint was seen before.
    pub prevalence: Prevalence,
    /// Answers of intelligence providers.
    pub intel: Vec<Intel>,
    /// What the organisation's LimaCharlie says; empty where none is set up.
    pub evidence: Vec<Piece>,
    /// What our own store knows; nothing where an event is judged by itself.
    pub local: Option<Local>,
}

impl Dossier {
    /// The piece of a kind.
    pub fn piece(&self, kind: EvidenceKind) -> Option<&Piece> {
        self.evidence.iter().find(|piece| piece.kind == kind)
    }

    /// The sensor's tags at the time of the event and now, those that we set ourselves left out.
    pub fn host_tags(&self) -> Vec<String> {
        let mut tags: Vec<String> = self.detection.tags.iter().filter(|tag| !is_own_tag(tag)).cloned().collect();
        let now = self.piece(EvidenceKind::Tags).map(|piece| piece.facts.tags.as_slice()).unwrap_or_default();
        tags.extend(now.iter().filter(|tag| !self.detection.tags.contains(tag)).cloned());
        tags
    }
}

/// Counts of analysts' verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Precedents {
    /// Cases declared false positive.
    pub false_positive: i64,
    /// Cases declared benign true positive.
    pub benign_true_positive: i64,
    /// Cases declared true positive.
    pub true_positive: i64,
    /// Of all these, declared by programs. Voters are not told.
    #[serde(skip)]
    pub programs: i64,
}

impl Precedents {
    /// Those that people declared.
    pub const fn people(self) -> i64 {
        self.total() - self.programs
    }

    /// All of them.
    pub const fn total(self) -> i64 {
        self.false_positive + self.benign_true_positive + self.true_positive
    }

    /// Those that say it was not malicious.
    pub const fn benign(self) -> i64 {
        self.false_positive + self.benign_true_positive
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            false_positive: self.false_positive + other.false_positive,
            benign_true_positive: self.benign_true_positive + other.benign_true_positive,
            true_positive: self.true_positive + other.true_positive,
            programs: self.programs + other.programs,
        }
    }
}

/// How common a behaviour is in the organisation, this detection left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Prevalence {
    /// Other cases with the fingerprint.
    pub cases: i64,
    /// Hosts other than this one.
    pub other_hosts: i64,
    /// Other open cases of this host that are high or critical, or in blind review, of the last 14 days.
    pub high_on_host: i64,
}

/// What a provider said about an observable, or about the case where it doesn't say which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Intel {
    /// The provider's name, such as `virustotal`.
    pub provider: String,
    /// The value that was looked up, where it is known.
    pub observable: Option<String>,
    /// Engines that call it malicious.
    pub malicious: i64,
    /// Engines that call it suspicious.
    pub suspicious: i64,
    /// Engines that looked and found nothing.
    pub undetected: i64,
    /// Engines that call it harmless.
    pub harmless: i64,
    /// Engines that gave no answer (time-out, failure, type not supported).
    pub no_answer: i64,
    /// The community's score; negative is bad.
    pub reputation: Option<i64>,
}

impl Intel {
    /// Engines in all.
    pub const fn engines(&self) -> i64 {
        self.malicious + self.suspicious + self.undetected + self.harmless + self.no_answer
    }
}
