//! What a person declares, what the panel concludes, and how its vote came out.
use super::words::words;

words! {
    /// A person's verdict on a case.
    Verdict ("verdict") {
        /// Nobody has decided yet.
        Pending = "pending", "Not decided";
        /// The rule was wrong: what it describes did not happen.
        FalsePositive = "false_positive", "False positive";
        /// The rule was right, and the activity is allowed.
        BenignTruePositive = "benign_true_positive", "Benign true positive";
        /// Malicious or unauthorised.
        TruePositive = "true_positive", "True positive";
        /// The evidence does not suffice.
        Undetermined = "undetermined", "Not enough evidence";
    }
}

words! {
    /// The panel's verdict on a run or a case. The order is from best to worst for "the worst of its verdicts".
    MachineVerdict ("machine_verdict") {
        /// No run has finished.
        None = "none", "No vote yet";
        /// A specific benign cause explains all of it.
        FalsePositive = "false_positive", "False positive";
        /// The panel can't say: a person must look.
        NeedsReview = "needs_review", "Needs review";
        /// Malicious or unauthorised.
        TruePositive = "true_positive", "True positive";
    }
}

words! {
    /// How the votes came out.
    Outcome ("outcome") {
        /// All voters answered and agree.
        Unanimous = "unanimous", "Unanimous";
        /// More than half of the panel agrees.
        Majority = "majority", "Majority";
        /// The weighted share was large enough.
        Weighted = "weighted", "Weighted";
        /// Only one voter had a say.
        Single = "single", "Single vote";
        /// The voters disagree.
        Split = "split", "Split";
        /// Too few valid votes, none of them failed.
        NoQuorum = "no_quorum", "No quorum";
        /// A voter failed, so the panel is not complete.
        Degraded = "degraded", "Degraded";
    }
}

impl Verdict {
    /// Whether a person has said something.
    pub const fn decided(self) -> bool {
        !matches!(self, Self::Pending)
    }

    /// Whether this verdict goes against what the panel concluded. A benign true positive
    /// agrees with a false positive: both say that nothing needs doing.
    pub const fn contradicts(self, machine: MachineVerdict) -> bool {
        match machine {
            MachineVerdict::FalsePositive => matches!(self, Self::TruePositive),
            MachineVerdict::TruePositive => matches!(self, Self::FalsePositive | Self::BenignTruePositive),
            MachineVerdict::None | MachineVerdict::NeedsReview => false,
        }
    }
}
