//! Exclusions that hide what turned out to be a true positive: found when it is declared.
use super::Rule;
use super::exclusion::on_case;
use crate::store::exclusions::{self, Exclusion};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Result, Tx, cases::Case, detections, related};
use serde_json::Value;

/// Detections of a case that are evaluated; what the back-test found of it counts as well.
const NEWEST: i64 = 100;
/// Its parts and duplicates that are looked at.
const FOLLOWERS: i64 = 50;
/// Beyond so many detections in all, only what the back-test found counts.
const MOST: usize = 1_000;
/// Bytes of a document that is evaluated while others wait for the transaction.
const LARGEST: usize = 64 * 1024;

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
        if stored.len() < MOST {
            stored.extend(detections::of_case(tx, follower, NEWEST).await?);
        }
    }
    let documents: Vec<(i64, Option<Value>)> = stored.iter().map(|one| (one.rule_id, document(&one.raw))).collect();
    for exclusion in in_force {
        if found.contains(&exclusion.id) || hides(tx, &exclusion, &documents).await? {
            note(tx, &exclusion, case, now_ms).await?;
        }
    }
    Ok(())
}

/// What can be evaluated of a stored document; nothing where it was removed, or is so large that it would hold up others.
fn document(raw: &str) -> Option<Value> {
    (raw.len() <= LARGEST).then(|| serde_json::from_str(raw).ok()).flatten()
}

/// Whether it hides one of these documents, each with its rule, or nobody can tell. One that names a rule hides nothing of
/// another one, whatever became of the document.
async fn hides(tx: &mut Tx, exclusion: &Exclusion, documents: &[(i64, Option<Value>)]) -> Result<bool> {
    let Ok(rule) = Rule::read(&exclusion.rule.0) else { return Ok(true) };
    let only = match rule.source_rule() {
        Some(path) => exclusions::rule_by_path(tx, exclusion.org_id, path).await?,
        None => None,
    };
    let mut of_rule = documents.iter().filter(|(rule_id, _)| only.is_none_or(|only| only == *rule_id));
    Ok(of_rule.any(|(_, document)| document.as_ref().is_none_or(|one| rule.matches(one).unwrap_or(true))))
}

async fn note(tx: &mut Tx, exclusion: &Exclusion, case: &Case, now_ms: i64) -> Result<()> {
    if !exclusions::conflict(tx, exclusion.id, case.number, now_ms).await? {
        return Ok(());
    }
    let actor = Actor::system();
    let text = format!("The exclusion {} hides detections of this case", exclusion.name);
    on_case(tx, &actor, (case.org_id, case.number), (&text, &exclusion.name), now_ms).await?;
    let (object, new) = (format!("exclusion:{}", exclusion.id), format!("hides true positive case:{}", case.number));
    let entry = Entry { action: "exclusion_conflict", object: &object, old: exclusion.state.as_str(), new: &new };
    audit(tx, &actor, Some(case.org_id), &entry, now_ms).await
}
