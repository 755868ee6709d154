//! What older rows lack: words for what was stored before search knew words, and texts of behaviours from before they
//! were compared. Once at start, beside everything else.
use super::retention::words_left;
use crate::domain::{Detection, terms};
use crate::store::locks::{self, Single};
use crate::store::precedents::{self, Unread};
use crate::store::search::{self, Unindexed};
use crate::store::{Result, Store, Tx, retention};
use crate::triage::fingerprint::{self, Behaviour};
use crate::triage::{observables, words};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Rows that share a commit.
const ROUND: i64 = 100;
/// Between two commits others may write.
const PAUSE: Duration = Duration::from_millis(50);

/// What has no words yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Detections,
    Notes,
}

/// Gives words to every detection and note that has none, and a text to every behaviour. It may be stopped at any time, and run twice.
///
/// # Errors
/// Where the database refuses; what was committed stays.
pub async fn catch_up(store: &Store, stop: &CancellationToken) -> Result<usize> {
    let mut done = behaviours(store, stop).await?;
    for what in [What::Detections, What::Notes] {
        let mut after = 0;
        while !stop.is_cancelled() {
            let mut tx = store.read().await?;
            let rows = match what {
                What::Detections => search::unindexed_detections(&mut tx, after, ROUND).await?,
                What::Notes => search::unindexed_notes(&mut tx, after, ROUND).await?,
            };
            let Some(last) = rows.last() else { break };
            after = last.id;
            done += rows.len();
            let rows = entries(&mut tx, what, &rows).await?;
            drop(tx);
            if !index(store, what, rows).await? {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(done)
}

/// Gives words to every detection and note of a store that has just been copied, in the copy's own transaction.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn fill(tx: &mut Tx, told: &(dyn Fn(&str, u64) + Sync)) -> Result<()> {
    let mut after = 0;
    loop {
        let rows = search::unindexed_detections(tx, after, ROUND * 2).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        let words = entries(tx, What::Detections, &rows).await?;
        search::index_detections(tx, &words).await?;
        told("words of search", rows.len() as u64);
    }
    after = 0;
    loop {
        let rows = search::unindexed_notes(tx, after, ROUND).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        for (id, words) in entries(tx, What::Notes, &rows).await? {
            search::index_note(tx, id, &words).await?;
        }
    }
}

/// Texts for behaviours that have none: few rows, and what analysts decided can't be compared without them.
async fn behaviours(store: &Store, stop: &CancellationToken) -> Result<usize> {
    let (mut done, mut after) = (0, (i64::MIN, String::new()));
    while !stop.is_cancelled() {
        let mut tx = store.read().await?;
        let rows = precedents::unread(&mut tx, (after.0, &after.1), ROUND).await?;
        drop(tx);
        let Some(last) = rows.last() else { break };
        after = (last.org_id, last.fingerprint.clone());
        done += rows.len();
        let rows: Vec<_> = rows.into_iter().map(|row| (behaviour(&row), row)).collect();
        let mut tx = store.write().await?;
        if !locks::single(&mut tx, Single::Reindex).await? {
            break;
        }
        for (behaviour, row) in &rows {
            precedents::read(&mut tx, row, &behaviour.family, &behaviour.text).await?;
        }
        tx.commit().await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(done)
}

/// What is left of a behaviour whose detections are gone can't be compared: it has no text.
fn behaviour(row: &Unread) -> Behaviour {
    let document = row.raw.as_ref().and_then(|raw| serde_json::from_str(raw).ok());
    let detection = document.and_then(|document| Detection::read(&document).ok());
    detection.as_ref().map(fingerprint::behaviour).unwrap_or_default()
}

/// The same in the background; what goes wrong is told in the log and tried again at the next start.
pub async fn run(store: Store, stop: CancellationToken) {
    match catch_up(&store, &stop).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "older detections and notes can be searched, older behaviours compared"),
        Err(error) => tracing::warn!(%error, "not all older detections can be searched and compared yet"),
    }
}

/// The words are made before the write lock is taken. `false` where another process is at it.
async fn index(store: &Store, what: What, rows: Vec<(i64, String)>) -> Result<bool> {
    let mut tx = store.write().await?;
    if !locks::single(&mut tx, Single::Reindex).await? {
        return Ok(false);
    }
    for (id, words) in &rows {
        match what {
            What::Detections => search::index_detection(&mut tx, *id, words).await?,
            What::Notes => search::index_note(&mut tx, *id, words).await?,
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// The words of rows, by id. Of a detection whose document is gone they are made of what is left, as when it was removed.
async fn entries(tx: &mut Tx, what: What, rows: &[Unindexed]) -> Result<Vec<(i64, String)>> {
    if what == What::Notes {
        return Ok(rows.iter().map(|row| (row.id, terms::entry(row.org_id, &row.text))).collect());
    }
    let (mut words, mut without) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        let document = serde_json::from_str(&row.text).ok();
        match document.and_then(|document| Detection::read(&document).ok()) {
            Some(detection) => {
                words.push((row.id, words::of(row.org_id, &detection, &observables::of(&detection))));
            }
            None => without.push(row.id),
        }
    }
    let kept = retention::left(tx, &without).await?;
    words.extend(words_left(tx, &kept).await?);
    Ok(words)
}
