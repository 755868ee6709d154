//! The edge: what every answer carries, what is refused before anything is read, and what the log says of it.
mod limits;
mod log;

use crate::support::{Person, SEED, Server, http, seed_with, spawn};
use axum::Router;
use axum::http::Method;
use axum::routing::get;
use fusionsoc::domain::Role;
use fusionsoc::web::{assets, behind_edge, server};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// What every answer carries.
pub(super) const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("cross-origin-opener-policy", "same-origin"),
];

pub(super) fn is_safe(reply: &reqwest::Response, cache: &str) {
    let (place, headers) = (reply.url(), reply.headers());
    for (name, value) in HEADERS {
        assert_eq!(headers.get(*name).map(|value| value.to_str().unwrap()), Some(*value), "{name} of {place}");
    }
    assert_eq!(headers.get("cache-control").map(|value| value.to_str().unwrap()), Some(cache), "{place}");
    assert_eq!(headers["x-request-id"].len(), 16, "{place}");
    assert!(!headers.contains_key("server"), "{place}");
    assert!(!headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{place}");
}

async fn ask(person: &Person, method: Method, path: &str) -> reqwest::Response {
    let sent = http().request(method, format!("{}{path}", person.url)).header("cookie", &person.cookie);
    sent.header("sec-fetch-site", "same-origin").header("origin", "https://evil.example").send().await.unwrap()
}

#[tokio::test]
async fn every_kind_of_answer_carries_the_security_headers() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Admin).await;
    let number = server.deliver(SEED).await["number"].to_string();
    for (path, status) in [
        ("/cases", 200),
        (format!("/cases/{number}").as_str(), 200),
        (format!("/cases/{number}/export/csv").as_str(), 200),
        ("/healthz", 200),
        ("/nowhere", 404),
        ("/nowhere.js", 404),
        ("/", 303),
        ("/api/v1/cases", 401),
        ("/events", 200),
        ("/cases?limit=0", 400),
    ] {
        let reply = ask(&ana, Method::GET, path).await;
        assert_eq!(reply.status(), status, "{path}");
        is_safe(&reply, "no-store");
    }
    let of_api = http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(&server.token);
    is_safe(&of_api.send().await.unwrap(), "no-store");
    let hashed = assets::url("/app.css");
    assert_ne!(hashed, "/app.css", "the name carries a hash");
    is_safe(&ask(&ana, Method::GET, hashed).await, "public, max-age=31536000, immutable");
    is_safe(&ask(&ana, Method::GET, "/app.css").await, "no-cache");
    is_safe(&ask(&ana, Method::POST, hashed).await, "no-store");
}

#[tokio::test]
async fn nobody_keeps_a_page_for_what_its_address_ends_in() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    server.deliver(&seed_with(&[("desktop-4kq7m2x", "aud.js")])).await;
    for path in ["/observables/host/aud.js", "/observables/file/evil.css", "/rules/a.svg", "/sensors/x.js"] {
        is_safe(&ask(&ana, Method::GET, path).await, "no-store");
    }
    let path = format!("{}/api/v1/observables/host/aud.js", server.url);
    let reply = http().get(path).bearer_auth(&server.token).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    is_safe(&reply, "no-store");
}

#[tokio::test]
async fn a_panic_is_a_page_and_the_server_lives() {
    let Server { app, dir: _dir, .. } = spawn().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let broken = async || -> &'static str { panic!("the secret of the handler") };
    let routes =
        Router::new().route("/broken", get(broken)).route("/api/broken", get(broken)).route("/fine", get("ok"));
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(server::serve(listener, behind_edge(routes, app), stop));
    for (path, kind) in [("/broken", "text/html; charset=utf-8"), ("/api/broken", "application/problem+json")] {
        let reply = http().get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!((reply.status().as_u16(), reply.headers()["content-type"].to_str().unwrap()), (500, kind));
        is_safe(&reply, "no-store");
        let id = reply.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = reply.text().await.unwrap();
        assert!(
            text.contains(&id) && text.contains("Something broke on our side.") && !text.contains("secret"),
            "{text}"
        );
    }
    assert_eq!(http().get(format!("{url}/fine")).send().await.unwrap().status(), 200, "it goes on");
}

/// Pages with an id, and some that have none.
const PAGES: &[&str] = &[
    "/cases/{}",
    "/cases/{}/report",
    "/cases/{}/export/csv",
    "/cases/bulk/{}",
    "/tuning/{}",
    "/models/trials/{}",
    "/cases/1/notes/{}",
    "/api/v1/cases/{}",
];
const OTHERS: &[&str] = &[
    "/cases/1/detections/%FF.json",
    "/cases/1/triage/9223372036854775808.json",
    "/sensors/%FF",
    "/rules/%FF",
    "/observables/%FF/x",
    "/observables/host/%FF",
    "/models/prompts/%FF",
];
const FORMS: &[&str] = &[
    "/admin/rejects/{}/replay",
    "/admin/integrations/{}/retry",
    "/models/trials/{}/cancel",
    "/cases/bulk/{}/undo",
    "/cases/{}/verdict",
    "/admin/templates/{}/remove",
];

#[tokio::test]
async fn an_address_that_names_nothing_is_not_found() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Admin).await;
    let ids = ["abc", "-1", "99999999999999999999", "%FF", "%00", "9223372036854775808", "1%0d%0a"];
    let of_ids = ids.iter().flat_map(|id| PAGES.iter().map(move |page| page.replace("{}", id)));
    for path in of_ids.chain(OTHERS.iter().map(|path| (*path).to_owned())) {
        let sent = http().get(format!("{}{path}", server.url));
        let program = path.starts_with("/api/");
        let sent = if program { sent.bearer_auth(&server.token) } else { sent.header("cookie", &ana.cookie) };
        let reply = sent.send().await.unwrap();
        assert_eq!(reply.status(), 404, "{path}");
        let text = reply.text().await.unwrap();
        assert!(text.contains(if program { "\"status\":404" } else { "Back to queue" }), "{path}: {text}");
    }
    for path in FORMS {
        for id in ["abc", "99999999999999999999", "%FF"] {
            let path = path.replace("{}", id);
            assert_eq!(ana.post(&path, &[]).await.status(), 404, "{path}");
        }
    }
}

#[tokio::test]
async fn a_known_address_says_how_it_may_be_used() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let head = ask(&ana, Method::HEAD, "/cases").await;
    assert_eq!(head.status(), 200);
    is_safe(&head, "no-store");
    assert!(head.text().await.unwrap().is_empty());
    for method in [Method::TRACE, Method::DELETE, Method::PUT, Method::from_bytes(b"PROPFIND").unwrap()] {
        for path in ["/cases", "/login", "/healthz"] {
            let reply = ask(&ana, method.clone(), path).await;
            assert_eq!(reply.status(), 405, "{method} {path}");
            assert!(reply.headers()["allow"].to_str().unwrap().contains("GET"), "{method} {path}");
            assert!(!reply.text().await.unwrap().contains(&ana.cookie), "nothing is sent back");
        }
    }
    let number = server.deliver(SEED).await["number"].to_string();
    let path = format!("/cases/{number}");
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let sent = http().get(format!("{}/logout", server.url)).header("cookie", &ana.cookie).header(name, "POST");
        assert_eq!(sent.send().await.unwrap().status(), 405, "{name}");
    }
    assert_eq!(ana.post(&path, &[("_method", "GET")]).await.status(), 405);
    assert_eq!(ana.page("/logout?_method=POST").await.0, 405);
    assert_eq!(ana.page(&path).await.0, 200, "nobody was signed out");
}

#[tokio::test]
async fn a_note_that_is_hard_to_render_holds_up_nobody() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(SEED).await["number"].to_string();
    let began = Instant::now();
    for part in [">", "[", "**a ", "- ", "&"] {
        let body = serde_json::json!({"body": part.repeat(64_000 / part.len())});
        assert_eq!(server.post(&format!("/api/v1/cases/{number}/notes"), body.to_string()).await.0, 201, "{part}");
    }
    let (status, page) = ana.page(&format!("/cases/{number}")).await;
    assert!(status == 200 && page.contains(&"&gt;".repeat(1_000)), "it is shown as it was typed");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_link_is_called_after_limacharlie_only_where_it_leads_there() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let known = serde_json::from_str::<serde_json::Value>(SEED).unwrap()["link"].as_str().unwrap().to_owned();
    let number = server.deliver(SEED).await["number"].to_string();
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains("LimaCharlie timeline"));
    for (at, (link, words)) in [
        ("https://evil.example/login", "Link to evil.example<"),
        ("https://app.limacharlie.io.evil.example/x", "Link to app.limacharlie.io.evil.example<"),
        ("https://evil.example/app.limacharlie.io", "Link to evil.example<"),
        ("https://app.limacharlie.io:444/x", "Link to app.limacharlie.io:444<"),
        ("http://app.limacharlie.io/x", "Link to app.limacharlie.io<"),
        ("https://app.limacharlie.io@evil.example/x", ""),
        ("javascript:alert(1)", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let other = seed_with(&[
            (&known, link),
            (&crate::support::seed_id(), &format!("link-{at}")),
            ("desktop-4kq7m2x", &format!("host-{at}")),
            ("a47d2c95-6b08-4e13-b7f9-0d5e83c61a2b", &format!("a47d2c95-6b08-4e13-b7f9-0d5e83c6000{at}")),
        ]);
        let number = server.deliver(&other).await["number"].to_string();
        let page = ana.page(&format!("/cases/{number}")).await.1;
        assert!(!page.contains("LimaCharlie timeline"), "{link}");
        assert!(page.contains(words), "{link} is called {words}");
        assert!(!words.is_empty() || !page.contains(&format!("href=\"{link}")), "{link} is no link");
    }
}
