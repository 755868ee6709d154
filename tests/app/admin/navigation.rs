//! The navigation of the administration.
use crate::support::spawn;
use fusionsoc::domain::Role;

#[tokio::test]
async fn each_role_is_shown_the_pages_that_it_may_open() {
    let server = spawn().await;
    let pages = ["users", "tokens", "orgs", "integrations", "intake", "rejects", "templates", "audit"];
    let ada = server.sign_in("ada", Role::Admin).await;
    for name in pages {
        let (status, page) = ada.page(&format!("/admin/{name}")).await;
        assert_eq!(status, 200, "{name}");
        for other in pages {
            assert!(page.contains(&format!("href=\"/admin/{other}\"")), "{other} on {name}");
        }
        let current = format!("href=\"/admin/{name}\" aria-current=\"page\"");
        assert!(page.contains(&current) && page.contains("aria-label=\"Administration\""), "{name}: {page}");
    }
    let lea = server.sign_in("lea", Role::Lead).await.page("/cases").await.1;
    assert_eq!(pages.map(|name| lea.contains(&format!("href=\"/admin/{name}\""))).iter().filter(|it| **it).count(), 1);
    let ana = server.sign_in("ana", Role::Analyst).await.page("/cases").await.1;
    assert!(!ana.contains("/admin/") && !ana.contains("Administration"));
}
