//! What of a markdown text is shown, and how: markup of its own as text, pictures as their words, nothing hidden.
use super::bounds::Part;
use crate::web::view::text::{block, visible};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Tag, TagEnd};
use std::ops::Range;

/// The shown events of a text, each with its place and whether it stands in a code block.
pub(super) struct Shown<'a, I: Iterator<Item = Part<'a>>> {
    parts: I,
    code: bool,
}

impl<'a> Shown<'a, std::vec::IntoIter<Part<'a>>> {
    /// Of these.
    pub(super) fn of(parts: Vec<Part<'a>>) -> Self {
        Self { parts: parts.into_iter(), code: false }
    }
}

impl<'a, I: Iterator<Item = Part<'a>>> Iterator for Shown<'a, I> {
    type Item = (Event<'a>, Range<usize>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (event, place) = self.parts.next()?;
            match &event {
                Event::Start(Tag::CodeBlock(_)) => self.code = true,
                Event::End(TagEnd::CodeBlock) => self.code = false,
                // A picture is never loaded; the words that stand for it are between the two.
                Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => continue,
                _ => {}
            }
            return Some((harmless(event), place, self.code));
        }
    }
}

/// Markup of the text's own becomes text, its headings stand below those of the page.
fn harmless(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::SoftBreak => Event::HardBreak,
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: below(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below(level))),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url, title: CowStr::from(visible(&title)), id })
        }
        other => other,
    }
}

const fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H3,
        other => other,
    }
}

/// A text with what is hidden in it made visible; the lines of a code block stay lines.
pub(super) fn seen<'a>(text: &str, code: bool) -> CowStr<'a> {
    CowStr::from(if code { block(text) } else { visible(text) })
}

/// The events with their texts made visible.
pub(super) fn visible_parts(parts: Vec<Part<'_>>) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    Shown::of(parts).map(|(event, place, code)| {
        let event = match event {
            Event::Text(text) => Event::Text(seen(&text, code)),
            Event::Code(text) => Event::Code(seen(&text, false)),
            other => other,
        };
        (event, place)
    })
}
