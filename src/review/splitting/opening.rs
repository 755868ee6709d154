//! What a case shows of the detection that opened it, for the new case and for the one that it left.
use super::super::ReviewError;
use super::super::settle::is_derived;
use crate::domain::{Blind, Detection, Severity};
use crate::ingest::{chain, shown_host, shown_user};
use crate::store::cases::{self, Case};
use crate::store::runs::RunState;
use crate::store::splits::{self, Head, Piece};
use crate::store::{Tx, fingerprints};

/// A document as it was read when it came; nothing where it can't be read any more.
pub(super) fn detection(raw: &str) -> Option<Detection> {
    serde_json::from_str(raw).ok().and_then(|document| Detection::read(&document).ok())
}

/// Opens the new case by the first of its detections.
pub(super) async fn open(tx: &mut Tx, case: &Case, pieces: &[Piece], now_ms: i64) -> Result<i64, ReviewError> {
    let Some(first) = pieces.first() else {
        return ReviewError::invalid("detections", "Choose at least one detection.");
    };
    let read = detection(&first.raw);
    // Nobody can say any more what a document that is gone stated: no less than the case did.
    let unread = if is_derived(&case.severity_by) { case.severity } else { Severity::Medium };
    let of = |text: fn(&Detection) -> String, other: &str| read.as_ref().map_or_else(|| other.to_owned(), text);
    let new = cases::New {
        number: None,
        org_id: case.org_id,
        title: &of(|read| read.rule.title.clone(), &case.title),
        rule_id: first.rule_id,
        sensor_id: first.sensor_id,
        hostname: &of(shown_host, &case.hostname),
        user_name: &of(shown_user, ""),
        chain: &of(chain, ""),
        fingerprint: &first.fingerprint,
        severity: read.as_ref().map_or(unread, Detection::rule_severity),
        rule_level: read.as_ref().and_then(|read| read.rule.level),
        previous_case: None,
        event_ms: first.event_ms,
        opened_ms: now_ms,
        triage_state: RunState::Queued,
        blind_share: case.blind_share,
    };
    let number = cases::insert(tx, &new).await?;
    // What was drawn for people stays theirs, and in blind review otherwise splitting would show what nobody is to see yet.
    match case.blind {
        Blind::No => 0,
        Blind::Waiting => cases::set_blind(tx, number, Blind::Waiting).await?,
        Blind::Committed | Blind::Shown => cases::set_blind(tx, number, Blind::Shown).await?,
    };
    Ok(number)
}

/// Shows the first detection that is left, where the behaviour that opened the case is gone.
pub(super) async fn head_again(tx: &mut Tx, case: &Case) -> Result<(), ReviewError> {
    if fingerprints::of_case(tx, case.number).await?.contains(&case.fingerprint) {
        return Ok(());
    }
    let Some(first) = splits::own(tx, case.number, 0, 1).await?.into_iter().next() else { return Ok(()) };
    let Some(read) = detection(&first.raw) else { return Ok(()) };
    let head = Head {
        title: &read.rule.title,
        rule_id: first.rule_id,
        sensor_id: first.sensor_id,
        hostname: &shown_host(&read),
        user_name: &shown_user(&read),
        chain: &chain(&read),
        fingerprint: &first.fingerprint,
    };
    splits::set_head(tx, case.number, head).await?;
    Ok(())
}
