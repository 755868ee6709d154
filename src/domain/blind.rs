//! Whether people decide a case before they learn what the panel says of it.
use super::words::words;

words! {
    /// How far the blind review of a case is. It is drawn when the case opens, before anybody votes.
    Blind ("blind") {
        /// It was not drawn: everybody sees what the panel says.
        No = "", "Not drawn";
        /// Nobody sees what the panel says until somebody has decided.
        Waiting = "blind", "In blind review";
        /// A person decided first; what the panel says is shown since, and the review counts.
        Committed = "committed", "Declared blind";
        /// It was drawn, and what the panel says became known otherwise: the review does not count.
        Shown = "shown", "Taken out of blind review";
    }
}

impl Blind {
    /// Whether the case was drawn, whatever became of it: the machine never closes it.
    pub const fn drawn(self) -> bool {
        !matches!(self, Self::No)
    }
}
