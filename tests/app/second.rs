//! The second factor: it is set up with a code, asked for after the password, taken once, slowed down, and kept sealed.
use crate::support::{PASSWORD, Person, Server, http, spawn};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::domain::Role;
use fusionsoc::store::second;
use totp_rs::{Builder, Secret};

/// A code holds so long.
const STEP_MS: i64 = 30_000;

/// The key of a person, as their generator holds it.
async fn key(server: &Server, user: i64) -> Vec<u8> {
    let mut tx = server.app.store.read().await.unwrap();
    let known = second::of(&mut tx, user).await.unwrap().expect("a second factor");
    hex::decode(server.app.vault.unseal(&known.secret).unwrap().expose()).unwrap()
}

/// The code that the generator shows next, which nobody has used.
async fn next_code(server: &Server, user: i64) -> String {
    advance_here(STEP_MS - now_ms().rem_euclid(STEP_MS) + 1);
    let generator = Builder::new().with_secret(Secret::new(key(server, user).await.into())).build_noncompliant();
    generator.generate(u64::try_from(now_ms() / 1000).unwrap()).to_string()
}

/// Sets one up for the first person, and gives their recovery codes.
async fn set_up(server: &Server, ana: &Person) -> Vec<String> {
    assert_eq!(ana.post("/profile/second", &[("password", PASSWORD)]).await.status(), 303);
    let code = next_code(server, 1).await;
    let reply = ana.post("/profile/second/confirm", &[("code", &code)]).await;
    assert_eq!(reply.status(), 200);
    let page = reply.text().await.unwrap();
    let list = page.split("<ul class=\"vws mono\">").nth(1).expect("the recovery codes").split("</ul>").next().unwrap();
    list.split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect()
}

/// A browser with the cookie that a reply sets.
fn with_cookie(server: &Server, reply: &reqwest::Response, name: &str) -> Person {
    let set = reply.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let cookie = set.filter_map(|text| text.split(';').next()).find(|text| text.starts_with(&format!("{name}=")));
    Person { url: server.url.clone(), cookie: cookie.expect("the cookie").to_owned() }
}

/// Gives the right password; what comes back waits for a code.
async fn half(server: &Server) -> Person {
    let nobody = Person { url: server.url.clone(), cookie: String::new() };
    let reply = nobody.post("/login", &[("username", "ana"), ("password", PASSWORD), ("next", "/dashboard")]).await;
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["location"]),
        (303, &"/login/code?next=%2Fdashboard".parse().unwrap())
    );
    with_cookie(server, &reply, "fusionsoc-code")
}

async fn give(half: &Person, code: &str) -> reqwest::Response {
    half.post("/login/code", &[("code", code), ("next", "/dashboard")]).await
}

#[tokio::test]
async fn a_generator_is_in_use_only_once_its_code_came_back() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    assert_eq!(ana.post("/profile/second", &[("password", "not it at all")]).await.status(), 422);
    assert_eq!(ana.post("/profile/second", &[("password", PASSWORD)]).await.status(), 303);
    let (_, page) = ana.page("/profile/second").await;
    assert!(page.contains("<svg viewBox=\"-4 -4") && page.contains("SHA-1"), "{page}");
    assert_eq!(ana.post("/profile/second/confirm", &[("code", "000000")]).await.status(), 422);
    let nobody = Person { url: server.url.clone(), cookie: String::new() };
    let reply = nobody.post("/login", &[("username", "ana"), ("password", PASSWORD)]).await;
    assert_eq!(reply.headers()["location"], "/", "it is not in use yet");
    let other = with_cookie(&server, &reply, "fusionsoc");
    assert_eq!(other.page("/profile").await.0, 200);
    let codes = set_up(&server, &ana).await;
    assert!(codes.len() == 10 && codes.iter().all(|code| code.len() == 19), "{codes:?}");
    assert_eq!(other.page("/profile").await.0, 303, "other sessions end");
    assert_eq!(ana.page("/profile/second").await.1.matches(&codes[0]).count(), 0, "they are shown once");
    let sealed = second::of(&mut server.app.store.read().await.unwrap(), 1).await.unwrap().unwrap().secret;
    assert!(!hex::encode(&sealed).contains(&hex::encode(key(&server, 1).await)), "the key is not stored in clear");
}

#[tokio::test]
async fn a_right_password_alone_opens_nothing() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Admin).await;
    set_up(&server, &ana).await;
    let half = half(&server).await;
    let as_session = Person { url: server.url.clone(), cookie: half.cookie.replace("fusionsoc-code", "fusionsoc") };
    for browser in [&half, &as_session] {
        for path in ["/", "/cases", "/profile", "/profile/second", "/events", "/admin/rejects", "/models"] {
            let sent =
                http().get(format!("{}{path}", server.url)).header("cookie", &browser.cookie).send().await.unwrap();
            let to = sent.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
            let refused = to.is_some_and(|to| to.starts_with("/login") || to == "/cases") || sent.status() == 401;
            assert!(refused, "{path}: {}", sent.status());
        }
        let reply = browser.post("/profile/second/off", &[("password", PASSWORD), ("code", "000000")]).await;
        assert!(reply.headers()["location"].to_str().unwrap().starts_with("/login"), "signed out");
    }
    let reply = give(&half, &next_code(&server, 1).await).await;
    assert_eq!((reply.status().as_u16(), &reply.headers()["location"]), (303, &"/dashboard".parse().unwrap()));
    assert_eq!(with_cookie(&server, &reply, "fusionsoc").page("/cases").await.0, 200);
    assert_eq!(half.page("/login/code").await.0, 303, "the half sign-in is over");
}

#[tokio::test]
async fn no_code_serves_twice_and_a_recovery_code_once() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let codes = set_up(&server, &ana).await;
    let code = next_code(&server, 1).await;
    assert_eq!(give(&half(&server).await, &code).await.status(), 303);
    let second = half(&server).await;
    assert_eq!(give(&second, &code).await.status(), 401, "the same code again");
    assert_eq!(give(&second, &codes[3].to_lowercase().replace('-', " ")).await.status(), 303);
    assert_eq!(give(&half(&server).await, &codes[3]).await.status(), 401, "the same recovery code again");
    assert!(ana.page("/profile/second").await.1.contains("<span class=\"num\">9</span> of 10"));
    let fresh =
        ana.post("/profile/second/codes", &[("password", PASSWORD), ("code", &next_code(&server, 1).await)]).await;
    assert_eq!(fresh.status(), 200);
    assert_eq!(give(&half(&server).await, &codes[4]).await.status(), 401, "old ones are worth nothing");
}

#[tokio::test]
async fn codes_can_not_be_guessed_in_parallel_nor_by_giving_the_password_again() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    set_up(&server, &ana).await;
    let half_one = half(&server).await;
    let tries = futures_util::future::join_all((0..40).map(|_| give(&half_one, "123456"))).await;
    let looked_at = tries.iter().filter(|reply| reply.status() == 401).count();
    assert!(looked_at <= 8, "{looked_at} guesses were looked at");
    let late = tries.iter().find(|reply| reply.status() == 429).expect("the others wait");
    assert!(late.headers().contains_key("retry-after"));
    advance_here(61_000);
    let half_two = half(&server).await;
    let again = futures_util::future::join_all((0..10).map(|_| give(&half_two, "123456"))).await;
    let looked_at = again.iter().filter(|reply| reply.status() == 401).count();
    assert!(looked_at <= 1, "{looked_at}: the right password does not set the count of codes back");
}

#[tokio::test]
async fn waiting_ends_and_an_operator_can_take_it_away() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    set_up(&server, &ana).await;
    let late = half(&server).await;
    advance_here(10 * 60_000 + 1_000);
    let reply = give(&late, &next_code(&server, 1).await).await;
    assert_eq!(reply.headers()["location"], "/login", "ten minutes are over");
    let off = [("password", PASSWORD), ("code", "000000")];
    assert_eq!(ana.post("/profile/second/off", &off).await.status(), 422);
    let code = next_code(&server, 1).await;
    assert_eq!(ana.post("/profile/second/off", &[("password", PASSWORD), ("code", &code)]).await.status(), 303);
    let nobody = Person { url: server.url.clone(), cookie: String::new() };
    let reply = nobody.post("/login", &[("username", "ana"), ("password", PASSWORD)]).await;
    assert_eq!(reply.headers()["location"], "/");
}

#[tokio::test]
async fn passwords_that_are_guessed_first_are_refused() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    for easy in ["password1234", "aaaaaaaaaaaaaaa", "123456789012", "qwertyuiop12", "fusionsoc1234", "letmeinletmein"] {
        let reply = ana.post("/profile/password", &[("old", PASSWORD), ("new", easy)]).await;
        assert_eq!(reply.status(), 422, "{easy}");
        assert!(reply.text().await.unwrap().contains("too easy to guess"), "{easy}");
        // Each is a try; the right password takes it back only once the new one is taken.
        server.sql("DELETE FROM throttles").await;
    }
    let good = [("old", PASSWORD), ("new", "tractor lemon Oslo 7")];
    assert_eq!(ana.post("/profile/password", &good).await.status(), 303);
}
