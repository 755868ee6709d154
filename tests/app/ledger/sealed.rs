//! What is sealed can neither be called old nor be written anew by who has the database alone.
use super::{DAY_MS, attack, faults, found, lines, signer};
use crate::support::{Server, spawn, spawn_with};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::config::notify::Webhook;
use fusionsoc::domain::Role;
use fusionsoc::jobs::ledger as job;
use fusionsoc::proof::checkpoint::Checkpoint;
use fusionsoc::proof::seal::{SealError, purge, seal};
use fusionsoc::proof::verify::verify;
use fusionsoc::store::ledger::{self, Head};
use fusionsoc::store::record::{Entry, audit};
use fusionsoc::store::upkeep;
use fusionsoc::store::{Actor, Store};
use std::os::unix::fs::PermissionsExt;

async fn sealed(server: &Server, days: i64) {
    let came = seal(&server.app.store, &signer(server), now_ms() + days * DAY_MS + 60_000).await;
    assert_eq!(came.unwrap(), 1);
}

async fn head(server: &Server) -> Head {
    ledger::head(&mut server.app.store.read().await.unwrap()).await.unwrap()
}

/// A hash as a value of the database.
fn literal(server: &Server, hash: &[u8]) -> String {
    let open = if matches!(server.app.store, Store::Sqlite { .. }) { "x'" } else { "'\\x" };
    format!("{open}{}'", hex::encode(hash))
}

/// Writes the whole chain anew behind another actor in its second line, without the key, as if that had been said.
async fn write_anew(server: &Server) {
    attack(server, &["DELETE FROM ledger_segments", "UPDATE ledger SET actor = 'nobody' WHERE id = 2"]).await;
    let all = ledger::after(&mut server.app.store.read().await.unwrap(), 0, 10_000).await.unwrap();
    let mut before = [0; 32];
    for line in &all {
        let hash = line.body.hash(line.id, &before);
        let (prev, own) = (literal(server, &before), literal(server, &hash));
        server.sql(&format!("UPDATE ledger SET prev_hash = {prev}, hash = {own} WHERE id = {}", line.id)).await;
        before = hash;
    }
    server.sql(&format!("UPDATE ledger_head SET hash = {}", literal(server, &before))).await;
}

#[tokio::test]
async fn sealed_lines_can_not_be_called_old_without_the_key_file() {
    let server = spawn().await;
    lines(&server, 4).await;
    sealed(&server, 1).await;
    // No trigger is in the way of this: any 64 bytes will do for them.
    server.sql("UPDATE ledger_segments SET purged_ms = 1, purge_signature = signature").await;
    server.sql("DELETE FROM ledger WHERE id <= (SELECT MAX(last_id) FROM ledger_segments)").await;
    assert_eq!(faults(&server).await, "segment 1: is called purged, and the signature over that is missing or wrong");
    attack(&server, &["UPDATE ledger_segments SET purge_signature = NULL"]).await;
    assert!(faults(&server).await.starts_with("segment 1: is called purged"));
}

#[tokio::test]
async fn segments_leave_in_their_order() {
    let server = spawn().await;
    lines(&server, 4).await;
    sealed(&server, 1).await;
    lines(&server, 4).await;
    sealed(&server, 2).await;
    assert!(purge(&server.app.store, &signer(&server), now_ms() + 9 * DAY_MS, now_ms()).await.unwrap() > 8);
    assert_eq!(faults(&server).await, "");
    attack(&server, &["UPDATE ledger_segments SET purged_ms = NULL WHERE number = 1"]).await;
    assert!(faults(&server).await.contains("segment 2: is called purged, and one before it is not"));
}

#[tokio::test]
async fn lines_that_are_not_those_that_were_sealed_are_kept_as_proof() {
    let server = spawn().await;
    lines(&server, 4).await;
    sealed(&server, 1).await;
    attack(&server, &["UPDATE ledger SET actor = 'nobody' WHERE id = 2"]).await;
    let refused = purge(&server.app.store, &signer(&server), now_ms() + 9 * DAY_MS, now_ms()).await;
    assert!(matches!(refused, Err(SealError::Fault(_))), "{refused:?}");
    assert!(faults(&server).await.starts_with("line 2: was altered"));
    // Nor is a seal that somebody else put there one by which lines can be removed.
    attack(&server, &["UPDATE ledger_segments SET to_ms = 1"]).await;
    let refused = purge(&server.app.store, &signer(&server), 2, now_ms()).await;
    assert!(matches!(refused, Err(SealError::Fault(_))), "{refused:?}");
}

#[tokio::test]
async fn a_checkpoint_of_a_removed_line_can_not_be_compared() {
    let server = spawn().await;
    let signer = signer(&server);
    lines(&server, 3).await;
    let inner = head(&server).await;
    lines(&server, 3).await;
    let last = head(&server).await;
    sealed(&server, 1).await;
    purge(&server.app.store, &signer, now_ms() + 9 * DAY_MS, now_ms()).await.unwrap();
    let with = async |head: Head| {
        let checkpoint = Checkpoint::sign(&signer, head, "2026-01-01T00:00:00Z");
        let faults = verify(&server.app.store, &signer, Some(&checkpoint)).await.unwrap().faults;
        faults.iter().map(ToString::to_string).collect::<String>()
    };
    assert!(with(inner).await.contains("so it can't be compared"));
    assert_eq!(with(last).await, "", "the seal has the hash of its last line");
    assert!(with(Head { hash: [1; 32], ..last }).await.contains("was another one"));
}

#[tokio::test]
async fn a_line_of_a_clock_that_was_ahead_keeps_nothing_from_being_removed() {
    let server = spawn().await;
    let mut tx = server.app.store.write().await.unwrap();
    let entry = Entry { action: "tried", object: "thing:1", old: "", new: "" };
    audit(&mut tx, &Actor::operator(), None, &entry, now_ms() + 9_000 * DAY_MS).await.unwrap();
    tx.commit().await.unwrap();
    sealed(&server, 1).await;
    let removed = purge(&server.app.store, &signer(&server), now_ms() + 9 * DAY_MS, now_ms()).await.unwrap();
    assert!(removed > 0);
    assert_eq!(faults(&server).await, "");
}

#[tokio::test]
async fn a_line_below_the_first_one_is_named() {
    let server = spawn().await;
    lines(&server, 2).await;
    let columns = "org_id, at_ms, actor_kind, actor, client, action, object, old_value, new_value, request_id, result";
    for id in [0, -7] {
        server
            .sql(&format!("INSERT INTO ledger (id, {columns}) SELECT {id}, {columns} FROM ledger WHERE id = 1"))
            .await;
    }
    let text = faults(&server).await;
    assert!(text.contains("line -7: is not part of the chain") && text.contains("line 0: is not part"), "{text}");
}

#[tokio::test]
async fn a_chain_that_was_written_anew_is_not_signed_and_that_is_told() {
    let keys = tempfile::tempdir().unwrap();
    let secret = keys.path().join("secret");
    std::fs::write(&secret, "a secret of sixteen and more").unwrap();
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
    let hook =
        Webhook { url: "http://127.0.0.1:9/".to_owned(), secret_file: secret.display().to_string(), orgs: Vec::new() };
    let server = spawn_with(|config| config.notify.webhook = Some(hook)).await;
    lines(&server, 4).await;
    sealed(&server, 1).await;
    write_anew(&server).await;
    let text = faults(&server).await;
    assert!(text.starts_with("newest seal: segment 1 up to line"), "{text}");
    let mut tx = server.app.store.write().await.unwrap();
    job::schedule(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    advance_here(2 * DAY_MS);
    server.worker().signing(Some(signer(&server))).run_due().await;
    assert_eq!(found(&server).await.segments, 0, "it was signed");
    let ada = server.sign_in("ada", Role::Admin).await;
    let (_, log) = ada.page("/admin/audit?by=all&what=seal_refused&result=failed").await;
    assert!(log.contains("newest seal: segment 1"), "{log}");
    let (_, page) = ada.page("/admin/system").await;
    assert!(page.contains("Seals of the audit ledger") && page.contains("newest seal: segment 1"), "{page}");
    let (_, told) = ada.page("/admin/integrations").await;
    assert!(told.contains("Audit log altered"), "{told}");
}

#[tokio::test]
async fn the_newest_seal_is_kept_for_its_owner_alone_and_an_older_one_holds() {
    let server = spawn().await;
    let signer = signer(&server);
    let file = signer.seal_file().to_owned();
    lines(&server, 2).await;
    sealed(&server, 1).await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = std::fs::read_to_string(&file).unwrap();
    lines(&server, 2).await;
    sealed(&server, 2).await;
    let second = std::fs::read_to_string(&file).unwrap();
    assert!(first.contains("\"segment\":1") && second.contains("\"segment\":2"), "{first} {second}");
    // Another machine sealed the second.
    std::fs::write(&file, &first).unwrap();
    let found = found(&server).await;
    assert!(found.faults.is_empty() && found.newest == Some(1) && found.unsealed > 0, "{found:?}");
    seal(&server.app.store, &signer, now_ms() + 2 * DAY_MS).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), second, "it catches up");
    std::fs::write(&file, first.replace("\"segment\":1", "\"segment\":7")).unwrap();
    assert!(faults(&server).await.contains("was not written with this key file, or was altered"));
    let refused = seal(&server.app.store, &signer, now_ms()).await;
    assert!(matches!(refused, Err(SealError::Fault(_))), "{refused:?}");
}

#[tokio::test]
async fn nothing_is_signed_behind_a_seal_of_somebody_else() {
    let server = spawn().await;
    lines(&server, 4).await;
    server
        .sql(
            "INSERT INTO ledger_segments (number, first_id, last_id, line_count, from_ms, to_ms, prev_hash, last_hash, sealed_ms,
                public_key, signature) SELECT 1, 1, id, id, 1, 1, prev_hash, hash, 1, hash, hash FROM ledger WHERE id = 3",
        )
        .await;
    let refused = seal(&server.app.store, &signer(&server), now_ms() + 2 * DAY_MS).await;
    assert!(matches!(refused, Err(SealError::Fault(_))), "{refused:?}");
}

#[tokio::test]
async fn the_hourly_run_removes_no_lines_by_a_clock_that_is_far_ahead_of_the_last_one() {
    let server = spawn().await;
    lines(&server, 3).await;
    let run = async |days: i64| {
        let mut tx = server.app.store.write().await.unwrap();
        job::schedule(&mut tx, now_ms()).await.unwrap();
        tx.commit().await.unwrap();
        advance_here(days * DAY_MS);
        server.worker().signing(Some(signer(&server))).run_due().await;
    };
    let purged = async || {
        let before = upkeep::all(&mut server.app.store.read().await.unwrap()).await.unwrap();
        before.into_iter().find(|one| one.name == job::KIND).map(|one| one.removed)
    };
    run(2).await;
    run(500).await;
    assert_eq!(purged().await, Some(0), "the clock may be wrong");
    run(1).await;
    assert!(purged().await > Some(0), "it has said the same for a day");
    assert_eq!(faults(&server).await, "");
}
