//! Lets the statistical voter learn from what an organisation's analysts declared, shortly after they did.
//!
//! The weights are made anew from all that is declared now, so that what is undone leaves nothing behind.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::domain::Detection;
use crate::domain::chain::sha256;
use crate::store::learnt::{self, Learnt};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Scope, Tx, jobs};
use crate::voters::statistical::{self, Declared, Model};
use std::sync::Arc;

/// The kind of job.
pub const KIND: &str = "learn";
/// Declarations within this time share the work.
const WAIT_MS: i64 = 30_000;
/// Behaviours that are learnt from.
const MOST: i64 = 2_000;

/// Notes in the caller's transaction that an organisation's declarations changed, and queues the learning.
///
/// # Errors
/// Where the database refuses.
pub async fn ask(tx: &mut Tx, org_id: i64, now_ms: i64) -> crate::store::Result<()> {
    learnt::want(tx, org_id).await?;
    queue(tx, org_id, now_ms + WAIT_MS).await
}

/// Queues what was left undone, or was done with other weights than those that ship now.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn catch_up(tx: &mut Tx, now_ms: i64) -> crate::store::Result<()> {
    let Some(shipped) = statistical::shipped() else { return Ok(()) };
    for org_id in learnt::behind(tx, &shipped.data).await? {
        queue(tx, org_id, now_ms).await?;
    }
    Ok(())
}

async fn queue(tx: &mut Tx, org_id: i64, run_at_ms: i64) -> crate::store::Result<()> {
    jobs::hasten(tx, KIND, &format!("learn:{org_id}"), &org_id.to_string(), -1, run_at_ms).await?;
    Ok(())
}

/// Learns. It may be stopped at any time, and run twice.
///
/// # Errors
/// See [`JobError`].
pub(super) async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let org_id: i64 = job.payload.parse().map_err(|_| JobError::Unusable("payload: must be a number".to_owned()))?;
    let shipped = statistical::shipped().ok_or_else(|| JobError::Unusable("there is no model".to_owned()))?;
    let mut tx = worker.store.read().await?;
    let seen = learnt::wanted(&mut tx, org_id).await?;
    let rows = learnt::declared(&mut tx, org_id, MOST).await?;
    drop(tx);
    let base = shipped.data.clone();
    let learning = tokio::task::spawn_blocking(move || {
        let declared: Vec<Declared> = rows.iter().filter_map(declared).collect();
        shipped.learn(&declared)
    });
    let learning = learning.await.map_err(|error| JobError::Unusable(error.to_string()))?;
    let model = learning.map_err(JobError::Unusable)?;
    let model = serde_json::to_string(&model).map_err(|error| JobError::Unusable(error.to_string()))?;
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    let before = learnt::of(&mut tx, org_id, &base).await?.map(|learnt| learnt.model).unwrap_or_default();
    enter(&mut tx, org_id, (&before, &model), now).await?;
    learnt::keep(&mut tx, org_id, &Learnt { seen, base, model, made_ms: now }).await?;
    if learnt::wanted(&mut tx, org_id).await? != seen {
        queue(&mut tx, org_id, now + WAIT_MS).await?;
    }
    Ok(tx.commit().await?)
}

/// Enters that the organisation's voter judges by another model from now on; the ledger holds the hashes of both.
async fn enter(tx: &mut Tx, org_id: i64, (old, new): (&str, &str), now: i64) -> crate::store::Result<()> {
    if old == new {
        return Ok(());
    }
    let told = |model: &str| match model {
        "" => "what ships".to_owned(),
        learnt => format!("sha256 {}", hex::encode(sha256(learnt))),
    };
    let entry = Entry { action: "learnt", object: "voter:builtin:statistical", old: &told(old), new: &told(new) };
    audit(tx, &Actor::system(), Some(org_id), &entry, now).await
}

/// It as an example; nothing where analysts called it both, or where it has no features.
fn declared(row: &learnt::Declared) -> Option<Declared> {
    if row.benign > 0 && row.true_positive > 0 {
        return None;
    }
    let document = serde_json::from_str(&row.raw).ok()?;
    let family = if row.family.is_empty() { &row.fingerprint } else { &row.family };
    let cases = u32::try_from(row.benign + row.true_positive).unwrap_or(u32::MAX);
    Declared::of(&Detection::read(&document).ok()?, row.true_positive > 0, family.clone(), cases)
}

/// What was learnt in the organisations of a scope: their names, the models, and when they were made.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn told(tx: &mut Tx, scope: Scope) -> crate::store::Result<Vec<(String, Model, i64)>> {
    let Some(shipped) = statistical::shipped() else { return Ok(Vec::new()) };
    let all = learnt::all(tx, scope, &shipped.data).await?;
    let model = |(org, one): (String, Learnt)| Some((org, serde_json::from_str(&one.model).ok()?, one.made_ms));
    Ok(all.into_iter().filter_map(model).collect())
}

/// The model of an organisation: what ships, after what was declared there.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn model(tx: &mut Tx, org_id: i64) -> crate::store::Result<Option<Arc<Model>>> {
    let Some(shipped) = statistical::shipped() else { return Ok(None) };
    let learnt = learnt::of(tx, org_id, &shipped.data).await?;
    Ok(learnt.and_then(|learnt| serde_json::from_str(&learnt.model).ok()).map(Arc::new))
}
