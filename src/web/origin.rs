//! Refuses changes that another site's page asks a signed-in browser for.
//!
//! A request with our session cookie that is not a GET must say `Sec-Fetch-Site: same-origin`, or
//! where the browser doesn't send that, an `Origin` that is ours. Requests without the cookie
//! carry a token or a signature, which no other site has.
use super::App;
use super::auth::cookie_name;
use crate::error::AppError;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;

/// The layer.
pub async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let has_session = CookieJar::from_headers(request.headers()).get(cookie_name(app.insecure_cookies())).is_some();
    let form = request.uri().path() == "/login";
    if !safe && (has_session || form) && !is_ours(&app, &request) {
        return AppError::Forbidden("This request came from another site.").into_response();
    }
    next.run(request).await
}

fn is_ours(app: &App, request: &Request) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return site == "same-origin";
    }
    match header("origin") {
        Some(origin) => origin == app.config.public_url(),
        // A sign-in without a session changes nothing of anybody's.
        None => request.uri().path() == "/login",
    }
}
