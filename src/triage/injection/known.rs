//! Texts that were searched and hold nothing: names of fields, users and paths come again in nearly every detection,
//! and a detection is searched when it comes in and for every question about it.
use std::collections::HashSet;
use std::sync::{LazyLock, PoisonError, RwLock};

/// Bytes of a text that is remembered, and how many texts are: a few megabytes at most.
const LONGEST: usize = 512;
const MOST: usize = 4_096;

type Texts = RwLock<HashSet<Box<str>>>;

/// Those that others write, and those of our own people, which are searched for less.
static CLEAN: LazyLock<[Texts; 2]> = LazyLock::new(Default::default);

/// Whether exactly this text was searched before and holds nothing.
pub(super) fn is_clean(text: &str, ours: bool) -> bool {
    text.len() <= LONGEST && CLEAN[usize::from(ours)].read().unwrap_or_else(PoisonError::into_inner).contains(text)
}

/// Remembers a text that was searched to its end and holds nothing.
pub(super) fn remember(text: &str, ours: bool) {
    if text.len() > LONGEST {
        return;
    }
    let mut clean = CLEAN[usize::from(ours)].write().unwrap_or_else(PoisonError::into_inner);
    // Whoever sends texts that differ drives the others out, which come back at once.
    if clean.len() >= MOST {
        clean.clear();
    }
    clean.insert(text.into());
}
