//! The same from the command line, on a database file.
use fusionsoc::clock::now_ms;
use fusionsoc::proof;
use fusionsoc::secret::Vault;
use fusionsoc::store::{Durability, Store, ledger};
use sqlx::{Connection, Executor, SqliteConnection};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn fusionsoc(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
        .current_dir(dir)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

async fn tamper(dir: &Path, sql: &str) {
    let url = format!("sqlite:{}", dir.join("fusionsoc.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn verify_names_the_first_bad_line_and_a_checkpoint_tells_of_a_cut_end() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for slug in ["one", "two", "three", "four"] {
        assert!(fusionsoc(dir, &["org", "add", slug, "--name", slug], "").status.success());
    }
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("4 lines, 1 to 4") && text.contains("The ledger is whole."), "{text}");
    let checkpoint = fusionsoc(dir, &["ledger", "checkpoint"], "");
    assert!(checkpoint.status.success());
    std::fs::write(dir.join("kept.json"), &checkpoint.stdout).unwrap();
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify", "--checkpoint", "kept.json"], ""));
    assert_eq!(code, Some(0), "{text}");
    tamper(
        dir,
        "DROP TRIGGER ledger_no_delete; DELETE FROM ledger WHERE id = 4;
        UPDATE ledger_head SET line_id = 3, hash = (SELECT hash FROM ledger WHERE id = 3)",
    )
    .await;
    assert_eq!(out(&fusionsoc(dir, &["ledger", "verify"], "")).0, Some(0));
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify", "--checkpoint", "kept.json"], ""));
    assert!(code == Some(1) && text.contains("its end was cut off"), "{text}");
    tamper(dir, "DROP TRIGGER ledger_no_update; UPDATE ledger SET object = 'org:twp' WHERE id = 2").await;
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
    assert!(code == Some(1) && text.contains("ledger: line 2: was altered"), "{text}");
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify", "--checkpoint", "nothing.json"], ""));
    assert!(code == Some(1) && text.contains("nothing.json"), "{text}");
}

#[tokio::test]
async fn every_checkpoint_of_a_file_counts() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut kept = Vec::new();
    for slug in ["one", "two", "three"] {
        assert!(fusionsoc(dir, &["org", "add", slug, "--name", slug], "").status.success());
        kept.extend(fusionsoc(dir, &["ledger", "checkpoint"], "").stdout);
        kept.push(b'\n');
    }
    std::fs::write(dir.join("kept.jsonl"), &kept).unwrap();
    let verify = ["ledger", "verify", "--checkpoint", "kept.jsonl"];
    let (code, text) = out(&fusionsoc(dir, &verify, ""));
    assert_eq!(code, Some(0), "{text}");
    // Its end is cut off and written anew, further than before; the newest checkpoint is of the new end.
    tamper(
        dir,
        "DROP TRIGGER ledger_no_delete; DELETE FROM ledger WHERE id > 1;
        UPDATE ledger_head SET line_id = 1, hash = (SELECT hash FROM ledger WHERE id = 1)",
    )
    .await;
    let (code, text) = out(&fusionsoc(dir, &verify, ""));
    assert!(code == Some(1) && text.contains("its end was cut off"), "{text}");
    for slug in ["four", "five", "six"] {
        assert!(fusionsoc(dir, &["org", "add", slug, "--name", slug], "").status.success());
    }
    kept.extend(fusionsoc(dir, &["ledger", "checkpoint"], "").stdout);
    std::fs::write(dir.join("kept.jsonl"), &kept).unwrap();
    let (code, text) = out(&fusionsoc(dir, &verify, ""));
    assert!(code == Some(1) && text.contains("line 2 is not the one that it was"), "{text}");
    std::fs::write(dir.join("kept.jsonl"), "\n").unwrap();
    let (code, text) = out(&fusionsoc(dir, &verify, ""));
    assert!(code == Some(1) && text.contains("is an empty file"), "{text}");
}

#[tokio::test]
async fn a_line_that_was_put_in_beside_the_program_is_not_taken_into_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for slug in ["one", "two"] {
        assert!(fusionsoc(dir, &["org", "add", slug, "--name", slug], "").status.success());
    }
    tamper(
        dir,
        "INSERT INTO ledger (at_ms, actor_kind, actor, client, action, object, old_value, new_value, request_id)
         VALUES (1, 'person', 'ana', '', 'login', 'user:ana', '', '', '')",
    )
    .await;
    for _ in 0..2 {
        let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
        assert!(code == Some(1) && text.contains("ledger: line 3: is not part of the chain"), "{text}");
    }
    // The program goes on around it.
    assert!(fusionsoc(dir, &["org", "add", "three", "--name", "three"], "").status.success());
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
    assert_eq!((code, text.matches("ledger: ").count()), (Some(1), 1), "{text}");
}

/// Signs the ledger as the hourly job does a day later.
async fn seal(dir: &Path) {
    let url = format!("sqlite:{}", dir.join("fusionsoc.db").display());
    let store = Store::open(&url, Durability::Normal).await.unwrap();
    let signer = Vault::open(&dir.join("fusionsoc.key")).unwrap().signer().unwrap();
    assert_eq!(proof::seal::seal(&store, &signer, now_ms() + 2 * super::DAY_MS).await.unwrap(), 1);
    store.close().await;
}

#[tokio::test]
async fn an_older_database_is_named_unless_it_was_restored() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(fusionsoc(dir, &["org", "add", "one", "--name", "one"], "").status.success());
    assert!(fusionsoc(dir, &["backup", "first.db"], "").status.success());
    assert!(fusionsoc(dir, &["ledger", "verify"], "").status.success());
    seal(dir).await;
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
    assert!(
        code == Some(0) && text.contains("Lines after the last seal: 1. They are proven by a checkpoint"),
        "{text}"
    );
    assert!(fusionsoc(dir, &["backup", "second.db"], "").status.success());
    for journal in ["fusionsoc.db-wal", "fusionsoc.db-shm"] {
        let _ = std::fs::remove_file(dir.join(journal));
    }
    std::fs::copy(dir.join("first.db"), dir.join("fusionsoc.db")).unwrap();
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
    assert!(code == Some(1) && text.contains("newest seal: segment 1 up to line"), "{text}");
    // A backup that has the seal leaves the file where it is.
    let (code, text) = out(&fusionsoc(dir, &["restore", "second.db"], ""));
    assert!(code == Some(0) && !text.contains("key.seal"), "{text}");
    assert_eq!(out(&fusionsoc(dir, &["ledger", "verify"], "")).0, Some(0));
    let (code, text) = out(&fusionsoc(dir, &["restore", "first.db"], ""));
    assert!(code == Some(0) && text.contains("fusionsoc.key.seal.before-restore now"), "{text}");
    assert!(!dir.join("fusionsoc.key.seal").exists() && dir.join("fusionsoc.key.seal.before-restore").exists());
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
    assert!(code == Some(0) && text.contains("The ledger is whole"), "{text}");
    let store =
        Store::open(&format!("sqlite:{}", dir.join("fusionsoc.db").display()), Durability::Normal).await.unwrap();
    let all = ledger::after(&mut store.read().await.unwrap(), 0, 100).await.unwrap();
    let told = all.iter().find(|line| line.body.action == "seal_set_aside").unwrap();
    assert_eq!(told.body.object, "segment:1");
}

#[tokio::test]
async fn a_move_keeps_the_newest_seal() {
    if !crate::backup::is_postgres() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (dir, there) = (dir.path(), crate::support::database(dir.path()).await);
    assert!(fusionsoc(dir, &["org", "add", "one", "--name", "one"], "").status.success());
    assert!(fusionsoc(dir, &["ledger", "verify"], "").status.success());
    seal(dir).await;
    let (code, text) = out(&fusionsoc(dir, &["move", "--to", &there], ""));
    assert_eq!(code, Some(0), "{text}");
    std::fs::write(dir.join("fusionsoc.toml"), format!("[database]\nurl = \"{there}\"\n")).unwrap();
    let (code, text) = out(&fusionsoc(dir, &["ledger", "verify"], ""));
    assert!(code == Some(0) && text.contains("1 segments sealed") && !text.contains("No seal is kept"), "{text}");
}
