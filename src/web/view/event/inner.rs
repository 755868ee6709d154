//! Events inside an event: each gets its own panel, one after the other, and no more than a page can take.
use super::fields::{Fields, Told};
use super::tree::{Room, Tree};
use super::{About, EventView, view_of};
use crate::web::view::text;
use crate::web::view::words::when;

/// How deep events inside events are opened.
const DEEPEST: usize = 3;
/// Events that are opened in all; the others are lines of the tree.
const MOST: usize = 20;

/// The events inside an event.
pub fn events(event: Fields<'_>, about: &About<'_>, room: &mut Room) -> Vec<EventView> {
    let mut all = Vec::new();
    open(event, about, ("", 1), room, &mut all);
    all
}

/// Opens the events of a list; `place` is the number of the event they are in, and how deep they stand.
fn open(event: Fields<'_>, about: &About<'_>, place: (&str, usize), room: &mut Room, all: &mut Vec<EventView>) {
    let (above, depth) = place;
    let items = event.list("EVENTS");
    for (index, item) in items.iter().enumerate() {
        if all.len() >= MOST || depth > DEEPEST || !item.is_object() {
            continue;
        }
        let number = format!("{above}{}", index + 1);
        event.tell(item);
        let told = Told::default();
        let whole = Fields::of(item, &told);
        let (kind, routed) = (whole.text("routing/event_type").unwrap_or_default(), whole.look("event"));
        let inside = routed.filter(|inside| inside.is_object()).unwrap_or(item);
        let fields = Fields::of(inside, &told);
        let about = About { kind, windows: about.windows, event_ms: whole.time("routing/event_time") };
        let mut view = view_of(fields, &about, room);
        view.title = title(&number, items.len(), kind);
        view.at = about.event_ms.map(when);
        let mine = all.len();
        all.push(view);
        open(fields, &about, (&format!("{number}."), depth + 1), room, all);
        let mut tree = Tree::new(&told, room);
        if !std::ptr::eq(inside, item) {
            tree.inside(inside);
            told.tell(inside);
        }
        tree.inside(item);
        (all[mine].leaves, all[mine].left_out) = (tree.leaves, tree.left_out);
    }
}

fn title(number: &str, of: usize, kind: &str) -> String {
    let kind = text::start(kind, 100);
    let kind = if kind.is_empty() { "no type told" } else { &kind };
    format!("Event {number} of {of}: {kind}")
}
