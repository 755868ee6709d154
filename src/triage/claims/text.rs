//! A voter's text as sentences of words, each with its place in the text.

/// A word, a path or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// As it was written, without the punctuation around it.
    pub raw: &'a str,
    /// In small letters, without a possessive.
    pub word: String,
    /// Its place in the text.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// Whether punctuation follows that ends a clause.
    pub breaks: bool,
    /// Whether a hyphen joins it to the next one.
    pub joined: bool,
}

impl Token<'_> {
    /// Whether it begins with a capital letter, as names do.
    pub fn capital(&self) -> bool {
        self.raw.starts_with(char::is_uppercase)
    }
}

/// A list of words with blanks between them.
pub struct Words(pub &'static str);

impl Words {
    /// Whether a word is on the list.
    pub fn contains(&self, word: &&str) -> bool {
        self.0.split_ascii_whitespace().any(|known| known == *word)
    }
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentence<'a> {
    /// Its words.
    pub tokens: Vec<Token<'a>>,
    /// Whether it is a question.
    pub question: bool,
}

impl Sentence<'_> {
    /// A word, or nothing beyond the ends.
    pub fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.word.as_str())
    }

    /// The word so many places before.
    pub fn before(&self, at: usize, by: usize) -> &str {
        at.checked_sub(by).map_or("", |at| self.word(at))
    }

    /// Whether a clause ends between two places.
    pub fn broken(&self, from: usize, to: usize) -> bool {
        self.tokens.iter().take(to).skip(from).any(|token| token.breaks)
    }
}

const ABBREVIATIONS: &[&str] = &["e.g", "i.e", "inc", "corp", "ltd", "co", "vs", "approx", "no", "etc", "cf"];
const AROUND: &[char] = &[
    '"', '\'', '`', '*', '(', ')', '[', ']', '{', '}', ',', ';', ':', '!', '?', '.', '\u{201c}', '\u{201d}',
    '\u{2018}', '\u{2019}', '<', '>', '|', '#', '\u{2014}', '\u{2013}',
];

/// A sentence without an end is cut after so many words, so that no text takes long.
const LONGEST: usize = 120;

/// The sentences of a text.
pub fn sentences(text: &str) -> Vec<Sentence<'_>> {
    let mut all = Vec::new();
    let mut now = Sentence::default();
    let mut at = 0;
    while let Some((start, end)) = chunk(text, at) {
        at = end;
        let trailing = push(&mut now, text, start, end);
        let rest = &text[end..];
        let gap = &rest[..rest.len() - rest.trim_start().len()];
        let next_small = rest.trim_start().starts_with(|c: char| c.is_lowercase());
        let short = now.tokens.last().is_some_and(|token| ABBREVIATIONS.contains(&token.word.as_str()));
        let stop = trailing.contains(['!', '?', ';']) || (trailing.contains('.') && !(short && next_small));
        if stop || gap.contains('\n') || now.tokens.len() >= LONGEST {
            now.question = trailing.contains('?');
            all.push(std::mem::take(&mut now));
        }
    }
    all.push(now);
    all.retain(|sentence| !sentence.tokens.is_empty());
    all
}

/// The next run without blanks; a path with blanks is one run.
fn chunk(text: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + text[from..].find(|c: char| !c.is_whitespace())?;
    let mut end = word_end(text, start);
    while continues(&text[start..end], &text[end..]) {
        let next = end + text[end..].find(|c: char| !c.is_whitespace())?;
        end = word_end(text, next);
    }
    Some((start, end))
}

fn word_end(text: &str, from: usize) -> usize {
    text[from..].find(char::is_whitespace).map_or(text.len(), |len| from + len)
}

/// Whether a path or an account goes on after a blank.
fn continues(so_far: &str, rest: &str) -> bool {
    let next = rest.strip_prefix(' ').and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let plain = so_far.trim_start_matches(AROUND);
    if plain.eq_ignore_ascii_case("nt") {
        return next.to_ascii_lowercase().starts_with("authority\\");
    }
    if !is_drive(plain)
        || so_far.ends_with(AROUND) && !so_far.ends_with(')')
        || is_drive(next.trim_start_matches(AROUND))
    {
        return false;
    }
    let ended = plain.rsplit('\\').next().is_some_and(|name| name.contains('.'));
    let program = plain.to_ascii_lowercase().ends_with(":\\program");
    !ended && (next.contains('\\') || program || next.starts_with("(x86)"))
}

/// Whether a text begins like `C:\`.
pub fn is_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'\\'
}

/// Adds the words of a run; returns the punctuation after it.
fn push<'a>(sentence: &mut Sentence<'a>, text: &'a str, start: usize, end: usize) -> &'a str {
    let run = &text[start..end];
    let inner = run.trim_start_matches(AROUND);
    let from = start + run.len() - inner.len();
    let kept = inner.trim_end_matches(AROUND);
    let trailing = &inner[kept.len()..];
    if kept.is_empty() || matches!(kept, "-" | "=") {
        if let Some(last) = sentence.tokens.last_mut() {
            last.breaks = true;
        }
        return if inner.is_empty() { run } else { trailing };
    }
    let mut at = from;
    let parts = split(kept);
    let last = parts.len() - 1;
    for (place, part) in parts.iter().enumerate() {
        let lower = part.to_lowercase().replace('\u{2019}', "'");
        let word = lower.strip_suffix("'s").unwrap_or(&lower).to_owned();
        let breaks = place == last && trailing.contains([',', ';', ':', ')', '\u{2014}', '\u{2013}', '.', '!', '?']);
        let joined = place < last;
        sentence.tokens.push(Token { raw: part, word, start: at, end: at + part.len(), breaks, joined });
        at += part.len() + 1;
    }
    trailing
}

/// The words of `Microsoft-signed` and of `signed=yes`; a path, a name or a number stays whole.
fn split(text: &str) -> Vec<&str> {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    for mark in ['-', '='] {
        let parts: Vec<&str> = text.split(mark).collect();
        let words = parts.iter().all(|part| plain(part)) && parts[0].starts_with(char::is_alphabetic);
        if parts.len() > 1 && words {
            return parts;
        }
    }
    vec![text]
}
