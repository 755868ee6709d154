//! A case as JSON, exactly with the names of the contract.
use super::local_json;
use crate::domain::Claim;
use crate::domain::evidence::Piece;
use crate::error::Result;
use crate::review::{related, sight};
use crate::store::cases::Case;
use crate::store::{Tx, actions, detections, evidence, intel, notes, observables, tasks, timeline, votes};
use serde_json::{Value, json};

/// A time as RFC 3339 in UTC, or null.
pub(super) fn time(ms: impl Into<Option<i64>>) -> Value {
    let at = ms.into().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or(Value::Null, |at| json!(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

/// The short form, as in lists.
pub(super) fn short(case: &Case) -> Value {
    json!({
        "number": case.number, "title": case.title, "org": case.org, "status": case.status, "verdict": case.verdict,
        "machine_verdict": case.machine_verdict, "severity": case.severity, "hostname": case.hostname, "rule": case.rule_path,
        "detections": case.detections, "tags": case.tags.0, "snoozed_until": time(case.snoozed_until_ms.filter(|_| case.snoozed)), "opened_at": time(case.opened_ms), "updated_at": time(case.updated_ms),
    })
}

/// A case with all that belongs to it.
///
/// # Errors
/// Where the database refuses.
pub async fn long(tx: &mut Tx, case: &Case) -> Result<Value> {
    let mut json = short(case);
    let techniques: Vec<_> = sight::techniques(tx, case)
        .await?
        .into_iter()
        .map(|found| {
            let name = crate::domain::technique::lookup(&found.technique).map(|known| known.name);
            json!({"id": found.technique, "name": name, "source": found.source})
        })
        .collect();
    let (observables, answers) = (observables::of_case(tx, case.number).await?, intel::of_case(tx, case.number).await?);
    let observables: Vec<_> = observables
        .iter()
        .map(|found| {
            let (place, known) = crate::domain::Observable::about(found.kind, &found.value);
            json!({
                "id": found.id, "type": found.kind, "value": found.value, "verdict": intel::verdict(&answers, found.kind, &found.value), "role": found.role,
                "place": place, "known": known, "other_cases": found.other_cases,
            })
        })
        .collect();
    let more = json!({
        "version": case.version, "reason": case.reason, "assignee": case.assignee, "rule_level": case.rule_level,
        "confidence": case.confidence, "outcome": case.outcome, "risk_score": case.risk_score, "triage_state": case.triage_state, "blind": case.blind,
        "previous_case": case.previous_case, "merged_into": case.merged_into, "duplicate_of": case.duplicate_of, "related": all_related(tx, case).await?, "repeats": case.repeats, "chain": case.chain,
        "detections": stored(tx, case).await?, "observables": observables, "intelligence": answers.iter().map(said).collect::<Vec<_>>(), "techniques": techniques, "runs": all_runs(tx, case).await?,
        "notes": all_notes(tx, case).await?, "tasks": all_tasks(tx, case).await?, "actions": all_actions(tx, case).await?, "evidence": all_evidence(tx, case).await?, "local_evidence": Box::pin(local_json::of(tx, case)).await?, "timeline": entries(tx, case).await?,
    });
    if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
        json.extend(more);
    }
    Ok(json)
}

/// What became of a question to an intelligence provider: its answer as it came, and what that amounts to.
pub(super) fn said(one: &intel::Answer) -> Value {
    json!({
        "provider": one.provider, "type": one.kind, "value": one.observable, "state": one.state, "why": one.why, "answer": one.payload.0,
        "verdict": one.opinion().map(|said| said.verdict), "at": time(one.fetched_ms), "again_at": time(one.due_ms), "recorded": one.recorded,
    })
}

async fn stored(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let all = detections::of_case(tx, case.number, 200).await?;
    Ok(all
        .into_iter()
        .map(|one| {
            let document: Value = serde_json::from_str(&one.raw).unwrap_or_default();
            json!({
                "detect_id": one.detect_id, "title": one.title, "rule": case.rule_path, "level": one.level, "event_type": one.event_type,
                "event_time": time(one.event_ms), "received_at": time(one.received_ms), "fingerprint": one.fingerprint, "origin_case": one.origin_case, "detection": document, "id": one.id,
            })
        })
        .collect())
}

async fn all_runs(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let votes = sight::votes(tx, case).await?;
    let sources = sight::sources(tx, case).await?;
    let source = |run: i64, taken: bool| {
        let found = sources.iter().find(|source| source.run_id == run && source.taken == taken);
        found.map(|source| json!({"case": source.case_number, "run": source.number}))
    };
    let mut json = Vec::new();
    for run in sight::runs(tx, case).await? {
        let of_run: Vec<_> = votes.iter().filter(|vote| vote.run_id == run.id).map(vote).collect();
        json.push(json!({
            "number": run.number, "origin_case": run.origin_case, "state": run.state, "fingerprint": run.fingerprint, "machine_verdict": run.machine_verdict, "outcome": run.outcome,
            "confidence": run.confidence, "severity": run.severity, "risk_score": run.risk_score, "auto_action": run.auto_action, "votes": of_run,
            "flags": run.flags.0, "vetoes": run.vetoes.0, "report": run.report.map(|report| report.0), "recorded": run.recorded,
            "asked_by": run.asked_by, "started_at": time(run.started_ms), "finished_at": time(run.finished_ms), "note": run.note, "weighing": run.weighing.map(|weighing| weighing.0),
            "reused_from": source(run.id, true), "checked_from": source(run.id, false), "asked_again_at": time(run.renews_ms),
        }));
    }
    Ok(json)
}

async fn all_related(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let all = related::of(tx, case).await?;
    Ok(all.iter().map(|one| json!({"number": one.line.number, "why": one.why.join("; ")})).collect())
}

fn vote(vote: &votes::Stored) -> Value {
    let claim =
        |claim: &Claim| json!({"kind": claim.kind, "quote": claim.quote, "state": claim.state, "says": claim.says});
    let claims: Vec<Value> = vote.claims.0.iter().map(claim).collect();
    json!({
        "voter": vote.voter, "role": vote.role, "model": vote.model, "digest": vote.digest, "state": vote.state, "failure": vote.failure,
        "detail": vote.detail, "verdict": vote.verdict, "confidence": vote.confidence, "latency_ms": vote.latency_ms, "attempts": vote.attempts,
        "prompt_version": vote.prompt_version, "prompt_hash": vote.prompt_hash, "carried_from": vote.carried_from,
        "claims": claims, "replaced": vote.replaced, "reused": vote.reused_from.is_some(), "unasked": vote.unasked,
        "tokens_in": vote.tokens_in, "tokens_out": vote.tokens_out, "cost": vote.cost_micro.map(amount_of),
    })
}

/// Millionths as a number.
fn amount_of(micro: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the cost of one vote")]
    let amount = micro as f64 / 1e6;
    amount
}

async fn all_notes(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let all = notes::of_case(tx, case.number).await?;
    let note = |note: &notes::Note| {
        let body = if note.is_removed() { "" } else { &note.body };
        json!({
            "id": note.id, "origin_case": note.origin_case, "author": note.author, "kind": note.kind, "body": body, "at": time(note.created_ms), "edited": note.edits(),
            "edited_at": time(note.edited_ms), "removed_by": Some(&note.removed_by).filter(|by| !by.is_empty()),
        })
    };
    Ok(all.iter().map(note).collect())
}

async fn all_tasks(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let all = tasks::of_case(tx, case.number).await?;
    let task = |one: &tasks::Task| {
        json!({
            "id": one.id, "text": one.text, "done": one.done_ms.is_some(), "done_by": Some(&one.done_by).filter(|by| !by.is_empty()),
            "done_at": time(one.done_ms), "assignee": Some(&one.assignee).filter(|name| !name.is_empty()), "origin": one.origin,
        })
    };
    Ok(all.iter().map(task).collect())
}

async fn all_actions(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let all = actions::of_case(tx, case.number).await?;
    let action = |one: &actions::Action| json!({"id": one.id, "kind": one.kind, "target": one.target, "origin_case": one.origin_case, "state": one.state, "result": one.result, "asked_by": one.asked_by, "why": one.why, "decided_by": one.decided_by, "plan": one.plan(), "reverses": one.reverses, "at": time(one.asked_ms), "recorded": one.recorded});
    Ok(all.iter().map(action).collect())
}

/// What other systems said, newest first, a triage's pieces in the order of its questions.
async fn all_evidence(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let mut all = evidence::of_case(tx, case.number).await?;
    all.sort_by_key(|one| (std::cmp::Reverse(one.piece.taken_ms), one.id));
    let piece = |one: &evidence::Stored| {
        let Piece { kind, source, state, text, from_ms, to_ms, taken_ms, total, lines, facts } = &one.piece;
        let lines: Vec<Value> = lines
            .iter()
            .map(|line| json!({"at": time(line.at_ms), "event_type": line.event_type, "text": line.text, "user": line.user, "marks": line.marks, "atom": line.atom, "sid": line.sid}))
            .collect();
        json!({
            "id": one.id, "kind": kind, "source": source, "state": state, "text": text, "from": time(*from_ms), "to": time(*to_ms),
            "at": time(*taken_ms), "total": total, "lines": lines, "facts": facts, "action": one.action_id, "fingerprint": one.fingerprint,
        })
    };
    Ok(all.iter().map(piece).collect())
}

/// The timeline, newest first.
pub(super) async fn entries(tx: &mut Tx, case: &Case) -> Result<Vec<Value>> {
    let all = timeline::of_case(tx, case.number, 500).await?;
    let entry = |one: &timeline::Entry| json!({"id": one.id, "at": time(one.at_ms), "actor": one.actor, "actor_kind": one.actor_kind, "kind": one.kind, "text": one.text, "undone": one.undone_ms.is_some()});
    Ok(all.iter().map(entry).collect())
}
