//! Pages of lists of cases that are sorted by when they were declared, newest first.
use crate::error::{AppError, Result};

/// The place after which a page begins: time and number of the last case of the one before; that of the first page where
/// nothing is asked.
///
/// # Errors
/// `BadRequest` where it is none.
pub fn after(text: &str) -> Result<(i64, i64)> {
    if text.is_empty() {
        return Ok((i64::MAX, i64::MAX));
    }
    let place = text.split_once('.').and_then(|(at, number)| Some((at.parse().ok()?, number.parse().ok()?)));
    place.ok_or_else(|| AppError::BadRequest("after: is not a page of this list".to_owned()))
}

/// The first `most` of what was found, and the place of the last of them where there is more.
pub fn page<T>(found: &[T], most: usize, place: impl Fn(&T) -> (i64, i64)) -> (&[T], Option<String>) {
    let shown = &found[..found.len().min(most)];
    let last = shown.last().filter(|_| found.len() > most);
    (shown, last.map(|last| format!("{}.{}", place(last).0, place(last).1)))
}
