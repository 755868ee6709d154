//! The detections of a case: each readable on its own, and all their processes as one tree.
use super::text;
use super::words::{self, Sev, When, when};
use crate::config::Retention;
use crate::domain::Detection;
use crate::store::cases::Case;
use crate::store::{detections::Stored, observables};
use crate::triage::unpack;
use crate::web::view::event::{self, EventView, Merged, Room, Seen};
use crate::web::view::json::{self, Span};
use crate::web::view::links;
use serde_json::Value;

/// Lines of other fields that the events of one page share.
const MOST_LINES: usize = 300;
/// Coloured pieces of JSON that the documents of one page share.
const MOST_SPANS: usize = 1_500;
/// Encoded parts that are offered for one detection.
const MOST_ENCODED: usize = 12;
/// Where LimaCharlie's own pages are.
const LIMACHARLIE: &[&str] = &["app.limacharlie.io"];
/// A document up to this size lies open.
const SMALL: usize = 1_024;

/// A detection of the case.
pub struct DetectionView {
    /// Its id here, for its anchor.
    pub id: i64,
    /// Its id.
    pub detect_id: String,
    /// The case that it came with.
    pub origin: Option<i64>,
    /// Its title.
    pub title: String,
    /// The rule's level.
    pub level: Option<Sev>,
    /// Its event type.
    pub event_type: String,
    /// Its times: what it is, when.
    pub times: Vec<(&'static str, When)>,
    /// The way it came.
    pub source: String,
    /// How often it was sent again.
    pub repeats: i64,
    /// The event's readable form.
    pub event: EventView,
    /// Encoded texts in the event.
    pub encoded: Vec<Encoded>,
    /// LimaCharlie's page of the event.
    pub link: Option<text::Outside>,
    /// The document, coloured; empty where the page has no room for it.
    pub json: Vec<Span>,
    /// Whether it is small enough to lie open.
    pub small: bool,
    /// Its size in words.
    pub size: String,
    /// The address of the document as it came.
    pub file: String,
    /// What is said in the place of a document that was removed; empty where it is there.
    pub removed: String,
    /// Fields that can't be read.
    pub unreadable: Vec<&'static str>,
}

/// An encoded text that can be read on request.
pub struct Encoded {
    /// Where it stands, such as `PARENT/COMMAND_LINE`.
    pub field: String,
    /// How it is encoded and how long it is.
    pub about: String,
    /// The page that reads it.
    pub href: String,
}

/// The detections of one page with their tree, where there are several.
pub fn detection_views(
    case: &Case,
    (stored, older): (&[Stored], &[Stored]),
    observables: &[observables::InCase],
    retention: Retention,
) -> (Vec<DetectionView>, Option<Merged>) {
    let mut room = if stored.len() > 1 { Room::of(MOST_LINES) } else { Room::default() };
    let mut spans = MOST_SPANS;
    let read: Vec<Option<Detection>> = stored.iter().chain(older).map(detection).collect();
    let page = |value: &str| {
        let found = observables.iter().find(|found| found.value.eq_ignore_ascii_case(value));
        found.map(|found| super::super::evidence::observable_page(found.kind, &found.value))
    };
    let shown = stored.iter().zip(&read);
    let views: Vec<DetectionView> = shown
        .map(|(stored, read)| {
            let mut view = detection_view(case, stored, read.as_ref(), &mut room);
            if stored.raw.is_empty() {
                view.removed = retention.removed();
                return view;
            }
            let document: Value = serde_json::from_str(&stored.raw).unwrap_or_default();
            if spans > 0 {
                view.json = json::linked(&document, &page, &mut spans);
            }
            view
        })
        .collect();
    let tree = (case.detections > 1 && stored.len() > 1).then(|| tree(case, (stored, older), &read, &views));
    (views, tree)
}

fn detection(stored: &Stored) -> Option<Detection> {
    serde_json::from_str(&stored.raw).ok().and_then(|document| Detection::read(&document).ok())
}

fn tree(
    case: &Case,
    (stored, older): (&[Stored], &[Stored]),
    read: &[Option<Detection>],
    views: &[DetectionView],
) -> Merged {
    let events: Vec<EventView> =
        read[stored.len()..].iter().map(|read| read.as_ref().map(event::event).unwrap_or_default()).collect();
    let events = views.iter().map(|view| &view.event).chain(&events);
    let all = stored.iter().chain(older).zip(read).zip(events).enumerate();
    let seen: Vec<Seen<'_>> = all
        .filter_map(|(at, ((one, read), event))| {
            let href = if at < stored.len() { format!("#d{}", one.id) } else { only(case.number, one.id) };
            read.as_ref().map(|detection| Seen { href, title: &one.title, at_ms: one.event_ms, detection, event })
        })
        .collect();
    let in_it = i64::try_from(seen.len()).unwrap_or(i64::MAX);
    Merged { unread: (case.detections - in_it).max(0), ..event::merged(&seen) }
}

/// The address of a page with one detection.
fn only(number: i64, id: i64) -> String {
    format!("/cases/{number}/detections?only={id}")
}

fn detection_view(case: &Case, stored: &Stored, read: Option<&Detection>, room: &mut Room) -> DetectionView {
    let mut times = Vec::new();
    if let Some(started) = read.and_then(Detection::parent).and_then(|parent| parent.at_ms) {
        times.push(("Parent started", when(started)));
    }
    times.push(("Happened", when(stored.event_ms)));
    times.extend(stored.gen_ms.map(|ms| ("Raised by LimaCharlie", when(ms))));
    times.push(("Arrived here", when(stored.received_ms)));
    DetectionView {
        id: stored.id,
        origin: stored.origin_case,
        detect_id: text::visible(&stored.detect_id),
        title: text::start(&stored.title, 500),
        level: stored.level.or(case.rule_level).map(words::severity),
        event_type: text::visible(&stored.event_type),
        times,
        source: stored.source.clone(),
        repeats: stored.repeats,
        event: read.map(|read| event::event_in(read, room)).unwrap_or_default(),
        encoded: read.map(|read| encoded(case.number, stored, &read.event)).unwrap_or_default(),
        link: read.and_then(|read| text::outside(&read.link, "LimaCharlie timeline", LIMACHARLIE)),
        json: Vec::new(),
        removed: String::new(),
        small: stored.raw.len() <= SMALL,
        size: words::bytes(i64::try_from(stored.raw.len()).unwrap_or(i64::MAX)),
        file: format!("/cases/{}/detections/{}.json", case.number, links::segment(&stored.detect_id)),
        unreadable: read.map(|read| read.unreadable.clone()).unwrap_or_default(),
    }
}

/// The encoded texts of an event, each with the address that reads it.
fn encoded(number: i64, stored: &Stored, event: &Value) -> Vec<Encoded> {
    let mut found = Vec::new();
    // Texts of an event that are looked through, in bytes.
    let mut room: usize = 256 * 1024;
    let mut todo = vec![(String::new(), event)];
    while let Some((way, value)) = todo.pop() {
        match value {
            Value::Object(map) => {
                let step = |key: &String| format!("{way}/{}", key.replace('~', "~0").replace('/', "~1"));
                todo.extend(map.iter().rev().filter(|(key, _)| key.len() < 200).map(|(key, inner)| (step(key), inner)));
            }
            Value::Array(items) => {
                todo.extend(items.iter().enumerate().take(500).rev().map(|(at, inner)| (format!("{way}/{at}"), inner)));
            }
            Value::String(text) if text.len() >= 16 && room > 0 => {
                room = room.saturating_sub(text.len());
                found.extend(unpack::parts(text).into_iter().map(|part| offer(number, stored, &way, text, part)));
            }
            _ => {}
        }
        if found.len() >= MOST_ENCODED || todo.len() > 5_000 {
            break;
        }
    }
    found.truncate(MOST_ENCODED);
    found
}

fn offer(number: i64, stored: &Stored, way: &str, text: &str, part: unpack::Part) -> Encoded {
    let at = part.at.to_string();
    let fields = [("detection", stored.detect_id.as_str()), ("field", way), ("at", &at)];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let characters = text[part.at..part.at + part.len].chars().count();
    Encoded {
        field: text::start(way.trim_start_matches('/'), 120),
        about: format!("{characters} characters of {}", part.encoding),
        href: format!("/cases/{number}/decode?{query}"),
    }
}
