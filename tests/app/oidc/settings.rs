//! `[oidc]`, `fusionsoc check` and `fusionsoc user link`.
use crate::support::oidc::{Fake, SECRET};
use fusionsoc::config::Config;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

const WHOLE: &str = "[oidc]\nissuer = \"https://id.example\"\nclient_id = \"soc\"\n[[oidc.map]]\ngroup = \"soc\"\nrole = \"analyst\"\norgs = [\"acme\"]\n";

#[test]
fn settings_that_could_sign_the_wrong_people_in_are_refused() {
    let config = Config::from_text(WHOLE).unwrap();
    let oidc = config.oidc.unwrap();
    assert_eq!((oidc.name.as_str(), oidc.username_claim.as_str()), ("single sign-on", "preferred_username"));
    for (from, to, named) in [
        ("https://id.example", "http://id.example", "oidc.issuer"),
        ("https://id.example", "https://id.example?x=y", "oidc.issuer"),
        ("https://id.example", "https://user:pass@id.example", "oidc.issuer"),
        ("\"soc\"\n[[", "\"\"\n[[", "oidc.client_id"),
        ("client_id", "scopes = [\"email\"]\nclient_id", "oidc.scopes"),
        ("client_id", "name = \"\"\nclient_id", "oidc.name"),
        ("client_id", "client_secret = \"x\"\nclient_id", "client_secret"),
        ("client_id", "groups_claim = \"\"\nclient_id", "oidc.groups_claim"),
        ("analyst", "root", "oidc.map"),
        ("group = \"soc\"", "group = \"\"", "oidc.map"),
        ("[[oidc.map]]\ngroup = \"soc\"\nrole = \"analyst\"\norgs = [\"acme\"]\n", "", "oidc.map"),
        ("orgs = [\"acme\"]", "", "oidc.map"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let error = Config::from_text(&WHOLE.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(named) && error.lines().count() == 1 && !error.contains("pass"), "{to}: {error}");
    }
}

#[test]
fn the_commented_example_can_be_used() {
    let output = Command::new(env!("CARGO_BIN_EXE_fusionsoc")).args(["config", "example"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let part = text.split_once("\n# [oidc]").unwrap().1.split_once("\n\n").unwrap().0;
    let lines = part.lines().map(|line| line.strip_prefix('#').unwrap_or(line).trim_start());
    let config = Config::from_text(&format!("[oidc]{}", lines.collect::<Vec<_>>().join("\n"))).unwrap();
    assert_eq!(config.oidc.unwrap().map[0].group, "soc-leads");
}

/// Runs a command in a folder; exit code and what it prints.
async fn run(dir: &Path, arguments: &[&str], input: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(dir).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    (output.status.code().unwrap(), text)
}

fn settings(dir: &Path, issuer: &str, orgs: &str) {
    let write = |name: &str, text: &str| {
        std::fs::write(dir.join(name), text).unwrap();
        std::fs::set_permissions(dir.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("oidc.secret", SECRET);
    let text = WHOLE.replace("https://id.example", issuer).replace("[[", "client_secret_file = \"oidc.secret\"\n[[");
    write("fusionsoc.toml", &text.replace("[\"acme\"]", orgs));
}

#[tokio::test]
async fn check_asks_for_the_discovery_document_and_knows_the_organisations() {
    let (fake, dir) = (Fake::start().await, tempfile::tempdir().unwrap());
    settings(dir.path(), &fake.url, "[\"acme\"]");
    assert_eq!(run(dir.path(), &["org", "add", "acme", "--name", "Acme"], "").await.0, 0);
    let (code, text) = run(dir.path(), &["check"], "").await;
    assert!(code == 0 && text.contains("ok    sign-in by single sign-on"), "{code} {text}");
    settings(dir.path(), &fake.url, "[\"acme\", \"gone\"]");
    let (code, text) = run(dir.path(), &["check"], "").await;
    assert!(code == 1 && text.contains("there is no organisation gone"), "{code} {text}");
    fake.change(|state| state.issuer = Some("https://evil.example"));
    let (code, text) = run(dir.path(), &["check"], "").await;
    assert!(code == 1 && text.contains("FAIL  sign-in by single sign-on: its document is of another issuer"), "{text}");
    std::fs::set_permissions(dir.path().join("oidc.secret"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, text) = run(dir.path(), &["serve"], "").await;
    assert!(code == 2 && text.contains("oidc.client_secret_file") && text.contains("0600"), "{code} {text}");
}

#[tokio::test]
async fn a_person_is_linked_once() {
    let dir = tempfile::tempdir().unwrap();
    settings(dir.path(), "https://id.example", "[\"acme\"]");
    let add = |name| ["user", "add", name, "--role", "analyst", "--org", "acme"];
    run(dir.path(), &["org", "add", "acme", "--name", "Acme"], "").await;
    for name in ["ana", "bob"] {
        let (code, text) = run(dir.path(), &add(name), "correct horse battery\n").await;
        assert_eq!(code, 0, "{text}");
    }
    let link = |name| ["user", "link", name, "--subject", "7f3a"];
    assert_eq!(run(dir.path(), &link("ana"), "").await, (0, String::new()));
    let (code, text) = run(dir.path(), &link("bob"), "").await;
    assert!(code == 1 && text.contains("7f3a is ana already"), "{code} {text}");
    let (code, text) = run(dir.path(), &link("eve"), "").await;
    assert!(code == 1 && text.contains("nobody named eve"), "{code} {text}");
    let unlink = |name| ["user", "unlink", name, "--subject", "7f3a"];
    assert_eq!(run(dir.path(), &unlink("bob"), "").await.0, 1, "it is not theirs");
    assert_eq!(run(dir.path(), &unlink("ana"), "").await, (0, String::new()));
    assert_eq!(run(dir.path(), &link("bob"), "").await, (0, String::new()), "it was taken back");
    let (code, text) = run(dir.path(), &["user", "link", "ana", "--subject", " 7f3b"], "").await;
    assert!(code == 1 && text.contains("--subject"), "{text}");
}
