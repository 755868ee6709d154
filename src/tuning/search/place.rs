//! Paths that vary: the folder that they have in common, the same path with any user or version, and who may write there.
use crate::domain::path::file_name;
use crate::tuning::condition::loosen;

/// Folders of installed software, in lower case: only an administrator writes there.
const INSTALLED: &[&str] = &["c:\\program files\\", "c:\\program files (x86)\\", "/opt/"];
/// Folders of the system itself.
const SYSTEM: &[&str] = &[
    "c:\\windows\\system32\\",
    "c:\\windows\\syswow64\\",
    "c:\\windows\\winsxs\\",
    "c:\\windows\\servicing\\",
    "/usr/",
    "/bin/",
    "/sbin/",
    "/lib/",
    "/lib32/",
    "/lib64/",
    "/libexec/",
    "/system/",
];
/// Folders within those that others write to, or that lead out of them.
const WRITABLE: &[&str] = &[
    "\\..",
    "/..",
    "\\tasks\\",
    "\\temp\\",
    "\\spool\\drivers\\color\\",
    "/usr/local/",
    "/usr/tmp/",
    "/opt/homebrew/",
];

/// Whether a path lies where software is installed.
pub(super) fn is_installed(path: &str) -> bool {
    lies_in(INSTALLED, path)
}

/// Whether only an administrator or the system writes there.
pub(super) fn is_trusted(path: &str) -> bool {
    lies_in(INSTALLED, path) || lies_in(SYSTEM, path)
}

fn lies_in(folders: &[&str], path: &str) -> bool {
    let path = path.to_lowercase();
    let inside = |folder: &&str| path.starts_with(*folder) && path.len() > folder.len();
    folders.iter().any(inside) && !WRITABLE.iter().any(|part| path.contains(part))
}

/// The folders of installed software that a path lies in, as it writes them, with the last separator; the vendor's first.
pub(super) fn folders(path: &str) -> Vec<&str> {
    if !is_installed(path) {
        return Vec::new();
    }
    let lower = path.to_lowercase();
    let root = INSTALLED.iter().find(|root| lower.starts_with(**root)).map_or(0, |root| root.len());
    let ends = path.char_indices().filter(|(at, c)| *at > root && matches!(c, '\\' | '/'));
    ends.filter_map(|(at, _)| path.get(..=at)).collect()
}

/// A pattern for a path in which the profile's name, versions and long numbers may be others, and the same for people;
/// nothing where it has none of these.
pub(super) fn template(path: &str) -> Option<(String, String)> {
    let separator = if path.contains('\\') { '\\' } else { '/' };
    let parts: Vec<&str> = path.split(separator).collect();
    let (mut patterns, mut words, mut open) = (Vec::new(), Vec::new(), false);
    for (at, part) in parts.iter().enumerate() {
        let profile =
            at > 0 && matches!(parts[at - 1].to_lowercase().as_str(), "users" | "home") && at + 1 < parts.len();
        let (pattern, word) = if profile {
            (format!("[^{}]+", regex::escape(&separator.to_string())), "(any user)".to_owned())
        } else if at + 1 < parts.len() && is_version(part) {
            ("[0-9][0-9._]*".to_owned(), "(any version)".to_owned())
        } else {
            let (pattern, loose) = loosen(part);
            open = open || loose;
            (pattern, if loose { format!("{part} (any number)") } else { (*part).to_owned() })
        };
        open = open || word.starts_with("(any");
        patterns.push(pattern);
        words.push(word);
    }
    let joined = patterns.join(&regex::escape(&separator.to_string()));
    open.then(|| (format!("^{joined}$"), words.join(&separator.to_string())))
}

fn is_version(part: &str) -> bool {
    part.contains('.')
        && part.starts_with(|c: char| c.is_ascii_digit())
        && part.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
}

/// The file's name in lower case; nothing for a folder.
pub(super) fn name(path: &str) -> Option<String> {
    let name = file_name(path).to_lowercase();
    (!name.is_empty() && name.len() < path.len()).then_some(name)
}
