//! What the conclusion of a run means for the gate: whether the case is eligible, and whether the machine closes it.
//! It never closes one that was drawn for blind review when it opened.
//!
//! All of it is in the transaction that stores the run: vetoes, gate and age of the evidence are asked there once more.
mod others;
mod scope;
mod waits;

use self::scope::{opened, other_panels, panels, sources};
use self::waits::{Waits, waits};
use super::super::panel::Seats;
use super::super::{JobError, Worker};
use super::receipt;
use crate::config::Policy;
use crate::domain::action::{ActionKind, Fields, Plan};
use crate::domain::{AutoClose, Dossier, GateEvent, Status, Verdict};
use crate::review::gate::{self as gates, Closing, Scopes};
use crate::review::{ReviewError, sight, whole};
use crate::store::cases::{self, Case};
use crate::store::gates::{self as store, Gate, Kept, Ran};
use crate::store::policies::Own;
use crate::store::runs::{Run, RunState};
use crate::store::{Actor, Change, Tx, fingerprints, links, record};
use crate::triage::gate::{self as judge, Heard, Ineligible};
use crate::triage::vote::Panel;
use serde_json::{Value, json};

/// What a run is concluded under.
#[derive(Clone, Copy)]
struct Under<'a> {
    /// The policy that holds.
    policy: &'a Policy,
    /// How votes are counted.
    panel: Panel,
    /// Now.
    now_ms: i64,
}

/// Lets the gate judge the case, and writes down what all of it rested on.
pub(super) async fn judge(
    worker: &Worker,
    tx: &mut Tx,
    (run, dossier): (&Run, &Dossier),
    (seats, own): (&Seats, &Own),
    now: i64,
) -> Result<(), JobError> {
    let policy = worker.policy.of(own);
    let under = Under { policy: &policy, panel: seats.rules, now_ms: now };
    let said = concluded(worker, tx, run, under).await?;
    Ok(receipt::write(tx, (&policy, own), seats, (run, dossier, said), now).await?)
}

/// Judges a case after a run of it was concluded; returns what the receipt says of it.
async fn concluded(worker: &Worker, tx: &mut Tx, run: &Run, under: Under<'_>) -> Result<Value, JobError> {
    let number = run.case_number;
    let case = cases::by_number(tx, number).await?;
    let ran = store::ran(tx, number).await?;
    let behaviours = fingerprints::of_case(tx, number).await?;
    let panels = panels(tx, &ran, under.panel).await?;
    let heard: Vec<Heard<'_>> = ran.iter().zip(&panels).map(|(ran, panel)| heard(ran, panel.as_deref())).collect();
    let here = ran.first().is_some_and(|newest| !newest.recorded);
    if let Some(version) = panels.first().and_then(Option::as_deref).filter(|_| here) {
        other_panels(tx, &case, version, under.now_ms).await?;
    }
    let waits = matches!(case.triage_state, RunState::Queued | RunState::Running);
    let severe = severe(&case, under.policy);
    let mut judged = judge::eligible(&heard, &behaviours, waits).and_then(|()| severe.map_or(Ok(()), Err));
    if judged.is_ok() {
        judged = others::against(tx, (&case, run.id), under).await?.map_or(Ok(()), Err);
    }
    match judged {
        Err(why) => not_eligible(tx, &case, &why, under.now_ms).await,
        Ok(()) if whole(&case).is_err() => Ok(Value::Null),
        Ok(()) => {
            let version = panels.first().cloned().flatten().unwrap_or_default();
            eligible(worker, tx, (&case, &ran[0], behaviours.len()), &version, under).await
        }
    }
}

/// What a person says of the severity holds, whatever voters and rules say; so does the highest level of its detections,
/// one of which may have joined after the voters were asked.
fn severe(case: &Case, policy: &Policy) -> Option<Ineligible> {
    let by_person = is_persons(&case.severity_by) && case.severity >= policy.veto_severity;
    let level = case.rule_level.filter(|level| *level >= policy.veto_severity);
    let text = match level {
        _ if by_person => format!("A person set the severity to {}.", case.severity.label().to_lowercase()),
        Some(level) => format!("The rule of a detection has the severity {}.", level.label().to_lowercase()),
        None => return None,
    };
    Some(Ineligible::No(text))
}

fn heard<'a>(ran: &'a Ran, panel: Option<&'a str>) -> Heard<'a> {
    Heard {
        fingerprint: &ran.fingerprint,
        rule_id: ran.rule_id,
        verdict: ran.machine_verdict,
        auto_action: ran.auto_action.as_deref(),
        vetoes: ran.vetoes.0.iter().map(|veto| veto.text.as_str()).collect(),
        recorded: ran.recorded,
        panel,
    }
}

/// Notes that a case can't be closed; one that the machine had closed is open again.
async fn not_eligible(tx: &mut Tx, case: &Case, why: &Ineligible, now_ms: i64) -> Result<Value, JobError> {
    if *why != Ineligible::Waits {
        store::not_eligible(tx, case.number, why.words()).await?;
        if case.machine_closed_ms.is_some() && case.status == Status::Closed && !case.verdict.decided() {
            done(gates::reopen(tx, case, why.words(), now_ms).await)?;
        }
    }
    Ok(json!({"eligible": false, "why": why.words()}))
}

fn done<T>(done: Result<T, ReviewError>) -> Result<T, JobError> {
    done.map_err(|error| match error {
        ReviewError::Store(error) => JobError::Store(error),
        other => JobError::Unusable(other.to_string()),
    })
}

/// Keeps an eligible case, and closes it where that has been earned.
async fn eligible(
    worker: &Worker,
    tx: &mut Tx,
    (case, newest, behaviours): (&Case, &Ran, usize),
    panel: &str,
    under: Under<'_>,
) -> Result<Value, JobError> {
    let now = under.now_ms;
    let before = store::kept(tx, case.number).await?;
    if let Some(kept) = before.as_ref().filter(|kept| is_settled(kept)) {
        store::still_eligible(tx, case.number).await?;
        return Ok(said(kept, None, (false, None)));
    }
    let mut scopes = opened(tx, (case, &sources(worker, case)), newest.rule_id, panel, under).await?;
    let ids: Vec<i64> = scopes.gates.iter().map(|gate| gate.id).collect();
    let before = before.filter(|kept| kept.rule_gate == ids[0]);
    let open = judge::opens(&scopes.gates.iter().map(gates::standing).collect::<Vec<_>>(), now);
    let lot = lot(case, (newest, &ids), before.as_ref(), now);
    let free = is_free(tx, case).await?;
    let lets = open.filter(|_| free && !lot.drawn);
    let waits = waits(tx, case, (newest, &scopes, lets), now).await?;
    let kept = Kept {
        behaviours: i64::try_from(behaviours).unwrap_or(i64::MAX),
        // What a person did since does not change that it would have been closed.
        would_close: !lot.drawn && (free || before.as_ref().is_some_and(|kept| kept.would_close)),
        opened_by: lets.filter(|_| waits.is_none()).map(|at| ids[at]),
        ..lot
    };
    store::put(tx, &kept).await?;
    // Of one in blind review the gates learn once it has been decided: their counts would tell what the vote was.
    let is_blind = sight(case).is_blind();
    if before.is_none() && !is_blind {
        scopes.eligible(tx, &kept, now).await?;
    }
    let closed = allowed(worker, tx, (case, newest.id), &mut scopes, (lets, waits, under)).await?;
    let said = said(&kept, open.map(|at| &scopes.gates[at]), (closed, waits));
    scopes.keep(tx, Some(case).filter(|_| !is_blind), now).await?;
    gates::declared_before(tx, case, now).await?;
    Ok(said)
}

/// Whether what a case counts for stands already: another vote does not move it to other gates.
const fn is_settled(kept: &Kept) -> bool {
    kept.act.is_some() || kept.closed_ms.is_some()
}

/// By which share a case was drawn for blind review, whether it was, and since when it is eligible. What was kept of it
/// by an earlier vote stays: another vote is no other lot. `gates` are those of the case, from the rule's on.
fn lot(case: &Case, (newest, gates): (&Ran, &[i64]), before: Option<&Kept>, now_ms: i64) -> Kept {
    Kept {
        run_id: newest.id,
        rule_id: newest.rule_id,
        rule_gate: gates[0],
        family_gate: (gates.len() > 2).then(|| gates[1]),
        org_gate: gates[gates.len() - 1],
        at_ms: before.map_or(now_ms, |kept| kept.at_ms),
        share: before.map_or(case.blind_share, |kept| kept.share),
        drawn: case.blind.drawn() || before.is_some_and(|kept| kept.drawn),
        ..Kept::of(case.number, case.org_id)
    }
}

/// Whether nobody has decided a case, has done anything with it, such as set its severity, however low, or linked it with
/// another one, or put it aside.
async fn is_free(tx: &mut Tx, case: &Case) -> Result<bool, JobError> {
    let decided = case.verdict != Verdict::Pending || case.first_decided_ms.is_some();
    let left = !decided && case.snoozed_by.is_empty() && !is_persons(&case.severity_by);
    Ok(left && cases::untouched(tx, case.number).await? && !links::is_linked(tx, case.number).await?)
}

/// Whether a severity is a person's word.
fn is_persons(severity_by: &str) -> bool {
    !matches!(severity_by, "rule" | "panel")
}

/// Does what the mode allows with a case that an open gate lets the machine close; `true` where it was closed.
async fn allowed(
    worker: &Worker,
    tx: &mut Tx,
    (case, run): (&Case, i64),
    scopes: &mut Scopes,
    (lets, waits, under): (Option<usize>, Option<Waits>, Under<'_>),
) -> Result<bool, JobError> {
    let Some(at) = lets else { return Ok(false) };
    let now = under.now_ms;
    let gate = scopes.gates[at].clone();
    let text = match (under.policy.auto_close, waits) {
        (AutoClose::Off | AutoClose::Shadow, _) => return Ok(false),
        (AutoClose::Auto, None) => String::new(),
        (AutoClose::Propose, None) => {
            format!("The machine could close this under {}: {}", gates::about(&gate), gates::proof(&gate))
        }
        (_, Some(waits)) => match waits.told(&gate) {
            Some(text) => text,
            None => return Ok(false),
        },
    };
    if !text.is_empty() {
        let (org_id, case) = (case.org_id, case.number);
        let change = Change { org_id, case, kind: "gate", text: &text, old: "", new: "", run: Some(run), undo: None };
        record(tx, &Actor::panel(), change, now).await?;
        return Ok(false);
    }
    let fields = Fields { tag: under.policy.close_tag.clone(), ..Fields::default() };
    let connected = worker.connections.of(&case.org).is_some();
    let tag = Plan::read(ActionKind::AddTag, &fields).ok().filter(|_| connected);
    let undo_ms = i64::from(under.policy.undo_s) * 1000;
    let closing = Closing { case, gate: &gate, run, tag: tag.as_ref(), undo_ms };
    if !done(gates::close(tx, closing, now).await)? {
        return Ok(false);
    }
    let data = json!({
        "case": case.number, "run": run, "n": gate.look_n, "k": gate.look_k, "bound": gate.look_bound, "limit": gate.limit,
        "tag": tag.map(|_| &under.policy.close_tag),
    });
    scopes.tell(at, GateEvent::Closed, &data, now);
    Ok(true)
}

/// What the receipt says.
fn said(kept: &Kept, gate: Option<&Gate>, (closed, waits): (bool, Option<Waits>)) -> Value {
    let gate = gate.map(|gate| {
        json!({
            "gate": gate.id, "level": gate.level, "key": gate.key, "version": gate.version, "n": gate.look_n, "k": gate.look_k,
            "bound": gate.look_bound, "limit": gate.limit,
        })
    });
    let drawn = "Drawn for blind review, so a person decides.".to_owned();
    let why = if kept.drawn { Some(drawn) } else { waits.map(Waits::words) };
    json!({"eligible": true, "share": kept.share, "drawn": kept.drawn, "open": gate, "closed": closed, "why": why})
}
