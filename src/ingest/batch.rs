//! Group commit: requests that arrive while one commit is under way share the next one, so that
//! one write to disk serves them all. A request is answered after the commit that holds it.
use super::reading::Document;
use super::room::Place;
use super::{Accepted, Delivery, Gathered, accept};
use crate::config::Policy;
use crate::limits;
use crate::store::{Store, Tx, rejects::Reject};
use crate::triage::fingerprint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, mpsc, oneshot};

/// Detections of one request.
#[derive(Debug)]
pub struct Request {
    /// The organisation.
    pub org_id: i64,
    /// Where they came from.
    pub source: String,
    /// The good ones.
    pub documents: Vec<Document>,
    /// Their fingerprints; filled by [`Batcher::submit`].
    pub fingerprints: Vec<String>,
    /// The bad ones, to be kept.
    pub rejects: Vec<Reject>,
    /// When they arrived.
    pub received_ms: i64,
    /// The room that they take until they are stored, also where nobody waits for the answer any more.
    pub place: Option<Place>,
}

/// What became of a request's detections, in order.
pub type Answer = Result<Vec<Accepted>, sqlx::Error>;

/// The way in for requests.
#[derive(Clone)]
pub struct Batcher {
    sender: mpsc::Sender<Waiting>,
    full: Arc<AtomicBool>,
}

/// Why a request was not stored.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// More requests wait than can be stored soon.
    #[error("too many deliveries wait to be stored")]
    Crowded,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

impl Batcher {
    /// Starts the task that commits; it ends when the last `Batcher` is dropped. `wake` is told after each commit; new
    /// cases are drawn for blind review by `policy`.
    pub fn start(store: Store, wake: Arc<Notify>, policy: Policy) -> Self {
        let (sender, receiver) = mpsc::channel(limits::DELIVERIES_WAITING);
        let full = Arc::new(AtomicBool::new(false));
        let into = Ingest { store, policy };
        tokio::spawn(commit_loop(into, wake, receiver, Arc::clone(&full)));
        Self { sender, full }
    }

    /// Whether the disk was full when something was last to be stored.
    pub fn disk_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Stores a request's detections; returns once they are durable.
    ///
    /// # Errors
    /// See [`Refused`]; then none of them is stored.
    pub async fn submit(&self, request: Request) -> Result<Vec<Accepted>, Refused> {
        // Thinking is done by each request for itself, so that the one writer only writes.
        let request = tokio::task::spawn_blocking(move || thought_over(request)).await;
        let request = request.map_err(|_| sqlx::Error::WorkerCrashed)?;
        let (reply, answer) = oneshot::channel();
        self.sender.try_send((request, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Crowded,
            mpsc::error::TrySendError::Closed(_) => Refused::Store(sqlx::Error::WorkerCrashed),
        })?;
        Ok(answer.await.map_err(|_| sqlx::Error::WorkerCrashed)??)
    }
}

fn thought_over(mut request: Request) -> Request {
    request.fingerprints = request.documents.iter().map(|document| fingerprint::of(&document.detection)).collect();
    request
}

type Waiting = (Request, oneshot::Sender<Answer>);

/// Where requests go, and by which policy their cases are drawn.
struct Ingest {
    store: Store,
    policy: Policy,
}

async fn commit_loop(into: Ingest, wake: Arc<Notify>, mut receiver: mpsc::Receiver<Waiting>, full: Arc<AtomicBool>) {
    loop {
        let next = if full.load(Ordering::Relaxed) {
            // Space may come back without anybody sending anything.
            let Ok(next) = tokio::time::timeout(limits::DISK_PROBE, receiver.recv()).await else {
                full.store(is_full(&into.store.probe(crate::clock::now_ms()).await), Ordering::Relaxed);
                continue;
            };
            next
        } else {
            receiver.recv().await
        };
        let Some(first) = next else { return };
        let mut size = first.0.documents.len();
        let mut waiting = vec![first];
        while size < limits::BATCH {
            let Ok(next) = receiver.try_recv() else { break };
            size += next.0.documents.len();
            waiting.push(next);
        }
        full.store(commit(&into, waiting).await, Ordering::Relaxed);
        wake.notify_waiters();
    }
}

fn is_full<T>(done: &Result<T, sqlx::Error>) -> bool {
    done.as_ref().is_err_and(crate::store::is_full)
}

/// Commits all together; where that fails, each alone, so that one can't spoil another. `true` where the disk is full.
async fn commit(into: &Ingest, waiting: Vec<Waiting>) -> bool {
    let requests: Vec<_> = waiting.iter().map(|(request, _)| request).collect();
    match patiently(into, &requests).await {
        Ok(answers) => {
            for ((_, reply), answer) in waiting.into_iter().zip(answers) {
                // A client that has gone away needs no answer.
                let _ = reply.send(Ok(answer));
            }
            false
        }
        Err(error) if waiting.len() == 1 || crate::store::is_busy(&error) => {
            tracing::warn!(%error, "detections could not be stored");
            let full = crate::store::is_full(&error);
            let same = || if full { crate::store::full() } else { sqlx::Error::PoolTimedOut };
            let mut error = Some(error);
            for (_, reply) in waiting {
                let _ = reply.send(Err(error.take().unwrap_or_else(same)));
            }
            full
        }
        Err(_) => {
            let mut full = false;
            for (request, reply) in waiting {
                let answer = patiently(into, &[&request]).await;
                full = is_full(&answer);
                let _ = reply.send(answer.map(|mut answers| answers.pop().unwrap_or_default()));
            }
            full
        }
    }
}

/// Tries again where another server was at the same rows in the same moment.
async fn patiently(into: &Ingest, requests: &[&Request]) -> Result<Vec<Vec<Accepted>>, sqlx::Error> {
    for _ in 0..3 {
        match together(into, requests).await {
            Err(error) if crate::store::is_conflict(&error) => {}
            other => return other,
        }
    }
    together(into, requests).await
}

async fn together(into: &Ingest, requests: &[&Request]) -> Result<Vec<Vec<Accepted>>, sqlx::Error> {
    let mut tx = into.store.write().await?;
    let mut answers = Vec::with_capacity(requests.len());
    let mut gathered = Gathered::drawn_by(&into.policy);
    let all = requests.iter().flat_map(|request| {
        let documents = request.documents.iter().zip(&request.fingerprints);
        documents.map(|(document, fingerprint)| (request.org_id, &document.detection, fingerprint.as_str()))
    });
    gathered.prepare(&mut tx, &all.collect::<Vec<_>>()).await?;
    for request in requests {
        answers.push(take_in(&mut tx, &mut gathered, request).await?);
    }
    gathered.write(&mut tx).await?;
    tx.commit().await?;
    gathered.committed();
    Ok(answers)
}

/// Takes a request's detections into the transaction, in order.
async fn take_in(tx: &mut Tx, gathered: &mut Gathered, request: &Request) -> Answer {
    let mut answers = Vec::with_capacity(request.documents.len());
    for document in &request.documents {
        let delivery = Delivery {
            org_id: request.org_id,
            source: &request.source,
            raw: &document.raw,
            detection: &document.detection,
            received_ms: request.received_ms,
            number: None,
            triage_at_ms: Some(request.received_ms),
        };
        answers.push(accept(tx, gathered, delivery).await?);
    }
    for reject in &request.rejects {
        crate::store::rejects::insert(tx, reject).await?;
        gathered.reject(request.org_id, &request.source, request.received_ms);
    }
    Ok(answers)
}
