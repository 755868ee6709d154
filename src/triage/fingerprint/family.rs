//! What a behaviour has in common with others: its family, and a text by which it can be compared.
use sha2::{Digest, Sha256};

/// Bytes of the canonical text that are kept to compare by.
const LONGEST: usize = 4 * 1024;
/// Begins the last line of a text that was cut.
const CUT: &str = "cut=";
/// The programs of an event: its own and the one above it, in the words of `event`.
const IMAGES: [&str; 4] = ["image=", "parent.image=", "process.image=", "by.image="];

/// A behaviour, and what finds its like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behaviour {
    /// The fingerprint in hex.
    pub fingerprint: String,
    /// SHA-256 in hex of rule, parent image and image; empty where the event names no image.
    pub family: String,
    /// The canonical text, cut.
    pub text: String,
}

/// The behaviour with these canonical lines.
pub(super) fn of(lines: &[String]) -> Behaviour {
    let text = lines.join("\n");
    Behaviour { fingerprint: hex::encode(Sha256::digest(&text)), family: family(lines), text: cut(&text) }
}

/// The lines as they were made, not those of the joined text: a value may hold a line break.
fn family(lines: &[String]) -> String {
    let image = |line: &&String| IMAGES.iter().any(|name| line.strip_prefix(name).is_some_and(|path| !path.is_empty()));
    let images: Vec<&str> = lines.iter().filter(image).map(String::as_str).collect();
    let Some(rule) = lines.iter().find(|line| line.starts_with("rule=")).filter(|_| !images.is_empty()) else {
        return String::new();
    };
    hex::encode(Sha256::digest(format!("{rule}\n{}", images.join("\n"))))
}

/// A long text ends with the hash of all of it, so that two of them never read the same.
fn cut(text: &str) -> String {
    // PostgreSQL stores no NUL.
    let plain = text.replace('\0', " ");
    if plain.len() <= LONGEST {
        return plain;
    }
    let start = &plain[..plain.floor_char_boundary(LONGEST)];
    format!("{start}\n{CUT}{}", hex::encode(Sha256::digest(text)))
}

/// Whether a text that is kept is not the whole one.
pub fn is_cut(text: &str) -> bool {
    text.rsplit('\n').next().is_some_and(|line| line.starts_with(CUT))
}
