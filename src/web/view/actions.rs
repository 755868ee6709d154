//! Response actions: those of this installation one by one with what can be done about each, those
//! that were recorded elsewhere grouped, so that the same thing done six times is one line.
use super::text::visible;
use super::words::{When, when};
use crate::domain::Role;
use crate::domain::action::{ActionKind, ActionState, Plan};
use crate::domain::answer::Recommendation;
use crate::store::actions::Action;
use crate::store::users::User;

/// An action of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: i64,
    /// The icon's name.
    pub icon: &'static str,
    /// The kind in words.
    pub kind: &'static str,
    /// What exactly.
    pub words: String,
    /// The state's word.
    pub state: ActionState,
    /// What came of it.
    pub result: String,
    /// Who asked, and why.
    pub asked_by: String,
    /// The reason, or empty.
    pub why: String,
    /// Who approved or turned it down, or empty.
    pub decided_by: String,
    /// When it was asked for.
    pub at: When,
    /// Seconds until it starts; 0 once it may.
    pub starts_in: i64,
    /// The action that it takes back.
    pub reverses: Option<i64>,
    /// The case that it was asked for, and whose host it is about, where that is part of this one.
    pub of_case: Option<i64>,
    /// What was tried.
    pub tried: Vec<(When, String)>,
    /// What this person can do about it.
    pub can: Can,
}

/// What a person can do about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Can {
    /// Approve it.
    pub approve: bool,
    /// Turn it down.
    pub reject: bool,
    /// Take it back before it starts.
    pub take_back: bool,
    /// Ask for its reverse.
    pub reverse: bool,
    /// Say what became of it.
    pub settle: bool,
    /// Have the sensor asked.
    pub check: bool,
}

/// The actions of this installation as `me` sees them, those that need somebody first.
pub fn lines(actions: &[Action], attempts: &[(i64, i64, String)], me: &User, may: bool, now_ms: i64) -> Vec<Line> {
    let gone = [ActionState::Failed, ActionState::Rejected, ActionState::Cancelled];
    let reversed: Vec<i64> =
        actions.iter().filter(|action| !gone.contains(&action.state)).filter_map(|action| action.reverses).collect();
    let mut lines: Vec<Line> = actions
        .iter()
        .filter(|action| !action.recorded)
        .filter_map(|action| Some((action, action.plan()?)))
        .map(|(action, plan)| line(action, &plan, attempts, (me, may), now_ms))
        .collect();
    for line in lines.iter_mut().filter(|line| reversed.contains(&line.id)) {
        line.can.reverse = false;
    }
    lines.sort_by_key(|line| !line.state.under_way());
    lines
}

fn line(action: &Action, plan: &Plan, attempts: &[(i64, i64, String)], (me, may): (&User, bool), now_ms: i64) -> Line {
    let tried = attempts.iter().filter(|(id, ..)| *id == action.id);
    let starts = action.run_at_ms.filter(|_| action.state == ActionState::Queued);
    Line {
        id: action.id,
        icon: icon(action.kind),
        kind: action.kind.label(),
        words: plan.words(),
        state: action.state,
        result: visible(&action.result),
        asked_by: visible(&action.asked_by),
        why: visible(&action.why),
        decided_by: visible(&action.decided_by),
        at: when(action.asked_ms),
        starts_in: starts.map_or(0, |at| (at - now_ms).max(0).div_euclid(1000)),
        reverses: action.reverses,
        of_case: action.origin_case,
        tried: tried.map(|(_, at, text)| (when(*at), visible(text))).collect(),
        can: if may { can(action, plan, me) } else { Can::default() },
    }
}

fn can(action: &Action, plan: &Plan, me: &User) -> Can {
    let own = action.is_of(me.id, &me.username);
    let waits = action.state == ActionState::Waiting;
    let unknown = action.state == ActionState::Unknown;
    Can {
        approve: waits && !own && me.role >= Role::Lead,
        reject: waits && !own,
        take_back: (waits && own) || action.state == ActionState::Queued,
        reverse: action.state == ActionState::Done && plan.reverse().is_some(),
        settle: unknown,
        check: unknown && plan.can_be_checked(),
    }
}

/// The form that does what a voter recommends, by its anchor; advice without one is only text.
pub fn form_for(recommendation: &str) -> Option<&'static str> {
    let word = Recommendation::ALL.iter().find(|word| word.label() == recommendation)?;
    match word {
        Recommendation::IsolateHost => Some("isolate"),
        Recommendation::CollectMemory => Some("task"),
        Recommendation::Hunt => Some("hunt"),
        _ => None,
    }
}

const fn icon(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Sweep | ActionKind::Hunt | ActionKind::Task => "sweep",
        ActionKind::Isolate | ActionKind::Rejoin => "link",
        _ => "tag",
    }
}

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

/// The groups of recorded actions, in the order of their newest; failed ones first.
pub fn groups(actions: &[Action]) -> Vec<Group> {
    let mut groups: Vec<(bool, Group)> = Vec::new();
    for action in actions.iter().filter(|action| action.recorded) {
        let result = format!("{}: {}", action.state.label(), visible(&action.result));
        let (kind, target) = (action.kind.label(), target(action));
        let known =
            groups.iter().position(|(_, group)| group.kind == kind && group.target == target && group.result == result);
        let at = known.unwrap_or_else(|| {
            let icon = icon(action.kind);
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
