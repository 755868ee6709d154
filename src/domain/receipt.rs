//! The receipt of a triage run: what it was decided on, hash by hash, so that anybody can see later that nothing of it
//! was altered. All hashes are SHA-256 in hex.
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of this form.
pub const FORMAT: &str = "fusionsoc-receipt-2";
/// The first form: it does not tell whether a vote was taken over.
pub const FIRST: &str = "fusionsoc-receipt-1";

/// What a run was decided on, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`FORMAT`] or [`FIRST`].
    pub format: String,
    /// The run's id.
    pub run: i64,
    /// The case's number at that time.
    pub case: i64,
    /// The run's number within it.
    pub number: i64,
    /// The behaviour.
    pub fingerprint: String,
    /// When it was decided, in UTC milliseconds.
    pub at_ms: i64,
    /// Version and commit of the program.
    pub program: String,
    /// How it came out.
    pub decision: Decision,
    /// The detection as it arrived.
    pub detection: Exhibit,
    /// What other systems said, piece by piece.
    pub evidence: Vec<Exhibit>,
    /// What the store itself told: answers of intelligence providers, precedents, prevalence.
    pub facts: Value,
    /// Every voter that was asked.
    pub votes: Vec<Voted>,
    /// How votes were counted.
    pub panel: String,
    /// What held for the organisation: the policy in full, and the version of its own one (0 for none).
    pub policy: Value,
    /// What the gate made of the case: whether it is eligible, was drawn, and which gate let the machine close it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub gate: Value,
}

/// How a run came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The verdict.
    pub verdict: String,
    /// How the votes came out.
    pub outcome: String,
    /// What the vote would allow the machine to do, or empty.
    pub auto_action: String,
    /// Of the stored texts of report, flags and vetoes.
    pub report_sha256: String,
}

/// A stored document that counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhibit {
    /// What it is, such as `detection` or `ancestors`.
    pub kind: String,
    /// Where it came from, or its own id there.
    pub source: String,
    /// Its id in the store.
    pub id: i64,
    /// Of its text.
    pub sha256: String,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voted {
    /// The voter.
    pub voter: String,
    /// `panel`, `adviser`, `masked` or `control`.
    pub role: String,
    /// The model.
    pub model: String,
    /// The model's own digest, where its server tells one.
    pub digest: String,
    /// `ok`, `abstained` or `failed`.
    pub state: String,
    /// What it said, or empty.
    pub verdict: String,
    /// The version of the prompt, or empty.
    pub prompt_version: String,
    /// Of the prompt as it was sent.
    pub prompt_sha256: String,
    /// Of the raw answer as it is kept: cut at 64 KiB, and where the model was asked to repair its reply, both replies
    /// with the correction between them.
    pub raw_sha256: String,
    /// Of the checked answer.
    pub answer_sha256: String,
    /// The number of the run that it was taken over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<i64>,
    /// The id of another case's run that it was given in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<i64>,
}
