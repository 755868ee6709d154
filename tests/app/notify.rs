//! Who is told of what outside: real SMTP, signed webhooks, and every way in which the other side can fail.

mod events;
mod mail;
mod real;
mod trouble;
mod webhook;

use crate::support::{SEED, Server, fakes, seed_id, spawn_with};
use fusionsoc::config::Config;
use fusionsoc::config::notify::{Smtp as Mailing, Webhook};
use fusionsoc::voters::VoterConfig;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use wiremock::MockServer;

/// A file that only its owner may read.
fn secret(dir: &Path, name: &str, text: &str) -> String {
    let file = dir.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file.display().to_string()
}

fn hook(dir: &Path, url: &str) -> Webhook {
    let secret_file = secret(dir, "webhook.secret", webhook::KEY);
    Webhook { url: url.to_owned(), secret_file, orgs: Vec::new() }
}

fn mailing(dir: &Path, url: &str) -> Mailing {
    Mailing {
        url: url.to_owned(),
        from: "FusionSOC <soc@acme.example>".to_owned(),
        to: vec!["ana@acme.example".to_owned(), "bob@acme.example".to_owned()],
        password_file: secret(dir, "smtp.password", "pa ss=wörd\n"),
        ..Mailing::default()
    }
}

/// Two models that say this, and what the test wants to be told.
async fn panel(verdicts: [&str; 2], change: impl FnOnce(&mut Config)) -> (Server, [MockServer; 2]) {
    let models = [
        fakes::ollama("one", &fakes::answer(verdicts[0], 93).to_string()).await,
        fakes::ollama("two", &fakes::answer(verdicts[1], 93).to_string()).await,
    ];
    let voter =
        |name: &str, at: usize| VoterConfig { timeout_s: 20, ..VoterConfig::ollama(name, &models[at].uri(), name) };
    let voters = vec![voter("one", 0), voter("two", 1)];
    let server = spawn_with(|config| {
        config.voters = voters;
        config.notify.every_s = 0;
        change(config);
    })
    .await;
    (server, models)
}

/// The seed on other hosts, one case each.
fn on_hosts(count: usize) -> String {
    let mut seed: Value = serde_json::from_str(SEED).unwrap();
    let all: Vec<Value> = (0..count)
        .map(|at| {
            seed["detect_id"] = format!("{}-{at}", seed_id()).into();
            seed["routing"]["hostname"] = format!("host-{at}").into();
            seed["routing"]["sid"] = format!("a47d2c95-2b08-4e13-b7f9-{at:012}").into();
            seed.clone()
        })
        .collect();
    Value::from(all).to_string()
}

/// Runs `fusionsoc check` with a configuration; returns its exit code and all it said.
async fn check(dir: &Path, toml: &str, more: &[&str]) -> (i32, String) {
    std::fs::write(dir.join("fusionsoc.toml"), toml).unwrap();
    let command = || {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
        command.current_dir(dir).env_remove("FUSIONSOC_CONFIG");
        command
    };
    command().arg("migrate").output().await.unwrap();
    let output = command().arg("check").args(more).output().await.unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(all).unwrap())
}

#[tokio::test]
async fn check_asks_every_channel_and_sends_only_when_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let mail = crate::support::smtp::start(("soc", "pa ss=wörd"), crate::support::smtp::Tls::Never).await;
    let receiver = webhook::receiver(wiremock::ResponseTemplate::new(200)).await;
    secret(dir.path(), "s", webhook::KEY);
    secret(dir.path(), "p", "pa ss=wörd");
    let toml = format!(
        "[notify.webhook]\nurl = \"{}/hook\"\nsecret_file = \"s\"\n[notify.smtp]\nurl = \"smtp://soc@127.0.0.1:{}\"\n\
         from = \"soc@acme.example\"\nto = [\"ana@acme.example\"]\npassword_file = \"p\"\n",
        receiver.uri(),
        mail.port
    );
    let posts = async || {
        let all = receiver.received_requests().await.unwrap();
        all.iter().filter(|request| request.method == "POST").count()
    };
    let (code, text) = check(dir.path(), &toml, &[]).await;
    let ok = format!("ok    notify.smtp (ana@acme.example by 127.0.0.1:{})", mail.port);
    assert!(code == 0 && text.contains("ok    notify.webhook (http://127.0.0.1:") && text.contains(&ok), "{text}");
    assert_eq!((mail.mails().len(), posts().await), (0, 0), "nobody was told");
    let (code, text) = check(dir.path(), &toml, &["--send-test"]).await;
    assert!(code == 0 && text.matches(": took a test").count() == 2, "{text}");
    assert_eq!((mail.mails().len(), posts().await), (1, 1));
    secret(dir.path(), "p", "wrong");
    let (code, text) = check(dir.path(), &toml, &[]).await;
    assert!(code == 1 && text.contains("FAIL  notify.smtp") && text.contains("who are you"), "{text}");
    assert!(!text.contains("wrong"), "no password is shown: {text}");
}

#[tokio::test]
async fn what_is_wrong_with_a_channel_is_told_with_its_setting() {
    let dir = tempfile::tempdir().unwrap();
    secret(dir.path(), "s", webhook::KEY);
    secret(dir.path(), "short", "short");
    let smtp = |url: &str, rest: &str| {
        format!("[notify.smtp]\nurl = \"{url}\"\nfrom = \"soc@acme.example\"\nto = [\"ana@acme.example\"]\n{rest}")
    };
    let hook = |url: &str, file: &str| format!("[notify.webhook]\nurl = \"{url}\"\nsecret_file = \"{file}\"\n");
    let wrong = [
        (hook("http://192.0.2.7/x", "s"), "notify.webhook.url: must be https"),
        (hook("https://hooks.example", "none"), "notify.webhook.secret_file: none: "),
        (hook("https://hooks.example", "short"), "notify.webhook.secret_file: must hold at least 16 bytes"),
        (smtp("https://mail.example", ""), "notify.smtp.url: must begin with smtps://"),
        (smtp("smtp://mail.example", ""), "notify.smtp.url: say ?tls=required"),
        (smtp("smtp://mail.example?tls=maybe", ""), "notify.smtp.url: tls must be"),
        (smtp("smtps://soc:secret@mail.example", ""), "notify.smtp.url: must not hold the password"),
        (smtp("smtps://soc@mail.example", ""), "notify.smtp.password_file: is needed"),
        (
            smtp("smtp://soc@mail.example?tls=opportunistic", "password_file = \"s\""),
            "notify.smtp.url: a password goes only",
        ),
        (smtp("smtps://mail.example", "ca_file = \"none\""), "notify.smtp.ca_file: none: "),
        (smtp("smtps://mail.example", "cc = []"), "cc"),
    ];
    for (toml, words) in wrong {
        let (code, text) = check(dir.path(), &toml, &[]).await;
        assert!(code > 0 && text.contains(words), "{words}: {text}");
        assert!(!text.contains("soc:secret"), "{text}");
    }
    let toml = smtp("smtps://mail.example", "").replace("ana@acme.example", "ana at acme");
    assert!(check(dir.path(), &toml, &[]).await.1.contains("notify.smtp.to: ana at acme: "));
}
