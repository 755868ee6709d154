//! Filters by what happened to a case when, and by whom.
use super::super::measured::{DECLARED, PROGRAMS};
use crate::domain::words;

/// A stretch of time in milliseconds, its end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: i64,
    /// Its end.
    pub to: i64,
}

impl Default for Stretch {
    fn default() -> Self {
        Self { from: i64::MIN, to: i64::MAX }
    }
}

impl Stretch {
    /// Whether it leaves anything out.
    fn is_bound(self) -> bool {
        self != Self::default()
    }
}

/// When what happened to a case, and by whom. What is not bound doesn't filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moments {
    /// It was opened.
    pub opened: Stretch,
    /// Its verdict was declared, and stands.
    pub decided: Stretch,
    /// It was declared for the first time.
    pub first_decided: Stretch,
    /// A verdict on it was overturned.
    pub overturned: Stretch,
    /// Who declared the verdict that stands.
    pub decided_by: String,
    /// Whether AI had closed it before a person looked at it.
    pub spot: bool,
    /// Whether a vote that came after the verdict says otherwise.
    pub dissent: bool,
    /// Whose word its reviewed verdict is, where that is asked for.
    pub reviewed: Option<Whose>,
}

words! {
    /// Who reviewed a case: declared it false positive, benign true positive or true positive.
    Whose ("reviewed") {
        /// A person.
        People = "people", "by people";
        /// A program with a token.
        Programs = "programs", "by programs";
    }
}

impl Moments {
    /// Whether an index of a time finds the cases.
    pub(super) fn found(&self) -> bool {
        [self.decided, self.first_decided, self.overturned].into_iter().any(Stretch::is_bound)
    }

    /// The conditions on `c`; the numbers of the places are those of `super::page`.
    pub(super) fn conditions(&self) -> Vec<String> {
        let stretches = [
            (self.opened, "c.opened_ms >= $20 AND c.opened_ms < $21"),
            (self.decided, "c.decided_ms >= $22 AND c.decided_ms < $23 AND c.verdict <> 'pending'"),
            (self.first_decided, "c.first_decided_ms >= $24 AND c.first_decided_ms < $25"),
            (self.overturned, "c.overturned_ms >= $26 AND c.overturned_ms < $27"),
        ];
        let flags = [
            (!self.decided_by.is_empty(), "c.decided_by = $28 AND c.verdict <> 'pending'"),
            (self.spot, "c.spot_checked = TRUE"),
            (self.dissent, "c.dissent = TRUE"),
            (self.reviewed == Some(Whose::People), DECLARED),
            (self.reviewed == Some(Whose::Programs), PROGRAMS),
        ];
        let bound = stretches.into_iter().filter(|(stretch, _)| stretch.is_bound()).map(|(_, sql)| sql.to_owned());
        bound.chain(flags.into_iter().filter(|(set, _)| *set).map(|(_, sql)| sql.to_owned())).collect()
    }
}
