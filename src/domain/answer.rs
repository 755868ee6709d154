//! What a voter answers: the closed form that every voter, model or built in, fills in.
use super::words::words;
use super::{MachineVerdict, Severity};
use serde::{Deserialize, Serialize};

words! {
    /// What a voter may recommend. Advice only: nothing here starts anything.
    Recommendation ("recommended_actions") {
        /// Close as a false positive.
        CloseFp = "close_fp", "Close case as false positive";
        /// Tune the rule.
        TuneRule = "tune_rule", "Tune the rule to exclude this behaviour";
        /// Isolate the host.
        IsolateHost = "isolate_host", "Isolate the host";
        /// Collect memory.
        CollectMemory = "collect_memory", "Collect the host's memory";
        /// Block the hash.
        BlockHash = "block_hash", "Block the file's hash";
        /// Search other hosts.
        Hunt = "hunt", "Hunt for the same behaviour on other hosts";
        /// Reset credentials.
        ResetCredentials = "reset_credentials", "Reset the user's credentials";
        /// Nothing.
        None = "none", "No action required";
    }
}

/// A checked answer. Texts are untrusted: they may repeat what an attacker wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What happened, in one sentence.
    pub what_happened: String,
    /// Strongest evidence that it is malicious.
    pub evidence_malicious: String,
    /// Strongest evidence that it is benign.
    pub evidence_benign: String,
    /// What would be needed to be sure.
    pub missing_information: String,
    /// What it says about the indicators.
    pub ioc_analysis: String,
    /// `false_positive`, `true_positive` or `needs_review`; never `none`.
    pub verdict: MachineVerdict,
    /// Empty unless the verdict is false positive.
    pub false_positive_reason: String,
    /// The voter's own severity.
    pub severity: Severity,
    /// 0 to 100.
    pub risk_score: u8,
    /// At most 5 technique ids such as `T1140`.
    pub mitre_techniques: Vec<String>,
    /// At most 10 indicators; only those that occur in the event count.
    pub iocs: Vec<String>,
    /// At most 3.
    pub recommended_actions: Vec<Recommendation>,
    /// At most 3 questions for the analyst.
    pub investigation_questions: Vec<String>,
    /// 0 to 1, as stated by the voter.
    pub confidence: f64,
}
