//! A person's own page.
use crate::support::{PASSWORD, http, spawn};
use crate::views::ledger;
use fusionsoc::domain::Role;

#[tokio::test]
async fn look_keys_and_second_clock_are_chosen() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    crate::views::deliver(&server, 1).await;
    server.run_jobs().await;
    let page = ana.page("/profile").await.1;
    assert!(page.contains("what the installation has, <span class=\"num\">10 s</span>"), "{page}");
    let chosen = [("theme", "light"), ("density", "compact"), ("keys", "off"), ("zone", "europe/berlin")];
    assert_eq!(ana.post("/profile", &chosen).await.status(), 303);
    let queue = ana.page("/cases").await.1;
    assert!(
        queue.contains("<html lang=\"en\" data-theme=\"light\" data-density=\"compact\" data-keys=\"off\">"),
        "{queue}"
    );
    assert!(queue.contains(" UTC, 20") && queue.contains(" Europe/Berlin\""), "both clocks: {queue}");
    let wrong = ana.post("/profile", &[("zone", "Mars/Olympus")]).await;
    assert_eq!(wrong.status(), 422);
    let wrong = wrong.text().await.unwrap();
    assert!(wrong.contains("No such time zone.") && wrong.contains("value=\"Mars/Olympus\""), "{wrong}");
    for bad in [[("theme", "pink")], [("density", "huge")]] {
        assert_eq!(ana.post("/profile", &bad).await.status(), 422);
    }
    assert_eq!(ana.post("/profile", &[("keys", "on"), ("zone", "UTC")]).await.status(), 303);
    assert!(ana.page("/cases").await.1.contains("<html lang=\"en\">"), "back to what everybody has");
    assert_eq!(ana.post("/profile/theme", &[("theme", "dark")]).await.status(), 303, "the switch still works");
    assert!(ana.page("/cases").await.1.contains("<html lang=\"en\" data-theme=\"dark\">"));
    assert_eq!(ledger(&server.app.store, "profile").await, 2);
}

#[tokio::test]
async fn other_sessions_are_shown_without_their_secret_and_ended() {
    let server = spawn().await;
    let here = server.sign_in("ana", Role::Analyst).await;
    let kim = server.sign_in("kim", Role::Analyst).await;
    let sign_in = async || {
        let body = format!("username=ana&password={}", PASSWORD.replace(' ', "+"));
        let sent = http().post(format!("{}/login", server.url)).header("sec-fetch-site", "same-origin");
        let reply = sent.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap();
        let cookie = reply.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let there = crate::support::Person { url: server.url.clone(), cookie: sign_in().await };
    let page = here.page("/profile").await.1;
    let handles: Vec<&str> =
        page.split("name=\"session\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(handles.len(), 1, "its own session has no button: {page}");
    let hash = hex::encode(fusionsoc::web::auth::fingerprint(there.cookie.split('=').nth(1).unwrap()));
    assert!(!page.contains(&hash[..16]) && !hash.contains(handles[0]), "the stored hash stays secret");
    assert_eq!(kim.post("/profile/sessions", &[("session", handles[0])]).await.status(), 303);
    assert_eq!(there.page("/profile").await.0, 200, "somebody else's can't be ended");
    assert_eq!(here.post("/profile/sessions", &[("session", handles[0])]).await.status(), 303);
    assert_eq!(there.page("/profile").await.0, 303, "it has to sign in again");
    let there = crate::support::Person { url: server.url.clone(), cookie: sign_in().await };
    assert_eq!(here.post("/profile/sessions", &[]).await.status(), 303);
    assert_eq!((here.page("/profile").await.0, there.page("/profile").await.0), (200, 303));
    assert_eq!(ledger(&server.app.store, "session_ended").await, 3);
}

#[tokio::test]
async fn a_password_is_changed_with_the_old_one_and_ends_other_sessions() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    let new = "another horse battery";
    let wrong = ana.post("/profile/password", &[("old", "not this one at all"), ("new", new)]).await;
    assert_eq!(wrong.status(), 422);
    assert!(wrong.text().await.unwrap().contains("This is not your password."));
    let short = ana.post("/profile/password", &[("old", PASSWORD), ("new", "short")]).await;
    assert_eq!(short.status(), 422);
    assert!(short.text().await.unwrap().contains("must have 12 to 1024 bytes"));
    let body = format!("username=ana&password={}", PASSWORD.replace(' ', "+"));
    let login = async |body: String| {
        let sent = http().post(format!("{}/login", server.url)).header("sec-fetch-site", "same-origin");
        sent.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    };
    let other = login(body.clone()).await;
    let cookie = other.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let there = crate::support::Person { url: server.url.clone(), cookie };
    assert_eq!(ana.post("/profile/password", &[("old", PASSWORD), ("new", new)]).await.status(), 303);
    assert_eq!((ana.page("/profile").await.0, there.page("/profile").await.0), (200, 303));
    assert_eq!(login(body).await.status(), 401, "the old one is over");
    assert_eq!(login(format!("username=ana&password={}", new.replace(' ', "+"))).await.status(), 303);
    assert_eq!(
        (ledger(&server.app.store, "password").await, ledger(&server.app.store, "password_refused").await),
        (1, 1)
    );
}
