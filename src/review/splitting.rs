//! Splitting: chosen detections leave a case for a new one, which is triaged like any other new case.
//!
//! The runs, the evidence and the techniques of a behaviour go with its last detection, and what intelligence says of a
//! value is wherever the value is; everything else stays. Merging
//! the new case back undoes it.
mod left;
mod opening;

use super::settle::settle;
use super::{ReviewError, set_tags, tasks};
use crate::domain::tag;
use crate::jobs::learn;
use crate::jobs::triage::{self, Ask};
use crate::limits;
use crate::store::cases::{self, Case};
use crate::store::links::{self, LinkKind};
use crate::store::splits::{self, Piece};
use crate::store::{Actor, Change, Tx, fingerprints, intel, merges, precedents, record, runs};
use std::collections::BTreeSet;

/// Splits detections off into a new case; returns its number.
///
/// # Errors
/// `Invalid` where one of them is not in this case or came with a case that is part of it, or where none would be left.
pub async fn split(tx: &mut Tx, actor: &Actor, case: &Case, ids: &[i64], now_ms: i64) -> Result<i64, ReviewError> {
    merges::lock(tx, &[case.number]).await?;
    let pieces = chosen(tx, case, ids).await?;
    precedents::weigh(tx, case.number, -1).await?;
    let number = opening::open(tx, case, &pieces, now_ms).await?;
    for piece in &pieces {
        splits::take(tx, piece.id, number).await?;
    }
    let read = left::read(&pieces);
    left::give(tx, case, number, &read).await?;
    left::keep_rest(tx, case, &read).await?;
    follow(tx, case, number, &pieces).await?;
    for one in [case.number, number] {
        settle(tx, one).await?;
        precedents::weigh(tx, one, 1).await?;
    }
    learn::ask(tx, case.org_id, now_ms).await?;
    opening::head_again(tx, case).await?;
    cases::bump(tx, case.number).await?;
    merges::keep_apart(tx, case.number, number).await?;
    links::add(tx, (case.number, number), LinkKind::Split, &actor.name, now_ms).await?;
    tell(tx, actor, case, (number, pieces.len()), now_ms).await?;
    begin_work(tx, actor, case, number, now_ms).await?;
    ask(tx, number, &pieces, now_ms).await?;
    Ok(number)
}

/// The new case is shared no wider than the one that it was part of, and has the tasks that a new case begins with.
async fn begin_work(tx: &mut Tx, actor: &Actor, from: &Case, number: i64, now_ms: i64) -> Result<(), ReviewError> {
    let new = cases::by_number(tx, number).await?;
    let tlp: Vec<String> = from.tags.0.iter().filter(|tag| tag::is_tlp(tag)).cloned().collect();
    set_tags(tx, actor, &new, &tlp, now_ms).await?;
    tasks::apply_by_itself(tx, &new, "opened", now_ms).await
}

/// The chosen detections, in the order in which they arrived.
async fn chosen(tx: &mut Tx, case: &Case, ids: &[i64]) -> Result<Vec<Piece>, ReviewError> {
    super::whole(case)?;
    let ids: BTreeSet<i64> = ids.iter().copied().collect();
    if ids.is_empty() {
        return ReviewError::invalid("detections", "Choose at least one detection.");
    }
    if ids.len() > limits::SPLIT_AT_ONCE {
        let text = format!("At most {} detections can be split off in one go.", limits::SPLIT_AT_ONCE);
        return ReviewError::invalid("detections", text);
    }
    let mut pieces = Vec::new();
    for id in ids {
        let Some(piece) = splits::piece(tx, case.number, id).await? else {
            return Err(ReviewError::Missing("detection"));
        };
        if let Some(origin) = piece.origin_case
            && merges::of(tx, origin).await?.is_some()
        {
            let text = format!("One of the detections came with case #{origin}. Take that case out first.");
            return ReviewError::invalid("detections", text);
        }
        pieces.push(piece);
    }
    let all = cases::by_number(tx, case.number).await?.detections;
    if i64::try_from(pieces.len()).is_ok_and(|count| count >= all) {
        return ReviewError::invalid("detections", "At least one detection has to stay in the case.");
    }
    Ok(pieces)
}

/// Lets what belongs to behaviours that left the case altogether go with them.
async fn follow(tx: &mut Tx, case: &Case, number: i64, pieces: &[Piece]) -> Result<(), ReviewError> {
    merges::rebuild(tx, case.number).await?;
    let stay: BTreeSet<String> = fingerprints::of_case(tx, case.number).await?.into_iter().collect();
    let gone: BTreeSet<&str> = pieces.iter().map(|piece| piece.fingerprint.as_str()).collect();
    let mut moved = Vec::new();
    for fingerprint in gone.into_iter().filter(|fingerprint| !stay.contains(*fingerprint)) {
        moved.extend(splits::follow(tx, case.number, number, fingerprint).await?);
    }
    splits::look_elsewhere(tx, case.number).await?;
    intel::share(tx, case.number, number).await?;
    intel::leave(tx, case.number, number).await?;
    left::techniques_of(tx, case, number, &moved).await?;
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    (number, count): (i64, usize),
    now_ms: i64,
) -> Result<(), ReviewError> {
    let many = if count == 1 { "detection" } else { "detections" };
    let (here, there) = (format!("case:{}", case.number), format!("case:{number}"));
    let off = format!("{count} {many} split off into case #{number}");
    let opened = format!("Case opened with {count} {many} split off case #{}", case.number);
    for (one, kind, text, old, new) in
        [(case.number, "split", &off, "", &there), (number, "case_opened", &opened, here.as_str(), &there)]
    {
        let change = Change { org_id: case.org_id, case: one, kind, text, old, new, run: None, undo: None };
        record(tx, actor, change, now_ms).await?;
    }
    Ok(())
}

/// Asks the panel about each behaviour of the new case, as about those of any other.
async fn ask(tx: &mut Tx, number: i64, pieces: &[Piece], now_ms: i64) -> Result<(), ReviewError> {
    let mut asked = BTreeSet::new();
    for piece in pieces.iter().filter(|piece| asked.insert(piece.fingerprint.as_str())) {
        if runs::under_way(tx, number, &piece.fingerprint).await? {
            continue;
        }
        let ask = Ask {
            case: number,
            detection_id: piece.id,
            fingerprint: &piece.fingerprint,
            asked_by: "FusionSOC",
            continues: None,
            tries: 0,
            run_at_ms: now_ms,
            by_hand: false,
        };
        triage::enqueue(tx, ask, now_ms).await?;
    }
    Ok(())
}
