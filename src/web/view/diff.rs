//! Two texts line by line: what stayed, what was taken out, what was put in.
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is in both texts.
    Same,
    /// It is in the second one only.
    Added,
    /// It is in the first one only.
    Removed,
}

/// A line of either text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub became: Became,
    /// Its text without the line's end.
    pub text: String,
}

impl Line {
    /// Whether it was added or removed.
    pub const fn is_change(&self) -> bool {
        !matches!(self.became, Became::Same)
    }

    /// Whether it was added.
    pub const fn is_added(&self) -> bool {
        matches!(self.became, Became::Added)
    }
}

/// All lines in order, a changed one as removed and added.
pub fn lines(old: &str, new: &str) -> Vec<Line> {
    // Texts can be made to differ in a way that takes minutes to tell; then it is told more roughly.
    let diff = TextDiff::configure().timeout(Duration::from_millis(200)).diff_lines(old, new);
    let line = |change: similar::Change<&str>| Line {
        became: match change.tag() {
            ChangeTag::Equal => Became::Same,
            ChangeTag::Insert => Became::Added,
            ChangeTag::Delete => Became::Removed,
        },
        text: change.value().trim_end_matches('\n').to_owned(),
    };
    diff.iter_all_changes().map(line).collect()
}
