//! Who somebody is here: role and organisations by groups, names that are taken, people who are disabled or linked, and
//! a second factor.
use super::{Browser, SESSION, entries, location, reasons, server, stored, texts};
use crate::support::oidc::Fake;
use crate::support::{PASSWORD, Person, Server, http};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::domain::Role;
use fusionsoc::store::{identities, second, sessions};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn in_groups(fake: &Fake, groups: impl Into<Value>) {
    let groups = groups.into();
    fake.change(|state| state.person["groups"] = groups);
}

/// Links a person as an admin does at the command line.
async fn link(server: &Server, fake: &Fake, user: i64) {
    let mut tx = server.app.store.write().await.unwrap();
    identities::insert(&mut tx, &fake.url, "7f3a", user, 1).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_highest_role_counts_and_all_organisations_together() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let cases = [
        (json!(["soc", "leads", "other"]), "lead", vec!["acme", "other"]),
        (json!(["leads"]), "lead", vec!["acme"]),
        (json!(["unknown", "other"]), "viewer", vec!["other"]),
        (json!("soc"), "analyst", vec!["acme"]),
        (json!(["soc", 7, null]), "analyst", vec!["acme"]),
    ];
    for (groups, role, orgs) in cases {
        in_groups(&fake, groups.clone());
        Browser::new(&server).signed_in().await;
        let (user, had) = stored(&server, "ana").await.unwrap();
        assert_eq!((user.role.as_str(), had), (role, orgs.iter().map(ToString::to_string).collect()), "{groups}");
    }
}

#[tokio::test]
async fn a_change_at_the_provider_ends_older_sessions_and_is_in_the_ledger() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let first = Browser::new(&server).signed_in().await;
    let second = Browser::new(&server).signed_in().await;
    assert_eq!(first.page("/profile").await.0, 200, "nothing changed, nothing ends");
    in_groups(&fake, json!(["leads", "other"]));
    let third = Browser::new(&server).signed_in().await;
    for old in [&first, &second] {
        assert_eq!(old.page("/profile").await.0, 303, "they began under another role");
    }
    assert_eq!(third.page("/admin/templates").await.0, 200, "a lead's page");
    let told = entries(&server, "ana").await;
    assert_eq!(told[2..], ["user_orgs acme → acme other", "user_role analyst → lead"]);
    in_groups(&fake, json!(["leads"]));
    Browser::new(&server).signed_in().await;
    assert_eq!(third.page("/profile").await.0, 303, "organisations alone are a change too");
    let by = "SELECT DISTINCT actor_kind || ' ' || actor || ' ' || client FROM ledger WHERE action = 'user_role'";
    assert_eq!(texts(&server, by).await, ["system Acme ID 127.0.0.1"]);
}

#[tokio::test]
async fn in_no_group_there_is_no_way_in_and_none_stays_in() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    for groups in [json!([]), json!(["unknown"]), json!(["SOC"]), json!("soc,leads"), json!({"soc": true}), json!(7)] {
        in_groups(&fake, groups.clone());
        let browser = Browser::new(&server);
        let reply = browser.sign_in().await;
        assert_eq!((reply.status().as_u16(), browser.cookie(SESSION)), (403, None), "{groups}");
        let page = reply.text().await.unwrap();
        assert!(
            page.contains("Your account is known to Acme ID but no group of it maps to a role here. Ask an admin.")
        );
        assert!(stored(&server, "ana").await.is_none());
        server.sql("DELETE FROM throttles").await;
    }
    in_groups(&fake, json!(["soc"]));
    let before = Browser::new(&server).signed_in().await;
    in_groups(&fake, json!([]));
    assert_eq!(Browser::new(&server).sign_in().await.status(), 403);
    assert_eq!(before.page("/profile").await.0, 303, "who is in no group any more is signed out");
    assert_eq!(reasons(&server).await.last().unwrap(), "in no group that stands for a role");
    assert!(entries(&server, "ana").await.last().unwrap().starts_with("sessions_ended"));
    let (user, orgs) = stored(&server, "ana").await.unwrap();
    assert_eq!((user.role, orgs.len()), (Role::Viewer, 0), "and nothing is left of it");
}

#[tokio::test]
async fn who_is_in_no_group_any_more_keeps_neither_token_nor_password() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let ana = server.sign_in("ana", Role::Admin).await;
    let form = [("name", "own"), ("org", "acme"), ("read", "on"), ("days", "90")];
    let page = ana.post("/admin/tokens", &form).await.text().await.unwrap();
    let token = format!("fsoc_{}", &page[page.find("fsoc_").unwrap() + 5..][..72]);
    let read = async || http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(read().await.status(), 200);
    link(&server, &fake, stored(&server, "ana").await.unwrap().0.id).await;
    in_groups(&fake, json!([]));
    assert_eq!(Browser::new(&server).sign_in().await.status(), 403);
    assert_eq!(read().await.status(), 401, "a token does no more than its owner");
    let again = Person { url: server.url.clone(), cookie: String::new() };
    let reply = again.post("/login", &[("username", "ana"), ("password", PASSWORD)]).await;
    let cookie = reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let ana = Person { url: server.url.clone(), cookie };
    assert_eq!(ana.page("/admin/users").await.0, 403, "by the password they are nobody's admin");
    assert!(!ana.page("/cases?view=all").await.1.contains("acme"));
}

#[tokio::test]
async fn a_name_that_is_here_is_not_taken_over() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    server.sign_in("ana", Role::Admin).await;
    // Names are no identities, however they are written.
    for name in ["ana", "Ana", " ANA "] {
        fake.change(|state| state.person["preferred_username"] = name.into());
        let browser = Browser::new(&server);
        let reply = browser.sign_in().await;
        assert_eq!((reply.status().as_u16(), browser.cookie(SESSION)), (403, None), "{name}");
        assert!(reply.text().await.unwrap().contains("There is somebody named ana here already"));
    }
    let (user, _) = stored(&server, "ana").await.unwrap();
    assert_eq!((user.role, reasons(&server).await.len()), (Role::Admin, 3), "they stay what they were");
    assert_eq!(reasons(&server).await[0], "the name is somebody else's");
    server.sql("DELETE FROM throttles").await;
    link(&server, &fake, user.id).await;
    Browser::new(&server).signed_in().await;
    let (linked, _) = stored(&server, "ana").await.unwrap();
    assert_eq!((linked.id, linked.role), (user.id, Role::Analyst), "once an admin says who they are");
    // The identity is the subject: another name of it is the same person.
    fake.change(|state| state.person["preferred_username"] = "ana.new".into());
    Browser::new(&server).signed_in().await;
    assert!(stored(&server, "ana.new").await.is_none());
    // And another subject of the same name is somebody else.
    fake.change(|state| state.person = json!({"sub": "other", "preferred_username": "ana", "groups": ["leads"]}));
    assert_eq!(Browser::new(&server).sign_in().await.status(), 403);
    assert_eq!(stored(&server, "ana").await.unwrap().0.role, Role::Analyst);
}

#[tokio::test]
async fn who_is_disabled_stays_out() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let before = Browser::new(&server).signed_in().await;
    server.sql("UPDATE users SET disabled = TRUE WHERE username = 'ana'").await;
    in_groups(&fake, json!(["leads"]));
    let browser = Browser::new(&server);
    let reply = browser.sign_in().await;
    assert_eq!((reply.status().as_u16(), browser.cookie(SESSION)), (401, None));
    let page = reply.text().await.unwrap();
    assert!(page.contains("Signing in did not succeed") && !page.contains("disabled"), "{page}");
    assert_eq!(reasons(&server).await, ["the person is disabled"]);
    let (user, _) = stored(&server, "ana").await.unwrap();
    assert!(user.disabled && user.role == Role::Analyst, "and nothing of them changes");
    assert_eq!(before.page("/profile").await.0, 303);
}

#[tokio::test]
async fn a_second_factor_here_is_asked_for_all_the_same() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    server.sign_in("ana", Role::Analyst).await;
    let (user, _) = stored(&server, "ana").await.unwrap();
    link(&server, &fake, user.id).await;
    let key = [7_u8; 20];
    let mut tx = server.app.store.write().await.unwrap();
    let sealed = server.app.vault.seal(&hex::encode(key)).unwrap();
    second::begin(&mut tx, user.id, &sealed).await.unwrap();
    second::confirm(&mut tx, user.id, 1).await.unwrap();
    tx.commit().await.unwrap();
    let browser = Browser::new(&server);
    let reply = browser.sign_in().await;
    assert_eq!(location(&reply), "/login/code?next=%2Fdashboard");
    assert_eq!(browser.cookie(SESSION), None, "nothing is open yet");
    let generator = totp_rs::Builder::new().with_secret(totp_rs::Secret::new(key.to_vec().into())).build_noncompliant();
    advance_here(30_000);
    let code = generator.generate(u64::try_from(now_ms() / 1000).unwrap()).to_string();
    let half = browser.cookie("fusionsoc-code").expect("a half sign-in");
    let half = Person { url: server.url.clone(), cookie: format!("fusionsoc-code={half}") };
    let reply = half.post("/login/code", &[("code", &code), ("next", "/dashboard")]).await;
    assert_eq!((reply.status().as_u16(), location(&reply).as_str()), (303, "/dashboard"));
}

#[tokio::test]
async fn who_has_no_password_can_not_sign_in_by_one_and_is_shown_none() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let ana = Browser::new(&server).signed_in().await;
    let nobody = Person { url: server.url.clone(), cookie: String::new() };
    for password in ["", PASSWORD, "$argon2id$"] {
        let reply = nobody.post("/login", &[("username", "ana"), ("password", password)]).await;
        assert_eq!(reply.status(), 401, "{password}");
    }
    let (_, page) = ana.page("/profile").await;
    assert!(!page.contains("/profile/password") && !page.contains("/profile/second"), "{page}");
    let new = [("old", ""), ("new", "tractor lemon Oslo 7")];
    assert_eq!(ana.post("/profile/password", &new).await.status(), 422);
    assert_eq!(stored(&server, "ana").await.unwrap().0.password_hash, "");
    let bob = server.sign_in("bob", Role::Analyst).await;
    assert!(bob.page("/profile").await.1.contains("/profile/password"));
    let time = |user: Option<fusionsoc::store::users::User>| {
        let once = || {
            let begun = Instant::now();
            assert!(!fusionsoc::web::auth::verify(user.as_ref(), "wrong horse battery"));
            begun.elapsed()
        };
        (0..5).map(|_| once()).min().unwrap()
    };
    let (with, without) = (stored(&server, "bob").await.unwrap().0, stored(&server, "ana").await.unwrap().0);
    let (with, without) = (time(Some(with)), time(Some(without)));
    // A hash that can't be read is refused in microseconds; a busy machine makes less of a difference.
    assert!(without > with / 10 && without > Duration::from_millis(1), "{with:?} with a password, {without:?} without");
}

#[tokio::test]
async fn signing_out_ends_the_session_here() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let ana = Browser::new(&server).signed_in().await;
    assert_eq!(ana.post("/logout", &[]).await.status(), 303);
    assert_eq!(ana.page("/profile").await.0, 303);
    let (user, _) = stored(&server, "ana").await.unwrap();
    let mut tx = server.app.store.read().await.unwrap();
    assert!(sessions::of_user(&mut tx, user.id, now_ms(), 0).await.unwrap().is_empty());
}
