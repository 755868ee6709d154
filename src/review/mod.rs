//! What people do with a case: find it, declare a verdict, move it, write notes, give it to somebody,
//! ask the panel again, and undo. Pages and API call the same functions; each is one transaction of
//! the caller's and leaves a trace by `record`.
pub mod bulk;
mod caution;
mod declare;
mod last;
pub mod search;
mod small;
mod undo;

pub use caution::{Caution, Step, caution};
pub use declare::{Declaration, declare};
pub use last::undo_act;
pub use small::{NOTE_KINDS, add_note, ask_again, assign, set_severity, set_status};
pub use undo::undo;

use crate::store::cases::Case;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// A field is wrong; the text says how.
    #[error("{text}")]
    Invalid {
        /// The field's name in the form.
        field: &'static str,
        /// What is wrong, for the person.
        text: String,
    },
    /// Somebody else was faster; nothing was changed.
    #[error("{0}")]
    Conflict(String),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

impl ReviewError {
    fn invalid<T>(field: &'static str, text: impl Into<String>) -> Result<T, Self> {
        Err(Self::Invalid { field, text: text.into() })
    }
}

/// Refuses a change that was made on a page that is out of date.
fn fresh(case: &Case, version: Option<i64>) -> Result<(), ReviewError> {
    match version {
        Some(version) if version != case.version => Err(ReviewError::Conflict(stale(case))),
        _ => Ok(()),
    }
}

/// What happened meanwhile, for the person whose page is out of date.
fn stale(case: &Case) -> String {
    if case.verdict.decided() {
        let at = case
            .decided_ms
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
            .map(|at| at.strftime("%H:%M:%S UTC").to_string());
        return format!(
            "{} decided {} at {}. Yours was not saved.",
            case.decided_by,
            case.verdict.label().to_lowercase(),
            at.unwrap_or_default()
        );
    }
    "The case changed while you were looking at it. Yours was not saved.".to_owned()
}
