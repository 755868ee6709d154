//! Backups that are made again and again: their names, and which of them are old enough to go.
use super::PART;
use jiff::Timestamp;
use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::Path;
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

/// What became of old backups.
#[derive(Debug, Default)]
pub struct Removed {
    /// The names of those that are gone.
    pub gone: Vec<String>,
    /// Why others are still there, in words; empty where none should be gone that is not.
    pub problem: String,
}

impl Removed {
    /// Removes a file, or says why it is still there.
    fn remove(&mut self, name: String, path: &Path) {
        match fs::remove_file(path) {
            Ok(()) => self.gone.push(name),
            // Another worker was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if self.problem.is_empty() => self.problem = format!("{}: {error}", path.display()),
            Err(_) => {}
        }
    }
}

/// The files of a folder, by name.
fn files(folder: &Path) -> std::io::Result<Vec<(String, DirEntry)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && entry.file_type().is_ok_and(|kind| kind.is_file())
        {
            all.push((name, entry));
        }
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(all)
}

/// Removes the oldest backups of a folder until so many are left, of which `newest` is one, the name of the last that was
/// made. Files that have other names are not ours. Those of a later time were made by a clock that was ahead: they neither
/// count nor go before that time has come. What can't be removed keeps nothing else from going.
pub fn remove_old(folder: &Path, keep: usize, newest: &str) -> Removed {
    let mut removed = Removed::default();
    let all = match files(folder) {
        Ok(all) => all,
        Err(error) => return Removed { problem: format!("{}: {error}", folder.display()), ..removed },
    };
    let known: Vec<_> = all.into_iter().filter(|(name, _)| ours(name) && name.as_str() <= newest).collect();
    let old = known.len().saturating_sub(keep.max(1));
    for (name, entry) in known.into_iter().take(old) {
        removed.remove(name, &entry.path());
    }
    removed
}

/// Removes what was left behind unfinished long ago.
pub fn remove_left_behind(folder: &Path) -> Removed {
    let mut removed = Removed::default();
    for (name, entry) in files(folder).unwrap_or_default() {
        let modified = entry.metadata().and_then(|known| known.modified());
        let age = modified.ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        if name.starts_with(PART) && age > LEFT_BEHIND {
            removed.remove(name, &entry.path());
        }
    }
    removed
}
