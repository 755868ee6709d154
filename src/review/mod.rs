//! What people do with a case: find it, declare a verdict, move it, write notes, give it to somebody,
//! ask the panel again, and undo. Pages and API call the same functions; each is one transaction of
//! the caller's and leaves a trace by `record`.
pub(crate) mod blind;
pub mod bulk;
mod caution;
mod declare;
pub mod gate;
mod last;
mod linking;
pub mod merging;
mod notes;
pub mod related;
pub mod search;
mod settle;
mod settled;
pub mod sight;
mod small;
pub mod snooze;
mod splitting;
mod tags;
mod tasks;
mod undo;

pub use caution::{Caution, Step, caution};
pub use declare::{Declaration, declare};
pub use last::undo_act;
pub use linking::{duplicate, link, unlink};
pub use notes::{edit_note, may_change_note, remove_note};
pub use sight::sight;
pub use small::{NOTE_KINDS, add_note, ask_again, assign, set_severity, set_status};
pub use snooze::{Why, snooze, wake};
pub use splitting::split;
pub use tags::set_tags;
pub use tasks::{
    add_task, apply_template, assign_task, check_tasks, fitting_templates, line, open_tasks, remove_task, tick_task,
};
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
    /// There is no such thing, or it belongs elsewhere.
    #[error("There is no such {0} in this case.")]
    Missing(&'static str),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

impl ReviewError {
    fn invalid<T>(field: &'static str, text: impl Into<String>) -> Result<T, Self> {
        Err(Self::Invalid { field, text: text.into() })
    }
}

/// The beginning of a text, in one line.
fn first_line(text: &str, most: usize) -> String {
    text.lines().next().unwrap_or_default().chars().take(most).collect()
}

/// Refuses a change that was made on a page that is out of date.
///
/// # Errors
/// `Conflict` that says what happened meanwhile.
pub fn fresh(case: &Case, version: Option<i64>) -> Result<(), ReviewError> {
    match version {
        Some(version) if version != case.version => Err(ReviewError::Conflict(stale(case))),
        _ => Ok(()),
    }
}

/// Refuses to do something to a case that is part of another one.
///
/// # Errors
/// `Conflict` with the other one's number.
pub fn whole(case: &Case) -> Result<(), ReviewError> {
    match case.merged_into {
        Some(into) => Err(ReviewError::Conflict(format!(
            "Case #{0} became part of case #{into}. Do it there, or take #{0} out first.",
            case.number
        ))),
        None => Ok(()),
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
