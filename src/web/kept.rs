//! What a person had typed on a case page before it had to be shown again.
use crate::domain::Verdict;

/// What a person had typed before the page was shown again.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The chosen verdict.
    pub verdict: Option<Verdict>,
    /// The reason's code.
    pub reason: String,
    /// The declaration's note.
    pub note: String,
    /// A note's body.
    pub body: String,
    /// The field that is wrong, and how.
    pub error: (String, String),
    /// The kind of action that was asked for.
    pub acting: String,
    /// Its parameters.
    pub action: crate::domain::action::Fields,
    /// Why it was asked for.
    pub why: String,
    /// What happened meanwhile.
    pub conflict: String,
    /// The case that led here, because it became part of this one.
    pub merged: Option<i64>,
}

impl Kept {
    /// What is wrong with a field, or empty.
    pub fn error_of(&self, field: &str) -> &str {
        if self.error.0 == field { &self.error.1 } else { "" }
    }

    /// Whether this kind of action was asked for.
    pub fn acting(&self, kind: &str) -> bool {
        self.acting == kind
    }
}
