//! The command line: the first admin, and what is done with people there.
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(dir).env_remove("FUSIONSOC_CONFIG").stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

async fn run(dir: &Path, args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = command(dir).args(args).stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// What a server says in its first seconds.
async fn said_at_start(dir: &Path) -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = command(dir)
        .args(["serve", "--no-worker"])
        .env("FUSIONSOC__SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut said = String::new();
    // The address comes first; what follows comes at once or not at all.
    let mut wait = Duration::from_secs(30);
    while let Ok(Ok(Some(line))) = tokio::time::timeout(wait, lines.next_line()).await {
        said.push_str(&line);
        said.push('\n');
        wait = Duration::from_secs(2);
    }
    server.kill().await.unwrap();
    said
}

#[tokio::test]
async fn without_anybody_the_server_says_how_to_add_the_first_admin() {
    let dir = tempfile::tempdir().unwrap();
    let said = said_at_start(dir.path()).await;
    assert!(said.contains("FusionSOC is at http://127.0.0.1:"), "{said}");
    assert!(said.contains("fusionsoc user add NAME --role admin --org SLUG"), "{said}");
    assert!(said.contains("fusionsoc org add SLUG"), "{said}");
    assert_eq!(run(dir.path(), &["org", "add", "acme", "--name", "Acme"], "").await.0, 0);
    let said = said_at_start(dir.path()).await;
    assert!(said.contains("user add NAME") && !said.contains("org add"), "{said}");
    let add = ["user", "add", "ada", "--role", "admin", "--org", "acme"];
    assert_eq!(run(dir.path(), &add, "a long enough password\n").await.0, 0);
    let said = said_at_start(dir.path()).await;
    assert!(said.contains("FusionSOC is at") && !said.contains("user add"), "{said}");
}

#[tokio::test]
async fn people_are_managed_by_the_same_steps() {
    let dir = tempfile::tempdir().unwrap();
    let ok = async |args: &[&str]| {
        let (code, out, err) = run(dir.path(), args, "a long enough password\n").await;
        assert_eq!(code, 0, "{args:?}: {err}");
        out
    };
    ok(&["org", "add", "acme", "--name", "Acme"]).await;
    ok(&["user", "add", "Bob", "--role", "analyst", "--org", "acme"]).await;
    ok(&["user", "role", "bob", "lead"]).await;
    ok(&["user", "disable", "bob"]).await;
    assert_eq!(ok(&["user", "list"]).await, "bob\tlead\tdisabled");
    ok(&["user", "enable", "bob"]).await;
    ok(&["user", "passwd", "bob"]).await;
    ok(&["org", "add", "gamma", "--name", "Gamma"]).await;
    ok(&["user", "join", "bob", "--org", "gamma"]).await;
    ok(&["user", "leave", "bob", "--org", "acme"]).await;
    assert_eq!(ok(&["user", "list"]).await, "bob\tlead");
    for (args, said) in [
        (&["user", "join", "bob", "--org", "none"][..], "there is no such organisation"),
        (&["user", "leave", "bob", "--org", "gamma"], "their only organisation"),
        (&["user", "role", "nobody", "lead"], "there is nobody named nobody"),
        (&["user", "add", "bob", "--role", "lead", "--org", "acme"], "There is somebody of this name already."),
        (&["user", "add", "kim", "--role", "lead", "--org", "none"], "there is no organisation none"),
        (&["user", "reset-code", "bob"], "no second factor"),
        (&["org", "add", "beta", "--name", "B", "--oid", "x"], "oid: An organisation's id is a UUID"),
        (&["token", "create", "--name", " ", "--org", "acme", "--scope", "read"], "name: 1 to 80"),
    ] {
        let (code, _, err) = run(dir.path(), args, "a long enough password\n").await;
        assert!(code == 1 && err.contains(said), "{args:?}: {err}");
    }
    assert_eq!(run(dir.path(), &["user", "role", "bob", "king"], "").await.0, 2);
}
