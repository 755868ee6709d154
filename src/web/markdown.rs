//! Markdown to safe HTML: the only source of HTML that is not a template's.
//!
//! Raw HTML in the text is shown as text. No images and nothing else that a browser would load:
//! a picture in a note would tell somebody outside that it was read. What would take long to
//! render is shown as it was typed: whoever writes a note must not hold up those who read it.
mod bounds;
mod shown;
mod strike;

use ammonia::Builder;
use pulldown_cmark::{CowStr, Event, Options, html};
use shown::{Shown, visible_parts};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
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

const BLOCKS: &[&str] =
    &["p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "h6", "hr"];
const TABLES: &[&str] = &["table", "thead", "tbody", "tr", "th", "td"];

/// What a person's note may hold: blocks, tables and links to the web.
static NOTE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = allowing(BLOCKS.iter().chain(TABLES).chain(&["a"]), ("a", &["href", "title"]));
    builder.link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// What a model's words may hold: blocks, and the line through what the event does not bear out.
static MODEL: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = allowing(BLOCKS.iter().chain(&["s", "span"]), ("s", &["title"]));
    builder.allowed_classes(HashMap::from([("span", HashSet::from(["vh"]))]));
    builder
});

fn allowing(
    tags: impl Iterator<Item = &'static &'static str>,
    (tag, attributes): (&'static str, &[&'static str]),
) -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(tags.copied().collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([(tag, attributes.iter().copied().collect())]))
        .url_schemes(HashSet::from(["http", "https"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(None);
    builder
}

/// A person's note: blocks, tables and links to the web.
pub fn note(text: &str) -> Html {
    let parts = bounds::parse(text, Options::ENABLE_TABLES);
    let html = parts.and_then(|parts| within(&NOTE, visible_parts(parts).map(|(event, _)| event)));
    html.unwrap_or_else(|| as_typed(text, &[]))
}

/// A model's words: blocks only, links as their text, and struck through what the event does not bear out.
pub fn model(text: &str, strikes: &[Strike]) -> Html {
    let parts = bounds::parse(text, Options::empty());
    let struck = |parts| Shown::of(parts).flat_map(|(event, place, code)| struck(event, place, text, strikes, code));
    parts.and_then(|parts| within(&MODEL, struck(parts))).unwrap_or_else(|| as_typed(text, strikes))
}

/// A model's words without markdown, struck through in the same way.
pub fn plain(text: &str, strikes: &[Strike]) -> Html {
    let event = Event::Text(CowStr::from(text));
    let events = struck(event, 0..text.len(), text, strikes, false);
    within(&MODEL, events.into_iter()).unwrap_or_else(|| as_typed(text, strikes))
}

/// The HTML of the events that is allowed; nothing where it would take long to look through.
fn within<'a>(allowed: &Builder<'_>, events: impl Iterator<Item = Event<'a>>) -> Option<Html> {
    let mut raw = String::new();
    html::push_html(&mut raw, events);
    bounds::is_quick(&raw).then(|| Html(allowed.clean(&raw).to_string()))
}

/// A text as it was typed. It holds no markup but our own, so that escaping is enough.
fn as_typed(text: &str, strikes: &[Strike]) -> Html {
    let mut html = "<pre>".to_owned();
    let text_event = Event::Text(CowStr::from(text));
    html::push_html(&mut html, struck(text_event, 0..text.len(), text, strikes, true).into_iter());
    html.push_str("</pre>");
    Html(html)
}
