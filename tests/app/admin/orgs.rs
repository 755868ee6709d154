//! Organisations: one's own, a new one, another name, a LimaCharlie id that is nobody else's.
use super::{count, text_of};
use crate::support::{SEED, add_org, spawn};
use fusionsoc::domain::Role;

const OID: &str = "d3541070-8b0e-4663-8a6a-aa0727aacd36";
const FOREIGN: &str = "d3541070-8b0e-4663-8a6a-aa0727aacd37";

#[tokio::test]
async fn an_admin_sees_and_adds_their_own() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "umbrella", Some(FOREIGN)).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    server.sign_in("bob", Role::Viewer).await;
    server.sign_in_to(other, "eve", Role::Admin).await;
    server.deliver(SEED).await;
    let (_, page) = ada.page("/admin/orgs").await;
    assert!(page.contains("data-l=\"People\">2<") && page.contains("data-l=\"Tokens\">1<"), "{page}");
    assert!(page.contains("org=acme\">1</a>") && page.contains("not allowed") && !page.contains("umbrella"), "{page}");
    let add = async |slug: &str, name: &str, oid: &str| {
        let reply = ada.post("/admin/orgs", &[("slug", slug), ("name", name), ("oid", oid)]).await;
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    assert_eq!(add("beta", "Beta", "").await.0, 403, "who is not in all of them");
    server.sql("INSERT INTO memberships (user_id, org_id) VALUES (1, 2)").await;
    let zoe = server.sign_in("zoe", Role::Admin).await;
    server.sql("INSERT INTO memberships (user_id, org_id) SELECT id, 2 FROM users WHERE username = 'zoe'").await;
    for (slug, name, oid, said) in [
        ("a b", "B", "", "slug: 1 to 64 letters"),
        ("acme", "B", "", "slug: This short name is taken."),
        ("beta", " ", "", "name: 1 to 80 visible characters."),
        ("beta", "B", "../x", "oid: An organisation&#39;s id is a UUID"),
        ("beta", "B", FOREIGN, "oid: This id is taken."),
    ] {
        let (status, page) = add(slug, name, oid).await;
        assert!(status == 422 && page.contains(said), "{said}: {page}");
        assert!(page.contains(&format!("value=\"{slug}\"")) && page.contains(&format!("value=\"{oid}\"")), "{page}");
    }
    assert_eq!(add("beta", "Beta", OID).await.0, 303);
    let (_, page) = ada.page("/admin/orgs").await;
    assert!(page.contains(">Beta</th>") && page.contains(OID), "{page}");
    assert_eq!(count(&server, "memberships WHERE org_id = 3 AND user_id = 1").await, 1, "who adds it belongs to it");
    assert!(zoe.page("/admin/orgs").await.1.contains(">Beta</th>"), "so do all admins of all organisations");
    assert_eq!(count(&server, "memberships WHERE org_id = 3").await, 2, "and nobody else");
    let added =
        text_of(&server, "SELECT new_value FROM ledger WHERE action = 'org_added' AND object = 'org:beta'").await;
    assert_eq!(added, format!("Beta {OID}"));
}

#[tokio::test]
async fn name_and_id_change_with_what_was_before() {
    let server = spawn().await;
    add_org(&server.app.store, "umbrella", Some(FOREIGN)).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let change = async |name: &str, oid: &str, version: &str| {
        let reply = ada.post("/admin/orgs/1", &[("name", name), ("oid", oid), ("version", version)]).await;
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    assert_eq!(change("Acme Ltd", OID, "1").await.0, 403, "whose id it is concerns all organisations");
    assert_eq!(ada.post("/admin/orgs/2", &[("name", "Mine"), ("version", "1")]).await.status(), 404);
    server.sql("INSERT INTO memberships (user_id, org_id) VALUES (1, 2)").await;
    assert_eq!(change("Acme Ltd", OID, "1").await.0, 303);
    let (status, page) = change("Somebody's", "", "1").await;
    assert!(status == 409 && page.contains("Somebody changed this organisation meanwhile"), "{page}");
    assert!(page.contains("value=\"Somebody&#39;s\"") && page.contains("name=\"version\" value=\"2\""), "{page}");
    for (name, oid, said) in
        [("", OID, "name: 1 to 80"), ("Acme", FOREIGN, "oid: This id is taken."), ("Acme", "x", "oid: An")]
    {
        let (status, page) = change(name, oid, "2").await;
        assert!(status == 422 && page.contains(said), "{said}: {page}");
    }
    assert_eq!(text_of(&server, "SELECT name FROM orgs WHERE id = 1").await, "Acme Ltd", "half of a form is not saved");
    assert_eq!(change("Acme Ltd", "", "2").await.0, 303);
    let changes = "ledger WHERE org_id = 1 AND actor = 'ada' AND (action, old_value, new_value) IN
        (('org_renamed', 'acme', 'Acme Ltd'), ('org_oid', '', 'd3541070-8b0e-4663-8a6a-aa0727aacd36'),
         ('org_oid', 'd3541070-8b0e-4663-8a6a-aa0727aacd36', ''))";
    assert_eq!(count(&server, changes).await, 3);
}

#[tokio::test]
async fn hostile_names_are_texts() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let hostile = "<img src=x onerror=alert(1)>\u{202e}\"'";
    assert_eq!(ada.post("/admin/orgs/1", &[("name", hostile), ("version", "1")]).await.status(), 303);
    let token = [("name", hostile), ("org", "acme"), ("read", "on"), ("days", "9")];
    let made = ada.post("/admin/tokens", &token).await.text().await.unwrap();
    let mut pages = vec![made];
    for path in ["/admin/users", "/admin/users/1", "/admin/tokens", "/admin/orgs", "/admin/audit"] {
        pages.push(ada.page(path).await.1);
    }
    let typed = ada.post("/admin/tokens", &[("name", hostile), ("days", "9")]).await.text().await.unwrap();
    pages.push(typed);
    for page in pages {
        assert!(!page.contains("<img") && page.contains("&#60;img") | page.contains("&lt;img"), "{page}");
    }
    for path in ["/admin/users/1", "/admin/tokens"] {
        assert!(ada.page(path).await.1.contains("⟨U+202E⟩"), "{path}");
    }
    let control = [("name", "a\u{7}b"), ("version", "2")];
    assert_eq!(ada.post("/admin/orgs/1", &control).await.status(), 422);
}
