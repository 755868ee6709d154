//! Which case a detection belongs to: the open one of its process tree, or of its behaviour on its
//! sensor, or a new one.
//!
//! Where it belongs to several, they were one all along and only this detection shows it: the
//! others become part of the one, unless people are at work on them or took them apart. So the order in which
//! detections arrive does not decide which share a case.
use super::accept::Facts;
use super::gathered::Gathered;
use crate::domain::{Detection, Status, Verdict, path::file_name};
use crate::jobs::learn;
use crate::jobs::triage::refresh_case;
use crate::limits;
use crate::review::merging::{self, Told};
use crate::store::cases::{self, Case, Decision};
use crate::store::{Actor, Change, Result, Tx, atoms, fingerprints, merges, precedents, record};

/// Programs that start others for everybody: to be started by one says nothing about belonging together.
const LAUNCHERS: &[&str] = &[
    "services.exe",
    "svchost.exe",
    "explorer.exe",
    "wininit.exe",
    "winlogon.exe",
    "smss.exe",
    "taskhostw.exe",
    "systemd",
    "init",
    "launchd",
    "cron",
    "crond",
];

/// Where a detection goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Home {
    /// Into an open case.
    Case(Box<Case>),
    /// Into a new one, which repeats a closed one.
    New {
        /// The closed one.
        previous: Option<i64>,
    },
}

/// The processes of a detection, each once: its own, the one it reaches into, and its parent.
pub(crate) fn atoms(detection: &Detection) -> Vec<&str> {
    let target = detection.routing.get("target").and_then(serde_json::Value::as_str).unwrap_or_default();
    let parent = detection.parent().or_else(|| detection.process()).unwrap_or_default();
    let launcher = LAUNCHERS.contains(&&*file_name(&parent.path).to_lowercase());
    let parent = if launcher { "" } else { &detection.parent_atom };
    let mut atoms: Vec<_> = [&detection.this_atom, target, parent].into_iter().filter(|atom| is_atom(atom)).collect();
    atoms.sort_unstable();
    atoms.dedup();
    atoms
}

/// Whether a text can be an atom: samples have `...`.
fn is_atom(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Finds the case of a detection; joins cases that turn out to be one.
pub(super) async fn find(tx: &mut Tx, gathered: &mut Gathered, facts: &Facts<'_>) -> Result<Home> {
    let Facts { delivery, fingerprint, sensor_id, event_ms, .. } = facts;
    let processes = atoms(delivery.detection);
    let (org_id, detection) = (delivery.org_id, delivery.detection);
    let tree = if gathered.known.may_be_linked(org_id, detection, &processes) {
        atoms::linked(tx, *sensor_id, &processes, *event_ms, limits::TREE_WINDOW_MS).await?
    } else {
        Vec::new()
    };
    let closed = tree.iter().filter(|(_, open)| !open).map(|(case, _)| *case).max();
    let mut open: Vec<i64> = tree.iter().filter(|(_, open)| *open).map(|(case, _)| *case).collect();
    let seen = gathered.known.may_have_seen(org_id, detection, fingerprint);
    if seen {
        let window = limits::GROUPING_WINDOW_MS;
        open.extend(fingerprints::open_cases(tx, *sensor_id, fingerprint, *event_ms, window).await?);
    }
    open.sort_unstable();
    open.dedup();
    match open.as_slice() {
        [] => {
            let previous =
                if seen { fingerprints::last_closed(tx, org_id, *sensor_id, fingerprint).await? } else { None };
            Ok(Home::New { previous: previous.or(closed) })
        }
        [one] => Ok(into(gathered.case(tx, *one).await?)),
        several => {
            // What is moved must be there.
            gathered.write(tx).await?;
            Ok(into(joined(tx, facts, several).await?))
        }
    }
}

/// Into a case where it is still open; one that was closed meanwhile nobody looks at any more.
fn into(case: Case) -> Home {
    if case.status.is_open() {
        return Home::Case(Box::new(case));
    }
    Home::New { previous: Some(case.number) }
}

/// A case, or the one that it became part of, as it stands once it is held for this transaction: what people or the
/// machine do with it at this moment is waited for, and then seen.
pub(super) async fn held(tx: &mut Tx, mut number: i64) -> Result<Case> {
    loop {
        merges::lock(tx, &[number]).await?;
        let case = cases::by_number(tx, number).await?;
        match case.merged_into {
            Some(into) => number = into,
            None => return Ok(case),
        }
    }
}

/// Those of several cases that are still open once all are held, lowest first; where none is, the last that was closed.
async fn still_open(tx: &mut Tx, several: &[i64]) -> Result<std::result::Result<Vec<i64>, Case>> {
    merges::lock(tx, several).await?;
    let (mut open, mut closed) = (Vec::new(), None);
    for number in several {
        let case = held(tx, *number).await?;
        if case.status.is_open() {
            open.push(case.number);
        } else {
            closed = Some(case);
        }
    }
    open.sort_unstable();
    open.dedup();
    Ok(closed.filter(|_| open.is_empty()).map_or(Ok(open), Err))
}

/// Makes several cases one: the oldest that people are at work on, else the oldest. Where all were closed meanwhile it
/// is one of these.
async fn joined(tx: &mut Tx, facts: &Facts<'_>, several: &[i64]) -> Result<Case> {
    let several = match still_open(tx, several).await? {
        Ok(open) => open,
        Err(closed) => return Ok(closed),
    };
    let mut free = Vec::new();
    for number in &several {
        if cases::untouched(tx, *number).await? {
            free.push(*number);
        }
    }
    let home = several.iter().copied().find(|number| !free.contains(number)).unwrap_or(several[0]);
    let now = facts.delivery.received_ms;
    for number in free.into_iter().filter(|number| *number != home) {
        // What a person took apart stays apart.
        if merges::are_apart(tx, number, home).await? {
            continue;
        }
        let (other, case) = (cases::by_number(tx, number).await?, cases::by_number(tx, home).await?);
        if other.merged_into.is_some() || case.merged_into.is_some() {
            continue;
        }
        let moved =
            format!("Merged into case #{home}: detection {} belongs to both", facts.delivery.detection.detect_id);
        let gained = format!("Case #{number} with {} detections became part of this one", other.detections);
        let told = Told { moved: &moved, gained: &gained };
        merging::absorb(tx, &Actor::system(), (&other, &case), told, now).await?;
    }
    refresh_case(tx, home).await?;
    let case = cases::by_number(tx, home).await?;
    merging::came_along(tx, &Actor::system(), &case, now).await?;
    Ok(case)
}

/// A new behaviour in a case that was decided: what was declared did not know it, so it is asked again.
pub(super) async fn reopen_question(tx: &mut Tx, case: &Case, now_ms: i64) -> Result<()> {
    if !case.verdict.decided() {
        cases::bump(tx, case.number).await?;
        return Ok(());
    }
    let status = if case.status == Status::Resolved { Status::InProgress } else { case.status };
    let to = Decision {
        status,
        verdict: Verdict::Pending,
        reason: String::new(),
        decided_by: String::new(),
        decided_ms: None,
        closed_ms: None,
        by_program: Some(false),
        ..case.decision()
    };
    let version = cases::by_number(tx, case.number).await?.version;
    cases::decide(tx, case.number, version, &to).await?;
    for fingerprint in fingerprints::of_case(tx, case.number).await? {
        precedents::shift(tx, case.org_id, &fingerprint, (case.verdict, case.by_program), (Verdict::Pending, false))
            .await?;
    }
    learn::ask(tx, case.org_id, now_ms).await?;
    let text = format!(
        "A new behaviour joined, so the question is open again; {} had declared {}",
        case.decided_by,
        case.verdict.label().to_lowercase()
    );
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "question_reopened",
        text: &text,
        old: case.verdict.as_str(),
        new: Verdict::Pending.as_str(),
        run: None,
        undo: None,
    };
    record(tx, &Actor::system(), change, now_ms).await?;
    Ok(())
}
