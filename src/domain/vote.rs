//! One voter's say in one run.
use super::words::words;
use super::{Answer, MachineVerdict, Severity};

words! {
    /// How a vote stands.
    VoteState ("state") {
        /// Not asked yet.
        Pending = "pending", "Waiting";
        /// Asked, no answer yet.
        Asking = "asking", "Asking";
        /// A valid vote.
        Ok = "ok", "Voted";
        /// The voter had nothing to say; it leaves the count.
        Abstained = "abstained", "Abstained";
        /// The voter gave no usable answer; it stays in the count.
        Failed = "failed", "Failed";
    }
}

words! {
    /// Why a vote failed.
    Failure ("failure") {
        /// No answer within the deadline.
        Timeout = "timeout", "did not answer in time";
        /// The server answered with an error or could not be reached.
        Http = "http", "could not be reached or answered with an error";
        /// The answer held no JSON.
        Parse = "parse", "gave no readable answer";
        /// The answer's JSON did not fit.
        Schema = "schema", "gave an answer that does not fit";
        /// The answer held two contradicting votes.
        Ambiguous = "ambiguous", "gave two contradicting answers";
        /// The provider's filter refused the input.
        Blocked = "blocked", "was blocked by its provider";
        /// The model, or our policy, refused.
        Refused = "refused", "refused";
        /// The answer leaked the canary: the data steered the model.
        Injection = "injection", "was steered by the data it read";
    }
}

/// A finished vote as the count sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// The voter's name, such as `qwen3.5:4b`.
    pub voter: String,
    /// `Ok`, `Abstained` or `Failed`.
    pub state: VoteState,
    /// Why it failed, only with `Failed`.
    pub failure: Option<Failure>,
    /// What it said, only with `Ok`.
    pub answer: Option<Answer>,
}

impl Vote {
    /// The verdict of a valid vote.
    pub fn verdict(&self) -> Option<MachineVerdict> {
        self.valid().map(|answer| answer.verdict)
    }

    /// The answer, where the vote is valid.
    pub fn valid(&self) -> Option<&Answer> {
        self.answer.as_ref().filter(|_| self.state == VoteState::Ok)
    }

    /// Whether the voter calls it high or critical.
    pub fn alarming(&self) -> bool {
        self.valid().is_some_and(|answer| answer.severity >= Severity::High)
    }
}
