//! The walk itself.
use super::{ask, entered, examples, filled, number_of};
use crate::support::{Server, add_org, add_token, spawn};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::web::routes::{self, Who};

/// All that was done, for comparing.
async fn done(server: &Server) -> (i64, i64, String) {
    let ledger = "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE result = 'ok'";
    let timeline = "SELECT CAST(COUNT(*) AS BIGINT) FROM timeline";
    let store = &server.app.store;
    (number_of(store, ledger).await, number_of(store, timeline).await, server.case(1).await.to_string())
}

#[tokio::test]
async fn nobody_is_sent_to_sign_in_or_refused() {
    let server = spawn().await;
    filled(&server).await;
    let before = done(&server).await;
    for example in examples() {
        let route = example.route;
        let (status, to, body) = ask(&server, ("", ""), route.method, example.absent()).await;
        match route.who {
            Who::Anybody => {
                let goes_on = ["", "/cases", "/login"].contains(&to.as_str());
                assert!(goes_on, "{route:?}: {status} {to}");
            }
            Who::Person(_) => assert!(status == 303 && to.starts_with("/login?next="), "{route:?}: {status} {to}"),
            // No token is set.
            Who::Watcher => assert_eq!((status, to.as_str()), (404, ""), "{route:?}"),
            Who::Token(_) | Who::Sender => {
                assert!(status == 401 && body.contains("\"status\":401"), "{route:?}: {status} {body}");
            }
        }
    }
    assert_eq!(done(&server).await, before, "nobody changed something");
}

#[tokio::test]
async fn a_role_does_what_the_table_says_and_nothing_else() {
    let server = spawn().await;
    filled(&server).await;
    for role in Role::ALL {
        // The walk gives wrong passwords, which slow the next one down.
        server.sql("DELETE FROM throttles").await;
        let person = server.sign_in(role.as_str(), *role).await;
        // Signing out comes last.
        let mut all = examples();
        all.sort_by_key(|example| example.route.path == "/logout");
        for example in all {
            let route = example.route;
            let Who::Person(least) = route.who else { continue };
            let before = done(&server).await;
            let asked = ask(&server, (&person.cookie, ""), route.method, example.absent()).await;
            let refused = asked.0 == 403;
            assert_eq!(refused, *role < least, "{role:?} {route:?}: {asked:?}");
            assert!(asked.0 < 500 && !asked.1.starts_with("/login?"), "{role:?} {route:?}: {asked:?}");
            if refused {
                assert_eq!(done(&server).await, before, "{role:?} {route:?} was refused and changed something");
            }
        }
    }
}

#[tokio::test]
async fn a_token_does_what_its_scope_says_and_nothing_else() {
    let server = spawn().await;
    filled(&server).await;
    for scope in Scope::ALL {
        let token = add_token(&server.app.store, server.org_id, &[*scope]).await;
        for example in examples() {
            let route = example.route;
            let before = done(&server).await;
            let asked = ask(&server, ("", &token), route.method, example.absent()).await;
            let may = match route.who {
                Who::Token(needed) => needed == *scope,
                Who::Sender if route.path.starts_with("/api/") => *scope == Scope::Ingest,
                _ => continue,
            };
            assert_eq!(asked.0 == 403, !may, "{scope:?} {route:?}: {asked:?}");
            if !may {
                assert_eq!(done(&server).await, before, "{scope:?} {route:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_belongs_to_another_organisation_is_as_if_it_were_not_there() {
    let server = spawn().await;
    filled(&server).await;
    let other = add_org(&server.app.store, "other", None).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    let token = add_token(&server.app.store, other, Scope::ALL).await;
    let before = done(&server).await;
    let (mut walked, mut wrong) = (0, Vec::new());
    for example in examples() {
        let route = example.route;
        let Some((there, absent)) = &example.objects else { continue };
        let as_who = match route.who {
            Who::Person(_) => (eve.cookie.as_str(), ""),
            _ => ("", token.as_str()),
        };
        let found = ask(&server, as_who, route.method, example.of(there)).await;
        let missed = ask(&server, as_who, route.method, example.of(absent)).await;
        if found.0 != 404 || found != missed {
            wrong.push(format!("{route:?}\n  {found:?}\n  {missed:?}"));
        }
        walked += 1;
    }
    assert!(wrong.is_empty(), "these tell what is there from what is not:\n{}", wrong.join("\n"));
    assert!(walked > 60, "{walked}");
    assert_eq!(done(&server).await, before, "a stranger changed something");
}

#[tokio::test]
async fn a_child_under_a_wrong_parent_is_not_there() {
    let server = spawn().await;
    let lea = filled(&server).await;
    let detection = number_of(&server.app.store, "SELECT id FROM detections WHERE case_number = 1").await.to_string();
    let event = number_of(&server.app.store, "SELECT MAX(id) FROM timeline WHERE kind = 'verdict'").await.to_string();
    let forms: [(&str, &[(&str, &str)]); 9] = [
        ("/cases/#/notes/1", &[("body", "Changed"), ("kind", "note"), ("version", "1")]),
        ("/cases/#/notes/1/remove", &[]),
        ("/cases/#/tasks/1/done", &[]),
        ("/cases/#/tasks/1/remove", &[]),
        ("/cases/#/actions/1/approve", &[]),
        ("/cases/#/actions/1/reject", &[]),
        ("/cases/#/actions/1/reverse", &[]),
        ("/cases/#/undo", &[("event", &event)]),
        ("/cases/#/split", &[("detections", &detection)]),
    ];
    let before = done(&server).await;
    for (path, fields) in forms {
        assert_eq!(lea.post(&path.replace('#', "2"), fields).await.status(), 404, "{path}");
    }
    assert_eq!(done(&server).await, before);
    for page in ["/cases/#/notes/1", "/cases/#/detections/lc-seed.json", "/cases/#/triage/1.json"] {
        assert_eq!(lea.page(&page.replace('#', "1")).await.0, 200, "{page}");
        assert_eq!(lea.page(&page.replace('#', "2")).await.0, 404, "{page}");
    }
    let (status, _) = server.post("/api/v1/cases/2/split", format!("{{\"detections\":[{detection}]}}")).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn what_is_denied_is_entered_once_a_minute_for_each_person_and_route() {
    let server = spawn().await;
    filled(&server).await;
    let vic = server.sign_in("vic", Role::Viewer).await;
    for _ in 0..5 {
        assert_eq!(vic.post("/cases/1/notes", &[("body", "x")]).await.status(), 403);
        assert_eq!(vic.page("/cases/999").await.0, 404);
    }
    assert_eq!(vic.page("/admin/rejects").await.0, 403);
    entered(&server, "denied", "vic", 2).await;
    entered(&server, "not_found", "vic", 1).await;
    let read = add_token(&server.app.store, server.org_id, &[Scope::Read]).await;
    for _ in 0..3 {
        ask(&server, ("", &read), "POST", ("/api/v1/cases/1/notes".to_owned(), "{\"body\":\"x\"}".to_owned())).await;
    }
    entered(&server, "denied", "test", 1).await;
    let of =
        "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE object = 'POST /cases/1/notes' AND client = '127.0.0.1'";
    assert_eq!(number_of(&server.app.store, of).await, 1, "it says what was asked for, and from where");
}

#[test]
fn every_handler_stands_in_the_table() {
    let known: Vec<&str> = routes::all().map(|route| route.path).collect();
    for source in [include_str!("../../../src/web/mod.rs"), include_str!("../../../src/api/mod.rs")] {
        for rest in source.split(".route(\"").skip(1) {
            let path = rest.split('"').next().unwrap();
            assert!(known.contains(&path), "{path} stands in no group of src/web/routes.rs, so nobody can use it");
        }
    }
}

#[test]
fn the_readme_shows_the_table() {
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&routes::documented()), "README.md, Who may do what:\n{}", routes::documented());
}
