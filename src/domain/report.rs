//! The result of a run in the JSON shape that the seed page's triage has.
use super::{MachineVerdict, Severity};
use serde::{Deserialize, Serialize};

/// The triage report of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Mean stated confidence of the winning votes, 0 to 1, three decimals.
    pub confidence: f64,
    /// The primary voter's reason for a false positive, or empty.
    #[serde(default)]
    pub false_positive_reason: String,
    /// Questions that the voters leave open.
    #[serde(default)]
    pub investigation_questions: Vec<String>,
    /// The primary voter's words about the indicators.
    #[serde(default)]
    pub ioc_analysis: String,
    /// Indicators that a voter named and that occur in the event.
    #[serde(default)]
    pub iocs_extracted: Vec<String>,
    /// Technique ids that the voters agree on or the rule names.
    #[serde(default)]
    pub mitre_techniques: Vec<String>,
    /// Advice in words; never executed.
    #[serde(default)]
    pub recommended_actions: Vec<String>,
    /// 0 to 100.
    #[serde(default)]
    pub risk_score: u8,
    /// The triaged severity.
    pub severity: Severity,
    /// Markdown: each voter's words under its name.
    #[serde(default)]
    pub summary: String,
    /// The panel's verdict.
    pub verdict: MachineVerdict,
    /// How the votes came out.
    pub voting: Voting,
}

impl Report {
    /// The report of a run that did not come to an end.
    pub fn unfinished(mode: &str) -> Self {
        Self {
            confidence: 0.0,
            false_positive_reason: String::new(),
            investigation_questions: Vec::new(),
            ioc_analysis: String::new(),
            iocs_extracted: Vec::new(),
            mitre_techniques: Vec::new(),
            recommended_actions: Vec::new(),
            risk_score: 0,
            severity: Severity::Medium,
            summary: String::new(),
            verdict: MachineVerdict::NeedsReview,
            voting: Voting {
                auto_action: String::new(),
                mode: mode.to_owned(),
                total_models: 0,
                vote_summary: Vec::new(),
                votes: Vec::new(),
                winning_count: 0,
                winning_verdict: MachineVerdict::NeedsReview,
            },
        }
    }
}

/// The count behind a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voting {
    /// What the vote would allow the machine to do, such as `auto_close_fp`; empty for nothing.
    #[serde(default)]
    pub auto_action: String,
    /// `unanimous`, `majority` or `weighted`.
    pub mode: String,
    /// N: configured voters less those that abstained.
    pub total_models: usize,
    /// One line for each vote.
    #[serde(default)]
    pub vote_summary: Vec<String>,
    /// The valid votes.
    pub votes: Vec<CountedVote>,
    /// How many votes the winning verdict got.
    pub winning_count: usize,
    /// The verdict with the most votes; the panel's verdict may be more careful.
    pub winning_verdict: MachineVerdict,
}

/// One valid vote in a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountedVote {
    /// 0 to 1, as stated.
    pub confidence: f64,
    /// The voter's name.
    pub model: String,
    /// What it said.
    pub verdict: MachineVerdict,
}
