//! Canonical rendering: a value as one line of printable ASCII that no model can take for an instruction.
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A value after its cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// In quotes, escaped.
    pub text: String,
    /// Whether something was cut.
    pub cut: bool,
}

/// Security text runs at about 1.8 bytes a token.
pub fn tokens(text: &str) -> usize {
    (text.len() * 10).div_ceil(18)
}

/// Renders a value in at most `cap` tokens: runs collapsed, the middle cut, control tokens broken, all else escaped.
pub fn value(raw: &str, cap: usize) -> Rendered {
    let collapsed = collapse(raw);
    let max = cap * 18 / 10;
    let (kept, cut) =
        if escape(&collapsed).len() <= max { (collapsed, false) } else { (middle_cut(&collapsed, max), true) };
    Rendered { text: format!("\"{}\"", escape(&kept)), cut }
}

/// More than 16 equal characters in a row say nothing that their number doesn't say.
fn collapse(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let mut run = 1;
        while chars.next_if_eq(&c).is_some() {
            run += 1;
        }
        if run > 16 {
            let _ = write!(out, "[{c} x {run}]");
        } else {
            out.extend(std::iter::repeat_n(c, run));
        }
    }
    out
}

/// Keeps 60 % of the room for the head and 40 % for the tail, and says what is missing in between.
fn middle_cut(text: &str, max: usize) -> String {
    let room = max.saturating_sub(70).max(16);
    let head = take(text.chars(), room * 6 / 10);
    let tail: String = take(text.chars().rev(), room * 4 / 10).chars().rev().collect();
    let lost = text.chars().count().saturating_sub(head.chars().count() + tail.chars().count());
    let hash = &hex::encode(Sha256::digest(text))[..16];
    format!("{head}[...cut {lost} characters, sha256={hash}, entropy={:.1}]{tail}", entropy(text))
}

/// Characters until their escaped form would exceed `room` bytes.
fn take(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += match c {
                '"' | '\\' | '\n' | '\r' | '\t' => 2,
                ' '..='~' => 1,
                other => 6 * other.len_utf16(),
            };
            used <= room
        })
        .collect()
}

/// Shannon entropy in bits a byte.
#[expect(clippy::cast_precision_loss, reason = "texts are far shorter than 2^52 bytes")]
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_usize; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let len = text.len().max(1) as f64;
    counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / len).map(|share| -share * share.log2()).sum()
}

/// JSON string escapes for everything that is not printable ASCII, and breaks in every token that
/// a chat template could read as control.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            other => other.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(out, "\\u{unit:04x}");
            }),
        }
    }
    break_tokens(&out)
}

/// Words that open or close a turn, a thought or a system part in a known chat template.
const CONTROL: &[&str] = &[
    "<|",
    "|>",
    "<think",
    "</think",
    "[inst",
    "[/inst",
    "<<sys",
    "<</sys",
    "<start_of_turn",
    "<end_of_turn",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<system",
    "</system",
    "<tool",
    "</tool",
];

/// One pass: a text may hold as many tokens as its writer likes.
fn break_tokens(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        let rest = &lower[at..];
        if matches!(c, '<' | '|' | '[') && CONTROL.iter().any(|token| rest.starts_with(token)) {
            out.push(' ');
        }
    }
    out
}
