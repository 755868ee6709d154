//! Local evidence as JSON, as it is when it is asked for.
use super::case_json::time;
use crate::domain::dossier::Precedents;
use crate::domain::evidence::EvidenceState;
use crate::domain::local::{Level, Local, Near};
use crate::error::Result;
use crate::jobs::triage;
use crate::store::cases::Case;
use crate::store::{Tx, precedents};
use serde_json::{Map, Value, json};

/// What our own store knows around a case; null where no detection of its behaviour can be read.
pub(super) async fn of(tx: &mut Tx, case: &Case) -> Result<Value> {
    let Some(local) = triage::local_now(tx, case).await? else { return Ok(Value::Null) };
    let exact = triage::without(precedents::of(tx, case.org_id, &case.fingerprint).await?, case.verdict);
    let state = |found: bool| if found { EvidenceState::Ok } else { EvidenceState::Empty };
    let beside = local.beside.nearest.iter();
    let beside = beside
        .map(|one| json!({"case": one.case, "title": one.title, "level": one.level, "at": time(one.at_ms)}))
        .collect::<Vec<_>>();
    Ok(json!({
        "source": "own store", "tags": local.tags,
        "precedents": [
            json!({"level": "behaviour", "state": state(exact.total() > 0), "decided": counts(exact)}),
            level("family", &local.family),
            level("rule", &local.rule),
        ],
        "prevalence": {
            "state": local.spread.state(), "cases": local.spread.cases, "hosts": local.spread.hosts, "days": local.spread.days,
            "first_seen": time(local.spread.first_ms),
        },
        "host": host(&local),
        "near_in_time": {"state": state(!beside.is_empty()), "detections": beside, "more": local.beside.more},
    }))
}

fn host(local: &Local) -> Value {
    let state = if local.host.cases() > 0 { EvidenceState::Ok } else { EvidenceState::Empty };
    let severities: Map<String, Value> =
        local.host.severities.iter().map(|(severity, cases)| (severity.to_string(), json!(cases))).collect();
    let verdicts: Map<String, Value> =
        local.host.verdicts.iter().map(|(verdict, cases)| (verdict.to_string(), json!(cases))).collect();
    json!({"state": state, "detections": local.host.detections, "cases": local.host.cases(), "severities": severities, "verdicts": verdicts})
}

fn level(name: &str, level: &Level) -> Value {
    json!({
        "level": name, "state": level.state, "decided": counts(level.decided), "behaviours": level.behaviours.len(), "more": level.more,
        "nearest": level.behaviours.first().map(nearest),
    })
}

fn nearest(near: &Near) -> Value {
    json!({
        "fingerprint": near.fingerprint, "decided": counts(near.decided), "alike": (near.alike * 100.0).round() / 100.0,
        "only_here": near.only_here.shown, "only_there": near.only_there.shown, "differs_in_trust": near.graver,
    })
}

fn counts(seen: Precedents) -> Value {
    json!({"false_positive": seen.false_positive, "benign_true_positive": seen.benign_true_positive, "true_positive": seen.true_positive})
}
