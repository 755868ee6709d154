//! What is refused, and that nothing is done then.
use crate::bulk::copies::copy;
use crate::bulk::{CLOSE, count, location, number, start};
use crate::support::add_org;
use crate::support::agreeing::benign;
use fusionsoc::domain::Role;
use serde_json::json;

#[tokio::test]
async fn a_true_positive_is_never_declared_of_many() {
    let (server, _models, ana) = start(2).await;
    let fields = [("verdict", "true_positive"), ("reason", "malware"), ("numbers", "2,3"), ("note", "my text")];
    let reply = ana.post("/cases/bulk", &fields).await;
    assert_eq!(reply.status(), 422);
    let page = reply.text().await.unwrap();
    assert!(page.contains("A true positive is declared one case at a time.") && page.contains("my text"), "{page}");
    assert_eq!(count(&server, "verdict = 'pending'").await, 2);
}

#[tokio::test]
async fn wrong_fields_are_named_and_nothing_is_lost() {
    let (server, _models, ana) = start(2).await;
    let bad = [
        (vec![("verdict", "false_positive"), ("numbers", "")], "Select at least one case"),
        (vec![("verdict", "false_positive"), ("numbers", "2,x")], "numbers: must be case numbers"),
        (vec![("verdict", "false_positive"), ("filter", "view=nothing")], "filter: view"),
        (vec![("verdict", "maybe"), ("numbers", "2")], "verdict: verdict must be one of"),
        (vec![("verdict", "pending"), ("numbers", "2")], "one case at a time"),
        (vec![("verdict", "false_positive"), ("reason", "malware"), ("numbers", "2")], "does not fit the verdict"),
        (vec![("verdict", "undetermined"), ("numbers", "2")], "Write what is missing."),
    ];
    for (fields, text) in bad {
        let reply = ana.post("/cases/bulk", &fields).await;
        let (status, page) = (reply.status(), reply.text().await.unwrap());
        assert_eq!(status, 422, "{fields:?}");
        assert!(page.contains(text), "{fields:?} says {text}: {page}");
    }
    let nul = ana.post("/cases/bulk", &[("verdict", "false_positive"), ("numbers", "2"), ("note", "\0")]).await;
    assert!(nul.status() == 422 && nul.text().await.unwrap().contains("NUL"));
    assert_eq!(count(&server, "verdict = 'pending'").await, 2);
    assert_eq!(number(&server.app.store, "SELECT CAST(COUNT(*) AS BIGINT) FROM bulk_acts").await, 0);
}

#[tokio::test]
async fn cases_of_others_are_as_if_there_were_none() {
    let (server, _models, ana) = start(2).await;
    let other = add_org(&server.app.store, "other", None).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    for numbers in ["2,3", "3"] {
        let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", numbers)]).collect();
        assert_eq!(eve.post("/cases/bulk", &fields).await.status(), 404);
        assert_eq!(eve.page(&format!("/cases/bulk?numbers={numbers}")).await.0, 404);
        assert_eq!(eve.post("/cases/bulk/assign", &[("numbers", numbers), ("user", "eve")]).await.status(), 404);
    }
    let whole: Vec<_> = CLOSE.into_iter().chain([("filter", "view=needs_decision&org=acme")]).collect();
    assert_eq!(eve.post("/cases/bulk", &whole).await.status(), 422, "a filter finds what may be seen");
    let known: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,99")]).collect();
    assert_eq!(ana.post("/cases/bulk", &known).await.status(), 404, "one that doesn't exist");
    assert_eq!(count(&server, "verdict = 'pending'").await, 2);
    let mine: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3")]).collect();
    location(&ana.post("/cases/bulk", &mine).await);
    assert_eq!(eve.page("/cases/bulk/1").await.0, 404);
    assert_eq!(eve.post("/cases/bulk/1/undo", &[]).await.status(), 404);
    for path in ["/cases/bulk/x", "/cases/bulk/9", "/cases/bulk/99999999999999999999"] {
        assert_eq!(ana.page(path).await.0, 404, "{path}");
    }
    assert_eq!(count(&server, "verdict = 'false_positive'").await, 3);
}

#[tokio::test]
async fn a_viewer_may_look_at_an_act_and_do_none() {
    let (server, _models, ana) = start(2).await;
    let vic = server.sign_in("vic", Role::Viewer).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3")]).collect();
    for path in ["/cases/bulk", "/cases/bulk/review", "/cases/bulk/assign"] {
        assert_eq!(vic.post(path, &fields).await.status(), 403, "{path}");
    }
    assert!(!vic.page("/cases").await.1.contains("class=\"pick\""), "there is nothing to select for");
    assert_eq!(count(&server, "verdict = 'pending'").await, 2);
    location(&ana.post("/cases/bulk", &fields).await);
    let (status, page) = vic.page("/cases/bulk/1").await;
    assert!(status == 200 && !page.contains("Undo all"), "{page}");
    assert_eq!(vic.post("/cases/bulk/1/undo", &[]).await.status(), 403);
}

#[tokio::test]
async fn more_than_two_hundred_at_once_are_a_leads() {
    let (server, _models, ana) = start(2).await;
    copy(&server, 2, 1001, 1199).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("filter", "view=needs_decision")]).collect();
    assert!(ana.page("/cases/bulk?filter=view%3Dneeds_decision").await.1.contains("are decided by a lead"));
    assert_eq!(ana.post("/cases/bulk", &fields).await.status(), 403);
    assert_eq!(count(&server, "verdict = 'pending'").await, 201);
    let kim = server.sign_in("kim", Role::Lead).await;
    assert_eq!(location(&kim.post("/cases/bulk", &fields).await), "/cases/bulk/1");
    server.run_jobs().await;
    assert_eq!(count(&server, "verdict = 'pending'").await, 0);
    location(&kim.post("/undo", &[]).await);
    server.run_jobs().await;
    let two_hundred: Vec<_> = [2, 3].into_iter().chain(1001..1199).map(|number| number.to_string()).collect();
    let two_hundred = two_hundred.join(",");
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", two_hundred.as_str())]).collect();
    location(&ana.post("/cases/bulk", &fields).await);
    assert_eq!(count(&server, "verdict = 'pending'").await, 1, "two hundred are an analyst's");
}

#[tokio::test]
async fn hostile_names_are_shown_for_what_they_are() {
    let (server, _models, ana) = start(1).await;
    let mut evil = benign(7);
    for place in ["/routing/hostname", "/detect/routing/hostname"] {
        *evil.pointer_mut(place).unwrap() = json!("<img src=x>\u{202e}exe");
    }
    crate::bulk::deliver(&server, &[evil]).await;
    let page = ana.page("/cases/bulk?numbers=2,3").await.1;
    assert!(page.contains("&#60;img src=x&#62;⟨U+202E⟩exe") && !page.contains("<img src=x>"), "{page}");
}
