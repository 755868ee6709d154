//! Texts that others wrote stay texts: no template is made of them, and a link says where it leads.
use crate::support::{SEED, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;

#[tokio::test]
async fn nothing_that_is_written_is_a_template() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let evil = "{{7*7}}${7*7}<%= 7*7 %>#{7*7}{% raw %}";
    server.deliver(&seed_with(&[("desktop-4kq7m2x", evil), ("-r -F:*", evil)])).await;
    server.run_jobs().await;
    assert_eq!(ana.post("/cases/1/notes", &[("body", evil)]).await.status(), 303);
    for path in
        ["/cases/1", "/cases/1/report", "/cases/1/export/markdown", "/cases/1/export/csv", "/cases/1/export/json"]
    {
        let (status, page) = ana.page(path).await;
        assert_eq!(status, 200, "{path}");
        let written = page.replace('\\', "");
        assert!(written.contains("{{7*7}}") && !written.contains("49${"), "{path}");
    }
}

#[tokio::test]
async fn a_link_of_an_event_goes_under_the_name_of_its_own_host() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let place = "https://app.limacharlie.io/orgs/";
    let id = seed_id();
    server.deliver(SEED).await;
    let real = ana.page("/cases/1").await.1;
    assert!(real.contains(&format!("href=\"{place}")) && real.contains("LimaCharlie timeline"));
    let others = [
        ("https://app.limacharlie.io.evil.example/", "Link to app.limacharlie.io.evil.example"),
        ("http://app.limacharlie.io/", "Link to app.limacharlie.io"),
        ("https://evil.example/app.limacharlie.io/", "Link to evil.example"),
    ];
    for (at, (to, words)) in others.iter().enumerate() {
        let (detect, sensor) = (format!("link-{at}"), format!("a47d2c95-{at}b08"));
        server.deliver(&seed_with(&[(&id, &detect), ("a47d2c95-6b08", &sensor), (place, to)])).await;
        let page = ana.page(&format!("/cases/{}", at + 2)).await.1;
        assert!(page.contains(words) && !page.contains("LimaCharlie timeline"), "{to}");
    }
    for (at, to) in
        ["javascript:alert(1)//", "https://app.limacharlie.io@evil.example/", "data:text/html,x"].iter().enumerate()
    {
        let (detect, sensor) = (format!("none-{at}"), format!("a47d2c95-{at}c08"));
        server.deliver(&seed_with(&[(&id, &detect), ("a47d2c95-6b08", &sensor), (place, to)])).await;
        let page = ana.page(&format!("/cases/{}", at + 5)).await.1;
        assert!(!page.contains(&format!("href=\"{to}")) && !page.contains("Link to"), "{to}");
    }
}
