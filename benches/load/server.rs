//! A server in this process, on a store of its own, and a client.
use fusionsoc::config::Config;
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::secret::Vault;
use fusionsoc::store::{Durability, Store, orgs, tokens, users};
use fusionsoc::web::{App, router, server};
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};

const PASSWORD: &str = "correct horse battery";

pub struct Server {
    pub url: String,
    pub token: String,
    _stop: DropGuard,
}

/// Starts a server on `dir/load.db`.
pub async fn start(dir: &Path) -> Server {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = Config::default();
    config.server.insecure_cookies = true;
    config.limits.ingest_per_second = 0;
    config.limits.token_per_minute = 0;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    config.server.listen = listener.local_addr().unwrap();
    let url = config.public_url();
    let store = Store::open(&format!("sqlite:{}", dir.join("load.db").display()), Durability::Full).await.unwrap();
    let vault = Vault::make(&dir.join("key")).unwrap();
    let token = people(&store).await;
    let app = App::start(store, Arc::new(config), vault, Arc::default(), false).await.unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(server::serve(listener, router(app), stop.clone()));
    Server { url, token, _stop: stop.drop_guard() }
}

/// One organisation, a new token of it, and an analyst named `load`.
async fn people(store: &Store) -> String {
    let mut tx = store.write().await.unwrap();
    let org = if let Some(org) = orgs::by_slug(&mut tx, "load").await.unwrap() {
        org.id
    } else {
        let org = orgs::insert(&mut tx, "load", "Load", None, 1).await.unwrap();
        let hash = fusionsoc::web::auth::hash_new("load", PASSWORD).unwrap();
        let id = users::insert(&mut tx, "load", Role::Analyst, &hash, 1).await.unwrap();
        users::join(&mut tx, id, org).await.unwrap();
        org
    };
    let token = fusionsoc::api::bearer::new_token();
    let scopes = Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",");
    let hash = fusionsoc::web::auth::fingerprint(&token);
    tokens::insert(&mut tx, org, "load", &hash, &scopes, 1, i64::MAX / 2).await.unwrap();
    tx.commit().await.unwrap();
    token
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// Signs the analyst in; returns the cookie.
pub async fn sign_in(server: &Server) -> String {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("username", "load"), ("password", PASSWORD)])
        .finish();
    let sent = client()
        .post(format!("{}/login", server.url))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let reply = sent.send().await.unwrap();
    reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// Delivers documents in requests of `size` by `clients` at once; returns the time of each request in ms.
pub async fn deliver(server: &Server, documents: &[String], size: usize, clients: usize) -> Vec<f64> {
    let chunks: Arc<std::sync::Mutex<Vec<String>>> = Arc::new(std::sync::Mutex::new(
        documents
            .chunks(size)
            .rev()
            .map(|chunk| if size == 1 { chunk[0].clone() } else { format!("[{}]", chunk.join(",")) })
            .collect(),
    ));
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (chunks, client) = (Arc::clone(&chunks), client());
            let (url, token) = (format!("{}/api/v1/detections", server.url), server.token.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let Some(body) = chunks.lock().unwrap().pop() else { return times };
                    let started = std::time::Instant::now();
                    let sent =
                        client.post(&url).bearer_auth(&token).header("content-type", "application/json").body(body);
                    let reply = sent.send().await.unwrap();
                    assert_eq!(reply.status(), 202, "{}", reply.text().await.unwrap());
                    times.push(started.elapsed().as_secs_f64() * 1000.0);
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_by(f64::total_cmp);
    all
}
