//! `POST /ingest/limacharlie/{source}`: LimaCharlie's webhook output, signed with the source's secret.
use super::body::{self, unpack};
use super::detections::{Origin, deliver, header_text, kept};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::ingest::reading::Layout;
use crate::ingest::room::Place;
use crate::ingest::signature::{self, SHORTEST_SECRET};
use crate::secret::Secret;
use crate::store::record::{Ended, Entry, audit_as};
use crate::store::sources::{self, Source};
use crate::store::{ActorKind, Store};
use crate::web::App;
use crate::web::auth::{client_address, unproven};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;

/// Bodies with a wrong signature that are unpacked for one address, and those at once.
const WRONG_PER_SECOND: f64 = 1.0;
const WRONG_AT_ONCE: f64 = 30.0;

/// The route.
pub async fn receive(State(app): State<App>, Path(name): Path<String>, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let source = sources::by_name(&mut app.store.read().await?, "limacharlie", &name).await?;
    let secrets = source.as_ref().map(|source| secrets(&app, source)).unwrap_or_default();
    if source.is_some() && secrets.is_empty() {
        return Err(AppError::NotReady("This source has no usable secret."));
    }
    let from = Origin {
        org_id: source.as_ref().map_or(0, |source| source.org_id),
        source: format!("webhook:{}", name.chars().take(64).collect::<String>()),
        limit: format!("source:{}", source.as_ref().map_or(0, |source| source.id)),
    };
    // Nobody's body is read for a source that there is not.
    let sent = if source.is_some() { body::read(&app.rooms.webhooks, body).await } else { Err(AppError::Unsigned) };
    let (done, bytes) = match sent {
        Ok((bytes, place)) => {
            let sent = (bytes.as_slice(), place);
            (prove_and_deliver(&app, &from, &parts, sent, &secrets, source.as_ref()).await, bytes)
        }
        Err(error) => (Err(error), Vec::new()),
    };
    if let Err(AppError::Unsigned) = done {
        unsigned(&app, &parts, &from, source.as_ref()).await?;
    }
    kept(&app, &from, &bytes, done).await
}

/// Enters a wrong or missing signature: once a minute for each source and address, those sources together that there are
/// not, and no more than one a second of a source.
async fn unsigned(app: &App, parts: &Parts, from: &Origin, source: Option<&Source>) -> Result<()> {
    let actor = unproven(app, parts, ActorKind::Token, &from.source);
    let first = app.buckets.take(&format!("unsigned: {} {}", from.limit, actor.client), 1.0 / 60.0, 1.0).is_ok();
    if first && app.buckets.take(&format!("unsigned of all: {}", from.limit), 1.0, 20.0).is_ok() {
        let mut tx = app.store.write().await?;
        let entry = Entry { action: "bad_signature", object: &actor.name, old: "", new: "" };
        let org = source.map(|source| source.org_id);
        audit_as(&mut tx, &actor, org, &entry, Ended::Denied, now_ms()).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn prove_and_deliver(
    app: &App,
    from: &Origin,
    parts: &Parts,
    (body, mut place): (&[u8], Place),
    secrets: &[Secret],
    source: Option<&Source>,
) -> Result<Response> {
    let asker = format!("{} {}", from.limit, client_address(app, parts));
    let content = proven(app, &asker, &parts.headers, (body, &mut place), secrets)?.ok_or(AppError::Unsigned)?;
    // A commit of its own for each delivery would undo what sharing one saves.
    if let Some(source) = source.filter(|source| source.seen_ms.is_none_or(|seen| now_ms() - seen > 60_000)) {
        crate::store::wall::spawn(touch(app.store.clone(), source.id));
    }
    deliver(app, from.clone(), (&content, place), Layout::Either).await
}

/// The source's secrets that can be opened and are long enough; two during a rotation.
fn secrets(app: &App, source: &Source) -> Vec<Secret> {
    let name = sources::bound_to(&source.name);
    let sealed = [Some(&source.secret), source.next_secret.as_ref()];
    let open = sealed.into_iter().flatten().filter_map(|sealed| app.vault.unseal_since(&name, sealed).ok());
    open.filter(|secret| secret.expose().len() >= SHORTEST_SECRET).collect()
}

/// The content, where its signature fits: over the bytes as they came, else over those unpacked. Unpacking is work, so
/// that who was wrong too often at a source has to wait before it is done once more.
fn proven(
    app: &App,
    asker: &str,
    headers: &HeaderMap,
    (body, place): (&[u8], &mut Place),
    secrets: &[Secret],
) -> Result<Option<Vec<u8>>> {
    let (kind, given) = (header_text(headers, header::CONTENT_TYPE.as_str()), header_text(headers, "lc-signature"));
    let fits =
        |message: &[u8]| secrets.iter().any(|secret| signature::fits(secret.expose().as_bytes(), message, given));
    if fits(body) {
        return unpack(headers, body, place).map(Some);
    }
    // Nothing is unpacked for somebody who can't be right.
    if secrets.is_empty() || given.len() != 64 || !given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let tries = format!("unproven: {asker}");
    let packed = !matches!(header_text(headers, header::CONTENT_ENCODING.as_str()), "" | "identity");
    if packed && let Some(wait) = app.buckets.empty_for(&tries) {
        return Err(AppError::TooMany(wait));
    }
    let plain = match unpack(headers, body, place) {
        Err(error @ AppError::Crowded(_)) => return Err(error),
        plain => plain.unwrap_or_default(),
    };
    let content = signature::signed_part(kind, &plain).filter(|part| fits(part));
    if packed && content.is_none() {
        let _ = app.buckets.take(&tries, WRONG_PER_SECOND, WRONG_AT_ONCE);
    }
    Ok(content)
}

/// Notes that a source delivered.
async fn touch(store: Store, id: i64) {
    let touched = async {
        let mut tx = store.write().await?;
        sources::touch(&mut tx, id, now_ms()).await?;
        tx.commit().await
    };
    if let Err(error) = touched.await {
        tracing::warn!(%error, "a source could not be noted as alive");
    }
}
