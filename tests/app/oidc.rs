//! Sign-in by an OpenID Connect provider: the whole way with a browser's cookies, who one is then, and what is refused.
//!
//! The provider is a fake of ours. That it speaks the protocol is shown by the product's own client, which others
//! wrote and which takes nothing that the protocol forbids.
mod people;
mod provider;
mod refused;
mod settings;

use crate::support::oidc::Fake;
use crate::support::{Person, Server, add_org, http, spawn_with};
use fusionsoc::store::{Store, orgs, users};
use std::collections::BTreeMap;
use std::sync::Mutex;

const SESSION: &str = "fusionsoc";
const COOKIE: &str = "fusionsoc-oidc";

/// A server whose people the fake vouches for; there are the organisations acme and other.
async fn server(fake: &Fake) -> Server {
    let settings = fake.settings();
    let server = spawn_with(|config| config.oidc = Some(settings)).await;
    add_org(&server.app.store, "other", None).await;
    server
}

/// A browser without scripts that keeps cookies and follows nothing by itself.
struct Browser {
    url: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    fn new(server: &Server) -> Self {
        Self { url: server.url.clone(), cookies: Mutex::default() }
    }

    fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Asks for a page as a browser does that was sent there by another site.
    async fn get(&self, address: &str) -> reqwest::Response {
        let address = if address.starts_with('/') { format!("{}{address}", self.url) } else { address.to_owned() };
        let mut request = http().get(&address).header("sec-fetch-site", "cross-site");
        if address.starts_with(&self.url) {
            let cookies = self.cookies.lock().unwrap().clone();
            let all: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", all.join("; "));
        }
        let reply = request.send().await.unwrap();
        for set in reply.headers().get_all("set-cookie") {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() {
                cookies.remove(name)
            } else {
                cookies.insert(name.to_owned(), value.to_owned())
            };
        }
        reply
    }

    /// Presses the button and signs in at the provider; where that sends the browser back to.
    async fn away(&self, next: &str) -> String {
        let reply = self.get(&format!("/login/oidc?next={next}")).await;
        assert_eq!(reply.status(), 303, "{}", reply.text().await.unwrap());
        let there = self.get(&location(&reply)).await;
        assert_eq!(there.status(), 303, "{}", there.text().await.unwrap());
        location(&there)
    }

    /// The whole way.
    async fn sign_in(&self) -> reqwest::Response {
        let back = self.away("/dashboard").await;
        self.get(&back).await
    }

    /// The same, which must succeed.
    async fn signed_in(&self) -> Person {
        let reply = self.sign_in().await;
        assert_eq!((reply.status().as_u16(), location(&reply).as_str()), (303, "/dashboard"));
        let token = self.cookie(SESSION).expect("a session");
        Person { url: self.url.clone(), cookie: format!("{SESSION}={token}") }
    }
}

fn location(reply: &reqwest::Response) -> String {
    reply.headers()["location"].to_str().unwrap().to_owned()
}

/// Texts of the first column, in order.
async fn texts(server: &Server, sql: &str) -> Vec<String> {
    match &server.app.store {
        Store::Sqlite { read, .. } => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(read).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
    }
}

/// Why sign-ins were refused so far.
async fn reasons(server: &Server) -> Vec<String> {
    let sql = "SELECT new_value FROM ledger WHERE action = 'login_failed' AND result = 'failed' ORDER BY id";
    texts(server, sql).await
}

/// Lines of the ledger about a person, as `action old → new`.
async fn entries(server: &Server, name: &str) -> Vec<String> {
    let sql = format!(
        "SELECT action || ' ' || old_value || ' → ' || new_value FROM ledger WHERE object = 'user:{name}' ORDER BY id"
    );
    texts(server, &sql).await
}

/// A person as they are stored, and their organisations.
async fn stored(server: &Server, name: &str) -> Option<(users::User, Vec<String>)> {
    let mut tx = server.app.store.read().await.unwrap();
    let user = users::by_name(&mut tx, name).await.unwrap()?;
    let all = orgs::of_user(&mut tx, user.id).await.unwrap();
    Some((user, all.into_iter().map(|org| org.slug).collect()))
}

#[tokio::test]
async fn somebody_signs_in_and_goes_on_to_their_page() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    let page = browser.get("/login?next=/cases?view=all").await.text().await.unwrap();
    assert!(page.contains("<a class=\"btn\" href=\"/login/oidc?next=%2Fcases%3Fview%3Dall\">Sign in with Acme ID</a>"));
    let begun = browser.get("/login/oidc?next=%2Fcases%3Fview%3Dall").await;
    assert_eq!(begun.status(), 303);
    let set = begun.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(set.contains(part), "{part}: {set}");
    }
    let there = browser.get(&location(&begun)).await;
    let back = browser.get(&location(&there)).await;
    assert_eq!((back.status().as_u16(), location(&back).as_str()), (303, "/cases?view=all"));
    assert_eq!(browser.cookie(COOKIE), None, "the cookie of the way is gone");
    assert_eq!(browser.get("/cases?view=all").await.status(), 200, "sent there by another site, as a browser says");
    assert_eq!(location(&browser.get("/login/oidc?next=/rules").await), "/rules", "who is signed in goes on");
    let (user, orgs) = stored(&server, "ana").await.unwrap();
    assert_eq!((user.role.as_str(), user.password_hash.as_str(), orgs), ("analyst", "", vec!["acme".to_owned()]));
    assert_eq!(entries(&server, "ana").await, ["user_added  → analyst", "user_orgs  → acme"]);
    assert_eq!(texts(&server, "SELECT actor FROM ledger WHERE action = 'login'").await, ["ana"]);
}

#[tokio::test]
async fn only_hashes_are_stored_of_what_is_on_the_way() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    let begun = browser.get("/login/oidc").await;
    let there = reqwest::Url::parse(&location(&begun)).unwrap();
    let asked = |name: &str| there.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let row = "SELECT CAST(state_hash AS TEXT) || CAST(browser_hash AS TEXT) || CAST(seed AS TEXT) FROM sign_ins";
    let row = match &server.app.store {
        Store::Sqlite { .. } => row.replace("CAST(", "HEX(").replace(" AS TEXT", ""),
        Store::Postgres(_) => row.to_owned(),
    };
    let row = texts(&server, &row).await.concat().to_lowercase();
    assert!(row.len() >= 192, "{row}");
    let secrets = [asked("state"), asked("nonce"), browser.cookie(COOKIE).unwrap()];
    assert!(secrets.iter().all(|secret| secret.len() == 64 && !row.contains(secret)), "{row}");
    assert_eq!(asked("code_challenge_method"), "S256");
    assert_eq!(asked("redirect_uri"), format!("{}/login/oidc/callback", server.url));
    assert_eq!(asked("scope"), "openid profile email");
}

#[tokio::test]
async fn tabs_of_one_browser_do_not_spoil_each_other() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    let browser = Browser::new(&server);
    let one = browser.away("/rules").await;
    let other = browser.away("/sensors").await;
    assert_eq!(location(&browser.get(&one).await), "/rules");
    assert_eq!(browser.get(&other).await.status(), 401, "the way's cookie ends with the first");
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_in_the_end() {
    let fake = Fake::start().await;
    let server = server(&fake).await;
    for evil in ["https://evil.example/", "//evil.example", "/\\evil.example", "/%0d%0aevil"] {
        let browser = Browser::new(&server);
        let next = form_urlencoded::byte_serialize(evil.as_bytes()).collect::<String>();
        let back = browser.away(&next).await;
        let reply = browser.get(&back).await;
        assert_eq!(location(&reply), if evil.contains('%') { evil } else { "/" }, "{evil}");
    }
}

#[tokio::test]
async fn cookies_are_bound_to_the_host_where_they_are_secure() {
    let fake = Fake::start().await;
    let settings = fake.settings();
    let server = spawn_with(|config| {
        config.server.insecure_cookies = false;
        config.oidc = Some(settings);
    })
    .await;
    let browser = Browser::new(&server);
    let begun = browser.get("/login/oidc").await;
    let set = begun.headers()["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-fusionsoc-oidc=") && set.contains("Secure") && set.contains("Path=/"), "{set}");
    let there = browser.get(&location(&begun)).await;
    let back = browser.get(&location(&there)).await;
    let all: Vec<_> = back.headers().get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
    let session = all.iter().find(|set| set.starts_with("__Host-fusionsoc=")).expect("a session");
    assert!(["Secure", "HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|part| session.contains(part)), "{session}");
}

#[tokio::test]
async fn without_the_settings_there_is_no_such_page() {
    let server = crate::support::spawn().await;
    let browser = Browser::new(&server);
    assert!(!browser.get("/login").await.text().await.unwrap().contains("/login/oidc"));
    assert_eq!(browser.get("/login/oidc").await.status(), 404);
    assert_eq!(browser.get("/login/oidc/callback?state=x&code=y").await.status(), 404);
}
