//! The same from the command line, on a database file.
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
