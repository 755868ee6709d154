//! Where a stream ends: with its session, for nobody, and where too many are open.
use super::{Events, other};
use crate::support::{PASSWORD, Person, SEED, http, spawn};
use fusionsoc::domain::Role;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn nobody_hears_anything() {
    let server = spawn().await;
    let reply = http().get(format!("{}/events", server.url)).send().await.unwrap();
    assert_eq!(
        (reply.status().as_u16(), reply.headers()["location"].to_str().unwrap()),
        (303, "/login?next=%2Fevents")
    );
    let reply = http().get(format!("{}/api/v1/stream", server.url)).send().await.unwrap();
    assert_eq!(reply.status(), 401);
}

#[tokio::test]
async fn a_stream_ends_at_once_with_its_session() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let second = again(&ana, "ana").await;
    let mut streams = [Events::of(&ana, None).await, Events::of(&second, None).await];
    for stream in &mut streams {
        assert_eq!(stream.next().await.0, "hello");
    }
    assert_eq!(second.post("/logout", &[]).await.status(), 303);
    let (told, after) = streams[1].rest().await;
    assert!(told.is_empty() && after < Duration::from_secs(3), "{after:?} {told}");
    server.deliver(SEED).await;
    assert_eq!(streams[0].next().await.0, "case", "the other session goes on");
    let third = again(&ana, "ana").await;
    let fields = [("old", PASSWORD), ("new", "another long password")];
    assert_eq!(third.post("/profile/password", &fields).await.status(), 303);
    assert!(streams[0].rest().await.1 < Duration::from_secs(3), "a new password ends the others");
}

async fn again(person: &Person, name: &str) -> Person {
    let mut other = Person { url: person.url.clone(), cookie: String::new() };
    let reply = other.post("/login", &[("username", name), ("password", PASSWORD)]).await;
    reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().clone_into(&mut other.cookie);
    other
}

#[tokio::test]
async fn who_was_disabled_elsewhere_hears_no_more() {
    let server = spawn().await;
    let (ana, bo) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("bo", Role::Viewer).await);
    let (mut of_ana, mut of_bo) = (Events::of(&ana, None).await, Events::of(&bo, None).await);
    of_ana.next().await;
    of_bo.next().await;
    // As the command line does it, in a process of its own.
    server.sql("UPDATE users SET disabled = TRUE").await;
    server.sql("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE username = 'bo')").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    server.deliver(&other("later")).await;
    for mut stream in [of_ana, of_bo] {
        let (told, after) = stream.rest().await;
        assert!(!told.contains("event: case") && after < Duration::from_secs(14), "{after:?} {told}");
    }
}

#[tokio::test]
async fn all_together_have_a_limit_too() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    assert_eq!(server.app.streams.available_permits(), 2_000);
    let _others = Arc::clone(&server.app.streams).acquire_many_owned(2_000).await.unwrap();
    let reply = http().get(format!("{}/events", server.url)).header("cookie", &ana.cookie).send().await.unwrap();
    assert_eq!((reply.status().as_u16(), reply.headers()["retry-after"].to_str().unwrap()), (503, "15"));
}
