//! Refuses changes that another site's page asks a signed-in browser for.
//!
//! A request with our session cookie that is not a GET must say `Sec-Fetch-Site: same-origin`, or
//! where the browser doesn't send that, an `Origin` that is ours. Requests without the cookie
//! carry a token or a signature, which no other site has; a sign-in without it changes nothing of
//! anybody's, but must not come from another site's page either.
use super::App;
use super::auth::cookie_name;
use axum::http::Method;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;

/// Whether a request has to be refused.
pub fn refuses(app: &App, parts: &Parts) -> bool {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    let has_session = CookieJar::from_headers(&parts.headers).get(cookie_name(app.insecure_cookies())).is_some();
    let signs_in = parts.uri.path() == "/login" || parts.uri.path() == "/login/code";
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (header("sec-fetch-site"), header("origin")) {
        (Some(site), _) => (has_session || signs_in) && site != "same-origin",
        (None, Some(origin)) => (has_session || signs_in) && origin != app.config.public_url(),
        (None, None) => has_session,
    }
}
