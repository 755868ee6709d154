//! The processes of all detections of a case as one tree. Links between them come from atoms and numbers
//! that an attacker may have written: no loop is followed, and what there is no room for is counted.
use super::{EventView, process::Node};
use crate::domain::Detection;
use crate::web::view::text;
use crate::web::view::words::{When, duration, when};

/// Processes that a page shows.
const MOST: usize = 80;
/// Characters of all command lines of the tree.
const MOST_COMMAND: usize = 24 * 1024;
/// Levels that are drawn apart.
const LEVELS: usize = 6;
/// Clocks of two events may tell the start of one process this far apart, in ms.
const SAME_START_MS: i64 = 2_000;

/// A detection with what the tree is made from.
pub struct Seen<'a> {
    /// Where it is shown.
    pub href: String,
    /// Its rule's title.
    pub title: &'a str,
    /// When it happened.
    pub at_ms: i64,
    /// Its document.
    pub detection: &'a Detection,
    /// Its event's readable form.
    pub event: &'a EventView,
}

/// A detection at its process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where the detection is shown.
    pub href: String,
    /// Its rule's title.
    pub title: String,
    /// The event's type.
    pub event_type: String,
    /// When it happened.
    pub at: When,
    /// Whether the process is not who did it but whom it was done to.
    pub target: bool,
}

/// A process in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The process.
    pub node: Node,
    /// How far in it is drawn, from 0.
    pub depth: usize,
    /// Its parent's name, or empty.
    pub under: String,
    /// Its detections.
    pub marks: Vec<Mark>,
}

/// The tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// The processes, each below its parent.
    pub places: Vec<Place>,
    /// Detections without a process.
    pub apart: Vec<Mark>,
    /// Processes that there was no room for.
    pub left_out: usize,
    /// Detections that are not in it.
    pub unread: i64,
    /// Hosts that they are of.
    pub hosts: usize,
}

struct Known {
    node: Node,
    /// Its sensor: numbers and atoms of processes mean nothing on another one.
    sid: String,
    /// The sensor's host.
    host: String,
    atom: String,
    /// Its parent's atom, where an event tells it.
    parent_atom: String,
    up: Option<usize>,
    marks: Vec<Mark>,
}

impl Known {
    fn new(node: Node, atom: &str, sid: String, host: String) -> Self {
        Self { node, sid, host, atom: atom.to_owned(), parent_atom: String::new(), up: None, marks: Vec::new() }
    }
}

/// The tree of these detections.
pub fn merged(seen: &[Seen<'_>]) -> Merged {
    let (mut all, mut apart) = (Vec::new(), Vec::new());
    let mut oldest_first: Vec<&Seen<'_>> = seen.iter().collect();
    oldest_first.sort_by_key(|one| one.at_ms);
    for one in &oldest_first {
        match place(&mut all, one) {
            Some(at) => all[at].marks.push(mark(one, false)),
            None => apart.push(mark(one, false)),
        }
    }
    for one in &oldest_first {
        let target = one.detection.routing.get("target").and_then(|atom| atom.as_str()).unwrap_or_default();
        let sid = &one.detection.sid;
        let it = |known: &&mut Known| !target.is_empty() && known.atom == target && known.sid == *sid;
        if let Some(known) = all.iter_mut().find(it) {
            known.marks.push(mark(one, true));
        }
    }
    join_roots(&mut all);
    ordered(&all, apart)
}

fn mark(one: &Seen<'_>, target: bool) -> Mark {
    Mark {
        href: one.href.clone(),
        title: text::start(one.title, 120),
        event_type: text::start(&one.detection.event_type, 60),
        at: when(one.at_ms),
        target,
    }
}

/// Finds or adds the processes of a detection; the one that did it is returned.
fn place(all: &mut Vec<Known>, one: &Seen<'_>) -> Option<usize> {
    let detection = one.detection;
    // Only a start carries the process's own atom; any other event names its process as parent.
    let starts = matches!(detection.event_type.as_str(), "NEW_PROCESS" | "EXISTING_PROCESS");
    let (own, above) =
        if starts { (&*detection.this_atom, &*detection.parent_atom) } else { (&*detection.parent_atom, "") };
    let Some(hit) = one.event.nodes.iter().position(|node| node.hit) else {
        return all.iter().position(|known| !own.is_empty() && known.atom == own && known.sid == detection.sid);
    };
    let at = add(all, &one.event.nodes[hit], own, detection);
    if !above.is_empty() {
        above.clone_into(&mut all[at].parent_atom);
    }
    if let Some(parent) = hit.checked_sub(1).map(|before| &one.event.nodes[before]) {
        let parent = add(all, parent, above, detection);
        let grand = detection.event.pointer("/PARENT/PARENT_ATOM").and_then(|atom| atom.as_str());
        grand.unwrap_or_default().clone_into(&mut all[parent].parent_atom);
        link(all, at, parent);
    }
    Some(at)
}

fn add(all: &mut Vec<Known>, node: &Node, atom: &str, of: &Detection) -> usize {
    let known = all.iter().position(|known| known.sid == of.sid && is_same(known, node, atom));
    let Some(at) = known else {
        let (sid, host) = (of.sid.clone(), text::start(&of.hostname, 80));
        all.push(Known::new(node.clone(), atom, sid, host));
        return all.len() - 1;
    };
    let old = &mut all[at];
    if old.atom.is_empty() {
        atom.clone_into(&mut old.atom);
    }
    let hit = old.node.hit || node.hit;
    if old.node.bare && !node.bare {
        let parent_pid = old.node.parent_pid.or(node.parent_pid);
        old.node = Node { parent_pid, ..node.clone() };
    }
    old.node.hit = hit;
    if old.node.at_ms.is_none() {
        (old.node.at_ms, old.node.at) = (node.at_ms, node.at.clone());
    }
    old.node.parent_pid = old.node.parent_pid.or(node.parent_pid);
    old.node.signed = old.node.signed.or(node.signed);
    at
}

fn is_same(known: &Known, node: &Node, atom: &str) -> bool {
    if !atom.is_empty() && !known.atom.is_empty() {
        return known.atom == atom;
    }
    let apart =
        known.node.at_ms.zip(node.at_ms).is_some_and(|(one, two)| one.abs_diff(two) > SAME_START_MS.unsigned_abs());
    let file = known.node.bare || node.bare || known.node.name.eq_ignore_ascii_case(&node.name);
    node.pid.is_some() && known.node.pid == node.pid && file && !apart
}

/// Hangs a process under another one, unless it has a place already or that would make a loop.
fn link(all: &mut [Known], child: usize, parent: usize) {
    let mut above = Some(parent);
    while let Some(at) = above {
        if at == child {
            return;
        }
        above = all[at].up;
    }
    if all[child].up.is_none() {
        all[child].up = Some(parent);
    }
}

/// Processes whose parent is only named: by another event of the case, or by nothing but its number.
fn join_roots(all: &mut Vec<Known>) {
    for at in 0..all.len() {
        let (node, atom) = (&all[at].node, all[at].parent_atom.clone());
        let Some(pid) = node.parent_pid.filter(|_| all[at].up.is_none()) else { continue };
        let started = node.at_ms;
        let is_parent = |known: &Known| {
            let by_atom = !atom.is_empty() && known.atom == atom;
            let unclear = atom.is_empty() || known.atom.is_empty();
            let before = known.node.at_ms.zip(started).is_none_or(|(parent, child)| parent <= child);
            known.sid == all[at].sid && (by_atom || (unclear && known.node.pid == Some(pid) && before))
        };
        let found = all.iter().enumerate().position(|(other, known)| other != at && is_parent(known));
        let parent = found.unwrap_or_else(|| {
            let facts = vec!["not in these events".to_owned()];
            let node = Node { name: "Process".to_owned(), pid: Some(pid), bare: true, facts, ..Node::default() };
            let (sid, host) = (all[at].sid.clone(), all[at].host.clone());
            all.push(Known::new(node, &atom, sid, host));
            all.len() - 1
        });
        link(all, at, parent);
    }
}

/// Parents above children, the earlier first.
fn ordered(all: &[Known], apart: Vec<Mark>) -> Merged {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
    let mut roots = Vec::new();
    for (at, known) in all.iter().enumerate() {
        known.up.map_or(&mut roots, |up| &mut below[up]).push(at);
    }
    // A name of a process that nobody started stands where its first child does.
    let start = |at: &usize| {
        let child = || below[*at].iter().filter_map(|child| all[*child].node.at_ms).min();
        all[*at].node.at_ms.or_else(child).unwrap_or(i64::MAX)
    };
    roots.sort_by_key(start);
    let mut stack: Vec<(usize, usize)> = roots.into_iter().rev().map(|at| (at, 0)).collect();
    let hosts = all.iter().map(|known| &known.sid).collect::<std::collections::BTreeSet<_>>().len();
    let (mut places, mut room) = (Vec::new(), MOST_COMMAND);
    while let Some((at, depth)) = stack.pop() {
        if places.len() == MOST {
            break;
        }
        let mut children = below[at].clone();
        children.sort_by_key(start);
        stack.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
        places.push(shown(all, at, depth, &mut room));
    }
    Merged { left_out: all.len() - places.len(), places, apart, unread: 0, hosts }
}

fn shown(all: &[Known], at: usize, depth: usize, room: &mut usize) -> Place {
    let known = &all[at];
    let mut node = known.node.clone();
    node.hit = !known.marks.is_empty();
    node.role = "";
    let above = known.up.map(|up| &all[up].node);
    let times = node.at_ms.zip(above.and_then(|above| above.at_ms)).filter(|(at, parent)| at >= parent);
    node.gap = times.map(|(at, parent)| format!("{} after its parent", duration(at - parent))).unwrap_or_default();
    node.facts.retain(|fact| !fact.starts_with("parent PID"));
    if all.iter().any(|other| other.sid != known.sid) {
        node.facts.insert(0, format!("on {}", known.host));
    }
    let size = node.command.iter().flat_map(|arg| &arg.pieces).map(String::len).sum::<usize>() + node.raw_command.len();
    if size > *room {
        node.command.clear();
        node.raw_command.clear();
        node.facts.push("its command line stands with its detection".to_owned());
    } else {
        *room -= size;
    }
    let under = above.map(|above| above.name.clone()).unwrap_or_default();
    Place { node, depth: depth.min(LEVELS), under, marks: known.marks.iter().take(20).cloned().collect() }
}
