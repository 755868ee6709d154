//! API tokens: only in one header, only while they live, and never in a page or the store.
use crate::support::{SEED, Server, http, spawn, spawn_with};
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use fusionsoc::store::tokens;
use fusionsoc::web::auth::fingerprint;

async fn call(server: &Server, authorization: Option<&str>, path: &str) -> reqwest::Response {
    let mut sent = http().get(format!("{}{path}", server.url));
    if let Some(value) = authorization {
        sent = sent.header("authorization", value);
    }
    sent.send().await.unwrap()
}

async fn refused(server: &Server, authorization: Option<&str>, path: &str) -> String {
    let reply = call(server, authorization, path).await;
    assert_eq!(reply.status(), 401, "{authorization:?} {path}");
    assert_eq!(reply.headers()["www-authenticate"], "Bearer");
    assert_eq!(reply.headers()["content-type"], "application/problem+json");
    let id = reply.headers()["x-request-id"].to_str().unwrap().to_owned();
    reply.text().await.unwrap().replace(&id, "")
}

#[tokio::test]
async fn missing_mistyped_unknown_and_misplaced_are_refused_alike() {
    let server = spawn().await;
    let good = server.token.clone();
    let mistyped = format!("{}0", &good[..good.len() - 1]);
    let unknown = fusionsoc::api::bearer::new_token();
    let none = refused(&server, None, "/api/v1/cases").await;
    for value in [
        format!("Bearer {mistyped}x"),
        format!("Bearer {unknown}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {good}"),
        good.clone(),
        format!("Bearer {good} {good}"),
        format!("Bearer {}", good.to_uppercase()),
    ] {
        assert_eq!(refused(&server, Some(&value), "/api/v1/cases").await, none, "{value}");
    }
    for path in ["access_token", "token", "key"] {
        refused(&server, None, &format!("/api/v1/cases?{path}={good}")).await;
    }
    let cookie = http().get(format!("{}/api/v1/cases", server.url)).header("cookie", format!("fusionsoc={good}"));
    assert_eq!(cookie.send().await.unwrap().status(), 401);
    let ana = server.sign_in("ana", Role::Admin).await;
    let as_person = http().get(format!("{}/api/v1/cases", server.url)).header("cookie", &ana.cookie);
    assert_eq!(as_person.send().await.unwrap().status(), 401, "a session is no token");
    let page = http().get(format!("{}/cases", server.url)).bearer_auth(&good).send().await.unwrap();
    assert_eq!(page.status(), 303, "a token is no session");
    assert_eq!(call(&server, Some(&format!("Bearer {good}")), "/api/v1/cases").await.status(), 200);
}

#[tokio::test]
async fn a_revoked_one_and_an_expired_one_end_at_once() {
    let server = spawn().await;
    let make = async |days: i64| {
        let token = fusionsoc::api::bearer::new_token();
        let mut tx = server.app.store.write().await.unwrap();
        let now = fusionsoc::clock::now_ms();
        let hash = fingerprint(&token);
        let id = tokens::insert(&mut tx, server.org_id, "t", &hash, "read", now, now + days * 86_400_000).await;
        tx.commit().await.unwrap();
        (id.unwrap(), format!("Bearer {token}"))
    };
    let ((id, revoked), (_, short)) = (make(90).await, make(1).await);
    for token in [&revoked, &short] {
        assert_eq!(call(&server, Some(token), "/api/v1/cases").await.status(), 200);
    }
    let mut tx = server.app.store.write().await.unwrap();
    tokens::revoke(&mut tx, id, fusionsoc::clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    refused(&server, Some(&revoked), "/api/v1/cases").await;
    advance_here(86_400_000 - 60_000);
    assert_eq!(call(&server, Some(&short), "/api/v1/cases").await.status(), 200);
    advance_here(60_000);
    refused(&server, Some(&short), "/api/v1/cases").await;
}

#[tokio::test]
async fn the_database_file_holds_neither_token_nor_password_nor_session() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Admin).await;
    server.deliver(SEED).await;
    let mut tx = server.app.store.read().await.unwrap();
    assert!(tokens::live(&mut tx, &fingerprint(&server.token), 1).await.unwrap().is_some());
    drop(tx);
    let session = ana.cookie.split_once('=').unwrap().1;
    for secret in [server.token.as_str(), &server.token[5..69], session, crate::support::PASSWORD] {
        for file in std::fs::read_dir(server.dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for form in [secret.as_bytes().to_vec(), hex::decode(secret).unwrap_or_else(|_| secret.into())] {
                assert!(!bytes.windows(form.len()).any(|part| part == form), "a secret in clear");
            }
        }
    }
}

#[tokio::test]
async fn too_many_calls_are_told_to_wait() {
    let server = spawn_with(|config| config.limits.token_per_minute = 3).await;
    let token = format!("Bearer {}", server.token);
    for _ in 0..3 {
        assert_eq!(call(&server, Some(&token), "/api/v1/cases").await.status(), 200);
    }
    let reply = call(&server, Some(&token), "/api/v1/cases").await;
    assert_eq!(reply.status(), 429);
    let wait: u64 = reply.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
}
