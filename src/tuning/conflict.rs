//! Exclusions that hide what turned out to be a true positive: found when it is declared.
use super::Rule;
use crate::store::exclusions::{self, Exclusion};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Change, Result, Tx, cases::Case, detections, record, related};
use serde_json::Value;

/// Detections of a case that are evaluated; what the back-test found of it counts as well.
const NEWEST: i64 = 100;
/// Its parts and duplicates that are looked at.
const FOLLOWERS: i64 = 50;

/// Finds the exclusions in force that hide detections of a case, and notes each on the case and in the ledger.
///
/// # Errors
/// Where the database refuses.
pub async fn declared_true_positive(tx: &mut Tx, case: &Case, now_ms: i64) -> Result<()> {
    let in_force = exclusions::in_force(tx, case.org_id, now_ms).await?;
    if in_force.is_empty() {
        return Ok(());
    }
    let mut found = exclusions::hits_of_case(tx, case.number).await?;
    let mut stored = detections::of_case(tx, case.number, NEWEST).await?;
    // What is part of it or was closed as its duplicate is one as well.
    for follower in related::followers(tx, case.number, FOLLOWERS).await? {
        found.extend(exclusions::hits_of_case(tx, follower).await?);
        stored.extend(detections::of_case(tx, follower, NEWEST).await?);
    }
    let documents: Vec<Option<Value>> = stored.iter().map(|one| serde_json::from_str(&one.raw).ok()).collect();
    for exclusion in in_force {
        if found.contains(&exclusion.id) || documents.iter().any(|document| hides(&exclusion, document.as_ref())) {
            note(tx, &exclusion, case, now_ms).await?;
        }
    }
    Ok(())
}

/// Whether it hides a document, or nobody can tell.
fn hides(exclusion: &Exclusion, document: Option<&Value>) -> bool {
    match (Rule::read(&exclusion.rule.0), document) {
        (Ok(rule), Some(document)) => rule.matches(document).unwrap_or(true),
        _ => true,
    }
}

async fn note(tx: &mut Tx, exclusion: &Exclusion, case: &Case, now_ms: i64) -> Result<()> {
    if !exclusions::conflict(tx, exclusion.id, case.number, now_ms).await? {
        return Ok(());
    }
    let actor = Actor::system();
    let text = format!("The exclusion {} hides detections of this case", exclusion.name);
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "exclusion",
        text: &text,
        old: "",
        new: &exclusion.name,
        run: None,
        undo: None,
    };
    record(tx, &actor, change, now_ms).await?;
    let (object, new) = (format!("exclusion:{}", exclusion.id), format!("hides true positive case:{}", case.number));
    let entry = Entry { action: "exclusion_conflict", object: &object, old: exclusion.state.as_str(), new: &new };
    audit(tx, &actor, Some(case.org_id), &entry, now_ms).await
}
