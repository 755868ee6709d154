//! The edge: request ids, the log line, security headers, and errors as the client wants them.
use super::App;
use super::assets::Kept;
use super::page::ErrorPage;
use crate::error::Problem;
use crate::limits;
use askama::Template;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::json;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::sync::oneshot;
use tracing::Instrument;

/// The id of a request, in its log lines, its ledger lines and its error page.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Who asks, as it is found out on the way, for the log line.
#[derive(Debug, Clone, Default)]
pub struct Asker(Arc<OnceLock<String>>);

impl Asker {
    /// It is this person or token; the first answer holds.
    pub fn is(&self, name: &str) {
        self.0.get_or_init(|| name.to_owned());
    }
}

/// Scripts and styles only from our own files: nothing is inline, so no nonce is needed.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The layer.
pub async fn finish(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = hex::encode(rand::random::<[u8; 8]>());
    let asker = Asker::default();
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(asker.clone());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // Whatever is logged on the way carries the id, however little is logged.
    let span = tracing::error_span!("request", request_id = id);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let started = Instant::now();
    let response = match refused(&request) {
        Some(StatusCode::METHOD_NOT_ALLOWED) => {
            (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD, POST")]).into_response()
        }
        Some(status) => status.into_response(),
        None => next.run(request).instrument(span).await,
    };
    let user = asker.0.get();
    let status = response.status().as_u16();
    let took = started.elapsed();
    crate::metrics::request(method.as_str(), route.as_deref(), status, took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request_id = id, %method, route, user, status, ms, "request");
    let mut response = render_error(response, &path, &id);
    headers(&mut response, &id);
    if app.config.public_url().starts_with("https://") {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Lets a body take its time to arrive and the answer its own. A stream or a file that is sent in pieces is answered
/// once it begins.
pub async fn in_time(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // It is dropped with the body, which is when the body was read or is not wanted.
    let (arriving, arrived) = oneshot::channel::<()>();
    let body = Body::from_stream(body.into_data_stream().inspect(move |_| {
        let _ = &arriving;
    }));
    let late = async {
        if tokio::time::timeout(limits::BODY_TIME, arrived).await.is_err() {
            return StatusCode::REQUEST_TIMEOUT;
        }
        tokio::time::sleep(limits::ANSWER_TIME).await;
        StatusCode::SERVICE_UNAVAILABLE
    };
    tokio::select! {
        response = next.run(Request::from_parts(parts, body)) => response,
        status = late => status.into_response(),
    }
}

/// What no page or call is asked about.
fn refused(request: &Request) -> Option<StatusCode> {
    let (uri, headers) = (request.uri(), request.headers());
    // Each header is sent with a colon, a space and a line break.
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let is_text =
        |path: &str| percent_encoding::percent_decode_str(path).decode_utf8().is_ok_and(|path| !path.contains('\0'));
    match *request.method() {
        _ if uri.to_string().len() > limits::URL => Some(StatusCode::URI_TOO_LONG),
        _ if headers.len() > limits::HEADERS || bytes > limits::HEADER_BYTES => {
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        }
        _ if !is_text(uri.path()) => Some(StatusCode::NOT_FOUND),
        _ if uri.query().is_some_and(|query| query.contains("%00")) => Some(StatusCode::BAD_REQUEST),
        Method::TRACE | Method::CONNECT => Some(StatusCode::METHOD_NOT_ALLOWED),
        _ => None,
    }
}

fn headers(response: &mut Response, id: &str) {
    let fixed = [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        // For browsers that don't know `frame-ancestors`.
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-request-id", value);
    }
    // Only who serves our own files says that an answer may be kept: a path's ending is anybody's choice.
    let rule = response.extensions().get::<Kept>().map_or("no-store", |kept| kept.0);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(rule));
}

/// Gives an error without a body of its own the form that the client expects.
fn render_error(response: Response, path: &str, id: &str) -> Response {
    let status = response.status();
    let ours = response.extensions().get::<Problem>().cloned();
    let has_body =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || (has_body && ours.is_none()) {
        return response;
    }
    let detail = ours.map_or_else(|| general(status).to_owned(), |problem| problem.detail);
    let (mut parts, _) = response.into_parts();
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        parts.headers.remove(name);
    }
    let rendered = if path.starts_with("/api/") || path.starts_with("/ingest/") {
        problem(status, &detail, id).into_response()
    } else {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        let page = ErrorPage { status: status.as_u16(), title, detail, request_id: id.to_owned() };
        page.render().map_or_else(|_| status.into_response(), |html| Html(html).into_response())
    };
    let (rendered, body) = rendered.into_parts();
    parts.headers.extend(rendered.headers);
    Response::from_parts(parts, body)
}

/// RFC 9457.
fn problem(status: StatusCode, detail: &str, id: &str) -> impl IntoResponse {
    let body = json!({
        "type": "about:blank", "title": status.canonical_reason().unwrap_or("Error"), "status": status.as_u16(), "detail": detail, "request_id": id,
    });
    ([(header::CONTENT_TYPE, "application/problem+json")], Body::from(body.to_string()))
}

const fn general(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "The request can't be read.",
        404 => "There is no such page.",
        405 => "This page can't be used in that way.",
        408 => "The request took too long to arrive.",
        413 => "The request is too large.",
        414 => "The address is too long.",
        415 => "The request is of a kind that is not accepted here.",
        431 => "The request's headers are too large or too many.",
        422 => "A field of the request is wrong.",
        503 => "This took too long or the service is not ready. Try again in a moment.",
        _ => "Something broke on our side.",
    }
}
