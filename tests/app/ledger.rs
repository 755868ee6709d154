//! The ledger is a chain: whatever is altered, removed or put in is named, and what is old leaves in whole seals.
mod command;
mod receipts;
mod sealed;

use crate::support::{Server, spawn};
use fusionsoc::clock;
use fusionsoc::domain::Role;
use fusionsoc::proof::checkpoint::Checkpoint;
use fusionsoc::proof::seal::{SealError, purge, seal};
use fusionsoc::proof::verify::{Found, verify};
use fusionsoc::secret::Signer;
use fusionsoc::store::record::{Entry, audit};
use fusionsoc::store::{Actor, Durability, Store, ledger};

const DAY_MS: i64 = 86_400_000;

fn signer(server: &Server) -> Signer {
    server.app.vault.signer().unwrap()
}

async fn found(server: &Server) -> Found {
    verify(&server.app.store, &signer(server), None).await.unwrap()
}

async fn faults(server: &Server) -> String {
    found(server).await.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Enters lines, the first of them with the number that is returned.
async fn lines(server: &Server, count: i64) -> i64 {
    let first = ledger::head(&mut server.app.store.read().await.unwrap()).await.unwrap().id + 1;
    for at in first..first + count {
        let mut tx = server.app.store.write().await.unwrap();
        let object = format!("thing:{at}");
        let entry = Entry { action: "tried", object: &object, old: "", new: "a value with \"quotes\" and ü" };
        audit(&mut tx, &Actor::operator(), Some(server.org_id), &entry, clock::now_ms()).await.unwrap();
        tx.commit().await.unwrap();
    }
    first
}

/// What somebody does who has the database in their hands, and takes its triggers out of the way.
async fn attack(server: &Server, statements: &[&str]) {
    match &server.app.store {
        Store::Sqlite { write, .. } => {
            let sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('ledger', 'ledger_segments', 'receipts')";
            let triggers: Vec<String> = sqlx::query_scalar(sql).fetch_all(write).await.unwrap();
            for name in triggers {
                server.sql(&format!("DROP TRIGGER {name}")).await;
            }
        }
        Store::Postgres(_) => {
            for table in ["ledger", "ledger_segments", "receipts"] {
                server.sql(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await;
            }
        }
    }
    for statement in statements {
        server.sql(statement).await;
    }
}

#[tokio::test]
async fn a_whole_ledger_is_found_whole_also_after_many_wrote_at_once() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = server.deliver(crate::support::SEED).await["number"].as_i64().unwrap();
    let path = format!("/cases/{case}/notes");
    let notes: Vec<String> = (0..20).map(|at| format!("note {at}")).collect();
    let all = notes.iter().map(|note| {
        let (ana, path) = (&ana, path.as_str());
        async move { ana.post(path, &[("body", note)]).await.status().as_u16() }
    });
    let answers = futures_util::future::join_all(all).await;
    assert!(answers.iter().all(|status| *status == 303), "{answers:?}");
    server.run_jobs().await;
    let found = found(&server).await;
    assert!(found.faults.is_empty() && found.receipts == 1, "{found:?}");
    assert!(found.lines > 20 && found.first == 1 && found.lines == u64::try_from(found.last).unwrap(), "{found:?}");
}

#[tokio::test]
async fn what_is_given_up_leaves_no_line() {
    let server = spawn().await;
    let before = found(&server).await.last;
    let mut tx = server.app.store.write().await.unwrap();
    let entry = Entry { action: "tried", object: "thing:1", old: "", new: "" };
    audit(&mut tx, &Actor::operator(), None, &entry, 1).await.unwrap();
    drop(tx);
    assert_eq!(found(&server).await.last, before);
}

#[tokio::test]
async fn one_altered_byte_is_named() {
    for column in
        ["actor", "client", "action", "object", "old_value", "new_value", "request_id", "result", "actor_kind"]
    {
        let server = spawn().await;
        let first = lines(&server, 5).await;
        let named = first + 2;
        attack(&server, &[&format!("UPDATE ledger SET {column} = {column} || 'x' WHERE id = {named}")]).await;
        assert_eq!(faults(&server).await, format!("line {named}: was altered; its hash is not that of what it says"));
    }
    for change in ["at_ms = at_ms + 1", "org_id = NULL"] {
        let server = spawn().await;
        let first = lines(&server, 3).await;
        attack(&server, &[&format!("UPDATE ledger SET {change} WHERE id = {}", first + 1)]).await;
        assert!(faults(&server).await.starts_with(&format!("line {}: was altered", first + 1)), "{change}");
    }
}

#[tokio::test]
async fn removed_swapped_and_added_lines_are_named() {
    let server = spawn().await;
    let first = lines(&server, 6).await;
    let gone = first + 2;
    attack(&server, &[&format!("DELETE FROM ledger WHERE id = {gone}")]).await;
    assert_eq!(faults(&server).await, format!("lines {gone} to {gone}: are missing"));

    let server = spawn().await;
    let first = lines(&server, 6).await;
    let (one, other) = (first + 1, first + 3);
    let swap = |from: i64, to: i64| format!("UPDATE ledger SET id = {to} WHERE id = {from}");
    attack(&server, &[&swap(one, -1), &swap(other, one), &swap(-1, other)]).await;
    let text = faults(&server).await;
    assert!(text.contains(&format!("line {one}: was altered")) && text.contains(&format!("line {other}: was altered")));

    let server = spawn().await;
    let first = lines(&server, 3).await;
    let columns = "org_id, at_ms, actor_kind, actor, client, action, object, old_value, new_value, request_id, result";
    let copied =
        format!("INSERT INTO ledger (id, {columns}) SELECT {} + id, {columns} FROM ledger WHERE id = {first}", 100);
    attack(&server, &[&copied]).await;
    assert!(faults(&server).await.starts_with(&format!("line {}: is not part of the chain", first + 100)));
}

#[tokio::test]
async fn a_line_that_was_written_anew_with_its_hash_does_not_fit_the_next() {
    let server = spawn().await;
    let first = lines(&server, 4).await;
    let mut tx = server.app.store.read().await.unwrap();
    let mut line = ledger::line(&mut tx, first + 1).await.unwrap().unwrap();
    drop(tx);
    line.body.actor = "somebody else".to_owned();
    let hash = line.body.hash(line.id, &line.before.try_into().unwrap());
    let literal = if matches!(server.app.store, Store::Sqlite { .. }) { "x'" } else { "'\\x" };
    let sql = format!(
        "UPDATE ledger SET actor = 'somebody else', hash = {literal}{}' WHERE id = {}",
        hex::encode(hash),
        line.id
    );
    attack(&server, &[&sql]).await;
    assert!(faults(&server).await.starts_with(&format!("line {}: does not follow line {}", line.id + 1, line.id)));
}

#[tokio::test]
async fn a_cut_end_is_told_by_the_head_and_where_that_was_set_too_by_a_checkpoint() {
    let server = spawn().await;
    let first = lines(&server, 5).await;
    let head = ledger::head(&mut server.app.store.read().await.unwrap()).await.unwrap();
    let kept = serde_json::to_string(&Checkpoint::sign(&signer(&server), head, "2026-01-01T00:00:00Z")).unwrap();
    let checkpoint = Checkpoint::read(&kept, &signer(&server)).unwrap();
    let with = async || verify(&server.app.store, &signer(&server), Some(&checkpoint)).await.unwrap().faults;
    assert!(with().await.is_empty());
    attack(&server, &[&format!("DELETE FROM ledger WHERE id > {}", first + 2)]).await;
    assert!(faults(&server).await.starts_with(&format!("the ledger ends at line {}", first + 2)));
    // As if it had never gone further.
    let sql =
        format!("UPDATE ledger_head SET line_id = {0}, hash = (SELECT hash FROM ledger WHERE id = {0})", first + 2);
    server.sql(&sql).await;
    assert_eq!(faults(&server).await, "", "nothing inside the database tells");
    assert!(with().await[0].to_string().contains("its end was cut off"));
    // It goes on, and other lines take the place of those that were cut off.
    lines(&server, 4).await;
    assert_eq!(faults(&server).await, "");
    assert!(with().await[0].to_string().contains("is not the one that it was at 2026-01-01T00:00:00Z"));
    let other = fusionsoc::secret::Vault::make(&server.dir.path().join("other")).unwrap().signer().unwrap();
    assert!(Checkpoint::read(&kept, &other).unwrap_err().to_string().contains("another key"));
    let altered = kept.replace(&format!("\"line\":{}", head.id), &format!("\"line\":{}", head.id - 1));
    assert!(Checkpoint::read(&altered, &signer(&server)).unwrap_err().to_string().contains("altered"));
}

#[tokio::test]
async fn lines_of_an_older_version_are_chained_when_the_database_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let url = crate::support::database(dir.path()).await;
    let store = Store::open(&url, Durability::Normal).await.unwrap();
    let row =
        "INSERT INTO ledger (id, at_ms, actor_kind, actor, client, action, object, old_value, new_value, request_id)
        SELECT n, n, 'system', 'FusionSOC', '', 'old', 'thing:' || CAST(n AS TEXT), '', '', '' FROM
        (WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 2500) SELECT n FROM t) AS many";
    match &store {
        Store::Sqlite { write, .. } => drop(sqlx::query(row).execute(write).await.unwrap()),
        Store::Postgres(pool) => drop(sqlx::query(row).execute(pool).await.unwrap()),
    }
    drop(store);
    let store = Store::open(&url, Durability::Normal).await.unwrap();
    let signer = fusionsoc::secret::Vault::make(&dir.path().join("key")).unwrap().signer().unwrap();
    let found = verify(&store, &signer, None).await.unwrap();
    assert!(found.faults.is_empty() && found.lines == 2_500, "{found:?}");
}

#[tokio::test]
async fn old_segments_leave_whole_and_the_rest_is_still_proven() {
    let server = spawn().await;
    let (signer, store) = (signer(&server), &server.app.store);
    lines(&server, 4).await;
    let now = clock::now_ms();
    assert_eq!(seal(store, &signer, now).await.unwrap(), 0, "nothing is a day old");
    assert_eq!(seal(store, &signer, now + DAY_MS + 60_000).await.unwrap(), 1);
    lines(&server, 4).await;
    assert_eq!(seal(store, &signer, now + 2 * DAY_MS + 120_000).await.unwrap(), 1);
    let left = lines(&server, 2).await;
    let before = found(&server).await;
    assert!(before.faults.is_empty() && before.segments == 2 && before.purged == 0, "{before:?}");
    assert_eq!(purge(store, &signer, now - DAY_MS, now).await.unwrap(), 0, "none is that old");
    let removed = purge(store, &signer, now + 10 * DAY_MS, now).await.unwrap();
    let after = found(&server).await;
    assert!(after.faults.is_empty() && after.purged == 2 && after.first == before.last - 2, "{after:?} {removed}");
    let ada = server.sign_in("ada", Role::Admin).await;
    let (_, page) = ada.page("/admin/audit?by=all&what=ledger_purged").await;
    assert!(page.contains("segment:1") && page.contains("segment:2"), "{page}");
    attack(&server, &[&format!("DELETE FROM ledger WHERE id = {}", left + 1)]).await;
    assert!(faults(&server).await.contains("are missing"));
    attack(&server, &["DELETE FROM ledger_segments WHERE number = 1"]).await;
    assert!(faults(&server).await.contains("segment 2: a segment before it is missing"));
}

#[tokio::test]
async fn nothing_that_can_not_be_proven_is_signed() {
    let server = spawn().await;
    let first = lines(&server, 4).await;
    attack(&server, &[&format!("UPDATE ledger SET actor = 'x' WHERE id = {}", first + 1)]).await;
    let refused = seal(&server.app.store, &signer(&server), clock::now_ms() + 2 * DAY_MS).await;
    assert!(matches!(&refused, Err(SealError::Fault(_))), "{refused:?}");
    assert_eq!(found(&server).await.segments, 0);
}

#[tokio::test]
async fn a_sealed_line_can_neither_be_removed_nor_replaced_while_its_segment_is_kept() {
    let server = spawn().await;
    lines(&server, 4).await;
    seal(&server.app.store, &signer(&server), clock::now_ms() + 2 * DAY_MS).await.unwrap();
    let refused = async |sql: &'static str| {
        let tx = server.app.store.write().await.unwrap();
        match tx {
            fusionsoc::store::Tx::Sqlite(mut tx) => sqlx::query(sql).execute(&mut *tx).await.is_err(),
            fusionsoc::store::Tx::Postgres(mut tx) => sqlx::query(sql).execute(&mut *tx).await.is_err(),
        }
    };
    assert!(refused("DELETE FROM ledger WHERE id = 1").await);
    assert!(refused("UPDATE ledger SET actor = 'x' WHERE id = 1").await);
    assert!(refused("UPDATE ledger SET hash = prev_hash WHERE id = 1").await);
    assert!(refused("UPDATE ledger_segments SET last_id = 1").await);
    assert!(refused("DELETE FROM ledger_segments").await);
    if matches!(server.app.store, Store::Sqlite { .. }) {
        assert!(refused("INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE id = 1").await);
    }
}
