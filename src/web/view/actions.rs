//! Response actions grouped by what was done: the same thing done six times is one line.
use super::text::visible;
use super::words::{When, when};
use crate::store::actions::Action;

/// Actions of one kind with one result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The icon's name.
    pub icon: &'static str,
    /// What was done.
    pub kind: &'static str,
    /// On what.
    pub target: String,
    /// State and result in words.
    pub result: String,
    /// Whether that was elsewhere.
    pub recorded: bool,
    /// When, newest first.
    pub times: Vec<When>,
    /// The recommendations that they were queued for.
    pub asked_for: Vec<(When, String)>,
}

/// The groups, in the order of their newest action; failed ones first.
pub fn groups(actions: &[Action]) -> Vec<Group> {
    let mut groups: Vec<(bool, Group)> = Vec::new();
    for action in actions {
        let result = format!("{}: {}", action.state.label(), visible(&action.result));
        let (kind, target) = (action.kind.label(), target(action));
        let known =
            groups.iter().position(|(_, group)| group.kind == kind && group.target == target && group.result == result);
        let at = known.unwrap_or_else(|| {
            let icon = if action.kind.as_str() == "sweep" { "sweep" } else { "tag" };
            let failed = action.state.as_str() == "failed";
            let (times, asked_for, recorded) = (Vec::new(), Vec::new(), action.recorded);
            groups.push((failed, Group { icon, kind, target, result, recorded, times, asked_for }));
            groups.len() - 1
        });
        let group = &mut groups[at].1;
        group.times.push(when(action.asked_ms));
        if !action.asked_for.is_empty() {
            group.asked_for.push((when(action.asked_ms), visible(&action.asked_for)));
        }
    }
    groups.sort_by_key(|(failed, _)| !failed);
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The target in short: of `sensor:tag` the tag, of a sensor alone nothing, because the page is about it.
fn target(action: &Action) -> String {
    match action.target.split_once(':') {
        Some((_, tag)) => visible(tag),
        None if action.target.len() == 36 => String::new(),
        None => visible(&action.target),
    }
}
