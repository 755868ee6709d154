//! An OpenID Connect provider on loopback: discovery, keys, sign-in without a question, tokens by code with PKCE, user
//! info. It refuses what a provider must refuse. The product talks to it by a client library that others wrote.
pub mod keys;

use axum::Router;
use axum::extract::{Form, Query, State as Extracted};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine;
use fusionsoc::clock::now_ms;
use fusionsoc::config::{Mapping, OidcConfig};
use fusionsoc::domain::Role;
use keys::{Draft, Signer};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub const CLIENT: &str = "fusion soc";
pub const SECRET: &str = "s3cret:with/signs+ and a space";

/// What the fake knows, for a test to change.
pub struct State {
    /// Who is signed in there: claims of the ID token.
    pub person: Value,
    /// What only the user info says.
    pub user_info: Value,
    /// Changes a token before it is signed.
    pub forge: fn(&mut Draft),
    /// The number in the ids of its keys.
    pub keys: u32,
    /// Whether tokens are signed ES256, else RS256.
    pub ec: bool,
    /// It shows a page of its own first.
    pub asks: bool,
    /// It sends people back with this error.
    pub error: &'static str,
    /// It names itself so as it sends people back.
    pub iss: Option<&'static str>,
    /// Its documents are answered so.
    pub documents: StatusCode,
    /// The discovery document is of this issuer.
    pub issuer: Option<&'static str>,
    /// Its token endpoint answers so.
    pub tokens: Option<(StatusCode, &'static str)>,
    /// Whether clients prove themselves in the body.
    pub in_body: bool,
    /// Every request so far.
    pub calls: Vec<String>,
    codes: HashMap<String, HashMap<String, String>>,
    access: Option<String>,
}

#[derive(Clone)]
pub struct Fake {
    pub url: String,
    state: Arc<Mutex<State>>,
}

type Asked = HashMap<String, String>;

impl Fake {
    pub async fn start() -> Self {
        Self::at("127.0.0.1").await
    }

    /// The same under another name of this machine, which is another site for a browser.
    pub async fn at(host: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State {
            person: json!({"sub": "7f3a", "preferred_username": "ana", "groups": ["soc"]}),
            user_info: json!({"sub": "7f3a"}),
            forge: |_| {},
            keys: 1,
            ec: false,
            asks: false,
            error: "",
            iss: None,
            documents: StatusCode::OK,
            issuer: None,
            tokens: None,
            in_body: false,
            calls: Vec::new(),
            codes: HashMap::new(),
            access: None,
        };
        let url = format!("http://{host}:{}", listener.local_addr().unwrap().port());
        let fake = Self { url, state: Arc::new(Mutex::new(state)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(user_info))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// Changes or reads what it knows.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often something of it was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.change(|state| state.calls.iter().filter(|call| *call == path).count())
    }

    /// Settings that lead to it: `soc` are analysts of acme, `leads` leads there, `other` viewers of another organisation.
    pub fn settings(&self) -> OidcConfig {
        let map = |group: &str, role, orgs: &[&str]| Mapping {
            group: group.to_owned(),
            role,
            orgs: orgs.iter().map(|slug| (*slug).to_owned()).collect(),
        };
        OidcConfig {
            issuer: self.url.clone(),
            client_id: CLIENT.to_owned(),
            client_secret_file: secret_file().display().to_string(),
            name: "Acme ID".to_owned(),
            map: vec![
                map("soc", Role::Analyst, &["acme"]),
                map("leads", Role::Lead, &["acme"]),
                map("other", Role::Viewer, &["other"]),
            ],
            ..OidcConfig::default()
        }
    }
}

fn secret_file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("oidc-{}.secret", std::process::id()));
        std::fs::write(&file, SECRET).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        file
    })
}

async fn discovery(Extracted(fake): Extracted<Fake>) -> Response {
    let url = &fake.url;
    fake.change(|state| {
        state.calls.push("/discovery".to_owned());
        let ways = if state.in_body { "client_secret_post" } else { "client_secret_basic" };
        let document = json!({
            "issuer": state.issuer.unwrap_or(url), "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"), "userinfo_endpoint": format!("{url}/userinfo"),
            "jwks_uri": format!("{url}/jwks"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            // It says that it would take a shared secret too; we must not.
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": [ways], "code_challenge_methods_supported": ["S256"],
        });
        (state.documents, Json(document)).into_response()
    })
}

async fn jwks(Extracted(fake): Extracted<Fake>) -> Response {
    fake.change(|state| {
        state.calls.push("/jwks".to_owned());
        (state.documents, Json(keys::set(state.keys))).into_response()
    })
}

/// Signs whoever comes in as its person, and sends them back.
async fn authorize(Extracted(fake): Extracted<Fake>, Query(asked): Query<Asked>) -> Response {
    fake.change(|state| {
        state.calls.push("/authorize".to_owned());
        let has = |name: &str, value: &str| asked.get(name).is_some_and(|given| given == value);
        let scopes = asked.get("scope").map(String::as_str).unwrap_or_default();
        let whole = has("response_type", "code") && has("client_id", CLIENT) && has("code_challenge_method", "S256");
        if !whole || !scopes.split(' ').any(|scope| scope == "openid") || !asked.contains_key("nonce") {
            return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
        }
        let mut back = form_urlencoded::Serializer::new(String::new());
        back.append_pair("state", &asked["state"]);
        if let Some(iss) = state.iss {
            back.append_pair("iss", iss);
        }
        if state.error.is_empty() {
            let code = hex::encode(rand::random::<[u8; 8]>());
            back.append_pair("code", &code);
            state.codes.insert(code, asked.clone());
        } else {
            back.append_pair("error", state.error).append_pair("error_description", "<b>words of the provider</b>");
        }
        let back = format!("{}?{}", asked["redirect_uri"], back.finish());
        if state.asks {
            let page = format!("<h1>Provider</h1><a href=\"{}\">Go on</a>", back.replace('&', "&amp;"));
            return Html(page).into_response();
        }
        Redirect::to(&back).into_response()
    })
}

fn no(error: &str) -> Response {
    let body = json!({"error": error, "error_description": "<b>words of the provider</b>"});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// Whether a client proved itself in the way that it was told to.
fn proven(state: &State, headers: &HeaderMap, asked: &Asked) -> bool {
    if state.in_body {
        return asked.get("client_id").is_some_and(|id| id == CLIENT)
            && asked.get("client_secret").is_some_and(|secret| secret == SECRET);
    }
    // Both are encoded as in a form before they are joined: RFC 6749, 2.3.1.
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
    headers.get(header::AUTHORIZATION).is_some_and(|value| *value == format!("Basic {pair}"))
}

async fn token(Extracted(fake): Extracted<Fake>, headers: HeaderMap, Form(asked): Form<Asked>) -> Response {
    fake.change(|state| {
        state.calls.push("/token".to_owned());
        if let Some((status, body)) = state.tokens {
            return (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        }
        if !proven(state, &headers, &asked) {
            return no("invalid_client");
        }
        let given = |name: &str| asked.get(name).cloned().unwrap_or_default();
        // A code serves once, whatever comes of it.
        let Some(begun) = state.codes.remove(&given("code")) else { return no("invalid_grant") };
        let fits = given("grant_type") == "authorization_code"
            && given("redirect_uri") == begun["redirect_uri"]
            && keys::challenge(&given("code_verifier")) == begun["code_challenge"];
        if !fits {
            return no("invalid_grant");
        }
        let access = hex::encode(rand::random::<[u8; 16]>());
        let id_token = draft(state, &fake.url, &begun["nonce"], &access).signed();
        state.access = Some(access.clone());
        Json(json!({"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}))
            .into_response()
    })
}

/// The ID token, as the test forges it.
fn draft(state: &State, issuer: &str, nonce: &str, access: &str) -> Draft {
    let now = now_ms() / 1000;
    let mut claims = json!({
        "iss": issuer, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce, "at_hash": keys::half_hash(access),
    });
    for (name, value) in state.person.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let (algorithm, name, signer) = if state.ec { ("ES256", "ec", Signer::Ec) } else { ("RS256", "rsa", Signer::Rsa) };
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": format!("{name}-{}", state.keys)});
    let mut draft = Draft { header, claims, signer };
    (state.forge)(&mut draft);
    draft
}

async fn user_info(Extracted(fake): Extracted<Fake>, headers: HeaderMap) -> Response {
    fake.change(|state| {
        state.calls.push("/userinfo".to_owned());
        let bearer = state.access.as_ref().map(|access| format!("Bearer {access}")).unwrap_or_default();
        if headers.get(header::AUTHORIZATION).is_none_or(|value| *value != bearer) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        Json(state.user_info.clone()).into_response()
    })
}
