//! The audit log: it opens on what people did, and tells nobody about people of others.
use super::{join, step};
use crate::support::{SEED, add_org, spawn};
use fusionsoc::domain::Role;

#[tokio::test]
async fn it_opens_on_what_people_did() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    let (_, page) = ada.page("/admin/audit").await;
    assert!(page.contains(">ada<") && !page.contains(">FusionSOC<br>"), "{page}");
    assert!(page.contains("name=\"by\" value=\"all\">"), "a switch: {page}");
    let (_, page) = ada.page("/admin/audit?by=all").await;
    assert!(page.contains(">ada<") && page.contains(">FusionSOC<br>"), "{page}");
    assert!(
        page.contains("name=\"by\" value=\"all\" checked>") && page.contains("/admin/audit/export?by=all"),
        "{page}"
    );
    let (_, csv) = ada.page("/admin/audit/export").await;
    assert!(csv.contains("ada") && !csv.contains("FusionSOC"), "{csv}");
    assert!(ada.page("/admin/audit/export?by=all").await.1.contains("FusionSOC"));
    assert_eq!(ada.page("/admin/audit?by=machines").await.0, 400);
}

#[tokio::test]
async fn what_was_done_with_people_of_others_is_not_told() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    // She shares an organisation with the stranger, but the person whom she changes does not.
    join(&server, "ada", other).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    server.sign_in("bob", Role::Analyst).await;
    assert_eq!(step(&server, &ada, "bob", "role", &[("role", "lead")]).await.0, 303);
    let (_, own) = ada.page("/admin/audit?object=user:bob").await;
    assert!(own.contains("user_role") && own.contains("analyst → lead"), "{own}");
    let (_, foreign) = eve.page("/admin/audit").await;
    assert!(foreign.contains(">ada<") && !foreign.contains("bob"), "{foreign}");
}
