//! Words of a text as search knows them: lower-cased runs of letters and digits. Index and question
//! go through the same function, so both databases hold the same words and give the same answers.
use super::search::Field;
use std::ops::Range;

/// What is kept of a run of letters and digits: a SHA-256 whole, of base64 the start.
pub const LONGEST: usize = 64;
/// A word that is not quoted counts as a beginning from so many characters on; after others in a phrase, one less.
pub const PREFIX_FROM: usize = 3;
/// Stands between two texts, so that no phrase reaches from one into the next. No text holds it as a word.
pub const GAP: &str = "~";

/// Words of one row: `PostgreSQL` counts positions up to 16,383.
pub const MOST: usize = 12_000;
/// Bytes of them together: `PostgreSQL` takes a little less than 1 MiB.
const MOST_BYTES: usize = 512 * 1024;

/// A word and where its run stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// The bytes of the whole run.
    pub at: Range<usize>,
}

/// The words of a text, in order.
pub fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let start = done + text[done..].find(char::is_alphanumeric)?;
        let len = text[start..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - start);
        done = start + len;
        let lower = text[start..done].chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric());
        Some(Word { text: lower.take(LONGEST).collect(), at: start..done })
    })
}

/// The word that tells whose a text is, so that a search stays with the organisations it may see.
pub fn org_word(org_id: i64) -> String {
    format!("o~{org_id}")
}

/// The words of one row as the index takes them: separated by blanks, a [`GAP`] after each text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The words.
    pub text: String,
    count: usize,
}

impl Entry {
    /// A row of an organisation.
    pub fn new(org_id: i64) -> Self {
        Self { text: format!("{} {GAP}", org_word(org_id)), count: 2 }
    }

    /// Adds the words of a text, as those of a field where one is given; `false` where `most` words, or the share of
    /// bytes that goes with them, are there.
    pub fn add(&mut self, field: Option<Field>, text: &str, most: usize) -> bool {
        let (before, bytes) = (self.count, MOST_BYTES / MOST * most);
        for word in words(text) {
            if self.count >= most || self.text.len() >= bytes {
                return false;
            }
            self.push(&field.map_or_else(|| word.text.clone(), |field| field.word(&word.text)));
        }
        if self.count > before {
            self.push(GAP);
        }
        true
    }

    fn push(&mut self, word: &str) {
        self.text.push(' ');
        self.text.push_str(word);
        self.count += 1;
    }
}

/// The words of a single text of an organisation, such as a note.
pub fn entry(org_id: i64, text: &str) -> String {
    let mut entry = Entry::new(org_id);
    entry.add(None, text, MOST);
    entry.text
}
