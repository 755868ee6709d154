//! What a person had typed on a case page before it had to be shown again.
use super::trail::Trail;
use super::view::words::{When, when};
use crate::domain::Verdict;
use crate::store::drafts::Draft;

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
    /// The list that the page was opened from.
    pub trail: Option<Trail>,
    /// The kind of a note.
    pub kind: String,
    /// What was typed into other fields, by their names.
    pub typed: Vec<(&'static str, String)>,
    /// Forms that hold a draft, and when it was saved.
    pub drafts: Vec<(String, When)>,
}

impl Kept {
    /// What is wrong with a field, or empty.
    pub fn error_of(&self, field: &str) -> &str {
        if self.error.0 == field { &self.error.1 } else { "" }
    }

    /// The same with drafts in the forms that hold nothing newer.
    #[must_use]
    pub fn with(mut self, drafts: Vec<Draft>) -> Self {
        let typed = self.verdict.is_some() || !self.note.is_empty() || !self.reason.is_empty();
        for draft in drafts {
            match draft.form.as_str() {
                "declaration" if !typed => {
                    self.verdict = draft.verdict.parse().ok();
                    (self.reason, self.note) = (draft.reason, draft.body);
                }
                "note" if self.body.is_empty() => (self.kind, self.body) = (draft.kind, draft.body),
                _ => continue,
            }
            self.drafts.push((draft.form, when(draft.saved_ms)));
        }
        self
    }

    /// When the draft that a form shows was saved.
    pub fn drafted(&self, form: &str) -> Option<&When> {
        self.drafts.iter().find(|(known, _)| known == form).map(|(_, at)| at)
    }

    /// What was typed into a field, or empty.
    pub fn typed(&self, field: &str) -> &str {
        self.typed.iter().find(|(known, _)| *known == field).map_or("", |(_, text)| text)
    }

    /// The query string of the list that the page was opened from.
    pub fn from(&self) -> Option<String> {
        self.trail.as_ref().map(Trail::query)
    }

    /// Whether this kind of action was asked for.
    pub fn acting(&self, kind: &str) -> bool {
        self.acting == kind
    }
}
