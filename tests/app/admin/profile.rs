//! The undo window that a person chose.
use super::text_of;
use crate::support::{SEED, spawn};
use fusionsoc::domain::Role;

#[tokio::test]
async fn an_undo_is_offered_for_as_long_as_a_person_chose() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    for bad in ["2", "61", "ten", "-5", "1e1"] {
        let reply = ana.post("/profile", &[("undo_s", bad)]).await;
        let (status, page) = (reply.status(), reply.text().await.unwrap());
        assert!(
            status == 422 && page.contains("3 to 60 seconds") && page.contains(&format!("value=\"{bad}\"")),
            "{page}"
        );
    }
    assert_eq!(ana.post("/profile", &[("undo_s", "45")]).await.status(), 303);
    assert!(
        ana.page("/profile")
            .await
            .1
            .contains("name=\"undo_s\" inputmode=\"numeric\" maxlength=\"3\" autocomplete=\"off\" value=\"45\"")
    );
    let undo = text_of(&server, "SELECT new_value FROM ledger WHERE action = 'profile'").await;
    assert!(undo.ends_with("undo=45"), "{undo}");
    assert_eq!(ana.post("/profile", &[("theme", "dark")]).await.status(), 303, "a form without it leaves it");
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(ana.post("/cases/1/verdict", &declared).await.status(), 303);
    let left = async || {
        let (_, page) = ana.page("/cases?done=1").await;
        super::inside(&page, "data-toast=\"").split('"').next().unwrap().parse::<i64>().unwrap()
    };
    assert!((35..=45).contains(&left().await), "{}", left().await);
    assert_eq!(ana.post("/profile", &[("undo_s", "")]).await.status(), 303);
    assert!(left().await <= 10, "the installation's again: {}", left().await);
}
