//! Detections that were fetched: most are known already, because windows overlap, and that is no repeat.
use super::reading::{self, Bad, Document};
use super::{Accepted, Delivery, Gathered, accept};
use crate::config::Policy;
use crate::metrics;
use crate::store::rejects::{self, BAD_ITEM, Reject};
use crate::store::{Result, Tx, detections, orgs};
use crate::triage::fingerprint;
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};

/// What became of some detections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// New ones.
    pub accepted: usize,
    /// Known ones.
    pub duplicates: usize,
    /// Bad ones.
    pub rejected: usize,
}

impl Counts {
    /// Counts them for whoever watches the program, once they are durable.
    pub fn count(self, source: &str) {
        for (result, count) in
            [("accepted", self.accepted), ("duplicate", self.duplicates), ("rejected", self.rejected)]
        {
            metrics::detections(result, source, i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

impl Counts {
    /// Adds more.
    pub fn add(&mut self, more: Self) {
        self.accepted += more.accepted;
        self.duplicates += more.duplicates;
        self.rejected += more.rejected;
    }
}

/// A page as it is taken in: each document with its fingerprint, or why it is none.
pub type Page = Vec<std::result::Result<(Document, String), Bad>>;

/// Reads a page; the thinking is done here, before anybody waits for the writer.
pub fn read(items: &[Box<RawValue>]) -> Page {
    let thought_over = |document: Document| {
        let fingerprint = fingerprint::of(&document.detection);
        (document, fingerprint)
    };
    items.iter().map(|raw| reading::document(raw.get()).map(thought_over)).collect()
}

/// Takes part of a page in; new cases are drawn for blind review by the policy of the settings.
///
/// # Errors
/// Where the database refuses; then nothing has changed.
pub async fn take(
    tx: &mut Tx,
    org_id: i64,
    source: &str,
    part: &[std::result::Result<(Document, String), Bad>],
    (policy, now_ms): (&Policy, i64),
) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut gathered = Gathered::drawn_by(policy);
    let mut known = known(tx, &mut gathered, org_id, part).await?;
    let mut owners = HashMap::new();
    for item in part {
        let (raw, error) = match item {
            Ok((document, _)) if !known.insert(document.detection.detect_id.clone()) => {
                counts.duplicates += 1;
                continue;
            }
            Ok((document, _)) if !is_foreign(tx, &mut owners, org_id, &document.detection.oid).await? => {
                let (raw, detection) = (document.raw.as_str(), &document.detection);
                let triage_at_ms = Some(now_ms);
                let delivery =
                    Delivery { org_id, source, raw, detection, received_ms: now_ms, number: None, triage_at_ms };
                let new = matches!(accept(tx, &mut gathered, delivery).await?, Accepted::New { .. });
                *if new { &mut counts.accepted } else { &mut counts.duplicates } += 1;
                continue;
            }
            Ok((document, _)) => (&document.raw, "routing.oid: belongs to another organisation"),
            Err(bad) => (&bad.raw, bad.error.as_str()),
        };
        keep(tx, &mut gathered, org_id, source, (raw, error), now_ms).await?;
        counts.rejected += 1;
    }
    gathered.write(tx).await?;
    Ok(counts)
}

/// Which of a part's detections are stored already.
async fn known(
    tx: &mut Tx,
    gathered: &mut Gathered,
    org_id: i64,
    part: &[std::result::Result<(Document, String), Bad>],
) -> Result<HashSet<String>> {
    let good: Vec<_> = part.iter().flatten().collect();
    let ids: Vec<_> = good.iter().map(|(document, _)| (org_id, document.detection.detect_id.as_str())).collect();
    let known = detections::known(tx, &ids).await?.into_iter().map(|(_, id)| id).collect();
    let all: Vec<_> = good.iter().map(|(document, print)| (org_id, &document.detection, print.as_str())).collect();
    gathered.prepare(tx, &all).await?;
    Ok(known)
}

/// Keeps a bad one, once: it comes again with every window that overlaps.
async fn keep(
    tx: &mut Tx,
    gathered: &mut Gathered,
    org_id: i64,
    source: &str,
    (raw, error): (&str, &str),
    now_ms: i64,
) -> Result<()> {
    if rejects::is_kept(tx, org_id, source, raw).await? {
        return Ok(());
    }
    let reject = Reject {
        id: 0,
        org_id: Some(org_id),
        at_ms: now_ms,
        source: source.to_owned(),
        status: BAD_ITEM,
        error: error.to_owned(),
        body: raw.to_owned(),
        cut: false,
        replayed_ms: None,
        size: 0,
    };
    rejects::insert(tx, &reject).await?;
    gathered.reject(org_id, source, now_ms);
    Ok(())
}

async fn is_foreign(tx: &mut Tx, owners: &mut HashMap<String, bool>, org_id: i64, oid: &str) -> Result<bool> {
    if oid.is_empty() {
        return Ok(false);
    }
    if let Some(known) = owners.get(oid) {
        return Ok(*known);
    }
    let foreign = orgs::by_oid(tx, oid).await?.is_some_and(|owner| owner.id != org_id);
    owners.insert(oid.to_owned(), foreign);
    Ok(foreign)
}
