//! Who exactly voted, and on what words: what is proven of one panel says nothing of another.
use serde_json::json;
use sha2::{Digest, Sha256};

/// How built-in voters vote. To be raised with every change that may turn a vote: what was proven before begins anew.
/// What the statistical voter learns here by itself is no change of it; its errors are measured like all others.
const BUILTIN: &str = "1";

/// A voter of a run that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Juror<'a> {
    /// Its name.
    pub name: &'a str,
    /// The wire kind; `builtin` for our own.
    pub kind: &'a str,
    /// The model.
    pub model: &'a str,
    /// The model's own digest, or empty where its server tells none.
    pub digest: &'a str,
    /// The version of the prompt that it was asked with.
    pub prompt: &'a str,
}

/// The version of a panel: SHA-256, in hex, over how its votes are counted and over each voter, in the order of names;
/// of a model its name, kind, model, digest and prompt version, of a built-in voter its name and a version of the code.
/// Who abstained belongs to it all the same.
pub fn panel((mode, quorum): (&str, usize), jurors: &[Juror<'_>]) -> String {
    let mut sorted = jurors.to_vec();
    sorted.sort_unstable();
    let told: Vec<_> = sorted
        .iter()
        .map(|one| match one.kind {
            "builtin" => json!([one.name, one.kind, BUILTIN]),
            _ => json!([one.name, one.kind, one.model, one.digest, one.prompt]),
        })
        .collect();
    hash(&json!([mode, quorum, told]).to_string())
}

/// The version of a panel on a rule: the words of the rule are part of what is asked, so other words begin anew. `words`
/// are all that the store knows of them, in a fixed order.
pub fn rule_text(panel: &str, words: &[&str]) -> String {
    hash(&json!([panel, words]).to_string())
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
