//! Words in base64, as PowerShell takes its commands: what they hide leaves with them.
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Shorter words hide nothing that could be read.
const SHORTEST: usize = 12;

/// The words of a text that decode to text, each with that.
pub(super) fn find(text: &str) -> Vec<(String, String)> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)));
    words.filter(|word| word.len() >= SHORTEST).filter_map(|word| Some((word.to_owned(), decoded(word)?))).collect()
}

fn decoded(word: &str) -> Option<String> {
    let bytes = STANDARD.decode(word).or_else(|_| STANDARD_NO_PAD.decode(word.trim_end_matches('='))).ok()?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let wide = String::from_utf16(&units).ok().filter(|text| is_readable(text));
    wide.or_else(|| String::from_utf8(bytes).ok().filter(|text| is_readable(text)))
}

fn is_readable(text: &str) -> bool {
    let all = text.chars().count();
    all >= 6 && text.chars().filter(|c| c.is_ascii_graphic() || c.is_whitespace()).count() * 10 >= all * 8
}
