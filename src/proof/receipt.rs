//! Writes the receipt of a run, and compares one with what is stored now.
use super::Fault;
use crate::config::Policy;
use crate::domain::Dossier;
use crate::domain::chain::sha256;
use crate::domain::receipt::{Exhibit, FIRST, FORMAT, Receipt, Voted};
use crate::secret::{Signer, is_signed};
use crate::store::ledger::{self, Chained, Segment};
use crate::store::policies::Own;
use crate::store::receipts::{self, Kept};
use crate::store::record::{Entry, audit};
use crate::store::runs::{self, Run};
use crate::store::{Actor, Tx, cases};
use serde_json::{Value, json};

/// What the ledger calls it.
pub const ACTION: &str = "receipt";
/// Clocks of two machines differ by less.
const CLOCKS_MS: i64 = 60 * 60 * 1000;

/// What a run was judged by.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// What the voters were shown.
    pub dossier: &'a Dossier,
    /// How votes were counted, in words.
    pub panel: &'a str,
    /// What held.
    pub policy: &'a Policy,
    /// What of it the organisation set itself.
    pub own: &'a Own,
    /// What the gate made of the case; null where it has no say.
    pub gate: Value,
}

/// Writes the receipt of a run that has just been finished in this transaction.
///
/// # Errors
/// Where the database refuses.
pub async fn write(tx: &mut Tx, run_id: i64, judged: Judged<'_>, now_ms: i64) -> crate::store::Result<()> {
    let run = &runs::by_id(tx, run_id).await?;
    let detection = receipts::detection(tx, run.id).await?.filter(|detection| !detection.sha256.is_empty());
    let Some(detection) = detection else { return Ok(()) };
    let receipt = Receipt {
        format: FORMAT.to_owned(),
        run: run.id,
        case: run.case_number,
        number: run.number,
        fingerprint: run.fingerprint.clone(),
        at_ms: now_ms,
        program: concat!(env!("CARGO_PKG_VERSION"), " ", env!("FUSIONSOC_COMMIT")).to_owned(),
        decision: receipts::decision(tx, run.id).await?.ok_or(sqlx::Error::RowNotFound)?,
        detection,
        evidence: evidence(tx, run, judged.dossier).await?,
        facts: facts(judged.dossier),
        votes: receipts::votes(tx, run.id).await?,
        panel: judged.panel.to_owned(),
        policy: policy(judged.policy, judged.own),
        gate: judged.gate,
    };
    let body = serde_json::to_string(&receipt).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let hash = sha256(&body);
    receipts::insert(tx, run.id, now_ms, &body, &hash).await?;
    let org_id = cases::by_number(tx, run.case_number).await?.org_id;
    let (object, hash) = (format!("run:{}", run.id), hex::encode(hash));
    let entry = Entry { action: ACTION, object: &object, old: "", new: &hash };
    audit(tx, &Actor::panel(), Some(org_id), &entry, now_ms).await
}

/// The stored pieces of evidence that the voters were shown: each has its kind and its time.
async fn evidence(tx: &mut Tx, run: &Run, dossier: &Dossier) -> crate::store::Result<Vec<Exhibit>> {
    let Some(since) = dossier.evidence.iter().map(|piece| piece.taken_ms).min() else { return Ok(Vec::new()) };
    let stored = receipts::pieces(tx, run.case_number, &run.fingerprint, since).await?;
    let shown = |at: i64, exhibit: &Exhibit| {
        dossier.evidence.iter().any(|piece| piece.taken_ms == at && piece.kind.as_str() == exhibit.kind)
    };
    Ok(stored.into_iter().filter(|(at, exhibit)| shown(*at, exhibit)).map(|(_, exhibit)| exhibit).collect())
}

/// What no stored document holds, because it changes with every case: in full.
fn facts(dossier: &Dossier) -> Value {
    json!({
        "intelligence": dossier.intel,
        "precedents": dossier.precedents,
        "prevalence": dossier.prevalence,
        "host_tags": dossier.host_tags(),
    })
}

fn policy(holds: &Policy, own: &Own) -> Value {
    json!({
        "version": own.version,
        "auto_close": holds.auto_close.as_str(),
        "limit": holds.limit,
        "review_share": holds.review_share,
        "blind_first": holds.blind_first,
        "close_tag": holds.close_tag,
        "veto_severity": holds.veto_severity.as_str(),
        "veto_tags": holds.veto_tags,
        "veto_rules": holds.veto_rules,
        "cloud_allowed": holds.cloud_allowed,
    })
}

/// How a receipt compares with what is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The receipt; nothing where it can't be read.
    pub receipt: Option<Receipt>,
    /// Whether the raw form of its detection was removed since, so that it can't be compared.
    pub gone: bool,
    /// What differs, in words.
    pub wrong: Vec<String>,
}

/// Compares a receipt with its own hash and with everything that it names.
///
/// # Errors
/// Where the database refuses.
pub async fn check(tx: &mut Tx, kept: &Kept) -> crate::store::Result<Checked> {
    let mut wrong = Vec::new();
    if sha256(&kept.body).as_slice() != kept.hash {
        wrong.push("was altered; its hash is not that of what it says".to_owned());
    }
    let Ok(receipt) = serde_json::from_str::<Receipt>(&kept.body) else {
        wrong.push("can't be read".to_owned());
        return Ok(Checked { receipt: None, gone: false, wrong });
    };
    let run = kept.run_id;
    if receipts::decision(tx, run).await?.as_ref() != Some(&receipt.decision) {
        wrong.push("the decision or its report is not the one that it was".to_owned());
    }
    let then = &receipt.detection;
    let gone = match receipts::detection(tx, run).await? {
        None => {
            wrong.push(format!("detection {} is not there any more, or its run", then.source));
            false
        }
        Some(now) => {
            let gone = now.sha256.is_empty();
            if (now.id, &now.source) != (then.id, &then.source) || !gone && now.sha256 != then.sha256 {
                wrong.push(format!("detection {} is not the one that it was", then.source));
            }
            gone
        }
    };
    for exhibit in &receipt.evidence {
        if receipts::piece(tx, exhibit.id).await?.as_ref() != Some(exhibit) {
            wrong.push(format!("evidence {} ({}) is not the one that it was", exhibit.id, exhibit.kind));
        }
    }
    wrong.extend(votes(&receipt, receipts::votes(tx, run).await?));
    Ok(Checked { receipt: Some(receipt), gone, wrong })
}

/// What of the votes is not as it was.
fn votes(receipt: &Receipt, mut now: Vec<Voted>) -> Vec<String> {
    if receipt.format == FIRST {
        for vote in &mut now {
            (vote.carried_from, vote.reused_from) = (None, None);
        }
    }
    let mut wrong = Vec::new();
    for vote in &receipt.votes {
        if !now.contains(vote) {
            wrong.push(format!("the vote of {} is not the one that it was", vote.voter));
        }
    }
    let added = now.iter().filter(|vote| !receipt.votes.iter().any(|then| then.voter == vote.voter));
    wrong.extend(added.map(|vote| format!("a vote of {} was put in", vote.voter)));
    wrong
}

/// Up to when lines of the ledger were removed with their segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// Lines of this time or before may be gone; the earliest time where none are.
    pub to_ms: i64,
    /// The same of lines that an older version of the program removed, and signed no receipts.
    unsigned_to_ms: i64,
}

impl Purged {
    /// As the seals tell.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn of(tx: &mut Tx) -> crate::store::Result<Self> {
        let (any, unsigned) = ledger::purged(tx).await?;
        let until = |segment: Option<Segment>| segment.map_or(i64::MIN, |segment| segment.until_ms() + CLOCKS_MS);
        Ok(Self { to_ms: until(any), unsigned_to_ms: until(unsigned) })
    }
}

/// What vouches for a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    /// The line of the ledger that tells of it; none where it was removed with its segment, or is missing.
    pub line: Option<Chained>,
    /// What is wrong, in words.
    pub wrong: Option<String>,
    /// Whether nothing vouches for it any more, and that is nobody's fault.
    pub lost: bool,
}

/// Looks for what vouches for a receipt: its line of the ledger, or the signature that was made when that was removed.
///
/// # Errors
/// Where the database refuses.
pub async fn anchored(tx: &mut Tx, kept: &Kept, purged: &Purged, signer: &Signer) -> crate::store::Result<Anchored> {
    let line = ledger::of_receipt(tx, kept.run_id).await?;
    let has_one = !kept.signature.is_empty();
    let mut lost = false;
    let wrong = match &line {
        _ if has_one && !is_signed(&kept.signed(), signer.public_key(), &kept.signature) => {
            Some("its signature is wrong: it was altered".to_owned())
        }
        Some(line) if line.body.new == hex::encode(&kept.hash) => None,
        Some(line) => Some(format!("is not the one that line {} tells of", line.id)),
        None if kept.at_ms > purged.to_ms => Some("no line of the ledger tells of it".to_owned()),
        None if has_one => None,
        None if kept.at_ms > purged.unsigned_to_ms => {
            Some("its line was removed with its segment, and it was not signed then: it is another one".to_owned())
        }
        None => {
            lost = true;
            None
        }
    };
    Ok(Anchored { line, wrong, lost })
}

/// The run of whose receipt a line tells.
pub(super) fn told_by(line: &Chained) -> Option<i64> {
    let run = line.body.object.strip_prefix("run:").filter(|_| line.body.action == ACTION)?;
    run.parse().ok()
}

/// That the receipt of which a line tells is not there.
pub(super) fn absent(run: i64, line: &Chained) -> Fault {
    Fault::Receipt { run, why: format!("line {} tells of it, and it is not there", line.id) }
}
