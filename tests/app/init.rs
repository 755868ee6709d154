//! From nothing to the first own detection: `init` without anybody there, `serve`, and LimaCharlie is pulled.

use crate::support::limacharlie::{Fake, KEY};
use fusionsoc::store::{Durability, Store, cases, runs};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

async fn run(dir: &Path, args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = command(dir).args(args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that ends before it reads leaves nobody to write to.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(dir).env_remove("FUSIONSOC_CONFIG").stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

/// A folder with the key, and the flags that answer every question.
async fn place() -> (Fake, tempfile::TempDir, Vec<String>) {
    let (fake, dir) = (Fake::start().await, tempfile::tempdir().unwrap());
    let key = dir.path().join("lc.key");
    std::fs::write(&key, KEY).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let oid = fake.change(|state| state.oid.clone());
    let flags = [
        "init",
        "--org",
        "acme",
        "--org-name",
        "Acme \"quoted\"",
        "--admin",
        "ana",
        "--oid",
        &oid,
        "--api-key-file",
        "lc.key",
        "--api-url",
        &fake.url,
        "--jwt-url",
        &fake.jwt_url(),
        "--listen",
        &format!("127.0.0.1:{port}"),
    ];
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    (fake, dir, flags)
}

fn refs(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn two_commands_lead_to_the_first_own_detection_triaged() {
    let (fake, dir, flags) = place().await;
    // What LimaCharlie has is from now: a first pull begins an hour ago.
    let now = jiff::Timestamp::now().as_millisecond();
    fake.change(|state| state.detections[0]["ts"] = (now - 60_000).into());
    let started = Instant::now();
    let (code, out, err) = run(dir.path(), &refs(&flags), "a long enough password\n").await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("ok    it may tag, isolate and task sensors") && out.contains("fusionsoc serve"), "{out}");
    assert!(!out.contains(KEY) && !err.contains(KEY), "the key stays where it is");
    let mode = std::fs::metadata(dir.path().join("fusionsoc.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let _server = command(dir.path()).arg("serve").spawn().unwrap();
    let file = dir.path().join("fusionsoc.db");
    let store = Store::open(&format!("sqlite:{}", file.display()), Durability::Normal).await.unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let triaged = loop {
        assert!(Instant::now() < deadline, "no case was triaged in a minute");
        let mut tx = store.read().await.unwrap();
        let done = runs::of_case(&mut tx, 1).await.unwrap().into_iter().any(|run| run.finished_ms.is_some());
        if done {
            break cases::by_number(&mut tx, 1).await.unwrap();
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(triaged.org, "acme");
    println!("init, serve, first own detection triaged after {:.1} s", started.elapsed().as_secs_f64());
}

#[tokio::test]
async fn the_settings_go_where_somebody_wants_them() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("etc")).unwrap();
    let init = ["--config", "etc/own.toml", "init", "--org", "acme", "--admin", "ana", "--oid", ""];
    let (code, out, err) = run(dir.path(), &init, "a long enough password\n").await;
    assert!(code == 0 && out.contains("Wrote etc/own.toml"), "{out}{err}");
    assert!(dir.path().join("etc/own.toml").is_file() && !dir.path().join("fusionsoc.toml").exists());
    let (code, out, _) = run(dir.path(), &["--config", "etc/own.toml", "user", "list"], "").await;
    assert!(code == 0 && out.contains("ana"), "{out}");
    let (code, _, err) = run(dir.path(), &init, "a long enough password\n").await;
    assert!(code == 1 && err.contains("etc/own.toml is there already"), "{err}");
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_left_behind() {
    let (fake, dir, flags) = place().await;
    let (code, _, err) = run(dir.path(), &refs(&flags), "short\n").await;
    assert_eq!(code, 1, "{err}");
    assert!(!dir.path().join("fusionsoc.toml").exists(), "a second try is not refused because of the first");

    let (_, other, flags_of_other) = place().await;
    std::fs::write(other.path().join("lc.key"), "not-a-key").unwrap();
    let (code, _, err) = run(other.path(), &refs(&flags_of_other), "a long enough password\n").await;
    assert!(code == 1 && err.contains("did not accept the API key"), "{err}");
    assert!(!err.contains("not-a-key"), "{err}");

    fake.change(|state| state.keys.values_mut().for_each(|may| may.retain(|may| may != "sensor.task")));
    let (code, out, err) = run(dir.path(), &refs(&flags), "a long enough password\n").await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("to tag, isolate and task sensors it needs sensor.task"), "{out}");
    assert!(dir.path().join("fusionsoc.toml").exists());
    let (code, _, err) = run(dir.path(), &refs(&flags), "a long enough password\n").await;
    assert!(code == 1 && err.contains("already"), "settings that are there are not changed: {err}");
}
