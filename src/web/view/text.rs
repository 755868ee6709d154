//! Event text for pages: what is hidden made visible, places to break, values defanged.

use std::fmt::Write;
use unicode_security::MixedScript;

/// A value longer than this is folded.
pub const FOLD: usize = 4 * 1024;

/// Makes control and direction characters visible as `⟨U+202E⟩`; line breaks become spaces.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_hidden(c) => {
                // Writing to a String can't fail.
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// The same for a text of several lines, which stay lines.
pub fn lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// The same for a part of a code block: line breaks, at its end too, and tabs stay what they are.
pub fn block(text: &str) -> String {
    text.split_inclusive(['\n', '\t']).fold(String::with_capacity(text.len()), |mut out, piece| {
        let kept = usize::from(piece.ends_with(['\n', '\t']));
        let (inner, end) = piece.split_at(piece.len() - kept);
        out.push_str(&visible(inner.strip_suffix('\r').filter(|_| end == "\n").unwrap_or(inner)));
        out.push_str(end);
        out
    })
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}' | '\u{061C}')
        || matches!(u32::from(c), 0xE0000..=0xE007F)
}

/// What is said of a text that isn't what it looks like; empty for most.
pub fn warning(text: &str) -> &'static str {
    if text.is_ascii() && !text.chars().any(char::is_control) {
        return "";
    }
    let unseen = |c: char| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(unseen) {
        return "Holds characters that hide or reorder text";
    }
    // One word of two scripts, such as a Cyrillic letter among Latin ones, is no word of any language.
    let mixed = |word: &str| !word.is_ascii() && !word.is_single_script();
    let words = text.split(|c: char| !c.is_alphanumeric());
    if words.take(2_000).any(mixed) { "Mixes letters of several scripts that look alike" } else { "" }
}

/// A text in pieces that may break between them, after separators.
pub fn pieces(text: &str) -> Vec<String> {
    let text = visible(text);
    let mut all = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        piece.push(c);
        if matches!(c, '\\' | '/' | ',' | ';' | '&' | '=') {
            all.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        all.push(piece);
    }
    all
}

/// A path: its folders in pieces, and the file's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathView {
    /// The folders.
    pub folders: Vec<String>,
    /// The file's name.
    pub name: String,
}

/// A path with its name apart.
pub fn path(path: &str) -> PathView {
    let mut folders = pieces(path);
    let name = folders.pop().unwrap_or_default();
    PathView { folders, name }
}

/// One argument of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// Whether it is quoted.
    pub quoted: bool,
    /// Its text in pieces, quotes included.
    pub pieces: Vec<String>,
}

/// Characters of a command line that are shown at once.
const COMMAND: usize = 2_000;

/// A command line, argument by argument, up to 200; a long one is cut, and told to be.
pub fn command(line: &str) -> (Vec<Arg>, bool) {
    let end = line.char_indices().nth(COMMAND).map_or(line.len(), |(end, _)| end);
    let cut = end < line.len();
    let line = visible(&line[..end]);
    let mut args = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() && args.len() < 200 {
        let end = match rest.strip_prefix('"').and_then(|inner| inner.find('"')) {
            Some(close) => close + 2,
            None => rest.find(' ').unwrap_or(rest.len()),
        };
        let (arg, after) = rest.split_at(end);
        args.push(Arg { quoted: arg.starts_with('"'), pieces: pieces(arg) });
        rest = after.trim_start();
    }
    (args, cut || !rest.is_empty())
}

/// A value that nobody follows by accident: `hxxps://evil[.]example`.
pub fn defang(kind: crate::domain::ObservableKind, value: &str) -> String {
    use crate::domain::ObservableKind::{Domain, Email, Ip, Url};
    let value = visible(value);
    match kind {
        Url => value.replacen("http", "hxxp", 1).replace('.', "[.]"),
        Domain | Ip => value.replace('.', "[.]"),
        Email => value.replace('@', "[@]").replace('.', "[.]"),
        _ => value,
    }
}

/// The start of a long value; what is hidden in it takes more room once it is visible.
pub fn start(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", visible(&text[..end])),
        None => visible(text),
    }
}

/// The first 12 and last 8 digits of a hash.
pub fn short_hash(hash: &str) -> String {
    if hash.len() > 24 && hash.is_ascii() {
        format!("{}…{}", &hash[..12], &hash[hash.len() - 8..])
    } else {
        visible(hash)
    }
}

/// A link that leads out, and the words that say where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Where it leads.
    pub to: String,
    /// What it is called.
    pub words: String,
}

/// A link from data. It is called `label` only at the hosts that this stands for: anybody can write an address into
/// an event, and a link of an attacker's must not go under the name of a place that people trust.
pub fn outside(link: &str, label: &str, hosts: &[&str]) -> Option<Outside> {
    let to = safe_link(link)?;
    let rest = to.strip_prefix("https://").or_else(|| to.strip_prefix("http://"))?;
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let known = to.starts_with("https://") && hosts.iter().any(|host| place.eq_ignore_ascii_case(host));
    let words = if known { label.to_owned() } else { format!("Link to {}", start(place, 255)) };
    (!place.is_empty()).then_some(Outside { to, words })
}

/// A reference of a rule that may be a link: http or https, without anything that hides where it leads.
pub fn safe_link(text: &str) -> Option<String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '@'));
    (is_web && plain && text.len() < 2_000).then(|| text.to_owned())
}
