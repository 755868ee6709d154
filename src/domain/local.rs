//! Local evidence: what our own store knows about a behaviour and its host, without asking anybody.
use super::dossier::Precedents;
use super::evidence::EvidenceState;
use super::{Severity, Verdict};

/// From here on two behaviours of one family (rule, parent image and image) are alike enough for a verdict.
pub const FAMILY_BOUND: f64 = 0.6;
/// The same for behaviours that have only their rule in common.
pub const RULE_BOUND: f64 = 0.8;

/// What the store knows, at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Local {
    /// When it was read.
    pub taken_ms: i64,
    /// Where and how often the behaviour was seen, this case included.
    pub spread: Spread,
    /// Other behaviours of the same rule, parent image and image that analysts decided.
    pub family: Level,
    /// Behaviours of the same rule, but of other programs, that analysts decided.
    pub rule: Level,
    /// What else happened on the host within 14 days.
    pub host: HostHistory,
    /// Detections of other cases on the host within half an hour.
    pub beside: Beside,
    /// The sensor's tags at its newest event, those that we set ourselves left out.
    pub tags: Vec<String>,
}

/// Where and how often a behaviour was seen. Counts stop at 1,000 cases and 5,000 detections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// Cases with it.
    pub cases: i64,
    /// Hosts with it.
    pub hosts: i64,
    /// Distinct days of UTC with it.
    pub days: i64,
    /// The time of its first event, in UTC milliseconds.
    pub first_ms: Option<i64>,
}

/// Decided behaviours at one level of likeness, the most alike first, 50 at most; the case that asks is left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Level {
    /// Whether there are any; `inconclusive` where some can't be compared yet.
    pub state: EvidenceState,
    /// The verdicts on all of them.
    pub decided: Precedents,
    /// The behaviours.
    pub behaviours: Vec<Near>,
    /// Whether there may be more of them.
    pub more: bool,
}

/// A behaviour that is not equal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Near {
    /// Its fingerprint.
    pub fingerprint: String,
    /// The verdicts on it.
    pub decided: Precedents,
    /// How alike its canonical text is: 0 to 0.99, never 1.
    pub alike: f64,
    /// What stands only in this case's text.
    pub only_here: Tokens,
    /// What stands only in the other one.
    pub only_there: Tokens,
    /// Whether it differs in what tells trust: signature, user, an image where users can write, an encoded payload,
    /// an address outside, words to a model.
    pub graver: bool,
}

/// Words of canonical texts, each short and of printable ASCII without backticks. Attackers choose them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tokens {
    /// The first ones.
    pub shown: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// What else happened on a host within 14 days of a case. Counts stop at 200 cases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostHistory {
    /// Detections of those days, this case's included.
    pub detections: i64,
    /// Other cases, by severity, the worst first.
    pub severities: Vec<(Severity, i64)>,
    /// The same cases, by what people declared.
    pub verdicts: Vec<(Verdict, i64)>,
}

impl HostHistory {
    /// The other cases.
    pub fn cases(&self) -> i64 {
        self.severities.iter().map(|(_, cases)| cases).sum()
    }
}

/// Detections of other cases near in time on the same host, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// The nearest ones.
    pub nearest: Vec<NearInTime>,
    /// Whether there are more.
    pub more: bool,
}

/// A detection near in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearInTime {
    /// Its case.
    pub case: i64,
    /// Its title, as its rule gives it.
    pub title: String,
    /// Its rule's level.
    pub level: Option<Severity>,
    /// When, in UTC milliseconds.
    pub at_ms: i64,
}

impl Local {
    /// Both levels, the nearer one first.
    pub const fn levels(&self) -> [&Level; 2] {
        [&self.family, &self.rule]
    }

    /// Behaviours that analysts called malicious and that are alike enough to speak against a benign verdict.
    pub fn malicious(&self) -> impl Iterator<Item = &Near> {
        let all = self.levels().into_iter().flat_map(|level| &level.behaviours);
        all.filter(|near| near.alike >= FAMILY_BOUND && near.decided.true_positive > 0)
    }
}

impl Spread {
    /// Whether it was seen at all.
    pub const fn state(self) -> EvidenceState {
        if self.cases > 0 { EvidenceState::Ok } else { EvidenceState::Empty }
    }
}
