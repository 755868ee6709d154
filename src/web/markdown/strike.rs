//! Strikes through parts of a text while it becomes HTML.
use super::shown::seen;
use crate::web::view::text::visible;
use pulldown_cmark::{CowStr, Event};
use std::ops::Range;

/// A part of a text that is struck through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strike {
    /// Its bytes.
    pub place: Range<usize>,
    /// A few words for those who can't see the line.
    pub mark: &'static str,
    /// Why.
    pub why: String,
}

/// An event with the strikes that fall on it; `place` is where it stands in the text, `code` whether in a code block.
pub(super) fn struck<'a>(
    event: Event<'a>,
    place: Range<usize>,
    text: &str,
    strikes: &[Strike],
    code: bool,
) -> Vec<Event<'a>> {
    let meets = |strike: &&Strike| strike.place.start < place.end && place.start < strike.place.end;
    let mut here: Vec<&Strike> = strikes.iter().filter(meets).collect();
    here.sort_by_key(|strike| strike.place.start);
    match (event, here.first()) {
        (Event::Text(shown), None) => vec![Event::Text(seen(&shown, code))],
        (Event::Text(shown), Some(first)) => {
            if text.get(place.clone()) == Some(&*shown) {
                pieces(&shown, place.start, &here, code)
            } else {
                // What was written as an entity stands elsewhere in the source: all of it is struck.
                wrapped(vec![Event::Text(seen(&shown, code))], first, true)
            }
        }
        (Event::Code(shown), None) => vec![Event::Code(seen(&shown, false))],
        (Event::Code(shown), Some(first)) => wrapped(vec![Event::Code(seen(&shown, false))], first, true),
        (other, _) => vec![other],
    }
}

/// A text in pieces, those within a strike struck.
fn pieces<'a>(shown: &str, from: usize, strikes: &[&Strike], code: bool) -> Vec<Event<'a>> {
    let seen = |text: &str| Event::Text(seen(text, code));
    let mut events = Vec::new();
    let mut at = 0;
    for strike in strikes {
        let start = inside(shown, strike.place.start.saturating_sub(from)).max(at);
        let end = inside(shown, strike.place.end - from);
        if start >= end {
            continue;
        }
        events.push(seen(&shown[at..start]));
        let whole = strike.place.end <= from + shown.len();
        events.extend(wrapped(vec![seen(&shown[start..end])], strike, whole));
        at = end;
    }
    events.push(seen(&shown[at..]));
    events
}

fn inside(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

/// Events within a line through them; the words for those who can't see it come once, at the end.
fn wrapped<'a>(events: Vec<Event<'a>>, strike: &Strike, last: bool) -> Vec<Event<'a>> {
    let title = attribute(&format!("{}. {}", strike.mark, strike.why));
    let mut all = vec![Event::InlineHtml(CowStr::from(format!("<s title=\"{title}\">")))];
    all.extend(events);
    if last {
        all.push(Event::InlineHtml(CowStr::from(format!(
            "<span class=\"vh\"> ({})</span>",
            strike.mark.to_lowercase()
        ))));
    }
    all.push(Event::InlineHtml(CowStr::from("</s>")));
    all
}

fn attribute(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
