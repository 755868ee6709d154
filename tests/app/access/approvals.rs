//! Who may approve: somebody else than who asked, and a lead.
use super::{entered, filled, number_of};
use crate::support::{Server, spawn};
use fusionsoc::domain::Role;
use fusionsoc::domain::action::{ActionState, Plan};
use fusionsoc::store::actions::{self, New};

/// An isolation that waits, asked for by a name and an id.
async fn waiting(server: &Server, by: &str, id: Option<i64>) -> i64 {
    let new = New {
        origin: None,
        case: 1,
        plan: &Plan::Isolate,
        target: "a47d2c95",
        state: ActionState::Waiting,
        asked_by: by,
        asked_by_id: id,
        why: "beacon",
        run_at_ms: None,
        reverses: None,
        request_key: None,
    };
    let mut tx = server.app.store.write().await.unwrap();
    let id = actions::insert(&mut tx, new, 1).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn another_lead_approves_and_nobody_their_own_wish() {
    let server = spawn().await;
    let lea = filled(&server).await;
    let max = server.sign_in("max", Role::Lead).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let id_of = |name: &str| format!("SELECT id FROM users WHERE username = '{name}'");
    let of_lea = number_of(&server.app.store, &id_of("lea")).await;
    // Her wish stays hers under whatever name it stands.
    for by in ["lea", "somebody"] {
        let id = waiting(&server, by, Some(of_lea)).await;
        let approve = format!("/cases/1/actions/{id}/approve");
        assert_eq!(lea.post(&approve, &[]).await.status(), 422, "{by}");
        assert!(!lea.page("/cases/1").await.1.contains(&approve), "no button for one's own wish");
        assert_eq!(ana.post(&approve, &[]).await.status(), 403, "an analyst can't");
        assert!(!ana.page("/cases/1").await.1.contains(&approve), "no button for an analyst");
        assert!(max.page("/cases/1").await.1.contains(&approve));
        assert_eq!(max.post(&approve, &[]).await.status(), 303);
    }
    entered(&server, "denied", "ana", 1).await;
    let of_program = waiting(&server, "lea", None).await;
    let approve = format!("/cases/1/actions/{of_program}/approve");
    assert_eq!(lea.post(&approve, &[]).await.status(), 422, "a program with her name may well be hers");
    assert_eq!(max.post(&approve, &[]).await.status(), 303);
    let (status, _) = server.post(&approve, "{}").await;
    assert_eq!(status, 303, "a token signs nobody in");
}
