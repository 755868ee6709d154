//! API tokens: shown once, ended at once, and never able to do more than whoever made them.
use super::{count, inside, join, step, text_of};
use crate::support::{Person, Server, add_org, http, spawn};
use fusionsoc::domain::Role;
use std::time::Duration;

/// Makes a token by the page.
async fn make(admin: &Person, name: &str, scopes: &[&str]) -> String {
    let fields: Vec<(&str, &str)> = scopes.iter().map(|scope| (*scope, "on")).collect();
    let fields = [&[("name", name), ("org", "acme"), ("days", "30")], fields.as_slice()].concat();
    let reply = admin.post("/admin/tokens", &fields).await;
    assert_eq!((reply.status().as_u16(), &reply.headers()["cache-control"]), (201, &"no-store".parse().unwrap()));
    inside(&reply.text().await.unwrap(), "<code id=\"made\">").to_owned()
}

async fn read(server: &Server, token: &str) -> u16 {
    let sent = http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(token);
    sent.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_token_is_shown_once_and_refused_once_it_is_revoked() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let token = make(&ada, "reader", &["read"]).await;
    assert_eq!((token.len(), read(&server, &token).await), (77, 200));
    let (_, list) = ada.page("/admin/tokens").await;
    assert!(
        list.contains(">reader</th>") && list.contains("data-l=\"By\">ada<") && !list.contains(&token[..20]),
        "{list}"
    );
    assert!(list.contains("data-l=\"By\">command line<"), "the one that was there: {list}");
    assert_eq!(count(&server, &format!("ledger WHERE new_value LIKE '%{}%'", &token[5..20])).await, 0);
    let made = text_of(&server, "SELECT new_value FROM ledger WHERE action = 'token_created'").await;
    assert_eq!(made, "reader: read for 30 days");
    let mut stream = http().get(format!("{}/api/v1/stream", server.url)).bearer_auth(&token).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    assert_eq!(ada.post("/admin/tokens/2/revoke", &[]).await.status(), 303);
    assert_eq!(read(&server, &token).await, 401);
    let ended = tokio::time::timeout(Duration::from_secs(5), async { while let Ok(Some(_)) = stream.chunk().await {} });
    assert!(ended.await.is_ok(), "its stream ends with it");
    assert_eq!(ada.post("/admin/tokens/2/revoke", &[]).await.status(), 303, "again: nothing happens");
    assert_eq!(count(&server, "ledger WHERE action = 'token_revoked' AND old_value = 'reader: read'").await, 1);
}

#[tokio::test]
async fn what_is_typed_wrong_is_said_and_stays_and_a_form_serves_once() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let long = "n".repeat(81);
    let wrong: [(&[(&str, &str)], &str); 6] = [
        (&[("name", "ci"), ("days", "30")], "scope: Choose at least one scope."),
        (&[("name", "ci"), ("read", "on"), ("days", "0")], "days: 1 to 365 days."),
        (&[("name", "ci"), ("read", "on"), ("days", "366")], "days: 1 to 365 days."),
        (&[("name", "ci"), ("read", "on"), ("days", "long")], "days: 1 to 365 days."),
        (&[("name", "  "), ("read", "on"), ("days", "30")], "name: 1 to 80 visible characters."),
        (&[("name", &long), ("read", "on"), ("days", "30")], "name: 1 to 80 visible characters."),
    ];
    for (fields, said) in wrong {
        let reply = ada.post("/admin/tokens", fields).await;
        let (status, page) = (reply.status(), reply.text().await.unwrap());
        assert!(status == 422 && page.contains(said) && !page.contains("id=\"made\""), "{said}: {page}");
        assert_eq!(page.contains("name=\"read\" value=\"on\" checked"), fields.len() == 3, "{said}");
    }
    let once = [("name", "ci"), ("read", "on"), ("days", "365"), ("idempotency_key", "k")];
    assert_eq!(ada.post("/admin/tokens", &once).await.status(), 201);
    assert_eq!(ada.post("/admin/tokens", &once).await.status(), 303, "the same form again");
    assert_eq!(count(&server, "tokens").await, 2);
}

#[tokio::test]
async fn a_token_does_no_more_than_its_owner() {
    let server = spawn().await;
    let bea = server.sign_in("bea", Role::Admin).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let [read_only, write, ingest] = [
        make(&ada, "r", &["read"]).await,
        make(&ada, "w", &["read", "write"]).await,
        make(&ada, "i", &["read", "ingest"]).await,
    ];
    let all = async || [read(&server, &read_only).await, read(&server, &write).await, read(&server, &ingest).await];
    assert_eq!(all().await, [200, 200, 200]);
    for (role, wanted) in
        [("lead", [200, 200, 401]), ("analyst", [200, 200, 401]), ("viewer", [200, 401, 401]), ("admin", [200; 3])]
    {
        assert_eq!(step(&server, &bea, "ada", "role", &[("role", role)]).await.0, 303);
        assert_eq!(all().await, wanted, "{role}");
    }
    assert_eq!(step(&server, &bea, "ada", "disable", &[]).await.0, 303);
    assert_eq!(all().await, [401; 3]);
    assert!(bea.page("/admin/tokens").await.1.contains("refused: its owner is disabled"));
    assert_eq!(step(&server, &bea, "ada", "enable", &[]).await.0, 303);
    assert_eq!(all().await, [200; 3]);
    let second = add_org(&server.app.store, "beta", None).await;
    join(&server, "ada", second).await;
    assert_eq!(step(&server, &bea, "ada", "leave", &[("org", "acme")]).await.0, 303);
    assert_eq!(all().await, [401; 3], "out of the organisation");
    assert!(bea.page("/admin/tokens").await.1.contains("refused: its owner left the organisation"));
    assert_eq!(read(&server, &server.token).await, 200, "one of nobody's stands for itself");
}

#[tokio::test]
async fn tokens_of_others_are_not_there() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    let token = make(&ada, "acme-reader", &["read"]).await;
    assert!(!eve.page("/admin/tokens").await.1.contains("acme-reader"));
    assert_eq!(eve.post("/admin/tokens/2/revoke", &[]).await.status(), 404);
    let into = [("name", "mole"), ("org", "acme"), ("read", "on"), ("days", "9")];
    assert_eq!(eve.post("/admin/tokens", &into).await.status(), 404);
    assert_eq!(read(&server, &token).await, 200);
}
