//! Adding people, and what is done with them.
use super::{count, id_of, inside, sign_in, step, text_of};
use crate::support::{PASSWORD, Person, Server, add_org, spawn};
use fusionsoc::domain::Role;
use fusionsoc::store::{second, users};

/// Adds a person by the page; gives their first password.
async fn add(server: &Server, admin: &Person, name: &str, role: &str) -> String {
    let reply = admin.post("/admin/users", &[("name", name), ("role", role), ("org", "acme")]).await;
    assert_eq!((reply.status().as_u16(), &reply.headers()["cache-control"]), (201, &"no-store".parse().unwrap()));
    let page = reply.text().await.unwrap();
    let password = inside(&page, "<code id=\"given\">").to_owned();
    assert_eq!(password.len(), 23, "{password}");
    assert_eq!(count(server, &format!("ledger WHERE new_value LIKE '%{password}%'")).await, 0);
    password
}

#[tokio::test]
async fn a_first_password_opens_nothing_but_the_page_on_which_it_is_changed() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let password = add(&server, &ada, "Bob", "lead").await;
    assert_eq!(sign_in(&server, "bob", &format!("{password}x")).await.0, 401);
    let (status, bob) = sign_in(&server, "bob", &password).await;
    assert_eq!(status, 303);
    let before = count(&server, "ledger").await;
    for path in ["/cases", "/profile", "/events", "/profile/second", "/admin/templates", "/cases/1", "/views"] {
        assert_eq!(bob.page(path).await.0, 303, "{path}");
    }
    for (path, field) in
        [("/profile", ("theme", "light")), ("/views", ("name", "x")), ("/admin/templates", ("name", "x"))]
    {
        let reply = bob.post(path, &[field]).await;
        assert_eq!(
            (reply.status().as_u16(), &reply.headers()["location"]),
            (303, &"/profile/password".parse().unwrap())
        );
    }
    assert_eq!(count(&server, "ledger").await, before, "it changed something");
    let (status, page) = bob.page("/profile/password").await;
    assert!(status == 200 && page.contains("Choose your password") && !page.contains("href=\"/cases\""), "{page}");
    let change = async |old: &str, new: &str| {
        let reply = bob.post("/profile/password", &[("old", old), ("new", new)]).await;
        server.sql("DELETE FROM throttles").await;
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    for (old, new, said) in [
        ("not this one at all", PASSWORD, "This is not your password."),
        (&password, &password, "This is the old one."),
        (&password, "password1234", "too easy to guess"),
    ] {
        let (status, page) = change(old, new).await;
        assert!(status == 422 && page.contains(said) && page.contains("Choose your password"), "{said}: {page}");
    }
    assert_eq!(change(&password, PASSWORD).await.0, 303);
    assert_eq!((bob.page("/cases").await.0, bob.page("/profile/password").await.0), (200, 303));
    assert_eq!(sign_in(&server, "bob", &password).await.0, 401, "it is over");
}

#[tokio::test]
async fn who_is_added_stands_in_the_list_and_the_password_nowhere() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let password = add(&server, &ada, "Bob", "lead").await;
    let (_, list) = ada.page("/admin/users").await;
    assert!(list.contains(">bob</a>") && list.contains("password to be chosen") && !list.contains(&password), "{list}");
    assert_eq!(text_of(&server, "SELECT new_value FROM ledger WHERE action = 'user_added'").await, "lead of acme");
}

#[tokio::test]
async fn who_has_to_change_the_password_may_also_leave() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let password = add(&server, &ada, "bob", "viewer").await;
    let (_, bob) = sign_in(&server, "bob", &password).await;
    let reply = bob.post("/logout", &[]).await;
    assert_eq!(reply.headers()["location"], "/login");
    assert!(count(&server, "sessions").await == 1, "ada's alone is left");
}

#[tokio::test]
async fn what_is_typed_wrong_is_said_and_stays() {
    let server = spawn().await;
    add_org(&server.app.store, "beta", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    super::join(&server, "ada", 2).await;
    let wrong: [(&[(&str, &str)], &str); 5] = [
        (&[("name", "a b"), ("role", "lead"), ("org", "beta")], "name: 1 to 64 letters"),
        (&[("name", ""), ("role", "lead"), ("org", "beta")], "name: 1 to 64 letters"),
        (&[("name", "ada"), ("role", "lead"), ("org", "beta")], "name: There is somebody of this name already."),
        (&[("name", "bob"), ("role", "king"), ("org", "beta")], "role: viewer, analyst, lead or admin."),
        (&[("name", "bob"), ("role", "lead")], "org: Choose at least one organisation."),
    ];
    for (fields, said) in wrong {
        let reply = ada.post("/admin/users", fields).await;
        let (status, page) = (reply.status(), reply.text().await.unwrap());
        assert!(status == 422 && page.contains(said) && !page.contains("id=\"given\""), "{said}: {page}");
        assert!(page.contains(&format!("value=\"{}\" required", fields[0].1)), "{said}: {page}");
    }
    assert_eq!(count(&server, "users").await, 1);
}

#[tokio::test]
async fn role_and_state_hold_from_the_next_request_on() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let bob = server.sign_in("bob", Role::Analyst).await;
    assert_eq!(bob.page("/admin/templates").await.0, 403);
    assert_eq!(step(&server, &ada, "bob", "role", &[("role", "lead")]).await.0, 303);
    assert_eq!(bob.page("/admin/templates").await.0, 200);
    assert_eq!(step(&server, &ada, "bob", "role", &[("role", "viewer")]).await.0, 303);
    assert_eq!(bob.post("/handover", &[("org", "acme"), ("body", "x")]).await.status(), 403);
    assert_eq!(step(&server, &ada, "bob", "role", &[("role", "king")]).await.0, 422);
    assert_eq!(step(&server, &ada, "bob", "disable", &[]).await.0, 303);
    assert_eq!(bob.page("/cases").await.0, 303, "signed out");
    assert_eq!(sign_in(&server, "bob", PASSWORD).await.0, 401);
    assert!(ada.page("/admin/users?q=bo").await.1.contains("</svg>disabled"));
    assert_eq!(step(&server, &ada, "bob", "enable", &[]).await.0, 303);
    assert_eq!(sign_in(&server, "bob", PASSWORD).await.0, 303);
    let changes = "ledger WHERE object = 'user:bob' AND actor = 'ada' AND (action, old_value, new_value) IN
        (('user_role', 'analyst', 'lead'), ('user_role', 'lead', 'viewer'), ('user_disabled', 'enabled', 'disabled'),
         ('user_enabled', 'disabled', 'enabled'))";
    assert_eq!(count(&server, changes).await, 4, "each with what was before and after");
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_waits_and_serves_once() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let bob = server.sign_in("bob", Role::Analyst).await;
    for _ in 0..8 {
        sign_in(&server, "bob", "wrong horse battery").await;
    }
    server.sql("DELETE FROM throttles WHERE name LIKE 'address:%'").await;
    assert_eq!(sign_in(&server, "bob", PASSWORD).await.0, 429);
    let (status, page) = step(&server, &ada, "bob", "password", &[]).await;
    assert_eq!(status, 200);
    let password = inside(&page, "<code id=\"given\">");
    assert_eq!(bob.page("/cases").await.0, 303, "signed out");
    assert_eq!(sign_in(&server, "bob", PASSWORD).await.0, 401, "the old one is over, and nobody waits");
    let (status, bob) = sign_in(&server, "bob", password).await;
    assert_eq!((status, bob.page("/cases").await.0), (303, 303));
    let id = id_of(&server, "bob").await;
    assert!(!ada.page(&format!("/admin/users/{id}")).await.1.contains(password), "it is shown once");
    assert_eq!(count(&server, &format!("ledger WHERE new_value LIKE '%{password}%'")).await, 0);
}

#[tokio::test]
async fn no_session_begins_by_a_password_that_was_taken_meanwhile() {
    let server = spawn().await;
    server.sign_in("bob", Role::Analyst).await;
    let mut tx = server.app.store.write().await.unwrap();
    let bob = users::by_name(&mut tx, "bob").await.unwrap().unwrap();
    assert!(users::signed_in(&mut tx, bob.id, &bob.password_hash, 2).await.unwrap());
    users::set_password(&mut tx, bob.id, "another", true).await.unwrap();
    assert!(!users::signed_in(&mut tx, bob.id, &bob.password_hash, 3).await.unwrap());
}

#[tokio::test]
async fn a_second_factor_is_taken_away_and_sessions_end() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let bob = server.sign_in("bob", Role::Analyst).await;
    assert_eq!(step(&server, &ada, "bob", "second", &[]).await.0, 409, "there is none");
    let id = id_of(&server, "bob").await;
    let mut tx = server.app.store.write().await.unwrap();
    second::begin(&mut tx, id, b"sealed").await.unwrap();
    second::confirm(&mut tx, id, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert!(ada.page("/admin/users").await.1.contains("data-l=\"Second factor\">yes"));
    assert_eq!(step(&server, &ada, "bob", "second", &[]).await.0, 303);
    assert_eq!(bob.page("/cases").await.0, 303);
    assert_eq!(count(&server, "second_factors").await, 0);
    let bob = sign_in(&server, "bob", PASSWORD).await.1;
    assert_eq!(step(&server, &ada, "bob", "sessions", &[]).await.0, 303);
    assert_eq!(bob.page("/cases").await.0, 303);
    assert_eq!(text_of(&server, "SELECT old_value FROM ledger WHERE action = 'sessions_ended'").await, "1");
}

#[tokio::test]
async fn people_are_found_by_name_and_read_page_by_page() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let mut tx = server.app.store.write().await.unwrap();
    for number in 0..60 {
        let id = users::insert(&mut tx, &format!("user-{number:02}"), Role::Viewer, "", 1).await.unwrap();
        users::join(&mut tx, id, server.org_id).await.unwrap();
    }
    tx.commit().await.unwrap();
    let rows = |page: &str| page.matches("<tr><th scope=\"row\">").count();
    let (_, first) = ada.page("/admin/users?q=USER").await;
    let next = first.split("href=\"").find(|part| part.contains("rel=\"next\"")).unwrap().split('"').next().unwrap();
    let (_, rest) = ada.page(&next.replace("&amp;", "&").replace("&#38;", "&")).await;
    assert_eq!((rows(&first), rows(&rest)), (50, 10));
    assert_eq!(rows(&ada.page("/admin/users?q=user-5").await.1), 10);
    assert_eq!(rows(&ada.page("/admin/users?q=%25").await.1), 0, "a sign of patterns is a sign");
    assert_eq!(ada.page("/admin/users?q=%00").await.0, 400);
}
