//! `fusionsoc pull`.
use super::{fill, settings};
use crate::support::limacharlie::{Fake, Fault};
use std::path::Path;

async fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    let done = command.current_dir(dir).env_remove("FUSIONSOC_CONFIG").args(args).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (done.status.code().unwrap(), text(&done.stdout), text(&done.stderr))
}

async fn place() -> (Fake, tempfile::TempDir) {
    let (fake, dir) = (Fake::start().await, tempfile::tempdir().unwrap());
    let one = settings(&fake, dir.path());
    let toml = format!(
        "[[limacharlie]]\norg = \"acme\"\noid = \"{}\"\napi_key_file = \"limacharlie.key\"\napi_url = \"{}\"\njwt_url = \"{}\"\n",
        one.oid, one.api_url, one.jwt_url
    );
    std::fs::write(dir.path().join("fusionsoc.toml"), toml).unwrap();
    assert_eq!(run(dir.path(), &["org", "add", "acme", "--name", "Acme"]).await.0, 0);
    (fake, dir)
}

#[tokio::test]
async fn pull_fetches_what_is_new_and_what_is_old() {
    let (fake, dir) = place().await;
    let range = ["pull", "--org", "acme", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-01T05:00:00Z"];
    assert_eq!(run(dir.path(), &range).await.1, "accepted 0, duplicates 0, rejected 0");
    assert_eq!(fake.calls("GET", "/v1/insight").len(), 6, "five hours and a second in windows");
    let first = &fake.calls("GET", "/v1/insight")[0].path;
    assert!(first.contains("start=1577836800&end=1577840399"), "{first}");
    // The command has the real clock, which other tests don't move.
    fill(&fake, 12, jiff::Timestamp::now().as_millisecond());
    let new = ["pull", "--org", "acme"];
    assert_eq!(run(dir.path(), &new).await, (0, "accepted 12, duplicates 0, rejected 0".to_owned(), String::new()));
    let (code, out, _) = run(dir.path(), &new).await;
    assert!(code == 0 && out.starts_with("accepted 0, duplicates "), "{out}");
    let ledger = run(dir.path(), &["check"]).await;
    assert!(ledger.1.contains("ok    LimaCharlie of acme"), "{ledger:?}");
}

#[tokio::test]
async fn pull_says_what_is_wrong() {
    let (fake, dir) = place().await;
    assert_eq!(run(dir.path(), &["pull", "--org", "nobody"]).await.0, 1);
    assert_eq!(run(dir.path(), &["pull", "--org", "acme", "--from", "2020-01-01T00:00:00Z"]).await.0, 2);
    fake.fail(&[Fault::Status(401), Fault::Status(401)]);
    let (code, _, err) = run(dir.path(), &["pull", "--org", "acme"]).await;
    assert!(code == 1 && err.contains("LimaCharlie refused: injected 401"), "{err}");
    fake.change(|state| state.keys.values_mut().for_each(|may| may.retain(|may| may != "sensor.task")));
    let (code, out, _) = run(dir.path(), &["check"]).await;
    assert_eq!(code, 1);
    assert!(out.contains("FAIL  LimaCharlie of acme: the API key lacks sensor.task"), "{out}");
    std::fs::remove_file(dir.path().join("limacharlie.key")).unwrap();
    let (code, _, err) = run(dir.path(), &["pull", "--org", "acme"]).await;
    assert!(code == 2 && err.contains("limacharlie.api_key_file: limacharlie.key"), "{err}");
}
