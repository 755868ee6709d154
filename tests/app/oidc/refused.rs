//! What is refused: forged states, forged tokens, providers that say no. Each with one page, a reason in the ledger,
//! and no session.
use super::{Browser, COOKIE, SESSION, location, reasons, server, texts};
use crate::support::Server;
use crate::support::oidc::keys::{Draft, Signer, public_pem};
use crate::support::oidc::{Fake, SECRET};
use axum::http::StatusCode;
use fusionsoc::clock::{advance_here, now_ms};
use serde_json::{Value, json};

/// Nobody is signed in: no session, this status, this reason, and none of the provider's words.
async fn refused(server: &Server, browser: &Browser, reply: reqwest::Response, status: u16, reason: &str) {
    let (told, set) = (reply.status(), reply.headers().get_all("set-cookie").iter().count());
    let page = reply.text().await.unwrap();
    assert_eq!((told.as_u16(), set), (status, 0), "{reason}: {page}");
    assert!(page.contains("Not signed in") && !page.contains("words of the provider"), "{reason}: {page}");
    assert_eq!(browser.cookie(SESSION), None, "{reason}");
    assert_eq!(reasons(server).await.last().map(String::as_str), Some(reason));
    assert!(texts(server, "SELECT username FROM users").await.is_empty(), "{reason}: nobody was made");
    // The next case is not to wait for this one.
    server.sql("DELETE FROM throttles").await;
}

#[tokio::test]
async fn a_state_serves_the_browser_that_asked_for_it_once_and_for_ten_minutes() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    let unknown = "unknown state, or one that was used";
    for forged in ["", "?code=x", "?state=x&code=x", "?state=&code=", "?error=access_denied"] {
        let reply = browser.get(&format!("/login/oidc/callback{forged}")).await;
        refused(&server, &browser, reply, 401, unknown).await;
    }
    // Somebody lets another browser end the sign-in that they began.
    let theirs = browser.away("/").await;
    let stranger = Browser::new(&server);
    refused(&server, &stranger, stranger.get(&theirs).await, 401, "state of another browser").await;
    stranger.away("/").await;
    assert!(stranger.cookie(COOKIE).is_some());
    let theirs = browser.away("/").await;
    refused(&server, &stranger, stranger.get(&theirs).await, 401, "state of another browser").await;
    refused(&server, &browser, browser.get(&theirs).await, 401, unknown).await;
    let late = browser.away("/").await;
    advance_here(10 * 60_000 + 1);
    refused(&server, &browser, browser.get(&late).await, 401, "expired state").await;
    assert_eq!(fake.asked("/token"), 0, "the provider was not even asked");
}

#[tokio::test]
async fn a_callback_can_not_be_replayed() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    let (kept, back) = (browser.get("/login/oidc").await, browser.away("/").await);
    assert_eq!(kept.status(), 303);
    let cookie = browser.cookie(COOKIE).unwrap();
    assert_eq!(browser.get(&back).await.status(), 303);
    let again = Browser::new(&server);
    again.cookies.lock().unwrap().insert(COOKIE.to_owned(), cookie);
    let reply = again.get(&back).await;
    assert_eq!((reply.status().as_u16(), again.cookie(SESSION)), (401, None));
    assert_eq!(reasons(&server).await, ["unknown state, or one that was used"]);
    assert_eq!(fake.asked("/token"), 1);
}

#[tokio::test]
async fn of_two_requests_with_one_state_one_signs_in() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    let back = browser.away("/").await;
    let replies = futures_util::future::join_all((0..4).map(|_| browser.get(&back))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status() == 303).count(), 1);
    assert_eq!(texts(&server, "SELECT client FROM sessions").await.len(), 1);
}

type Forgery = (&'static str, fn(&mut Draft));

fn with(draft: &mut Draft, claim: &str, value: impl Into<Value>) {
    draft.claims[claim] = value.into();
}

fn shared(draft: &mut Draft, key: &[u8]) {
    draft.header = json!({"alg": "HS256", "typ": "JWT"});
    draft.signer = Signer::Shared(key.to_vec());
}

const FORGERIES: &[Forgery] = &[
    ("wrong nonce", |draft| with(draft, "nonce", "f00d")),
    ("wrong nonce", |draft| drop(draft.claims.as_object_mut().unwrap().remove("nonce"))),
    ("for another audience", |draft| with(draft, "aud", "another client")),
    ("for another audience", |draft| with(draft, "aud", json!(["fusion soc", "another client"]))),
    ("for another audience", |draft| drop(draft.claims.as_object_mut().unwrap().remove("aud"))),
    ("for another audience", |draft| with(draft, "azp", "another client")),
    ("of another issuer", |draft| with(draft, "iss", "https://evil.example")),
    ("expired", |draft| with(draft, "exp", now_ms() / 1000 - 1)),
    ("issued in the future", |draft| with(draft, "iat", now_ms() / 1000 + 3_600)),
    ("of another access token", |draft| with(draft, "at_hash", "AAAAAAAAAAAAAAAAAAAAAA")),
    ("not signed", |draft| {
        draft.header = json!({"alg": "none"});
        draft.signer = Signer::Nobody;
    }),
    ("signed in a way that is not accepted", |draft| shared(draft, SECRET.as_bytes())),
    ("signed in a way that is not accepted", |draft| shared(draft, public_pem().as_bytes())),
    ("wrong signature", |draft| draft.signer = Signer::Nobody),
    ("wrong signature", |draft| {
        draft.header = json!({"alg": "ES256", "kid": "ec-1"});
        draft.signer = Signer::OtherEc;
    }),
    ("wrong signature", |draft| {
        draft.header = json!({"alg": "RS256", "kid": "rsa-1"});
        draft.signer = Signer::Ec;
    }),
    ("unknown key", |draft| draft.header["kid"] = "rsa-2".into()),
    ("unknown key", |draft| draft.header["kid"] = "ec-1".into()),
    ("the subject can't be used", |draft| with(draft, "sub", "")),
    ("the subject can't be used", |draft| with(draft, "sub", "7f3a\u{0}")),
    ("the name can't be used here", |draft| with(draft, "preferred_username", "ana\u{0430}")),
    ("the name can't be used here", |draft| with(draft, "preferred_username", "")),
];

#[tokio::test]
async fn a_token_that_breaks_one_rule_signs_nobody_in() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    for (at, (reason, forge)) in FORGERIES.iter().enumerate() {
        fake.change(|state| state.forge = *forge);
        let reply = browser.sign_in().await;
        assert!(reply.status() == 401, "forgery {at} ({reason}): {}", reply.status());
        refused(&server, &browser, reply, 401, reason).await;
    }
    for ec in [false, true] {
        fake.change(|state| {
            state.forge = |_| {};
            state.ec = ec;
        });
        Browser::new(&server).signed_in().await;
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_refused_here() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    fake.change(|state| state.error = "access_denied\u{202e}");
    let reply = browser.sign_in().await;
    refused(&server, &browser, reply, 401, "the provider says access_denied⟨U+202E⟩").await;
    fake.change(|state| (state.error, state.iss) = ("", Some("https://evil.example")));
    let reply = browser.sign_in().await;
    refused(&server, &browser, reply, 401, "answer of another issuer").await;
    fake.change(|state| state.iss = None);
    let back = browser.away("/").await;
    let (address, _) = back.split_once("&code=").unwrap();
    let reply = browser.get(&format!("{address}&code=guessed")).await;
    refused(&server, &browser, reply, 401, "the token endpoint says invalid_grant").await;
}

/// What a token endpoint may answer, the status here, and the reason in the ledger.
const ANSWERS: &[(StatusCode, &str, u16, &str)] = &[
    (
        StatusCode::BAD_REQUEST,
        r#"{"error":"invalid_client","error_description":"words of the provider"}"#,
        401,
        "the token endpoint says invalid_client",
    ),
    (StatusCode::BAD_REQUEST, "<b>words of the provider</b>", 401, "the token endpoint's answer can't be read"),
    (StatusCode::OK, "{}", 401, "the token endpoint's answer can't be read"),
    (StatusCode::OK, r#"{"access_token":"x","token_type":"bearer"}"#, 401, "the token endpoint gave no ID token"),
    (
        StatusCode::OK,
        r#"{"access_token":"x","token_type":"bearer","id_token":"a.b.c"}"#,
        401,
        "the token endpoint's answer can't be read",
    ),
    (StatusCode::BAD_GATEWAY, "words of the provider", 502, "no answer: token endpoint: it answered 502"),
    (StatusCode::FOUND, "", 502, "no answer: token endpoint: it answered 302"),
];

#[tokio::test]
async fn a_token_endpoint_that_gives_no_token_signs_nobody_in() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    for (status, body, told, reason) in ANSWERS {
        fake.change(|state| state.tokens = Some((*status, *body)));
        let reply = browser.sign_in().await;
        refused(&server, &browser, reply, *told, reason).await;
    }
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_worth_nothing() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let (browser, other) = (Browser::new(&server), Browser::new(&server));
    let (mine, theirs) = (browser.away("/").await, other.away("/").await);
    let code = theirs.split_once("&code=").unwrap().1;
    let mixed = format!("{}&code={code}", mine.split_once("&code=").unwrap().0);
    refused(&server, &browser, browser.get(&mixed).await, 401, "the token endpoint says invalid_grant").await;
}

#[tokio::test]
async fn callbacks_are_slowed_down_for_each_address() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let (browser, stray) = (Browser::new(&server), Browser::new(&server));
    let strays = futures_util::future::join_all((0..40).map(|_| stray.get("/login/oidc/callback?state=x"))).await;
    let strays = strays.iter().filter(|reply| reply.status() == 401).count();
    assert!(
        (20..30).contains(&strays),
        "{strays} were looked at: a page elsewhere can send them, and slows down nobody"
    );
    browser.signed_in().await;
    let browser = Browser::new(&server);
    browser.away("/").await;
    let tries = futures_util::future::join_all((0..20).map(|_| browser.get("/login/oidc/callback?state=x"))).await;
    let looked_at = tries.iter().filter(|reply| reply.status() == 401).count();
    let late = tries.iter().find(|reply| reply.status() == 429).expect("the others wait");
    assert!(looked_at <= 8 && late.headers().contains_key("retry-after"), "{looked_at}");
    assert_eq!(reasons(&server).await.len(), strays + looked_at);
    advance_here(61_000);
    browser.signed_in().await;
    let failures = texts(&server, "SELECT CAST(failures AS TEXT) FROM throttles WHERE name LIKE 'address:%'").await;
    assert!(failures.is_empty(), "passwords are counted apart: {failures:?}");
    let start = futures_util::future::join_all(
        (0..80)
            .map(|_| Browser::new(&server))
            .map(|browser| async move { browser.get("/login/oidc").await.status().as_u16() }),
    )
    .await;
    assert!(start.contains(&429) && start.iter().filter(|status| **status == 303).count() <= 65, "{start:?}");
    assert!(location(&browser.get("/login/oidc").await) == "/", "who is signed in is not counted");
}
