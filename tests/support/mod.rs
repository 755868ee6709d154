//! `spawn()` gives every test its own running server on its own database; `Person` is a browser without scripts.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]
pub mod agreeing;
pub mod browser;
pub mod certs;
pub mod cluster;
pub mod fakes;
pub mod limacharlie;
#[cfg(feature = "oidc")]
pub mod oidc;
pub mod postgres;
pub mod recorded;
pub mod smtp;
pub mod waits;

use fusionsoc::config::{Config, LimaCharlieConfig};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::jobs::Worker;
use fusionsoc::secret::Vault;
use fusionsoc::store::{Durability, Store, Tx, orgs, tokens, users};
use fusionsoc::web::tls::Certificate;
use fusionsoc::web::{App, router, server};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::{CancellationToken, DropGuard};

pub const SEED: &str = include_str!("../fixtures/seed/detection.json");
pub const PASSWORD: &str = "correct horse battery";

pub struct Server {
    pub url: String,
    pub app: App,
    pub org_id: i64,
    pub token: String,
    pub dir: tempfile::TempDir,
    /// The address of its database.
    pub database: String,
    _stop: DropGuard,
}

pub async fn spawn() -> Server {
    spawn_with(|_| {}).await
}

/// A server whose settings the test changes first.
pub async fn spawn_with(change: impl FnOnce(&mut Config)) -> Server {
    fusionsoc::metrics::apart_here();
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.server.insecure_cookies = true;
    config.limits.ingest_per_second = 0;
    config.limits.token_per_minute = 0;
    // A question that is drawn by chance would make every count of questions one of chance.
    config.panel.control_share = 0.0;
    // A case that is drawn by chance would keep from pages what the test looks for.
    config.policy.review_share = 0.0;
    change(&mut config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    config.server.listen = listener.local_addr().unwrap();
    let url = config.public_url();
    let tls = Certificate::open(&config.server).unwrap().map(|tls| tls.acceptor().unwrap());
    let channels = Arc::new(fusionsoc::notify::Channels::build(&config).unwrap());
    let database = database(dir.path()).await;
    let store = Store::open(&database, Durability::Normal).await.unwrap();
    let vault = Vault::make(&dir.path().join("key")).unwrap();
    let app = App::start(store, Arc::new(config), vault, Arc::new(Notify::new()), false).await.unwrap();
    let intel = Arc::new(fusionsoc::intel::Intelligence::build(&app.config.intel, &app.config.keys).unwrap());
    let provider = fusionsoc::web::oidc::Provider::build(&app.config).unwrap();
    let app = app.telling(channels).informed(intel).signing_in_by(provider);
    let stop = CancellationToken::new();
    tokio::spawn(server::serve_with(listener, router(app.clone()), tls, stop.clone()));
    let org_id = add_org(&app.store, "acme", None).await;
    let token = add_token(&app.store, org_id, Scope::ALL).await;
    Server { url, app, org_id, token, dir, database, _stop: stop.drop_guard() }
}

/// A database as the program makes it: bringing the schema up to date anew for each test takes longer than a copy.
static EMPTY: OnceCell<Vec<u8>> = OnceCell::const_new();

async fn empty() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("empty.db");
    let store = Store::open(&format!("sqlite:{}", file.display()), Durability::Normal).await.unwrap();
    store.close().await;
    std::fs::read(file).unwrap()
}

/// `SQLite` in a folder of its own, or a database of its own on the `PostgreSQL` server of the environment.
pub async fn database(dir: &std::path::Path) -> String {
    if std::env::var("FUSIONSOC_TEST_DB").as_deref() != Ok("postgres") {
        let file = dir.join("test.db");
        std::fs::write(&file, EMPTY.get_or_init(empty).await).unwrap();
        return format!("sqlite:{}", file.display());
    }
    postgres::database(dir).await
}

pub async fn add_org(store: &Store, slug: &str, oid: Option<&str>) -> i64 {
    let mut tx = store.write().await.unwrap();
    let id = orgs::insert(&mut tx, slug, slug, oid, 1).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub async fn add_token(store: &Store, org_id: i64, scopes: &[Scope]) -> String {
    let token = fusionsoc::api::bearer::new_token();
    let scopes = scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",");
    let hash = fusionsoc::web::auth::fingerprint(&token);
    let mut tx = store.write().await.unwrap();
    tokens::insert(&mut tx, org_id, "test", &hash, &scopes, 1, i64::MAX / 2).await.unwrap();
    tx.commit().await.unwrap();
    token
}

/// The setting of an organisation whose `LimaCharlie` is the fake.
pub fn connection(fake: &limacharlie::Fake, org: &str) -> LimaCharlieConfig {
    static KEY_FILE: OnceLock<PathBuf> = OnceLock::new();
    let file = KEY_FILE.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("limacharlie-{}.key", std::process::id()));
        std::fs::write(&file, limacharlie::KEY).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        file
    });
    LimaCharlieConfig {
        org: org.to_owned(),
        oid: fake.change(|state| state.oid.clone()),
        api_key_file: file.display().to_string(),
        pull_every_s: 0,
        api_url: fake.url.clone(),
        jwt_url: fake.jwt_url(),
    }
}

pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Servers here speak no TLS, and to read whom the machine trusts would take longer than most questions.
    let client = reqwest::Client::builder().tls_certs_only([]).redirect(reqwest::redirect::Policy::none());
    client.no_proxy().build().unwrap()
}

impl Server {
    pub fn worker(&self) -> Worker {
        Worker::new(
            self.app.store.clone(),
            Arc::clone(&self.app.panel),
            Arc::new(self.app.config.policy.clone()),
            Arc::clone(&self.app.wake),
        )
        .connected(Arc::clone(&self.app.connections))
        .telling(Arc::clone(&self.app.notify))
        .informed(Arc::clone(&self.app.intel))
        .keeping(self.app.config.retention)
    }

    /// Runs one statement, as time or a program outside would.
    pub async fn sql(&self, sql: &str) {
        let mut tx = self.app.store.write().await.unwrap();
        match &mut tx {
            Tx::Sqlite(tx) => drop(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut **tx).await.unwrap()),
            Tx::Postgres(tx) => drop(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut **tx).await.unwrap()),
        }
        tx.commit().await.unwrap();
    }

    /// Works on everything that is due.
    pub async fn run_jobs(&self) -> usize {
        self.worker().run_due().await
    }

    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let sent = http()
            .post(format!("{}{path}", self.url))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body);
        let reply = sent.send().await.unwrap();
        (reply.status().as_u16(), serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default())
    }

    pub async fn get(&self, path: &str) -> Value {
        let reply = http().get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await.unwrap();
        serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default()
    }

    /// Delivers a detection and returns its case as JSON.
    pub async fn deliver(&self, detection: &str) -> Value {
        let (status, answer) = self.post("/api/v1/detections", detection.to_owned()).await;
        assert_eq!((status, &answer["accepted"]), (202, &Value::from(1)), "{answer}");
        let newest = self.get("/api/v1/cases?limit=1").await;
        self.case(newest["cases"][0]["number"].as_i64().unwrap()).await
    }

    pub async fn case(&self, number: i64) -> Value {
        self.get(&format!("/api/v1/cases/{number}")).await
    }

    /// Adds a person of the usual organisation and signs them in by the form.
    pub async fn sign_in(&self, name: &str, role: Role) -> Person {
        self.sign_in_to(self.org_id, name, role).await
    }

    /// Adds a person of the first organisation.
    pub async fn sign_up(&self, name: &str, role: Role) {
        self.sign_up_to(self.org_id, name, role).await;
    }

    async fn sign_up_to(&self, org_id: i64, name: &str, role: Role) {
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| fusionsoc::web::auth::hash_new("", PASSWORD).unwrap());
        let mut tx = self.app.store.write().await.unwrap();
        let id = users::insert(&mut tx, name, role, hash, 1).await.unwrap();
        users::join(&mut tx, id, org_id).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Adds a person of an organisation and signs them in by the form.
    pub async fn sign_in_to(&self, org_id: i64, name: &str, role: Role) -> Person {
        self.sign_up_to(org_id, name, role).await;
        let mut person = Person { url: self.url.clone(), cookie: String::new() };
        let reply = person.post("/login", &[("username", name), ("password", PASSWORD)]).await;
        assert_eq!(reply.status(), 303, "signing in");
        let cookie = reply.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut person.cookie);
        person
    }
}

/// A signed-in person with a browser that runs no scripts.
pub struct Person {
    pub url: String,
    pub cookie: String,
}

impl Person {
    pub async fn page(&self, path: &str) -> (u16, String) {
        let reply = http().get(format!("{}{path}", self.url)).header("cookie", &self.cookie).send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let sent = http()
            .post(format!("{}{path}", self.url))
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        sent.send().await.unwrap()
    }
}

/// The seed's detection with some values replaced.
pub fn seed_with(replace: &[(&str, &str)]) -> String {
    replace.iter().fold(SEED.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the seed holds {from}");
        text.replace(from, to)
    })
}

/// The seed's own id.
pub fn seed_id() -> String {
    serde_json::from_str::<Value>(SEED).unwrap()["detect_id"].as_str().unwrap().to_owned()
}
