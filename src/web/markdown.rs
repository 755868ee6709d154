//! Markdown to safe HTML: the only source of HTML that is not a template's.
//!
//! Raw HTML in the text is shown as text. No images and nothing else that a browser would load:
//! a picture in a note would tell somebody outside that it was read.
mod strike;

use super::view::text::visible;
use ammonia::Builder;
use pulldown_cmark::{CowStr, Event, Options, Parser, html};
use std::collections::{HashMap, HashSet};
use strike::struck;

pub use strike::Strike;

/// HTML that went through the allow-list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Html(String);

impl Html {
    /// The HTML, for templates.
    pub fn html(&self) -> &str {
        &self.0
    }
}

/// Longer texts are shown as plain text: they would take too long.
const LONGEST: usize = 64 * 1024;
const BLOCKS: &[&str] =
    &["p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "h6", "hr"];
const TABLES: &[&str] = &["table", "thead", "tbody", "tr", "th", "td"];

/// A person's note: blocks, tables and links to the web.
pub fn note(text: &str) -> Html {
    render(text, true)
}

/// A model's words: blocks only, links as their text, and struck through what the event does not bear out.
pub fn model(text: &str, strikes: &[Strike]) -> Html {
    if text.len() > LONGEST {
        return Html(ammonia::clean_text(text));
    }
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
    clean(events.flat_map(|(event, place)| struck(plain_event(event), place, text, strikes)), false)
}

/// A model's words without markdown, struck through in the same way.
pub fn plain(text: &str, strikes: &[Strike]) -> Html {
    let event = Event::Text(CowStr::from(text));
    clean(struck(event, 0..text.len(), text, strikes).into_iter(), false)
}

fn render(text: &str, links: bool) -> Html {
    if text.len() > LONGEST {
        return Html(ammonia::clean_text(text));
    }
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| match plain_event(event) {
        Event::Text(text) => Event::Text(CowStr::from(visible(&text))),
        other => other,
    });
    clean(events, links)
}

/// HTML of the text's own becomes text.
fn plain_event(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::SoftBreak => Event::HardBreak,
        other => other,
    }
}

fn clean<'a>(events: impl Iterator<Item = Event<'a>>, links: bool) -> Html {
    let mut raw = String::new();
    html::push_html(&mut raw, events);
    let mut tags: HashSet<&str> = BLOCKS.iter().copied().collect();
    if links {
        tags.extend(TABLES);
        tags.insert("a");
    }
    let attributes = if links {
        HashMap::from([("a", HashSet::from(["href"]))])
    } else {
        tags.extend(["s", "span"]);
        HashMap::from([("s", HashSet::from(["title"]))])
    };
    let clean = Builder::empty()
        .tags(tags)
        .tag_attributes(attributes)
        .allowed_classes(if links { HashMap::new() } else { HashMap::from([("span", HashSet::from(["vh"]))]) })
        .url_schemes(HashSet::from(["http", "https"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&raw)
        .to_string();
    Html(clean)
}
