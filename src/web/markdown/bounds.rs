//! What is read as markdown: the cost of a text is known before it is paid.
//!
//! The time goes into the tree that the allow-list builds of the HTML: it grows with the square of the
//! nesting, and with the number of elements and escaped characters. So these are bounded, not the time.
use pulldown_cmark::{Event, Options, Parser};
use std::ops::Range;

/// An event with the bytes of the text that it stands for.
pub(super) type Part<'a> = (Event<'a>, Range<usize>);

/// The longest text.
const LONGEST: usize = 64 * 1024;
/// Blocks and marks within each other; a list and its item are two.
const NESTED: usize = 16;
/// Beginnings, ends and texts.
const EVENTS: usize = 12_000;
/// Characters that HTML writes as a name, such as `&amp;`.
const ESCAPED: usize = 8_000;

/// The parts of a text; nothing where there are too many or they are nested too deep.
pub(super) fn parse(text: &str, options: Options) -> Option<Vec<Part<'_>>> {
    if text.len() > LONGEST || text.lines().any(|line| opened(line) > NESTED) {
        return None;
    }
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    for (event, place) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        if depth > NESTED || parts.len() >= EVENTS {
            return None;
        }
        parts.push((event, place));
    }
    Some(parts)
}

/// The quotes and list items that a line begins: the parser follows each of them on every line after it.
fn opened(line: &str) -> usize {
    let mut rest = line.trim_start();
    let mut count = 0;
    while let Some(inner) = inside(rest) {
        count += 1;
        rest = inner.trim_start();
    }
    count
}

fn inside(line: &str) -> Option<&str> {
    if let Some(quoted) = line.strip_prefix('>') {
        return Some(quoted);
    }
    let item = match line.trim_start_matches(|c: char| c.is_ascii_digit()) {
        same if same.len() == line.len() => line.strip_prefix(['-', '+', '*']),
        numbered => numbered.strip_prefix(['.', ')']),
    };
    item.filter(|item| item.starts_with([' ', '\t']))
}

/// Whether HTML holds few enough escaped characters.
pub(super) fn is_quick(html: &str) -> bool {
    html.bytes().filter(|byte| *byte == b'&').count() <= ESCAPED
}
