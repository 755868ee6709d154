//! Texts that others wrote stay texts: no template is made of them.
use crate::support::{seed_with, spawn};
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
