//! Backups that are made again and again: their names, and which of them are old enough to go.
use super::PART;
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An unfinished file this old was left behind by a program that was killed.
const LEFT_BEHIND: Duration = Duration::from_hours(24);

/// The name of a backup of a moment, `fusionsoc-20260323T041632Z.db`.
pub fn name(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    format!("fusionsoc-{}.db", at.strftime("%Y%m%dT%H%M%SZ"))
}

/// Whether a name is one that [`name`] gives.
fn ours(name: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    let middle = name.strip_prefix("fusionsoc-").and_then(|rest| rest.strip_suffix(".db"));
    middle.is_some_and(|middle| middle.len() == 16 && middle.bytes().enumerate().all(shape))
}

/// Removes the oldest backups of a folder until so many are left, and what was left behind unfinished. Files that have
/// other names are not ours. Returns the names of the backups that are gone.
///
/// # Errors
/// Where the folder can't be read or a file can't be removed.
pub fn remove_old(folder: &Path, keep: usize) -> std::io::Result<Vec<String>> {
    let mut all: Vec<(String, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !entry.file_type()?.is_file() {
            continue;
        }
        if ours(&name) {
            all.push((name, entry.path()));
        } else if name.starts_with(PART) {
            let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
            if age > LEFT_BEHIND {
                fs::remove_file(entry.path())?;
            }
        }
    }
    all.sort();
    let old = all.len().saturating_sub(keep);
    all.truncate(old);
    for (_, path) in &all {
        fs::remove_file(path)?;
    }
    Ok(all.into_iter().map(|(name, _)| name).collect())
}
