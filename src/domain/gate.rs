//! The words of the gate: what has to be proven before the machine may close cases alone.
use super::words::words;

words! {
    /// Where a gate stands.
    GateState ("state") {
        /// It counts reviews, and nothing more.
        Shadow = "shadow", "Only counting";
        /// A look at the reviews passed; a person has to switch it on.
        Proposed = "proposed", "Proposed";
        /// A person switched it on: eligible cases may be closed.
        Active = "active", "Active";
        /// It is shut and begins to count anew.
        Suspended = "suspended", "Suspended";
    }
}

impl GateState {
    /// Whether it rests on a look that passed, so that it has something to lose.
    pub const fn stands(self) -> bool {
        matches!(self, Self::Proposed | Self::Active)
    }
}

words! {
    /// How much a gate is about, from least to most. None reaches beyond its organisation.
    GateLevel ("level") {
        /// One rule as it is worded now.
        Rule = "rule", "Rule";
        /// All rules of a family: of one folder of the rules.
        Family = "family", "Family of rules";
        /// All rules of the organisation.
        Org = "org", "Organisation";
    }
}

words! {
    /// What happened to a gate, as its events name it.
    GateEvent ("kind") {
        /// Its first eligible case came.
        Opened = "opened", "First eligible case";
        /// A case is eligible; whether it was drawn for review, and by what share.
        Eligible = "eligible", "Eligible case";
        /// A person declared an eligible case.
        Review = "review", "Review";
        /// What a person had declared was changed or taken back.
        ReviewChanged = "review_changed", "Review changed";
        /// The reviews were looked at.
        Look = "look", "Look";
        /// A look passed, and the gate was proposed.
        Proposed = "proposed", "Proposed";
        /// A person switched it on.
        Activated = "activated", "Switched on";
        /// It was shut, by itself or by a person.
        Suspended = "suspended", "Suspended";
        /// The share that is accepted changed.
        Limit = "limit", "Limit changed";
        /// It counts anew without having stood: only reviews from then on count.
        Anew = "anew", "Counting anew";
        /// The machine closed a case.
        Closed = "closed", "Case closed";
        /// A case that the machine had closed is open again, or people ask again what it is.
        Reopened = "reopened", "Case open again";
    }
}

/// The family of a rule: what stands before the last `/` of its path, which is the folder of its author. Nothing where
/// a path has none: such a rule has no relatives that anybody named.
pub fn family(rule_path: &str) -> Option<&str> {
    rule_path.rsplit_once('/').map(|(family, _)| family).filter(|family| !family.is_empty())
}
