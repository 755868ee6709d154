//! `POST /api/v1/detections`, and what both ways of delivering have in common.
use super::bearer::Bearer;
use crate::clock::now_ms;
use crate::domain::role::Scope;
use crate::error::{AppError, Result};
use crate::ingest::batch::Request;
use crate::ingest::reading::{self, Layout, Unreadable};
use crate::ingest::{Accepted, reading::Documents};
use crate::limits;
use crate::store::{orgs, rejects, rejects::Reject};
use crate::web::App;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use serde::Serialize;
use std::collections::HashMap;
use std::io::Read;

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
    bearer: Bearer,
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response> {
    bearer.may(Scope::Ingest)?;
    let body = body?;
    let kind = header_text(&headers, header::CONTENT_TYPE.as_str()).to_owned();
    let layout = if kind.contains("ndjson") { Layout::Lines } else { Layout::Either };
    let from =
        Origin { org_id: bearer.token.org_id, source: "api".to_owned(), limit: format!("token:{}", bearer.token.id) };
    let body = unpack(&headers, &body)?;
    deliver(&app, from, &body, layout).await
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

/// The body without its compression.
pub(super) fn unpack(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>> {
    match header_text(headers, header::CONTENT_ENCODING.as_str()) {
        "" | "identity" => Ok(body.to_vec()),
        "gzip" => {
            let mut plain = Vec::new();
            let cap = u64::try_from(limits::INGEST_UNPACKED).unwrap_or(u64::MAX);
            let read = GzDecoder::new(body).take(cap + 1).read_to_end(&mut plain);
            read.map_err(|_| AppError::BadRequest("The body is not gzip.".to_owned()))?;
            if plain.len() > limits::INGEST_UNPACKED { Err(AppError::TooLarge) } else { Ok(plain) }
        }
        _ => Err(AppError::Unsupported("Only gzip is accepted as Content-Encoding.")),
    }
}

/// Stores a delivery and answers after the commit.
pub(super) async fn deliver(app: &App, from: Origin, body: &[u8], layout: Layout) -> Result<Response> {
    let limit = &app.config.limits;
    app.buckets
        .take(&format!("ingest:{}", from.limit), limit.ingest_per_second.into(), limit.ingest_burst.into())
        .map_err(AppError::TooMany)?;
    let documents = match reading::read(body, layout) {
        Ok(documents) => documents,
        Err(error) => {
            let status = if error == Unreadable::TooMany { 413 } else { 400 };
            keep_whole(app, &from, status, &error.to_string(), body).await?;
            return Err(match error {
                Unreadable::TooMany => AppError::TooLarge,
                Unreadable::NotJson(text) => AppError::BadRequest(text),
            });
        }
    };
    let (request, mut rejected) = sort(app, &from, documents).await?;
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
        rejects: Vec::new(),
        received_ms,
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
    let reject = Reject {
        id: 0,
        org_id: Some(from.org_id).filter(|id| *id > 0),
        at_ms: now_ms(),
        source: from.source.clone(),
        status,
        error: error.to_owned(),
        body: String::from_utf8_lossy(kept).into_owned(),
        size: 0,
    };
    let mut tx = app.store.write().await?;
    rejects::insert(&mut tx, &reject).await?;
    Ok(tx.commit().await?)
}
