//! Every decision of the machine has a receipt, and what it rests on is compared with it.
use super::{attack, faults, found};
use crate::support::{SEED, Server, recorded, seed_id, spawn};
use fusionsoc::domain::Role;
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
