//! Where a case stands, and which steps are allowed.
use super::words::words;

words! {
    /// The state of a case.
    Status ("status") {
        /// Nobody has touched it.
        New = "new", "New";
        /// Somebody works on it.
        InProgress = "in_progress", "In progress";
        /// Waiting for something outside.
        OnHold = "on_hold", "On hold";
        /// Decided, with work left to confirm.
        Resolved = "resolved", "Resolved";
        /// Done.
        Closed = "closed", "Closed";
    }
}

impl Status {
    /// The steps that may follow.
    #[expect(clippy::match_same_arms, reason = "a table reads best with a line for each state")]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::New => &[Self::InProgress, Self::Closed],
            Self::InProgress => &[Self::OnHold, Self::Resolved, Self::Closed],
            Self::OnHold => &[Self::InProgress, Self::Closed],
            Self::Resolved => &[Self::Closed, Self::InProgress],
            Self::Closed => &[Self::InProgress],
        }
    }

    /// Whether a person may move a case from this state to `to`.
    pub fn may_become(self, to: Self) -> bool {
        self.next().contains(&to)
    }

    /// Whether the case still counts as work.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed)
    }
}
