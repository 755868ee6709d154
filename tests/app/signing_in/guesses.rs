//! What a refusal tells, and how guesses are slowed down.
use super::{ana, form, nobody};
use crate::support::{PASSWORD, Person, Server, http, spawn, spawn_with};
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use fusionsoc::web::{App, router, server as edge};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Somebody who can't sign in, in each way.
async fn refused(server: &Server) -> Vec<(&'static str, String)> {
    server.sign_up("ana", Role::Analyst).await;
    server.sign_up("bob", Role::Analyst).await;
    server.sql("UPDATE users SET disabled = TRUE WHERE username = 'bob'").await;
    let wrong = "wrong horse battery".to_owned();
    vec![
        ("ana", wrong.clone()),
        ("eve", wrong),
        ("ana", String::new()),
        ("eve", String::new()),
        ("bob", PASSWORD.to_owned()),
        ("", PASSWORD.to_owned()),
        ("ana", "x".repeat(1_025)),
        ("eve", "x".repeat(1_025)),
    ]
}

async fn forget_tries(server: &Server) {
    server.sql("DELETE FROM throttles").await;
}

#[tokio::test]
async fn unknown_wrong_empty_and_disabled_get_the_same_page() {
    let server = spawn().await;
    let mut seen: Vec<(u16, String)> = Vec::new();
    for (name, password) in refused(&server).await {
        forget_tries(&server).await;
        let reply = nobody(&server).post("/login", &[("username", name), ("password", &password)]).await;
        assert!(reply.headers().get("set-cookie").is_none());
        let (status, id) = (reply.status().as_u16(), reply.headers()["x-request-id"].to_str().unwrap().to_owned());
        let page = reply.text().await.unwrap().replace(&id, "");
        seen.push((status, page.replace(&format!("value=\"{name}\""), "value=\"\"")));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert_eq!(seen[0].0, 401);
}

/// Not how fast it is, but that each of them costs a hash, which is most of the time by far.
#[tokio::test]
async fn unknown_wrong_empty_and_disabled_cost_the_same_hash() {
    let server = spawn().await;
    let kinds = refused(&server).await;
    let kinds: Vec<_> = kinds.iter().filter(|(_, password)| password.len() <= 1_024).collect();
    let mut fastest = vec![Duration::MAX; kinds.len()];
    // A form without any hash, as a measure of the rest.
    let mut bare = Duration::MAX;
    // What else the machine does makes some of them slow, never fast: the fastest of many tries tells what each costs.
    for _ in 0..40 {
        for ((name, password), fastest) in kinds.iter().zip(&mut fastest) {
            forget_tries(&server).await;
            let began = Instant::now();
            form(&server, &nobody(&server), name, password).await;
            *fastest = began.elapsed().min(*fastest);
        }
        let began = Instant::now();
        nobody(&server).page("/login").await;
        bare = began.elapsed().min(bare);
        let most = *fastest.iter().max().unwrap();
        if most > bare * 3 && fastest.iter().all(|took| *took * 4 > most) {
            return;
        }
    }
    panic!("one of them costs no hash: {fastest:?}, and what has none takes {bare:?}");
}

#[tokio::test]
async fn tries_are_counted_in_the_store_and_a_restart_forgives_none() {
    let server = spawn().await;
    ana(&server).await;
    for _ in 0..5 {
        assert_eq!(form(&server, &nobody(&server), "ana", "guess").await.0, 401);
    }
    assert_eq!(form(&server, &nobody(&server), "ana", PASSWORD).await.0, 429, "also the right one has to wait");
    let (url, _stop) = restarted(&server).await;
    let there = Person { url, cookie: String::new() };
    let reply = there.post("/login", &[("username", "ana"), ("password", PASSWORD)]).await;
    assert_eq!(reply.status(), 429);
    let wait: i64 = reply.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    advance_here(wait * 1_000);
    let reply = there.post("/login", &[("username", "ana"), ("password", PASSWORD)]).await;
    assert_eq!(reply.status(), 303, "nobody is locked out for ever");
}

/// The same store behind a program that has just started.
async fn restarted(server: &Server) -> (String, tokio_util::sync::DropGuard) {
    let (store, config) = (server.app.store.clone(), Arc::clone(&server.app.config));
    let app = App::start(store, config, server.app.vault.clone(), Arc::new(Notify::new()), false).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, stop) = (format!("http://{}", listener.local_addr().unwrap()), CancellationToken::new());
    tokio::spawn(edge::serve_with(listener, router(app), None, stop.clone()));
    (url, stop.drop_guard())
}

#[tokio::test]
async fn waits_grow_to_a_minute_and_are_forgotten_after_a_day() {
    let server = spawn().await;
    ana(&server).await;
    let mut waits = Vec::new();
    for _ in 0..13 {
        let reply = nobody(&server).post("/login", &[("username", "ana"), ("password", "guess")]).await;
        if reply.status() == 429 {
            let wait: i64 = reply.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            waits.push(wait);
            advance_here(wait * 1_000);
            assert_eq!(form(&server, &nobody(&server), "ana", "guess").await.0, 401);
        }
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    advance_here(24 * 3_600_000);
    for _ in 0..5 {
        assert_eq!(form(&server, &nobody(&server), "ana", "guess").await.0, 401, "free again");
    }
}

#[tokio::test]
async fn a_wait_that_a_clock_began_that_was_ahead_is_none() {
    let server = spawn().await;
    ana(&server).await;
    advance_here(24 * 3_600_000);
    for _ in 0..6 {
        form(&server, &nobody(&server), "ana", "guess").await;
    }
    assert_eq!(form(&server, &nobody(&server), "ana", PASSWORD).await.0, 429);
    advance_here(-24 * 3_600_000);
    assert_eq!(form(&server, &nobody(&server), "ana", "guess").await.0, 401, "it is looked at");
    assert_eq!(form(&server, &nobody(&server), "ana", "guess").await.0, 429, "and guesses are slowed down as ever");
    advance_here(61_000);
    assert_eq!(form(&server, &nobody(&server), "ana", PASSWORD).await.0, 303);
}

#[tokio::test]
async fn a_right_password_forgives_its_account_and_not_the_address() {
    let server = spawn().await;
    ana(&server).await;
    server.sign_up("bob", Role::Analyst).await;
    for name in ["ana", "bob", "bob", "bob"] {
        form(&server, &nobody(&server), name, "guess").await;
    }
    assert_eq!(form(&server, &nobody(&server), "ana", PASSWORD).await.0, 303);
    assert_eq!(form(&server, &nobody(&server), "eve", "guess").await.0, 401, "the address's fifth");
    assert_eq!(form(&server, &nobody(&server), "zoe", "guess").await.0, 429, "another name does not help");
}

#[tokio::test]
async fn only_a_trusted_proxy_says_who_asks() {
    let from = async |server: &Server, address: &str, name: &str| {
        let sent = http().post(format!("{}/login", server.url)).header("sec-fetch-site", "same-origin");
        let sent = sent.header("x-forwarded-for", address).header("content-type", "application/x-www-form-urlencoded");
        let sent = sent.body(format!("username={name}&password=guess"));
        sent.send().await.unwrap().status().as_u16()
    };
    let open = spawn().await;
    for at in 0..5 {
        assert_eq!(from(&open, &format!("192.0.2.{at}"), &format!("n{at}")).await, 401);
    }
    assert_eq!(from(&open, "192.0.2.9", "n9").await, 429, "a made-up address opens nothing");

    let proxied = spawn_with(|config| config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    for at in 0..8 {
        assert_eq!(from(&proxied, &format!("192.0.2.{at}"), &format!("n{at}")).await, 401);
    }
    for at in 0..4 {
        assert_eq!(from(&proxied, "192.0.2.1", &format!("m{at}")).await, 401);
    }
    assert_eq!(from(&proxied, "192.0.2.1", "m9").await, 429);
}
