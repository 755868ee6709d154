//! What a voter states about the event in its own words, and whether the event says so too.
use super::MachineVerdict;
use super::words::words;
use serde::{Deserialize, Serialize};

words! {
    /// What a statement is about.
    ClaimKind ("claims.kind") {
        /// Whether a file is signed.
        Signature = "signature", "Signature";
        /// Who signed it.
        Signer = "signer", "Signer";
        /// Where it lies.
        Path = "path", "Path";
        /// As whom it runs.
        User = "user", "User";
        /// A hash, or what a hash is known for.
        Hash = "hash", "Hash";
        /// What started it.
        Parent = "parent", "Parent";
        /// What threat intelligence says.
        Reputation = "reputation", "Reputation";
    }
}

words! {
    /// How a statement stands to the event, from the best to the worst.
    ClaimState ("claims.state") {
        /// The event says so.
        Supported = "supported", "Supported";
        /// The event says nothing about it.
        Unsupported = "unsupported", "Not in the event";
        /// The event says otherwise.
        Contradicted = "contradicted", "Contradicted by the event";
    }
}

words! {
    /// The part of an answer that holds a statement.
    Passage ("claims.field") {
        /// What happened.
        WhatHappened = "what_happened", "What happened";
        /// Evidence of malice.
        EvidenceMalicious = "evidence_malicious", "Malicious";
        /// Evidence of a benign cause.
        EvidenceBenign = "evidence_benign", "Benign";
        /// About indicators.
        IocAnalysis = "ioc_analysis", "Indicators";
        /// Why it is a false positive.
        FalsePositiveReason = "false_positive_reason", "False positive";
    }
}

/// A statement of a voter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who states it.
    pub voter: String,
    /// Where in its answer.
    pub field: Passage,
    /// The byte of that text at which it begins.
    pub start: usize,
    /// The byte after its end.
    pub end: usize,
    /// What it is about.
    pub kind: ClaimKind,
    /// Its words.
    pub quote: String,
    /// How it stands to the event.
    pub state: ClaimState,
    /// What the event says instead.
    pub says: String,
}

impl Claim {
    /// Whether the event does not bear it out.
    pub fn fails(&self) -> bool {
        self.state != ClaimState::Supported
    }

    /// Whether a vote rests on it although the event says otherwise. Only a false positive is asked for its
    /// ground: whoever sees a threat keeps the vote, whatever else is wrong with it.
    pub fn breaks(&self, verdict: MachineVerdict) -> bool {
        let ground = matches!(self.field, Passage::EvidenceBenign | Passage::FalsePositiveReason);
        verdict == MachineVerdict::FalsePositive && ground && self.state == ClaimState::Contradicted
    }
}
