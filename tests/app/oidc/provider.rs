//! What is kept of the provider and when it is asked again; where it is down; what only its user info tells.
use super::{Browser, SESSION, location, reasons, server, stored};
use crate::support::oidc::Fake;
use crate::support::{PASSWORD, Person, spawn_with};
use axum::http::StatusCode;
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use serde_json::json;

#[tokio::test]
async fn what_it_says_of_itself_holds_for_an_hour() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    assert_eq!(fake.asked("/discovery"), 0, "nothing is asked at start");
    for _ in 0..3 {
        Browser::new(&server).signed_in().await;
    }
    assert_eq!((fake.asked("/discovery"), fake.asked("/jwks")), (1, 1));
    advance_here(60 * 60_000 + 1);
    Browser::new(&server).signed_in().await;
    assert_eq!((fake.asked("/discovery"), fake.asked("/jwks")), (2, 2));
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_a_minute() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    Browser::new(&server).signed_in().await;
    fake.change(|state| state.keys = 2);
    assert_eq!(Browser::new(&server).sign_in().await.status(), 401, "within the minute");
    assert_eq!(reasons(&server).await, ["unknown key"]);
    advance_here(60_001);
    Browser::new(&server).signed_in().await;
    assert_eq!((fake.asked("/discovery"), fake.asked("/jwks")), (1, 2), "keys alone are fetched");
    fake.change(|state| state.forge = |draft| draft.header["kid"] = "rsa-9".into());
    for _ in 0..3 {
        assert_eq!(Browser::new(&server).sign_in().await.status(), 401);
    }
    assert_eq!(fake.asked("/jwks"), 2, "whoever names unknown keys makes no work");
    advance_here(60_001);
    assert_eq!(Browser::new(&server).sign_in().await.status(), 401, "fetched, and still unknown");
    assert_eq!(fake.asked("/jwks"), 3);
}

#[tokio::test]
async fn where_it_is_down_passwords_still_do() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    fake.change(|state| state.documents = StatusCode::SERVICE_UNAVAILABLE);
    server.sign_in("bob", Role::Analyst).await;
    let browser = Browser::new(&server);
    assert!(browser.get("/login").await.text().await.unwrap().contains("Sign in with Acme ID"));
    for _ in 0..3 {
        let reply = browser.get("/login/oidc").await;
        assert_eq!(reply.status(), 502);
        let page = reply.text().await.unwrap();
        assert!(page.contains("There is no usable answer from Acme ID now.") && page.contains("href=\"/login\""));
    }
    assert_eq!(fake.asked("/discovery"), 1, "it is left alone for a moment");
    let bob = Person { url: server.url.clone(), cookie: String::new() };
    let reply = bob.post("/login", &[("username", "bob"), ("password", PASSWORD)]).await;
    assert_eq!(reply.status(), 303);
    fake.change(|state| state.documents = StatusCode::OK);
    advance_here(10_001);
    let back = browser.away("/").await;
    fake.change(|state| state.documents = StatusCode::SERVICE_UNAVAILABLE);
    advance_here(5 * 60_000);
    assert_eq!(browser.get(&back).await.status(), 303, "what is known of it suffices");
    fake.change(|state| state.tokens = Some((StatusCode::SERVICE_UNAVAILABLE, "")));
    let other = Browser::new(&server);
    assert_eq!((other.sign_in().await.status().as_u16(), other.cookie(SESSION)), (502, None));
}

#[tokio::test]
async fn a_document_of_another_issuer_or_a_provider_that_is_not_there_is_none() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    fake.change(|state| state.issuer = Some("https://evil.example"));
    assert_eq!(Browser::new(&server).get("/login/oidc").await.status(), 502);
    let mut settings = fake.settings();
    settings.issuer = "http://127.0.0.1:9".to_owned();
    let alone = spawn_with(|config| config.oidc = Some(settings)).await;
    assert_eq!(Browser::new(&alone).get("/login/oidc").await.status(), 502);
}

#[tokio::test]
async fn clients_prove_themselves_as_the_provider_wants() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    fake.change(|state| state.in_body = true);
    Browser::new(&server).signed_in().await;
}

#[tokio::test]
async fn what_the_token_lacks_is_in_the_user_info_of_the_same_subject() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let claims = json!({"sub": "7f3a", "preferred_username": "mallory", "groups": ["leads"]});
    fake.change(|state| (state.person, state.user_info) = (json!({"sub": "7f3a", "groups": ["soc"]}), claims));
    Browser::new(&server).signed_in().await;
    let (user, _) = stored(&server, "mallory").await.unwrap();
    assert_eq!(user.role, Role::Analyst, "what the token says stands");
    fake.change(|state| state.person = json!({"sub": "7f3a"}));
    Browser::new(&server).signed_in().await;
    assert_eq!(stored(&server, "mallory").await.unwrap().0.role, Role::Lead);
    fake.change(|state| state.user_info["sub"] = "another".into());
    let browser = Browser::new(&server);
    assert_eq!((browser.sign_in().await.status().as_u16(), browser.cookie(SESSION)), (401, None));
    assert_eq!(reasons(&server).await, ["user info: of another subject"]);
    fake.change(|state| state.person = json!({"sub": "7f3a", "preferred_username": "mallory", "groups": ["soc"]}));
    let asked = fake.asked("/userinfo");
    let reply = Browser::new(&server).sign_in().await;
    assert_eq!((location(&reply).as_str(), fake.asked("/userinfo")), ("/dashboard", asked), "a whole token suffices");
}
