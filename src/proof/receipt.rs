//! Writes the receipt of a run, and compares one with what is stored now.
use crate::config::Policy;
use crate::domain::Dossier;
use crate::domain::chain::sha256;
use crate::domain::receipt::{Exhibit, FORMAT, Receipt};
use crate::store::policies::Own;
use crate::store::receipts::{self, Kept};
use crate::store::record::{Entry, audit};
use crate::store::runs::{self, Run};
use crate::store::{Actor, Tx, cases};
use serde_json::{Value, json};

/// What the ledger calls it.
pub const ACTION: &str = "receipt";

/// What a run was judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// What the voters were shown.
    pub dossier: &'a Dossier,
    /// How votes were counted, in words.
    pub panel: &'a str,
    /// What held.
    pub policy: &'a Policy,
    /// What of it the organisation set itself.
    pub own: &'a Own,
}

/// Writes the receipt of a run that has just been finished in this transaction.
///
/// # Errors
/// Where the database refuses.
pub async fn write(tx: &mut Tx, run_id: i64, judged: Judged<'_>, now_ms: i64) -> crate::store::Result<()> {
    let run = &runs::by_id(tx, run_id).await?;
    let Some(detection) = receipts::detection(tx, run.id).await? else { return Ok(()) };
    let receipt = Receipt {
        format: FORMAT.to_owned(),
        run: run.id,
        case: run.case_number,
        number: run.number,
        fingerprint: run.fingerprint.clone(),
        at_ms: now_ms,
        program: concat!(env!("CARGO_PKG_VERSION"), " ", env!("FUSIONSOC_COMMIT")).to_owned(),
        decision: receipts::decision(tx, run.id).await?,
        detection,
        evidence: evidence(tx, run, judged.dossier).await?,
        facts: facts(judged.dossier),
        votes: receipts::votes(tx, run.id).await?,
        panel: judged.panel.to_owned(),
        policy: policy(judged.policy, judged.own),
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
        "veto_severity": holds.veto_severity.as_str(),
        "veto_tags": holds.veto_tags,
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
    if receipts::decision(tx, run).await? != receipt.decision {
        wrong.push("the decision or its report is not the one that it was".to_owned());
    }
    let detection = receipts::detection(tx, run).await?;
    if detection.as_ref().is_some_and(|now| *now != receipt.detection) {
        wrong.push(format!("detection {} is not the one that it was", receipt.detection.source));
    }
    for exhibit in &receipt.evidence {
        if receipts::piece(tx, exhibit.id).await?.as_ref() != Some(exhibit) {
            wrong.push(format!("evidence {} ({}) is not the one that it was", exhibit.id, exhibit.kind));
        }
    }
    let now = receipts::votes(tx, run).await?;
    for vote in &receipt.votes {
        if !now.contains(vote) {
            wrong.push(format!("the vote of {} is not the one that it was", vote.voter));
        }
    }
    let added = now.iter().filter(|vote| !receipt.votes.iter().any(|then| then.voter == vote.voter));
    wrong.extend(added.map(|vote| format!("a vote of {} was put in", vote.voter)));
    Ok(Checked { receipt: Some(receipt), gone: detection.is_none(), wrong })
}
