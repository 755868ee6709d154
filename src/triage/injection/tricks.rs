//! What needs no words: invisible characters, floods, forged tokens of a form rather than of a name.
use super::Technique;
use super::fold::{Folded, is_hidden};

/// From this many characters of no width on it is no accident.
const ZERO_WIDTH: usize = 3;
/// A run of equal characters that no program needs.
const FLOOD: usize = 1_000;
/// A path that no file system allows.
const LONGEST_PATH: usize = 4_096;

/// Reports what a text does without words.
pub(super) fn find(text: &str, folded: &Folded, add: &mut dyn FnMut(Technique, &str)) {
    if folded.tags > 0 || folded.turning > 0 || folded.zero_width >= ZERO_WIDTH || folded.selectors >= ZERO_WIDTH {
        add(Technique::Invisible, around_hidden(text));
    }
    if longest_run(text) >= FLOOD || is_endless_path(text) {
        add(Technique::Flood, text);
    }
    if let Some(token) = token(&folded.plain) {
        add(Technique::Tokens, token);
    }
    if let Some(prefix) = prefix(&folded.plain) {
        add(Technique::Breakout, prefix);
    }
}

fn around_hidden(text: &str) -> &str {
    let at = text.char_indices().find(|(_, c)| is_hidden(*c)).map_or(0, |(at, _)| at);
    let start = text[..at].char_indices().rev().take(20).last().map_or(at, |(at, _)| at);
    &text[start..]
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run, mut before) = (0, 0, None);
    for c in text.chars() {
        run = if before == Some(c) { run + 1 } else { 1 };
        longest = longest.max(run);
        before = Some(c);
    }
    longest
}

fn is_endless_path(text: &str) -> bool {
    let parts = text.bytes().filter(|byte| matches!(byte, b'\\' | b'/')).count();
    text.len() > LONGEST_PATH && parts >= 100 && !text.contains(char::is_whitespace)
}

/// `<|name|>`, whatever the name.
fn token(plain: &str) -> Option<&str> {
    plain.match_indices("<|").find_map(|(at, _)| {
        let inner = &plain[at + 2..];
        let len = inner.char_indices().take(40).find(|(_, c)| !(c.is_alphanumeric() || "_-:▁ ".contains(*c)))?.0;
        inner[len..].starts_with("|>").then(|| &plain[at..at + len + 4]).filter(|_| len > 1)
    })
}

/// The prefix of our own data lines, `D-7f3a…|`.
fn prefix(plain: &str) -> Option<&str> {
    plain.match_indices("d-").find_map(|(at, _)| {
        let inner = &plain[at + 2..];
        let len = inner.bytes().take(40).take_while(u8::is_ascii_hexdigit).count();
        (len >= 8 && inner[len..].starts_with('|')).then(|| &plain[at..at + len + 3])
    })
}
