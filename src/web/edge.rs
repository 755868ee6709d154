//! The edge: request ids, the log line, security headers, and errors as the client wants them.
use super::App;
use super::page::ErrorPage;
use crate::error::Problem;
use crate::limits;
use askama::Template;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use std::time::Instant;

/// The id of a request, in its log lines, its ledger lines and its error page.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Scripts and styles only from our own files: nothing is inline, so no nonce is needed.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The layer.
pub async fn finish(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = hex::encode(rand::random::<[u8; 8]>());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let address = request.uri().to_string();
    let (too_long, has_nul) = (address.len() > limits::URL, address.contains("%00"));
    let started = Instant::now();
    let response = match method {
        _ if too_long => StatusCode::URI_TOO_LONG.into_response(),
        _ if has_nul => StatusCode::BAD_REQUEST.into_response(),
        Method::TRACE | Method::CONNECT => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        _ => next.run(request).await,
    };
    let route = response.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let status = response.status().as_u16();
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request_id = id, %method, route, status, ms, "request");
    let mut response = render_error(response, &path, &id);
    headers(&mut response, &path, &id);
    if app.config.public_url().starts_with("https://") {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

fn headers(response: &mut Response, path: &str, id: &str) {
    let fixed = [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
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
    let extension = std::path::Path::new(path).extension().and_then(std::ffi::OsStr::to_str);
    let is_file = matches!(extension, Some("css" | "js" | "svg"));
    if !is_file {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
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
        422 => "A field of the request is wrong.",
        503 => "This took too long or the service is not ready. Try again in a moment.",
        _ => "Something broke on our side.",
    }
}
