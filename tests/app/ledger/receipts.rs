//! Every decision of the machine has a receipt, and what it rests on is compared with it.
use super::{DAY_MS, attack, faults, found, signer};
use crate::support::{Person, SEED, Server, recorded, seed_id, spawn, spawn_with};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::domain::Role;
use fusionsoc::jobs::retention;
use fusionsoc::proof::seal::{purge, seal};
use fusionsoc::store::{Store, ledger, receipts};
use sha2::{Digest, Sha256};

async fn triaged(server: &Server) -> i64 {
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    number
}

#[tokio::test]
async fn a_receipt_names_what_was_decided_and_its_bytes_have_the_hash_of_the_ledger() {
    let server = spawn().await;
    let number = triaged(&server).await;
    let (vic, ada) = (server.sign_in("vic", Role::Viewer).await, server.sign_in("ada", Role::Admin).await);
    let (status, page) = vic.page(&format!("/cases/{number}/triage/1/receipt")).await;
    assert_eq!(status, 200);
    assert!(page.contains("Everything that is named below is stored as it was"), "{page}");
    for named in [
        "builtin:rules",
        "builtin:precedent",
        "detection (",
        "Never closed alone with host tags",
        "report, flags and vetoes",
    ] {
        assert!(page.contains(named), "{named}: {page}");
    }
    let (_, body) = vic.page(&format!("/cases/{number}/triage/1/receipt.json")).await;
    let receipt: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(receipt["decision"]["verdict"], server.case(number).await["runs"][0]["machine_verdict"]);
    let hash = hex::encode(Sha256::digest(&body));
    assert!(page.contains(&hash));
    let (_, log) = ada.page("/admin/audit?by=all&what=receipt").await;
    assert!(log.contains(&hash), "{log}");
    let (_, raw) = vic.page(&format!("/cases/{number}/detections/{}.json", seed_id())).await;
    assert_eq!(receipt["detection"]["sha256"], hex::encode(Sha256::digest(&raw)));
    assert_eq!(vic.page(&format!("/cases/{number}/triage/9/receipt")).await.0, 404);
    assert_eq!(vic.page("/cases/999/triage/1/receipt").await.0, 404);
}

#[tokio::test]
async fn what_was_altered_afterwards_is_named_on_the_page_and_by_the_proof() {
    for (sql, named) in [
        ("UPDATE votes SET answer = '{}' WHERE voter = 'builtin:rules'", "the vote of builtin:rules is not the one"),
        ("UPDATE votes SET raw = 'other' WHERE voter = 'builtin:precedent'", "the vote of builtin:precedent is not"),
        ("UPDATE runs SET machine_verdict = 'none'", "the decision or its report is not the one"),
        ("UPDATE runs SET flags = '[]', vetoes = '[]'", "the decision or its report is not the one"),
        ("UPDATE votes SET carried_from = 7 WHERE voter = 'builtin:rules'", "the vote of builtin:rules is not the one"),
        (
            "UPDATE votes SET reused_from = run_id WHERE voter = 'builtin:rules'",
            "the vote of builtin:rules is not the one",
        ),
        ("UPDATE detections SET raw = '{}'", "is not the one that it was"),
        ("UPDATE receipts SET body = body || ' '", "its hash is not that of what it says"),
    ] {
        let server = spawn().await;
        let number = triaged(&server).await;
        attack(&server, &[sql]).await;
        let text = faults(&server).await;
        assert!(text.contains(named) && text.contains("receipt of run"), "{sql}: {text}");
        let vic = server.sign_in("vic", Role::Viewer).await;
        let (status, page) = vic.page(&format!("/cases/{number}/triage/1/receipt")).await;
        assert!(status == 200 && page.contains("Something is not as it was"), "{sql}");
    }
}

#[tokio::test]
async fn a_receipt_that_is_gone_or_was_made_by_somebody_else_is_named() {
    let server = spawn().await;
    triaged(&server).await;
    attack(&server, &["DELETE FROM receipts"]).await;
    assert!(faults(&server).await.contains("tells of it, and it is not there"));

    let server = spawn().await;
    triaged(&server).await;
    let run = "SELECT run_id FROM receipts";
    attack(&server, &[&format!("DELETE FROM ledger WHERE object = 'run:' || CAST(({run}) AS TEXT)")]).await;
    assert!(faults(&server).await.contains("no line of the ledger tells of it"));
}

#[tokio::test]
async fn a_recorded_triage_has_one_too() {
    let server = spawn().await;
    let number = recorded::seed(&server, None, recorded::intelligence()).await;
    let found = found(&server).await;
    assert!(found.faults.is_empty() && found.receipts == 1, "{found:?}");
    let vic = server.sign_in("vic", Role::Viewer).await;
    let (_, page) = vic.page(&format!("/cases/{number}/triage/1/receipt")).await;
    assert!(page.contains("deepseek-r1:8b") && page.contains("stored as it was"), "{page}");
}

/// Replaces the receipt by another text with its own hash, as who can count would.
async fn replace(server: &Server, from: &str, to: &str) {
    let kept = receipts::after(&mut server.app.store.read().await.unwrap(), 0, 1).await.unwrap().remove(0);
    let body = kept.body.replace(from, to);
    assert_ne!(body, kept.body);
    let open = if matches!(server.app.store, Store::Sqlite { .. }) { "x'" } else { "'\\x" };
    let (text, hash) = (body.replace('\'', "''"), hex::encode(Sha256::digest(&body)));
    attack(server, &[&format!("UPDATE receipts SET body = '{text}', hash = {open}{hash}'")]).await;
}

/// Removes all lines as those that are old.
async fn purged(server: &Server) {
    let now = now_ms();
    assert_eq!(seal(&server.app.store, &signer(server), now + 2 * DAY_MS).await.unwrap(), 1);
    assert!(purge(&server.app.store, &signer(server), now + 9 * DAY_MS, now).await.unwrap() > 0);
}

async fn receipt_page(vic: &Person, number: i64) -> String {
    vic.page(&format!("/cases/{number}/triage/1/receipt")).await.1
}

#[tokio::test]
async fn the_page_tells_of_a_receipt_that_was_replaced_and_of_a_line_that_is_missing() {
    let server = spawn().await;
    let number = triaged(&server).await;
    let vic = server.sign_in("vic", Role::Viewer).await;
    replace(&server, "{\"format\"", "{ \"format\"").await;
    assert!(faults(&server).await.contains("is not the one that line"));
    let page = receipt_page(&vic, number).await;
    assert!(page.contains("Something is not as it was") && page.contains("is not the one that line"), "{page}");
    assert!(!page.contains("stored as it was"), "{page}");

    let server = spawn().await;
    let number = triaged(&server).await;
    let vic = server.sign_in("vic", Role::Viewer).await;
    attack(&server, &["DELETE FROM ledger WHERE action = 'receipt'"]).await;
    let page = receipt_page(&vic, number).await;
    assert!(page.contains("no line of the ledger tells of it") && page.contains("no line tells of it"), "{page}");
    assert!(!page.contains("removed with its segment") && !page.contains("stored as it was"), "{page}");
}

#[tokio::test]
async fn a_receipt_is_signed_when_its_line_is_removed() {
    let server = spawn().await;
    let number = triaged(&server).await;
    let vic = server.sign_in("vic", Role::Viewer).await;
    purged(&server).await;
    let whole = found(&server).await;
    assert!(whole.faults.is_empty() && whole.receipts == 1 && whole.lost == 0, "{whole:?}");
    let page = receipt_page(&vic, number).await;
    assert!(page.contains("its hash was signed then") && page.contains("stored as it was"), "{page}");
    replace(&server, "{\"format\"", "{ \"format\"").await;
    assert!(faults(&server).await.contains("its signature is wrong"));
    assert!(receipt_page(&vic, number).await.contains("its signature is wrong"));
    let none = if matches!(server.app.store, Store::Sqlite { .. }) { "x''" } else { "''" };
    server.sql(&format!("UPDATE receipts SET signature = {none}")).await;
    assert!(faults(&server).await.contains("it was not signed then"));
    // An older version removed the line, and signed neither.
    server.sql("UPDATE ledger_segments SET purge_signature = NULL").await;
    let older = found(&server).await;
    assert!(older.lost == 1 && !faults(&server).await.contains("receipt"), "{older:?}");
}

#[tokio::test]
async fn a_receipt_that_goes_after_its_line_was_removed_is_missed() {
    let server = spawn().await;
    triaged(&server).await;
    server.deliver(&crate::backup::detection(1)).await;
    server.run_jobs().await;
    purged(&server).await;
    let whole = found(&server).await;
    assert!(whole.faults.is_empty(), "{whole:?}");
    let receipts = whole.receipts;
    attack(&server, &["DELETE FROM receipts WHERE run_id = (SELECT MAX(run_id) FROM receipts)"]).await;
    let (told, left) = (faults(&server).await, receipts - 1);
    assert_eq!(
        told,
        format!("segment 1: was purged when {receipts} receipts of removed lines were there, and now {left} are")
    );
}

#[tokio::test]
async fn what_an_older_version_removed_and_did_not_count_still_holds() {
    let server = spawn().await;
    triaged(&server).await;
    purged(&server).await;
    let segment = ledger::last_segment(&mut server.app.store.read().await.unwrap()).await.unwrap().unwrap();
    let first = signer(&server).sign(&segment.signed_purge_uncounted(segment.purged_ms.unwrap()));
    let open = if matches!(server.app.store, Store::Sqlite { .. }) { "x'" } else { "'\\x" };
    let set = format!("UPDATE ledger_segments SET purge_signature = {open}{}'", hex::encode(first));
    attack(&server, &[&set, "DELETE FROM receipts"]).await;
    assert_eq!(faults(&server).await, "");
}

#[tokio::test]
async fn the_line_of_a_receipt_that_is_not_there_stays() {
    let server = spawn().await;
    triaged(&server).await;
    attack(&server, &["DELETE FROM receipts"]).await;
    let now = now_ms();
    seal(&server.app.store, &signer(&server), now + 2 * DAY_MS).await.unwrap();
    let refused = purge(&server.app.store, &signer(&server), now + 9 * DAY_MS, now).await;
    assert!(refused.unwrap_err().to_string().contains("tells of it, and it is not there"));
    assert!(faults(&server).await.contains("tells of it, and it is not there"));
}

#[tokio::test]
async fn a_receipt_that_was_replaced_before_its_line_was_removed_is_never_signed() {
    let server = spawn().await;
    triaged(&server).await;
    replace(&server, "{\"format\"", "{ \"format\"").await;
    purged(&server).await;
    assert!(faults(&server).await.contains("it was not signed then: it is another one"));
}

#[tokio::test]
async fn a_receipt_of_the_first_form_says_nothing_of_votes_that_were_taken_over() {
    let server = spawn().await;
    triaged(&server).await;
    replace(&server, "fusionsoc-receipt-2", "fusionsoc-receipt-1").await;
    server.sql("UPDATE votes SET carried_from = 1").await;
    let text = faults(&server).await;
    assert!(text.contains("is not the one that line") && !text.contains("the vote of"), "{text}");
}

/// Removes rows to which others refer.
async fn unreferenced(server: &Server, sql: &'static str) {
    match &server.app.store {
        Store::Sqlite { write, .. } => {
            let mut connection = write.acquire().await.unwrap();
            for sql in ["PRAGMA foreign_keys = OFF", sql, "PRAGMA foreign_keys = ON"] {
                sqlx::query(sql).execute(&mut *connection).await.unwrap();
            }
        }
        Store::Postgres(_) => {
            let loose = "DO $$ DECLARE r RECORD; BEGIN
                FOR r IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
                    WHERE contype = 'f' AND connamespace = CAST(current_schema() AS regnamespace)
                LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.t, r.conname); END LOOP; END $$";
            for sql in [loose, sql] {
                server.sql(sql).await;
            }
        }
    }
}

#[tokio::test]
async fn a_row_that_is_gone_is_named_and_ends_nothing() {
    for (sql, named) in [
        ("DELETE FROM detections", "is not there any more"),
        ("DELETE FROM runs", "the decision or its report is not the one that it was"),
    ] {
        let server = spawn().await;
        triaged(&server).await;
        unreferenced(&server, sql).await;
        let text = faults(&server).await;
        assert!(text.contains("receipt of run") && text.contains(named), "{sql}: {text}");
    }
}

#[tokio::test]
async fn a_raw_detection_that_is_gone_is_one_that_the_ledger_names() {
    let server = spawn_with(|config| config.retention.raw_days = 1).await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let number = triaged(&server).await;
    let fields = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(lea.post(&format!("/cases/{number}/verdict"), &fields).await.status(), 303);
    let mut tx = server.app.store.write().await.unwrap();
    retention::schedule(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    advance_here(3 * DAY_MS);
    server.run_jobs().await;
    let aged = found(&server).await;
    assert!(aged.faults.is_empty() && aged.gone == 1, "{aged:?}");

    let server = spawn().await;
    let number = triaged(&server).await;
    let vic = server.sign_in("vic", Role::Viewer).await;
    server.sql("UPDATE detections SET raw = ''").await;
    assert!(faults(&server).await.contains("no line of the ledger tells that it was removed"));
    assert!(receipt_page(&vic, number).await.contains("tells whether it was removed by its age"));
}
