//! `/readyz`: ready or not for everybody, why not for those with a token.
use super::{TOKEN, asked, watched};
use crate::support::{Server, add_token, http};
use fusionsoc::api::disk::{Space, pretend_here};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::store::{Store, jobs};
use serde_json::{Value, json};

/// A server with a worker that was just seen.
async fn working() -> Server {
    let server = watched(|_| ()).await;
    let mut tx = server.app.store.write().await.unwrap();
    jobs::worker_seen(&mut tx, "one", fusionsoc::clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    server
}

async fn ready(server: &Server, token: &str) -> (u16, Value) {
    let (status, text) = asked(&server.url, "/readyz", token).await;
    (status, serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn the_details_are_for_those_with_a_token() {
    let server = working().await;
    let reader = add_token(&server.app.store, server.org_id, &[Scope::Read, Scope::Write, Scope::Ingest]).await;
    let admin = add_token(&server.app.store, server.org_id, &[Scope::Admin]).await;
    for token in ["", "wrong", &reader] {
        assert_eq!(ready(&server, token).await, (200, json!({"ready": true})), "{token}");
    }
    fusionsoc::clock::advance_here(61_000);
    for token in ["", "wrong", &reader] {
        assert_eq!(ready(&server, token).await, (503, json!({"ready": false})), "{token}");
    }
    for token in [TOKEN, &admin] {
        let (status, said) = ready(&server, token).await;
        assert_eq!((status, &said["ready"], &said["checks"]["worker"]), (503, &json!(false), &json!(false)));
        for works in ["database", "migrations", "webhook_secrets", "running"] {
            assert_eq!(said["checks"][works], json!(true), "{said}");
        }
        assert!(said["problems"]["worker"].as_str().unwrap().starts_with("No worker was seen for 61 s."), "{said}");
        assert_eq!(said["problems"].as_object().unwrap().len(), 1, "{said}");
    }
    assert_eq!(asked(&server.url, "/healthz", "").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn a_disk_that_is_almost_full_is_no_place_to_store_anything() {
    let server = working().await;
    for (free, wanted) in [(50, 503), (51, 200)] {
        pretend_here(Space { free, total: 1_000 });
        let (status, said) = ready(&server, TOKEN).await;
        assert_eq!(status, wanted, "{said}");
        let problem = said["problems"]["disk"].as_str().unwrap_or_default();
        assert_eq!(problem.starts_with("5 % of the disk is free."), wanted == 503, "{said}");
    }
}

#[tokio::test]
async fn a_server_goes_on_when_a_newer_program_has_changed_the_schema() {
    let server = working().await;
    let (name, hash) = match server.app.store {
        Store::Sqlite { .. } => ("9999", "x'00'"),
        Store::Postgres(_) => ("9999", "'x'"),
    };
    server.sql(&format!("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ({name}, 'x', TRUE, {hash}, 0)")).await;
    let (status, said) = ready(&server, TOKEN).await;
    assert_eq!((status, &said["checks"]["migrations"], &said["problems"]), (200, &json!(true), &json!({})), "{said}");
    assert!(said["notes"]["migrations"].as_str().unwrap().contains("version 9999"), "{said}");
    assert_eq!(ready(&server, "").await, (200, json!({"ready": true})));
    let ada = server.sign_in("ada", Role::Admin).await;
    assert!(ada.page("/admin/system").await.1.contains("version 9999"));
}

#[tokio::test]
async fn a_schema_that_lacks_a_step_is_a_problem() {
    let server = working().await;
    assert_eq!(ready(&server, TOKEN).await.1["notes"], json!({}));
    server.sql("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)").await;
    let (status, said) = ready(&server, TOKEN).await;
    assert_eq!((status, &said["checks"]["migrations"]), (503, &json!(false)), "{said}");
    assert!(said["problems"]["migrations"].as_str().unwrap().contains("fusionsoc migrate"), "{said}");
}

#[tokio::test]
async fn secrets_that_can_not_be_opened_are_counted_and_not_named() {
    let server = working().await;
    let secret = if matches!(server.app.store, Store::Sqlite { .. }) { "x'0011'" } else { "'\\x0011'" };
    let sql = format!(
        "INSERT INTO sources (id, org_id, kind, name, secret, created_ms) VALUES (1, {}, 'limacharlie', 'hidden-name', {secret}, 1)",
        server.org_id
    );
    server.sql(&sql).await;
    let (status, said) = ready(&server, TOKEN).await;
    assert_eq!((status, &said["checks"]["webhook_secrets"]), (503, &json!(false)), "{said}");
    assert!(!said.to_string().contains("hidden-name"), "{said}");
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready_and_closes_live_pages() {
    let server = working().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let live = || http().get(format!("{}/events", server.url)).header("cookie", &ana.cookie).send();
    let stream = live().await.unwrap();
    server.app.stopping.cancel();
    let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.text()).await;
    assert!(read.expect("the stream ends").is_ok());
    assert_eq!(live().await.unwrap().status(), 503, "no new one begins");
    assert_eq!(ready(&server, "").await, (503, json!({"ready": false})));
    assert_eq!(ready(&server, TOKEN).await.1["problems"], json!({"running": "The server was told to stop."}));
    assert_eq!(ana.page("/cases").await.0, 200, "who still comes is answered");
}
