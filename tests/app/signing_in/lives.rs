//! The session and its cookie.
use super::{again, ana, form, nobody};
use crate::support::{PASSWORD, Person, Server, spawn, spawn_with};
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use fusionsoc::store::sessions;
use fusionsoc::web::auth::fingerprint;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

async fn is_in(person: &Person) -> bool {
    person.page("/profile").await.0 == 200
}

#[tokio::test]
async fn the_cookie_is_bound_to_this_host_and_no_script_reads_it() {
    let secure = spawn_with(|config| config.server.insecure_cookies = false).await;
    secure.sign_up("ana", Role::Analyst).await;
    let (_, cookies) = form(&secure, &nobody(&secure), "ana", PASSWORD).await;
    let parts: Vec<&str> = cookies[0].split("; ").collect();
    assert!(parts[0].starts_with("__Host-fusionsoc="), "{cookies:?}");
    assert_eq!(parts[0].len() - "__Host-fusionsoc=".len(), 64, "256 bits");
    let mut rest = parts[1..].to_vec();
    rest.sort_unstable();
    assert_eq!(rest, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);

    let plain = spawn().await;
    plain.sign_up("ana", Role::Analyst).await;
    let (_, cookies) = form(&plain, &nobody(&plain), "ana", PASSWORD).await;
    assert!(cookies[0].starts_with("fusionsoc=") && cookies[0].contains("HttpOnly"), "{cookies:?}");
    assert!(!cookies[0].contains("Secure"), "{cookies:?}");
}

#[tokio::test]
async fn the_store_knows_only_a_hash_and_a_sign_in_ends_the_browser_s_old_session() {
    let server = spawn().await;
    let first = ana(&server).await;
    let token = first.cookie.split_once('=').unwrap().1.to_owned();
    let (_, cookies) = form(&server, &first, "ana", PASSWORD).await;
    let second = Person { url: server.url.clone(), cookie: cookies[0].split(';').next().unwrap().to_owned() };
    assert_ne!(first.cookie, second.cookie);
    assert!(is_in(&second).await && !is_in(&first).await);
    let fresh = second.cookie.split_once('=').unwrap().1;
    let mut tx = server.app.store.read().await.unwrap();
    let now = fusionsoc::clock::now_ms();
    assert!(sessions::user(&mut tx, &fingerprint(fresh), now, 0).await.unwrap().is_some());
    for wrong in [fresh.as_bytes(), &hex::decode(fresh).unwrap(), &fingerprint(&token)] {
        assert!(sessions::user(&mut tx, wrong, now, 0).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_after_a_day_in_any_case() {
    let server = spawn().await;
    let person = ana(&server).await;
    advance_here(8 * HOUR_MS - MINUTE_MS);
    assert!(is_in(&person).await);
    seen(&server, &person).await;
    advance_here(8 * HOUR_MS + MINUTE_MS);
    assert!(!is_in(&person).await, "unused for eight hours");

    let person = again(&server).await;
    for _ in 0..3 {
        advance_here(7 * HOUR_MS);
        assert!(is_in(&person).await);
        seen(&server, &person).await;
    }
    advance_here(3 * HOUR_MS + MINUTE_MS);
    assert!(!is_in(&person).await, "a day has passed");
}

#[tokio::test]
async fn both_times_are_settings_and_the_page_tells_the_first() {
    let server = spawn_with(|config| {
        config.server.session_idle_minutes = 15;
        config.server.session_hours = 1;
    })
    .await;
    let person = ana(&server).await;
    assert!(nobody(&server).page("/login").await.1.contains("Sessions end after 15 minutes without use."));
    advance_here(14 * MINUTE_MS);
    assert!(is_in(&person).await);
    seen(&server, &person).await;
    advance_here(16 * MINUTE_MS);
    assert!(!is_in(&person).await);
    let person = again(&server).await;
    for _ in 0..5 {
        advance_here(11 * MINUTE_MS);
        assert!(is_in(&person).await);
        seen(&server, &person).await;
    }
    advance_here(6 * MINUTE_MS);
    assert!(!is_in(&person).await);
}

/// That a session is in use is noted beside the request; waits until it was.
async fn seen(server: &Server, person: &Person) {
    let (hash, now) = (fingerprint(person.cookie.split_once('=').unwrap().1), fusionsoc::clock::now_ms());
    for _ in 0..500 {
        let mut tx = server.app.store.read().await.unwrap();
        let found = sessions::user(&mut tx, &hash, now, 0).await.unwrap();
        if found.is_some_and(|(_, seen_ms)| now - seen_ms < MINUTE_MS) {
            return;
        }
        drop(tx);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the session was never noted as used");
}

#[tokio::test]
async fn signing_out_disabling_and_another_role_hold_at_the_next_request() {
    let server = spawn().await;
    let (here, there) = (ana(&server).await, again(&server).await);
    assert_eq!(here.post("/logout", &[]).await.status(), 303);
    assert!(!is_in(&here).await && is_in(&there).await, "the other browser's session goes on");

    let number = server.deliver(crate::support::SEED).await["number"].as_i64().unwrap();
    let note = format!("/cases/{number}/notes");
    assert_eq!(there.post(&note, &[("body", "one")]).await.status(), 303);
    server.sql("UPDATE users SET role = 'viewer'").await;
    assert_eq!(there.post(&note, &[("body", "two")]).await.status(), 403);
    server.sql("UPDATE users SET disabled = TRUE").await;
    assert!(!is_in(&there).await);
    assert_eq!(form(&server, &nobody(&server), "ana", PASSWORD).await.0, 401);
}

#[tokio::test]
async fn own_sessions_are_listed_and_ended_one_by_one_or_all_but_this() {
    let server = spawn().await;
    let (one, two, three) = (ana(&server).await, again(&server).await, again(&server).await);
    let page = one.page("/profile").await.1;
    let handles: Vec<&str> = page
        .split("name=\"session\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|handle| !handle.is_empty())
        .collect();
    assert_eq!(handles.len(), 2, "this one is not offered");
    assert!(!page.contains(one.cookie.split_once('=').unwrap().1));
    one.post("/profile/sessions", &[("session", handles[0])]).await;
    assert_ne!(is_in(&two).await, is_in(&three).await, "one of them has ended");
    one.post("/profile/sessions", &[("session", "")]).await;
    assert!(is_in(&one).await && !is_in(&two).await && !is_in(&three).await);
}
