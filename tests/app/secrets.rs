//! Keys that are written in a browser: who gets them, who may write them, and that nobody reads them.
use crate::support::agreeing::field;
use crate::support::limacharlie::{Fake, KEY};
use crate::support::{Person, Server, add_org, connection, http, seed_id, seed_with, spawn_with};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fusionsoc::config::Config;
use fusionsoc::domain::Role;
use fusionsoc::intel::Intelligence;
use fusionsoc::jobs::{Worker, keys};
use fusionsoc::secret::{Keys, Vault};
use fusionsoc::voters::{Kind, VoterConfig};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const FIRST: &str = "first-key-0123456789abcdefQ1w2";
const SECOND: &str = "second-key-9876543210fedcbaZ9x8";
const VT: &str = "intel:virustotal";

/// A server that answers everything so.
async fn answering(reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(reply).mount(&server).await;
    server
}

/// A `VirusTotal` that knows nothing, and a server that asks it without a key file.
async fn place(key_file: &str, more: impl FnOnce(&mut Config)) -> (Server, MockServer) {
    let unknown = json!({"error": {"code": "NotFoundError", "message": "not found"}});
    let fake = answering(ResponseTemplate::new(404).set_body_json(unknown)).await;
    let url = format!("{}/api/v3", fake.uri());
    let section = |file: &str| json!({"api_key_file": file, "base_url": url, "per_minute": 0, "per_day": 0});
    let intel = json!({"timeout_s": 5, "virustotal": section(key_file), "abuseipdb": section("")});
    let server = spawn_with(|config| {
        config.intel = serde_json::from_value(intel).unwrap();
        more(config);
    })
    .await;
    (server, fake)
}

/// The keys that a fake was sent in a header, in order, each once in a row.
async fn sent(fake: &MockServer, header: &str) -> Vec<String> {
    let all = fake.received_requests().await.unwrap();
    let mut keys: Vec<String> =
        all.iter().filter_map(|one| Some(one.headers.get(header)?.to_str().unwrap().to_owned())).collect();
    keys.dedup();
    keys
}

/// Triages a new detection; nothing that was answered before is known any more.
async fn triage(server: &Server, worker: &Worker, digit: &str) -> String {
    server.sql("UPDATE intel_cache SET expires_ms = 1").await;
    let (id, host) = (format!("secret-{digit}"), format!("host-{digit}"));
    let sid = format!("a47d2c95-{digit}b08");
    let detection = seed_with(&[(&seed_id(), &id), ("desktop-4kq7m2x", &host), ("a47d2c95-6b08", &sid)]);
    let case = server.deliver(&detection).await;
    worker.run_due().await;
    server.case(case["number"].as_i64().unwrap()).await["intelligence"].to_string()
}

/// The version of a key that a form of now carries.
async fn version(ada: &Person, name: &str) -> String {
    let page = ada.page("/admin/integrations").await.1;
    field(&page, &format!("name=\"name\" value=\"{name}\""), "version")
}

#[tokio::test]
async fn a_new_key_is_used_with_the_next_question_in_every_process() {
    let (server, fake) = place("", |_| {}).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    assert!(ada.page("/admin/integrations").await.1.contains("not set"));
    let said = triage(&server, &server.worker(), "1").await;
    assert!(said.contains("VirusTotal is not asked: no key is set.") && sent(&fake, "x-apikey").await.is_empty());
    let first = [("name", VT), ("value", FIRST), ("version", "0")];
    assert_eq!(ada.post("/admin/integrations/keys", &first).await.status(), 303);
    triage(&server, &server.worker(), "2").await;
    assert_eq!(sent(&fake, "x-apikey").await, [FIRST]);
    // Another process has settings, providers and keys of its own.
    let mut config = (*server.app.config).clone();
    config.keys = Keys::default();
    let intel = Arc::new(Intelligence::build(&config.intel, &config.keys).unwrap());
    keys::load(&server.app.store, &server.app.vault, &config.keys).await.unwrap();
    let watching = keys::watch(server.app.store.clone(), server.app.vault.clone(), config.keys.clone());
    let watching = tokio::spawn(watching);
    let now = version(&ada, VT).await;
    let second = [("name", VT), ("value", SECOND), ("version", now.as_str())];
    assert_eq!(ada.post("/admin/integrations/keys", &second).await.status(), 303);
    let known = || intel.named("virustotal").unwrap().provider.key().unwrap().known().unwrap();
    for _ in 0..100 {
        if known().expose() == SECOND {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    triage(&server, &server.worker().informed(Arc::clone(&intel)), "3").await;
    assert_eq!(sent(&fake, "x-apikey").await, [FIRST, SECOND]);
    watching.abort();
    let behind = [("name", VT), ("version", now.as_str())];
    assert_eq!(ada.post("/admin/integrations/keys/remove", &behind).await.status(), 409, "another one stands there");
    let now = version(&ada, VT).await;
    let current = [("name", VT), ("version", now.as_str())];
    assert_eq!(ada.post("/admin/integrations/keys/remove", &current).await.status(), 303);
    let late = [("name", VT), ("value", SECOND), ("version", now.as_str())];
    assert_eq!(ada.post("/admin/integrations/keys", &late).await.status(), 409, "it replaces what is gone");
    let said = triage(&server, &server.worker(), "4").await;
    assert!(said.contains("no key is set"), "{said}");
    assert_eq!(sent(&fake, "x-apikey").await, [FIRST, SECOND], "nobody is asked without a key");
}

#[tokio::test]
async fn a_key_stands_nowhere_in_clear() {
    let (server, _fake) = place("", |_| {}).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let short = "short-k1";
    for (name, value) in [(VT, FIRST), ("intel:abuseipdb", short)] {
        let form = [("name", name), ("value", value), ("version", "0")];
        assert_eq!(ada.post("/admin/integrations/keys", &form).await.status(), 303);
    }
    let behind = ada.post("/admin/integrations/keys", &[("name", VT), ("value", SECOND), ("version", "0")]).await;
    assert_eq!(behind.status(), 409);
    let mut told = behind.text().await.unwrap();
    let (blank, huge) = (format!("{SECOND} x"), SECOND.repeat(200));
    for wrong in [&SECOND[..7], &blank, &huge, "geheim-\u{fc}\u{fc}\u{fc}"] {
        let form = [("name", VT), ("value", wrong), ("version", "1")];
        let refused = ada.post("/admin/integrations/keys", &form).await;
        assert_eq!(refused.status(), 422, "{wrong}");
        let text = refused.text().await.unwrap();
        assert!(text.contains("Key: must"), "the field is named");
        told += &text;
    }
    let page = ada.page("/admin/integrations").await.1;
    assert!(page.contains("(ends <code>…Q1w2</code>)") && page.contains("by ada,"), "{page}");
    assert_eq!(page.matches("(ends").count(), 1, "the end of a short key would tell too much");
    let audit = ada.page("/admin/audit/export").await.1;
    assert!(audit.contains("secret_set") && audit.contains("secret:intel:virustotal"), "{audit}");
    told = [told, page, audit, format!("{:?}", server.app.config)].join("\n");
    for key in [FIRST, SECOND, short] {
        assert!(!told.contains(key), "a page, the audit log or the settings show {key}");
    }
    if std::env::var("FUSIONSOC_TEST_DB").as_deref() == Ok("postgres") {
        return;
    }
    let files = ["test.db", "test.db-wal"].map(|name| std::fs::read(server.dir.path().join(name)).unwrap_or_default());
    let bytes = files.concat();
    assert!(bytes.windows(4).any(|four| four == b"Q1w2"), "what is told of it is there");
    for key in [FIRST, short] {
        for form in [key.to_owned(), STANDARD.encode(key), hex::encode(key), hex::encode_upper(key)] {
            assert!(!bytes.windows(form.len()).any(|part| part == form.as_bytes()), "{form} stands in the database");
        }
    }
}

#[tokio::test]
async fn a_key_opens_in_its_own_row_and_with_its_own_key_file_only() {
    let (server, fake) = place("", |_| {}).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let form = [("name", VT), ("value", FIRST), ("version", "0")];
    assert_eq!(ada.post("/admin/integrations/keys", &form).await.status(), 303);
    let (keys, other) = (Keys::default(), Vault::make(&server.dir.path().join("other-key")).unwrap());
    keys::load(&server.app.store, &other, &keys).await.unwrap();
    let intel = Arc::new(Intelligence::build(&server.app.config.intel, &keys).unwrap());
    let said = triage(&server, &server.worker().informed(intel), "1").await;
    assert!(said.contains("a stored secret can't be opened: is it the right key file?"), "{said}");
    server.sql("UPDATE secrets SET name = 'intel:abuseipdb'").await;
    let page = ada.page("/admin/integrations").await.1;
    assert!(page.contains("can't be opened: was the key file of the server replaced?"), "{page}");
    assert!(sent(&fake, "x-apikey").await.is_empty() && sent(&fake, "key").await.is_empty());
    let vault = &server.app.vault;
    let (old, new) = (vault.seal(FIRST).unwrap(), vault.seal_for("a", FIRST).unwrap());
    assert_eq!(vault.unseal_since("a", &old).unwrap().expose(), FIRST, "what was sealed before is read still");
    assert_eq!(vault.unseal_since("a", &new).unwrap().expose(), FIRST);
    assert!(
        vault.unseal_since("b", &new).is_err() && vault.unseal(&new).is_err() && vault.unseal_for("a", &old).is_err()
    );
}

#[tokio::test]
async fn the_operators_file_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vt.key");
    std::fs::write(&file, SECOND).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (server, fake) = place(&file.display().to_string(), |_| {}).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let form = [("name", VT), ("value", FIRST), ("version", "0")];
    assert_eq!(ada.post("/admin/integrations/keys", &form).await.status(), 303);
    let page = ada.page("/admin/integrations").await.1;
    assert!(page.contains("from a file or the environment; the one below does not count"), "{page}");
    triage(&server, &server.worker(), "1").await;
    assert_eq!(sent(&fake, "x-apikey").await, [SECOND]);
}

#[tokio::test]
async fn limacharlies_key_is_its_organisations() {
    let fake = Fake::start().await;
    let mut setting = connection(&fake, "acme");
    setting.api_key_file = String::new();
    let (server, _vt) = place("", |config| config.limacharlie = vec![setting]).await;
    let other = add_org(&server.app.store, "other", None).await;
    let (ada, lea) = (server.sign_in("ada", Role::Admin).await, server.sign_in("lea", Role::Lead).await);
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    let form = [("name", "limacharlie:acme"), ("value", KEY), ("version", "0")];
    assert_eq!(lea.post("/admin/integrations/keys", &form).await.status(), 403);
    assert!(!eve.page("/admin/integrations").await.1.contains("LimaCharlie of acme"));
    assert_eq!(eve.post("/admin/integrations/keys", &form).await.status(), 404);
    let test = async || ada.post("/admin/integrations/limacharlie", &[("name", "acme")]).await.text().await.unwrap();
    assert!(test().await.contains("no API key is set"));
    assert_eq!(ada.post("/admin/integrations/keys", &form).await.status(), 303);
    assert_eq!(eve.post("/admin/integrations/keys/remove", &form).await.status(), 404);
    assert!(test().await.contains("answers, key"), "the key is used at once");
    let now = version(&ada, "limacharlie:acme").await;
    let wrong = [("name", "limacharlie:acme"), ("value", "not-the-key"), ("version", now.as_str())];
    assert_eq!(ada.post("/admin/integrations/keys", &wrong).await.status(), 303);
    let page = test().await;
    assert!(
        !page.contains("answers, key") && !page.contains("not-the-key"),
        "what was made of the old key is not used"
    );
}

#[tokio::test]
async fn a_voters_key_is_used_with_the_next_vote() {
    let model =
        answering(ResponseTemplate::new(401).set_body_json(json!({"error": {"message": "who are you?"}}))).await;
    let voter = VoterConfig { kind: Kind::Openai, ..VoterConfig::ollama("gpt", &format!("{}/v1", model.uri()), "gpt") };
    let (server, _vt) = place("", |config| config.voters = vec![voter]).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let form = [("name", "voter:gpt"), ("value", FIRST), ("version", "0")];
    assert_eq!(ada.post("/admin/integrations/keys", &form).await.status(), 303);
    triage(&server, &server.worker(), "1").await;
    assert_eq!(sent(&model, "authorization").await, [format!("Bearer {FIRST}")]);
}

/// Delivers the seed by a webhook, signed with a secret.
async fn delivered(server: &Server, secret: &str, id: &str) -> u16 {
    let body = seed_with(&[(&seed_id(), id)]);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let sent = http().post(format!("{}/ingest/limacharlie/hook", server.url)).header("lc-signature", signature);
    sent.body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_webhook_is_added_and_its_secret_changed_in_the_browser() {
    let (server, _vt) = place("", |_| {}).await;
    let other = add_org(&server.app.store, "other", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    let add = async |person: &crate::support::Person, name: &str, secret: &str| {
        let form = [("org", "acme"), ("name", name), ("secret", secret)];
        person.post("/admin/integrations/sources", &form).await.status().as_u16()
    };
    assert_eq!(add(&eve, "hook", FIRST).await, 404, "not their organisation");
    assert_eq!(add(&ada, "hook", &FIRST[..15]).await, 422, "as short as the command line refuses it");
    assert_eq!(add(&ada, "a/b", FIRST).await, 422);
    assert_eq!(add(&ada, "hook", FIRST).await, 303);
    assert_eq!(add(&ada, "hook", FIRST).await, 422, "there is one already");
    assert_eq!(delivered(&server, FIRST, "hook-1").await, 202);
    let rotate = [("name", "hook"), ("secret", SECOND)];
    assert_eq!(eve.post("/admin/integrations/sources/rotate", &rotate).await.status(), 404);
    assert_eq!(
        ada.post("/admin/integrations/sources/rotate", &[("name", "hook"), ("secret", "x")]).await.status(),
        422
    );
    for _ in 0..2 {
        // Pressed twice, the secret in use stays.
        assert_eq!(ada.post("/admin/integrations/sources/rotate", &rotate).await.status(), 303);
    }
    assert_eq!((delivered(&server, FIRST, "hook-2").await, delivered(&server, SECOND, "hook-3").await), (202, 202));
    assert_eq!(delivered(&server, "a-secret-that-nobody-gave", "hook-4").await, 401);
    assert!(!eve.page("/admin/integrations").await.1.contains("/ingest/limacharlie/hook"));
    let page = ada.page("/admin/integrations").await.1;
    assert!(page.contains("two secrets") && !page.contains(FIRST) && !page.contains(SECOND));
    // Sealed for its name: under another one it proves nothing.
    server.sql("UPDATE sources SET name = 'moved'").await;
    assert!(ada.page("/admin/integrations").await.1.contains("its secret can't be opened"));
}
