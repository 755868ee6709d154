//! Whom an admin sees, whom they may raise or take over, and that no organisation loses its last admin.
use super::{count, id_of, join, step, text_of};
use crate::support::{PASSWORD, add_org, spawn};
use fusionsoc::admin::{AdminError, By, people};
use fusionsoc::domain::Role;
use fusionsoc::store::Actor;

const STEPS: [(&str, &[(&str, &str)]); 8] = [
    ("role", &[("role", "admin")]),
    ("join", &[("org", "acme")]),
    ("leave", &[("org", "acme")]),
    ("disable", &[]),
    ("enable", &[]),
    ("password", &[]),
    ("second", &[]),
    ("sessions", &[]),
];

#[tokio::test]
async fn people_of_others_are_not_there() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    server.sign_in_to(other, "eve", Role::Analyst).await;
    let eve = id_of(&server, "eve").await;
    let before = count(&server, "ledger WHERE result = 'ok'").await;
    for (name, more) in STEPS {
        assert_eq!(step(&server, &ada, "eve", name, more).await.0, 404, "{name}");
    }
    assert_eq!(ada.page(&format!("/admin/users/{eve}")).await.0, 404);
    let (_, list) = ada.page("/admin/users").await;
    assert!(!list.contains("eve") && list.contains(">ada</a>"), "{list}");
    let into = [("name", "mole"), ("role", "viewer"), ("org", "acme"), ("org", "other")];
    assert_eq!(ada.post("/admin/users", &into).await.status(), 404, "an organisation that is not hers");
    assert_eq!(step(&server, &ada, "ada", "join", &[("org", "other")]).await.0, 404, "nor herself");
    assert_eq!(count(&server, "ledger WHERE result = 'ok'").await, before);
    assert_eq!(count(&server, "users").await, 2);
}

#[tokio::test]
async fn who_also_works_for_another_can_not_be_raised_or_taken_over() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "umbrella", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let bob = server.sign_in("bob", Role::Analyst).await;
    join(&server, "bob", other).await;
    let before = text_of(&server, "SELECT password_hash FROM users WHERE username = 'bob'").await;
    for (name, more) in [STEPS[0], STEPS[3], STEPS[4], STEPS[5], STEPS[6]] {
        let (status, page) = step(&server, &ada, "bob", name, more).await;
        assert!(status == 403 && page.contains("also works for an organisation that is not yours"), "{name}: {page}");
        assert!(!page.contains("umbrella"), "{page}");
    }
    assert_eq!(text_of(&server, "SELECT password_hash FROM users WHERE username = 'bob'").await, before);
    assert_eq!(bob.page("/cases").await.0, 200);
    let denied = "ledger WHERE action = 'denied' AND actor = 'ada' AND object LIKE 'POST /admin/users/%'";
    for _ in 0..100 {
        if count(&server, denied).await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(count(&server, denied).await, 1, "what was denied is entered, once a minute");
    let (_, list) = ada.page("/admin/users").await;
    assert!(list.contains("acme <span class=\"muted\">and elsewhere</span>") && !list.contains("umbrella"), "{list}");
    assert_eq!(step(&server, &ada, "bob", "sessions", &[]).await.0, 303, "that takes nothing away");
    assert_eq!(step(&server, &ada, "bob", "leave", &[("org", "acme")]).await.0, 303, "her own organisation is hers");
    assert_eq!(ada.page(&format!("/admin/users/{}", id_of(&server, "bob").await)).await.0, 404);
    join(&server, "ada", other).await;
    assert_eq!(step(&server, &ada, "bob", "role", &[("role", "lead")]).await.0, 303, "now all of them are hers");
}

#[tokio::test]
async fn nobody_does_it_to_themselves() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    server.sign_in("bea", Role::Admin).await;
    for (name, more) in [("role", &[("role", "lead")][..]), ("disable", &[]), ("password", &[]), ("second", &[])] {
        let (status, page) = step(&server, &ada, "ada", name, more).await;
        assert!(status == 403 && page.contains("Nobody does this to themselves"), "{name}: {page}");
    }
    assert_eq!(ada.page("/admin/users").await.0, 200);
    let (_, own) = ada.page(&format!("/admin/users/{}", id_of(&server, "ada").await)).await;
    assert!(own.contains("This is you") && !own.contains("/disable\""), "{own}");
}

#[tokio::test]
async fn an_organisation_keeps_an_admin_and_a_person_an_organisation() {
    let server = spawn().await;
    let second = add_org(&server.app.store, "beta", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    join(&server, "ada", second).await;
    server.sign_in_to(second, "vic", Role::Viewer).await;
    let (status, page) = step(&server, &ada, "ada", "leave", &[("org", "beta")]).await;
    assert!(status == 409 && page.contains("left without an admin"), "{page}");
    let (status, page) = step(&server, &ada, "vic", "leave", &[("org", "beta")]).await;
    assert!(status == 409 && page.contains("their only organisation"), "{page}");
    let bea = server.sign_in_to(second, "bea", Role::Admin).await;
    // Whom nobody can sign in as is no admin.
    server.sql("UPDATE users SET disabled = TRUE WHERE username = 'bea'").await;
    assert_eq!(step(&server, &ada, "ada", "leave", &[("org", "beta")]).await.0, 409);
    server.sql("UPDATE users SET disabled = FALSE WHERE username = 'bea'").await;
    assert_eq!(step(&server, &ada, "ada", "leave", &[("org", "beta")]).await.0, 303);
    assert_eq!(count(&server, "memberships WHERE org_id = 2").await, 2);
    assert_eq!(bea.page("/admin/users").await.0, 200);
    assert_eq!(text_of(&server, "SELECT old_value FROM ledger WHERE action = 'user_left'").await, "beta");
}

#[tokio::test]
async fn two_admins_who_lock_each_other_out_at_once_leave_one() {
    let server = spawn().await;
    server.sign_in("ada", Role::Admin).await;
    server.sign_in("bea", Role::Admin).await;
    let (ada, bea) = (id_of(&server, "ada").await, id_of(&server, "bea").await);
    // Past what a request finds out before it begins: the pages' own look is not what protects.
    let act = async |admin: i64, id: i64, demote: bool| {
        let actor = Actor::operator();
        let by = By { actor: &actor, admin: Some(admin), now_ms: 1 };
        let mut tx = server.app.store.write().await.unwrap();
        let done = if demote {
            people::set_role(&mut tx, by, id, Role::Viewer, Some(1)).await
        } else {
            people::set_disabled(&mut tx, by, id, true, Some(1)).await
        };
        if done.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            tx.commit().await.unwrap();
        }
        done
    };
    for demote in [true, false] {
        server.sql("UPDATE users SET role = 'admin', disabled = FALSE, version = 1").await;
        let (one, other) = tokio::join!(act(ada, bea, demote), act(bea, ada, demote));
        let refused = [&one, &other].into_iter().filter(|done| matches!(done, Err(AdminError::Denied(_)))).count();
        assert_eq!((refused, one.is_ok() || other.is_ok()), (1, true), "{one:?} {other:?}");
        assert_eq!(count(&server, "users WHERE role = 'admin' AND disabled = FALSE").await, 1);
    }
}

#[tokio::test]
async fn by_pages_too_one_of_two_is_left() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let bea = server.sign_in("bea", Role::Admin).await;
    let fields = [("role", "viewer"), ("version", "1")];
    let (of_bea, of_ada) = (
        format!("/admin/users/{}/role", id_of(&server, "bea").await),
        format!("/admin/users/{}/role", id_of(&server, "ada").await),
    );
    tokio::join!(ada.post(&of_bea, &fields), bea.post(&of_ada, &fields));
    assert_eq!(count(&server, "users WHERE role = 'admin'").await, 1);
}

#[tokio::test]
async fn a_form_of_yesterday_changes_nothing() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let bea = server.sign_in("bea", Role::Admin).await;
    server.sign_in("bob", Role::Analyst).await;
    let path = format!("/admin/users/{}", id_of(&server, "bob").await);
    assert!(ada.page(&path).await.1.contains("name=\"version\" value=\"1\""));
    assert_eq!(step(&server, &bea, "bob", "role", &[("role", "lead")]).await.0, 303);
    for (step, more) in
        [("role", &[("role", "viewer"), ("version", "1")][..]), ("disable", &[("version", "1")]), ("password", &[])]
    {
        let reply = ada.post(&format!("{path}/{step}"), more).await;
        let (status, page) = (reply.status(), reply.text().await.unwrap());
        assert!(status == 409 && page.contains("Somebody changed this person meanwhile"), "{step}: {page}");
        assert!(page.contains("name=\"version\" value=\"2\""), "the page shows how they stand: {page}");
    }
    assert_eq!(text_of(&server, "SELECT role FROM users WHERE username = 'bob'").await, "lead");
    assert_eq!(super::sign_in(&server, "bob", PASSWORD).await.0, 303);
}

#[tokio::test]
async fn other_roles_and_strangers_do_none_of_it() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", None).await;
    server.sign_in("bob", Role::Analyst).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    let roles = [
        (server.sign_in("vic", Role::Viewer).await, 403),
        (server.sign_in("ana", Role::Analyst).await, 403),
        (server.sign_in("lea", Role::Lead).await, 403),
        (eve, 404),
    ];
    let before = count(&server, "ledger WHERE result = 'ok'").await;
    for (person, refused) in roles {
        for (name, more) in STEPS {
            assert_eq!(step(&server, &person, "bob", name, more).await.0, refused, "{name}");
        }
        let new = [("name", "mole"), ("role", "admin"), ("org", "acme")];
        assert_eq!(person.post("/admin/users", &new).await.status(), refused);
        let token = [("name", "mole"), ("org", "acme"), ("read", "on"), ("days", "9")];
        assert_eq!(person.post("/admin/tokens", &token).await.status(), refused);
        assert_eq!(person.post("/admin/tokens/1/revoke", &[]).await.status(), refused);
        assert_eq!(person.post("/admin/orgs/1", &[("name", "Mine"), ("version", "1")]).await.status(), refused);
    }
    assert_eq!(count(&server, "ledger WHERE result = 'ok'").await, before);
}
