//! The readable form of an event. Each family of event types has a file here that gives its facts a place;
//! what none of them places stands in the tree, so that nothing of an event is dropped silently.
mod access;
mod cloud;
mod dns;
mod email;
mod facts;
mod fields;
mod file;
mod identity;
mod inner;
mod kinds;
mod merged;
mod module;
mod network;
mod platform;
mod process;
mod registry;
mod tree;
mod value;
mod wel;
mod wel_words;

use crate::domain::Detection;
use crate::web::view::text;
use crate::web::view::words::When;
use fields::{Fields, Told};
use tree::Tree;

pub use merged::{Mark, Merged, Place, Seen, merged};
pub use process::Node;
pub use tree::{Leaf, Room};
pub use value::{Row, Shown};

/// The event of a detection, or an event inside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventView {
    /// What kind of event it is, for its heading.
    pub heading: &'static str,
    /// Which event it is where it stands inside another, such as `Event 1 of 2: NEW_PROCESS`.
    pub title: String,
    /// When that was.
    pub at: Option<When>,
    /// What happened, in a sentence.
    pub said: Said,
    /// The process above the chain, known by its number alone.
    pub ghost: Option<i64>,
    /// The processes; empty for an event without any.
    pub nodes: Vec<Node>,
    /// Whether the processes stand above the parts.
    pub chain_first: bool,
    /// The facts.
    pub parts: Vec<Part>,
    /// All other fields.
    pub leaves: Vec<Leaf>,
    /// How many fields there was no room for.
    pub left_out: usize,
    /// The events inside it, each after the one it is inside of.
    pub inner: Vec<EventView>,
}

/// Facts of one matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The matter.
    pub heading: String,
    /// Its facts.
    pub rows: Vec<Row>,
    /// Its table's columns, where it has one.
    pub columns: &'static [&'static str],
    /// Its table's rows.
    pub table: Vec<Vec<Shown>>,
    /// Rows that there was no room for.
    pub left_out: usize,
}

/// A sentence: words of ours and, told apart from them, names of the event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said(pub Vec<Word>);

/// Words of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Whether it is a name of the event.
    pub is_name: bool,
    /// Whether no space comes before it.
    pub glued: bool,
}

impl Said {
    /// A sentence that begins with a process.
    fn who(node: &Node) -> Self {
        match node.pid {
            Some(pid) if node.bare => Self::default().words(&format!("Process {pid}")),
            _ => Self::default().name(&node.name),
        }
    }

    /// Adds words of ours.
    #[must_use]
    fn words(mut self, text: &str) -> Self {
        self.0.push(Word { text: text.to_owned(), is_name: false, glued: text.starts_with(':') });
        self
    }

    /// Adds a name of the event, cut where it is long.
    #[must_use]
    fn name(mut self, text: &str) -> Self {
        self.0.push(Word { text: text::start(text, 120), is_name: true, glued: false });
        self
    }
}

impl EventView {
    /// Adds facts, where there are any.
    fn facts(&mut self, heading: &str, rows: Vec<Row>) {
        if !rows.is_empty() {
            self.parts.push(Part { heading: heading.to_owned(), rows, ..Part::default() });
        }
    }

    /// Whether no family gave it a form.
    pub fn is_plain(&self) -> bool {
        self.nodes.is_empty() && self.parts.is_empty() && self.inner.is_empty()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.is_plain() && self.leaves.is_empty() && self.left_out == 0
    }
}

/// What stands beside an event.
pub struct About<'a> {
    /// The event's type.
    pub kind: &'a str,
    /// Whether it comes from Windows, as far as is known.
    pub windows: bool,
    /// When it happened.
    pub event_ms: Option<i64>,
}

impl About<'_> {
    /// Whether the event is a process's own, so that its time is the process's.
    fn is_of_process(&self) -> bool {
        matches!(self.kind, "NEW_PROCESS" | "EXISTING_PROCESS" | "TERMINATE_PROCESS")
    }
}

/// The event of a detection for its page.
pub fn event(detection: &Detection) -> EventView {
    event_in(detection, &mut Room::default())
}

/// The same where several events share the room of one page.
pub fn event_in(detection: &Detection, room: &mut Room) -> EventView {
    let told = Told::default();
    let fields = Fields::of(&detection.event, &told);
    let about = About {
        kind: &detection.event_type,
        windows: detection.plat.is_none_or(|plat| crate::domain::platform::platform(plat) == "Windows"),
        event_ms: detection.event_ms,
    };
    let mut view = view_of(fields, &about, room);
    view.inner = inner::events(fields, &about, room);
    let mut tree = Tree::new(&told, room);
    tree.inside(&detection.event);
    (view.leaves, view.left_out) = (tree.leaves, tree.left_out);
    view
}

/// An event in its family's form, without its tree.
fn view_of(fields: Fields<'_>, about: &About<'_>, room: &mut Room) -> EventView {
    let mut view = EventView { heading: "Event", ..EventView::default() };
    kinds::panel(fields, about.kind)(fields, about, &mut view);
    for part in &mut view.parts {
        let facts = part.rows.iter_mut().flat_map(|row| &mut row.values);
        facts.chain(part.table.iter_mut().flatten()).for_each(|value| value.fit(&mut room.placed));
    }
    view
}
