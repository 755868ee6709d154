//! `POST /api/v1/detections`, and what both ways of delivering have in common.
use super::bearer::Bearer;
use super::body;
use crate::clock::now_ms;
use crate::domain::role::Scope;
use crate::error::{AppError, Result};
use crate::ingest::batch::Request;
use crate::ingest::reading::{self, Layout, Unreadable};
use crate::ingest::room::Place;
use crate::ingest::{Accepted, reading::Documents};
use crate::limits;
use crate::store::{orgs, rejects, rejects::Reject};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::HashMap;

/// The answer to a delivery.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Received {
    /// New detections.
    accepted: usize,
    /// Known ones.
    duplicates: usize,
    /// Bad ones.
    rejected: Vec<Rejected>,
}

/// A bad detection.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Rejected {
    /// Its place in the delivery.
    index: usize,
    /// What is wrong with it.
    error: String,
}

/// `POST /api/v1/detections`
pub async fn receive(
    bearer: Result<Bearer>,
    State(app): State<App>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Result<Response> {
    let (org_id, id) = bearer.as_ref().map_or((0, 0), |bearer| (bearer.token.org_id, bearer.token.id));
    let from = Origin { org_id, source: "api".to_owned(), limit: format!("token:{id}") };
    // Nobody's body is read before it is known whose it is.
    if let Err(error) = bearer.and_then(|bearer| bearer.may(Scope::Ingest)) {
        return kept(&app, &from, &[], Err(error)).await;
    }
    let (bytes, mut place) = match body::read(&app.rooms.calls, request.into_body()).await {
        Ok(read) => read,
        Err(error) => return kept(&app, &from, &[], Err(error)).await,
    };
    let done = async {
        let kind = header_text(&headers, header::CONTENT_TYPE.as_str());
        let layout = if kind.contains("ndjson") { Layout::Lines } else { Layout::Either };
        let plain = body::unpack(&headers, &bytes, &mut place)?;
        deliver(&app, from.clone(), (&plain, place), layout).await
    };
    kept(&app, &from, &bytes, done.await).await
}

/// The same answer, after a refusal that is not kept yet was kept; of a flood only the beginning is.
pub(super) async fn kept(app: &App, from: &Origin, body: &[u8], done: Result<Response>) -> Result<Response> {
    let refused = done.as_ref().is_err_and(|error| error.status().is_client_error());
    if refused {
        crate::metrics::detections("rejected", &from.source, 1);
    }
    if let Err(error) = &done
        && refused
        && !matches!(error, AppError::BadRequest(_))
        && app.buckets.take(&format!("kept:{}", from.org_id), 1.0, 20.0).is_ok()
    {
        keep_whole(app, from, error.status().as_u16().into(), &error.to_string(), body).await?;
    }
    done
}

/// Where a delivery comes from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub org_id: i64,
    pub source: String,
    /// The name of its bucket.
    pub limit: String,
}

pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Stores a delivery and answers after the commit. Its room is taken until then, whoever hangs up meanwhile.
pub(super) async fn deliver(
    app: &App,
    from: Origin,
    (body, place): (&[u8], Place),
    layout: Layout,
) -> Result<Response> {
    let limit = &app.config.limits;
    app.buckets
        .take(&format!("ingest:{}", from.limit), limit.ingest_per_second.into(), limit.ingest_burst.into())
        .map_err(AppError::TooMany)?;
    let documents = match reading::read(body, layout) {
        Ok(documents) => documents,
        Err(Unreadable::TooMany) => return Err(AppError::TooLarge),
        Err(error @ Unreadable::NotJson(_)) => {
            keep_whole(app, &from, 400, &error.to_string(), body).await?;
            return Err(AppError::BadRequest(error.to_string()));
        }
    };
    let (mut request, mut rejected) = sort(app, &from, documents).await?;
    request.place = Some(place);
    let answers = app.batcher.submit(request).await?;
    let accepted = answers.iter().filter(|answer| matches!(answer, Accepted::New { .. })).count();
    let received = Received { accepted, duplicates: answers.len() - accepted, rejected: std::mem::take(&mut rejected) };
    let status = if answers.is_empty() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::ACCEPTED };
    Ok((status, Json(received)).into_response())
}

/// Tells good documents from bad ones; a detection of another organisation of ours is a bad one.
async fn sort(app: &App, from: &Origin, documents: Documents) -> Result<(Request, Vec<Rejected>)> {
    let received_ms = now_ms();
    let mut owners: HashMap<String, bool> = HashMap::new();
    let mut request = Request {
        org_id: from.org_id,
        source: from.source.clone(),
        documents: Vec::new(),
        fingerprints: Vec::new(),
        rejects: Vec::new(),
        received_ms,
        place: None,
    };
    let mut rejected = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        let (raw, error) = match document {
            Ok(document) if !foreign(app, &mut owners, from.org_id, &document.detection.oid).await? => {
                request.documents.push(document);
                continue;
            }
            Ok(document) => (document.raw, "routing.oid: belongs to another organisation".to_owned()),
            Err(bad) => (bad.raw, bad.error),
        };
        request.rejects.push(Reject {
            id: 0,
            org_id: Some(from.org_id),
            at_ms: received_ms,
            source: from.source.clone(),
            status: 422,
            error: error.clone(),
            body: raw,
            cut: false,
            replayed_ms: None,
            size: 0,
        });
        rejected.push(Rejected { index, error });
    }
    Ok((request, rejected))
}

async fn foreign(app: &App, owners: &mut HashMap<String, bool>, org_id: i64, oid: &str) -> Result<bool> {
    if oid.is_empty() {
        return Ok(false);
    }
    if let Some(known) = owners.get(oid) {
        return Ok(*known);
    }
    let owner = orgs::by_oid(&mut app.store.read().await?, oid).await?;
    let foreign = owner.is_some_and(|owner| owner.id != org_id);
    owners.insert(oid.to_owned(), foreign);
    Ok(foreign)
}

/// Keeps the start of a body that could not be read.
pub(super) async fn keep_whole(app: &App, from: &Origin, status: i64, error: &str, body: &[u8]) -> Result<()> {
    let kept = &body[..body.len().min(limits::REJECT_KEPT)];
    let text = String::from_utf8_lossy(kept);
    let reject = Reject {
        id: 0,
        org_id: Some(from.org_id).filter(|id| *id > 0),
        at_ms: now_ms(),
        source: from.source.clone(),
        status,
        error: error.to_owned(),
        cut: kept.len() < body.len() || text.contains('\u{FFFD}'),
        body: text.into_owned(),
        replayed_ms: None,
        size: 0,
    };
    let mut tx = app.store.write().await?;
    rejects::insert(&mut tx, &reject).await?;
    Ok(tx.commit().await?)
}

/// Takes a refused delivery in after all; returns how many detections it held.
///
/// # Errors
/// `Invalid` where it is still refused.
pub async fn replay(app: &App, reject: &rejects::Reject) -> Result<usize> {
    let refused = |text: String| AppError::Invalid { field: "body".to_owned(), text };
    let Some(org_id) = reject.org_id else { return Err(AppError::NotFound) };
    let from = Origin { org_id, source: reject.source.clone(), limit: String::new() };
    let documents =
        reading::read(reject.body.as_bytes(), Layout::Either).map_err(|error| refused(error.to_string()))?;
    let (mut request, rejected) = sort(app, &from, documents).await?;
    if let Some(bad) = rejected.first() {
        return Err(refused(bad.error.clone()));
    }
    request.rejects.clear();
    Ok(app.batcher.submit(request).await?.len())
}
