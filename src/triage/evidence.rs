//! Reads what LimaCharlie answers about a detection: events as lines, and whether the trigger is among them.
mod line;

pub use line::{is_atom, line};

use crate::domain::Detection;
use crate::domain::evidence::{LINES, Line, Mark, event_id};
use serde_json::Value;

/// Whether an event is the detection's own, by its atom or its id.
pub fn is_trigger(routing: &Value, detection: &Detection) -> bool {
    let same = |field: &str, known: &str| !known.is_empty() && routing[field] == known;
    same("this", &detection.this_atom) || same("event_id", event_id(detection))
}

/// The events of a window, read one by one: it counts them all and keeps those nearest to the trigger.
#[derive(Debug)]
pub struct Activity<'a> {
    detection: &'a Detection,
    lines: Vec<Line>,
    /// Events so far.
    pub total: usize,
    /// Bytes so far.
    pub bytes: usize,
    /// Whether the trigger was among them.
    pub control: bool,
}

impl<'a> Activity<'a> {
    /// Nothing yet.
    pub const fn around(detection: &'a Detection) -> Self {
        Self { detection, lines: Vec::new(), total: 0, bytes: 0, control: false }
    }

    /// One more event as it came.
    pub fn add(&mut self, raw: &str) {
        self.total += 1;
        self.bytes += raw.len();
        let Ok(event) = serde_json::from_str::<Value>(raw) else { return };
        let line = line(&event, self.detection);
        self.control |= line.marks.contains(&Mark::Trigger);
        self.lines.push(line);
    }

    /// The lines nearest to the trigger, in the order of time.
    pub fn lines(mut self) -> Vec<Line> {
        let centre = self.detection.event_ms.unwrap_or_default();
        let far = |line: &Line| {
            (!line.marks.contains(&Mark::Trigger), line.at_ms.map_or(i64::MAX, |ms| ms.abs_diff(centre).cast_signed()))
        };
        self.lines.sort_by_key(far);
        self.lines.truncate(LINES);
        self.lines.sort_by_key(|line| line.at_ms);
        self.lines
    }
}

/// The process above the event's, as the event itself tells it.
pub fn told_parent(detection: &Detection) -> Option<Line> {
    let parent = detection.event.get("PARENT").filter(|parent| parent.is_object())?;
    let atom = parent["THIS_ATOM"].as_str().filter(|atom| is_atom(atom)).unwrap_or(&detection.parent_atom);
    let routing = serde_json::json!({
        "this": atom, "event_type": "NEW_PROCESS", "event_time": parent["TIMESTAMP"],
    });
    let line = line(&serde_json::json!({"event": parent, "routing": routing}), detection);
    (!line.text.is_empty()).then_some(line)
}

/// The atom above an event, as its routing or its process tells it.
pub fn parent_of(whole: &Value) -> Option<String> {
    let told = [&whole["routing"]["parent"], &whole["event"]["PARENT"]["THIS_ATOM"], &whole["event"]["PARENT_ATOM"]];
    told.into_iter().filter_map(Value::as_str).find(|atom| is_atom(atom)).map(str::to_owned)
}
