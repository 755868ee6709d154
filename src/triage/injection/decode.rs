//! Reads what a text holds in encoded form. A decoded text counts only where most of it is printable.
use super::fold::Folded;
use base64::Engine;
use base64::engine::DecodePaddingMode::Indifferent;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// What is shorter is no message.
const SHORTEST: usize = 8;
/// Texts are turned around and rotated up to this size.
const TURNED: usize = 16 * 1024;
const TURNING: [&str; 2] = ["written backwards", "ROT13"];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(Indifferent),
);

type Visit<'v> = &'v mut dyn FnMut(&'static str, String) -> bool;

/// Shows everything that a text decodes to, with the name of the encoding, until the visitor has enough.
pub(super) fn each(text: &str, folded: &Folded, outer: Option<&str>, visit: Visit<'_>) {
    let more = escapes(text).is_none_or(|plain| visit("escapes", plain))
        && base64(text, visit)
        && hex(text, visit)
        && codes(text, visit)
        && selectors(text, folded).is_none_or(|plain| visit("selectors", plain));
    let short = text.len() <= TURNED && text.len() >= SHORTEST;
    if more && short && !outer.is_some_and(|layer| TURNING.contains(&layer)) {
        let _ = visit(TURNING[0], text.chars().rev().collect()) && visit(TURNING[1], text.chars().map(rot13).collect());
    }
}

/// Bytes as text, UTF-8 or UTF-16, where most of it is printable.
pub(in crate::triage) fn readable(bytes: &[u8]) -> Option<String> {
    let narrow = std::str::from_utf8(bytes).ok().map(str::to_owned).filter(|text| mostly_printable(text));
    narrow.or_else(|| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        Some(String::from_utf16_lossy(&units)).filter(|text| mostly_printable(text))
    })
}

fn mostly_printable(text: &str) -> bool {
    let (mut all, mut good) = (0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        let is_text = c == ' ' || c == '\n' || c == '\r' || c == '\t' || c.is_alphanumeric() || c.is_ascii_graphic();
        good += usize::from(is_text && c != '\u{FFFD}');
    }
    all >= SHORTEST && good * 10 >= all * 8
}

/// Runs of the alphabet, standard or for addresses, line breaks inside taken out.
fn base64(text: &str, visit: Visit<'_>) -> bool {
    let in_run = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(byte);
    for run in text.as_bytes().split(|byte| !in_run(byte)).filter(|run| run.len() >= 12) {
        let decoded = base64_of(run).and_then(|bytes| readable(&bytes));
        if decoded.is_some_and(|plain| !visit("Base64", plain)) {
            return false;
        }
    }
    true
}

/// The bytes of one run, standard or for addresses, padded or not.
pub(in crate::triage) fn base64_bytes(run: &str) -> Option<Vec<u8>> {
    base64_of(run.as_bytes())
}

fn base64_of(run: &[u8]) -> Option<Vec<u8>> {
    let standard = |byte: &u8| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        b'+' | b'/' => Some(*byte),
        _ => Some(*byte).filter(u8::is_ascii_alphanumeric),
    };
    let letters: Vec<u8> = run.iter().filter_map(standard).collect();
    // One letter too many says nothing.
    BASE64.decode(&letters[..letters.len() - usize::from(letters.len() % 4 == 1)]).ok()
}

/// Pairs of hex digits, also behind `\x`, `0x` or between separators.
fn hex(text: &str, visit: Visit<'_>) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let pair = |at: usize| Some(u8::try_from(digit(at)? * 16 + digit(at + 1)?).unwrap_or_default());
    if bytes.iter().filter(|byte| byte.is_ascii_hexdigit()).count() < 2 * SHORTEST {
        return true;
    }
    let (mut run, mut at) = (Vec::new(), 0);
    while at <= bytes.len() {
        if run.is_empty() && !bytes.get(at).is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b'\\') {
            at += 1; // no run begins here
            continue;
        }
        let skip = prefix(&bytes[at..]);
        if let Some(byte) = pair(at + skip).filter(|_| skip == 0 || !run.is_empty() || skip == 2) {
            run.push(byte);
            at += skip + 2;
            continue;
        }
        if run.len() >= SHORTEST && readable(&run).is_some_and(|plain| !visit("hex", plain)) {
            return false;
        }
        run.clear();
        at += 1;
    }
    true
}

/// How many bytes stand between two pairs of hex digits.
fn prefix(rest: &[u8]) -> usize {
    let separator = usize::from(matches!(rest.first(), Some(b' ' | b',' | b':' | b'-' | b';')));
    let mark = match rest.get(separator..separator + 2) {
        Some(b"\\x" | b"0x" | b"0X" | b"\\X") => 2,
        _ => 0,
    };
    separator + mark
}

/// Characters as decimal numbers, such as `73,103,110` or `[char]73+[char]103`.
fn codes(text: &str, visit: Visit<'_>) -> bool {
    if text.bytes().filter(u8::is_ascii_digit).count() < SHORTEST {
        return true;
    }
    let mut plain = String::new();
    let mut gap = 0;
    let mut number = String::new();
    for c in text.chars().chain(std::iter::once('\0').chain(std::iter::repeat_n(' ', 10))) {
        if c.is_ascii_digit() {
            number.push(c);
            gap = 0;
            continue;
        }
        if !number.is_empty() {
            match number.parse::<u8>().ok().filter(|code| (9..127).contains(code)) {
                Some(code) => plain.push(char::from(code)),
                None => gap = 10,
            }
            number.clear();
        }
        gap += 1;
        if gap > 9 && !plain.is_empty() {
            if mostly_printable(&plain) && !visit("character codes", std::mem::take(&mut plain)) {
                return false;
            }
            plain.clear();
        }
    }
    true
}

/// Percent signs, entities and backslash escapes undone in one pass; nothing where there are none.
pub(in crate::triage) fn escapes(text: &str) -> Option<String> {
    let opens = |byte| matches!(byte, b'%' | b'\\' | b'&' | b'U');
    let first = text.bytes().position(opens)?;
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut changed = false;
    let mut bytes = Vec::new();
    let mut rest = &text[first..];
    while let Some(c) = rest.chars().next() {
        // What opens no escape is taken over as it stands.
        let plain = rest.bytes().position(opens).unwrap_or(rest.len());
        if plain > 0 {
            changed |= flush(&mut bytes, &mut out);
            out.push_str(&rest[..plain]);
            rest = &rest[plain..];
            continue;
        }
        if let Some((byte, len)) = percent(rest) {
            bytes.push(byte);
            rest = &rest[len..];
            continue;
        }
        changed |= flush(&mut bytes, &mut out);
        let (shown, len) = escape(rest).map_or((c, c.len_utf8()), |(shown, len)| {
            changed = true;
            (shown, len)
        });
        out.push(shown);
        rest = &rest[len..];
    }
    changed |= flush(&mut bytes, &mut out);
    (changed && mostly_printable(&out)).then_some(out)
}

fn flush(bytes: &mut Vec<u8>, out: &mut String) -> bool {
    out.push_str(&String::from_utf8_lossy(bytes));
    !std::mem::take(bytes).is_empty()
}

/// `%69`, `\x69` or `=69` as a byte, with the length of how it was written.
fn percent(rest: &str) -> Option<(u8, usize)> {
    let head = ["%", "\\x"].into_iter().find(|head| rest.starts_with(head))?;
    let digits = rest.get(head.len()..head.len() + 2)?;
    u8::from_str_radix(digits, 16).ok().filter(|byte| *byte >= 0x20).map(|byte| (byte, head.len() + 2))
}

/// Entities with names.
const NAMED: [(&str, char); 8] = [
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&amp;", '&'),
    ("&nbsp;", ' '),
    ("&vert;", '|'),
    ("&lowbar;", '_'),
];

/// `\u0069`, `%u0069`, `\u{69}`, `&#105;`, `&#x69;` or a named entity as a character.
fn escape(rest: &str) -> Option<(char, usize)> {
    if let Some(digits) =
        ["\\u{", "&#x", "&#X", "&#", "\\u", "%u", "U+"].into_iter().find(|head| rest.starts_with(head))
    {
        let after = &rest[digits.len()..];
        let radix = if digits == "&#" { 10 } else { 16 };
        let most = if matches!(digits, "\\u" | "%u") { 4 } else { 7 };
        let len = after.bytes().take(most).take_while(|byte| char::from(*byte).is_digit(radix)).count();
        let code = u32::from_str_radix(after.get(..len)?, radix).ok()?;
        let end = usize::from(after[len..].starts_with([';', '}']));
        return Some((char::from_u32(code)?, digits.len() + len + end));
    }
    NAMED.into_iter().find(|(name, _)| rest.starts_with(name)).map(|(name, c)| (c, name.len()))
}

/// Bytes that are carried by variation selectors.
fn selectors(text: &str, folded: &Folded) -> Option<String> {
    if folded.selectors < SHORTEST {
        return None;
    }
    let byte = |c: char| match c {
        '\u{FE00}'..='\u{FE0F}' => u8::try_from(u32::from(c) - 0xFE00).ok(),
        '\u{E0100}'..='\u{E01EF}' => u8::try_from(u32::from(c) - 0xE0100 + 16).ok(),
        _ => None,
    };
    readable(&text.chars().filter_map(byte).collect::<Vec<_>>())
}

fn rot13(c: char) -> char {
    let turn = |first: u8| u8::try_from(u32::from(c)).map_or(c, |byte| char::from((byte - first + 13) % 26 + first));
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        c => c,
    }
}
