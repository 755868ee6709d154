//! Exclusions: how far one is, how far its back-test is, and what it would hide.
use super::words::words;

words! {
    /// How far an exclusion is.
    ExclusionState ("state") {
        /// Written down; waits for a second person.
        Proposed = "proposed", "Proposed";
        /// A second person agreed; not in LimaCharlie yet.
        Approved = "approved", "Approved";
        /// In LimaCharlie.
        Active = "active", "Active";
        /// Its time is over.
        Expired = "expired", "Expired";
        /// Taken back after it was approved.
        Disabled = "disabled", "Disabled";
        /// Never approved.
        Refused = "refused", "Refused";
    }
}

words! {
    /// How far work on an exclusion is.
    WorkState ("work_state") {
        /// None was asked for.
        None = "none", "Not asked for";
        /// Waiting for a worker.
        Queued = "queued", "Waiting";
        /// Under way.
        Running = "running", "Running";
        /// Done.
        Done = "done", "Done";
        /// Failed; nothing was changed.
        Failed = "failed", "Failed";
        /// Interrupted: nobody knows whether it took effect.
        Unknown = "unknown", "Unknown";
    }
}

words! {
    /// What hiding a detection would mean, by its case.
    HitKind ("kind") {
        /// Its case was declared true positive.
        TruePositive = "true_positive", "True positive";
        /// Nobody decided, and the vote or a veto speaks against hiding it.
        Warned = "warned", "Undecided, with a warning";
        /// Nobody decided.
        Undecided = "undecided", "Undecided";
        /// Its case was declared false positive.
        FalsePositive = "false_positive", "False positive";
        /// Its case was declared benign true positive.
        BenignTruePositive = "benign_true_positive", "Benign true positive";
    }
}

impl ExclusionState {
    /// Whether it hides something, or is about to.
    pub const fn in_force(self) -> bool {
        matches!(self, Self::Approved | Self::Active)
    }
}
