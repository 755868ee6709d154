//! What a hit means, and which words mean something beside each other.
use super::Technique;
use Technique::{Addressed, Authority, Leak, Override, Steering};

/// What a hit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It weighs by itself.
    Alone(Technique, u32),
    /// It weighs where it stands as a key does.
    Field(u32),
    /// It weighs beside a partner, see [`PAIRS`].
    Class(Class),
}

/// Words that mean something beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Override,
    Order,
    Earlier,
    Decide,
    Close,
    Case,
    Harmless,
    Say,
    Verdict,
    Set,
    Confidence,
    Severity,
    Low,
    Model,
    You,
    Analyst,
    Note,
    Approve,
    Pentest,
    Tell,
    Secret,
}

impl Class {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Secret as usize + 1;
}

/// Two classes that weigh where the second begins at most `gap` bytes behind the first.
pub(super) struct Pair {
    pub first: Class,
    pub then: Class,
    pub gap: usize,
    /// Whether the other order means the same.
    pub either: bool,
    pub technique: Technique,
    pub weight: u32,
}

const fn pair(first: Class, then: Class, gap: usize, technique: Technique, weight: u32) -> Pair {
    Pair { first, then, gap, either: false, technique, weight }
}

const fn both(first: Class, then: Class, gap: usize, technique: Technique, weight: u32) -> Pair {
    Pair { first, then, gap, either: true, technique, weight }
}

/// What means something together.
pub(super) const PAIRS: &[Pair] = &[
    both(Class::Override, Class::Order, 40, Override, 5),
    pair(Class::Override, Class::Earlier, 14, Override, 5),
    pair(Class::Override, Class::Case, 14, Steering, 4),
    pair(Class::Decide, Class::Harmless, 30, Steering, 4),
    pair(Class::Close, Class::Case, 24, Steering, 3),
    pair(Class::Case, Class::Harmless, 24, Steering, 4),
    both(Class::Verdict, Class::Harmless, 16, Steering, 4),
    pair(Class::Say, Class::Verdict, 16, Steering, 3),
    pair(Class::Set, Class::Verdict, 16, Steering, 3),
    pair(Class::Set, Class::Confidence, 20, Steering, 4),
    pair(Class::Set, Class::Severity, 12, Steering, 2),
    pair(Class::Severity, Class::Low, 8, Steering, 2),
    both(Class::Order, Class::Model, 20, Addressed, 5),
    both(Class::Note, Class::Model, 16, Addressed, 3),
    pair(Class::You, Class::Say, 20, Addressed, 2),
    pair(Class::You, Class::Decide, 20, Addressed, 3),
    pair(Class::You, Class::Verdict, 16, Addressed, 4),
    both(Class::Analyst, Class::Note, 12, Authority, 4),
    pair(Class::Analyst, Class::Model, 8, Addressed, 3),
    both(Class::Approve, Class::Analyst, 16, Authority, 4),
    both(Class::Approve, Class::Pentest, 16, Authority, 3),
    pair(Class::Analyst, Class::Decide, 20, Authority, 3),
    pair(Class::Tell, Class::Secret, 45, Leak, 5),
];
