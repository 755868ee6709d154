//! Saved views: a filter under a name, as a tab, in an order, one to begin with.
use crate::support::{Person, Server, spawn};
use crate::views::{count, deliver, ledger, tabs, write};
use fusionsoc::domain::Role;

async fn save(person: &Person, name: &str, query: &str) -> (u16, String) {
    let reply = person.post("/views", &[("name", name), ("query", query)]).await;
    let to = reply.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    (reply.status().as_u16(), to)
}

async fn start() -> (Server, Person) {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    deliver(&server, 2).await;
    server.run_jobs().await;
    (server, ana)
}

#[tokio::test]
async fn a_filter_is_saved_under_a_name_and_shown_as_a_tab() {
    let (server, ana) = start().await;
    let (status, to) = save(&ana, "Mine & low", "view=open&severity=low&after=1.2.3&peek=4").await;
    assert_eq!((status, to.as_str()), (303, "/cases?view=open&severity=low&saved=1"));
    let page = ana.page(&to).await.1;
    assert!(page.contains("aria-current=\"page\" data-key=\"9\""), "the ninth key is of the current tab: {page}");
    assert_eq!(tabs(&page).len(), 10);
    let all = ana.page("/cases?view=open&severity=low").await.1.matches("<tr id=\"row-").count();
    let group_off = ana.page("/cases?view=open&severity=low&group=off").await.1.matches("<tr id=\"row-").count();
    assert_eq!(count(&page, "Mine &#38; low"), group_off.to_string(), "{all} rows");
    let kim = server.sign_in("kim", Role::Analyst).await;
    assert_eq!(tabs(&kim.page("/cases").await.1).len(), 9, "it is ana's");
    for step in ["rename", "delete", "up", "start"] {
        assert_eq!(kim.post(&format!("/views/1/{step}"), &[("name", "x")]).await.status(), 404, "{step}");
    }
    assert_eq!(ledger(&server.app.store, "view_saved").await, 1);
}

#[tokio::test]
async fn names_are_unique_and_short_and_there_are_thirty() {
    let (_server, ana) = start().await;
    assert_eq!(save(&ana, "One", "view=open").await.0, 303);
    for (name, error) in
        [("One", "You have a view of this name."), ("  ", "Give the view a name."), (&"x".repeat(61), "at most 60")]
    {
        let reply = ana.post("/views", &[("name", name), ("query", "view=closed&severity=low")]).await;
        assert_eq!(reply.status(), 422, "{name}");
        let page = reply.text().await.unwrap();
        assert!(page.contains(error) && page.contains("severity=low"), "nothing typed is lost: {page}");
    }
    assert_eq!(save(&ana, &"ü".repeat(60), "view=open").await.0, 303);
    for number in 3..=30 {
        assert_eq!(save(&ana, &format!("View {number}"), "view=open").await.0, 303);
    }
    let reply = ana.post("/views", &[("name", "Too many"), ("query", "view=open")]).await;
    assert_eq!(reply.status(), 422);
    assert!(reply.text().await.unwrap().contains("You have 30 views."));
    assert_eq!(save(&ana, "Bad", "view=nothing").await.0, 400);
}

#[tokio::test]
async fn views_are_renamed_moved_and_deleted() {
    let (server, ana) = start().await;
    for name in ["A", "B", "C"] {
        save(&ana, name, "view=open").await;
    }
    assert_eq!(ana.post("/views/3/up", &[]).await.status(), 303);
    assert_eq!(ana.post("/views/1/down", &[]).await.status(), 303);
    assert_eq!(ana.post("/views/1/down", &[]).await.status(), 303);
    assert_eq!(ana.post("/views/2/rename", &[("name", "Bee")]).await.status(), 303);
    assert_eq!(ana.post("/views/2/rename", &[("name", "C")]).await.status(), 422);
    let names = |page: &str| tabs(page).into_iter().skip(9).map(|tab| tab.0).collect::<Vec<_>>();
    assert_eq!(names(&ana.page("/cases").await.1), ["C", "Bee", "A"]);
    assert_eq!(ana.post("/views/3/delete", &[]).await.status(), 303);
    assert_eq!(names(&ana.page("/cases").await.1), ["Bee", "A"]);
    let page = ana.page("/views").await.1;
    assert!(page.contains("2 of 30") && page.contains("Bee"), "{page}");
    for action in ["view_renamed", "view_deleted"] {
        assert_eq!(ledger(&server.app.store, action).await, 1, "{action}");
    }
    assert_eq!(ledger(&server.app.store, "view_moved").await, 3);
}

#[tokio::test]
async fn the_queue_opens_with_a_chosen_view_and_an_address_wins() {
    let (_server, ana) = start().await;
    save(&ana, "Closed ones", "view=closed&sort=newest").await;
    assert_eq!(ana.post("/views/1/start", &[]).await.status(), 303);
    let go = async |path: &str| {
        let sent = crate::support::http()
            .get(format!("{}{path}", ana.url))
            .header("cookie", &ana.cookie)
            .send()
            .await
            .unwrap();
        let to = sent.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (sent.status().as_u16(), to)
    };
    let (status, to) = go("/cases").await;
    assert_eq!((status, to.as_deref()), (303, Some("/cases?view=closed&sort=newest&saved=1")));
    assert_eq!(go(&to.unwrap()).await, (200, None), "no loop");
    assert_eq!(go("/cases?view=open").await, (200, None));
    assert_eq!(go("/cases?").await.0, 303);
    assert_eq!(ana.post("/views/1/unstart", &[]).await.status(), 303);
    assert_eq!(go("/cases").await, (200, None));
}

#[tokio::test]
async fn what_a_saved_view_asks_for_and_nobody_knows_any_more_is_told() {
    let (server, ana) = start().await;
    save(&ana, "Old", "view=open").await;
    let old = "view=gone&severity=weird&colour=<b>red</b>&fingerprint=12&org=elsewhere&limit=0&group=on";
    write(&server.app.store, &format!("UPDATE views SET query = '{old}'")).await;
    let (status, page) = ana.page(&format!("/cases?{old}&saved=1")).await;
    assert_eq!(status, 200, "{page}");
    for told in [
        "view gone",
        "severity weird",
        "colour &#60;b&#62;red",
        "fingerprint 12",
        "limit 0",
        "group on",
        "No organisation elsewhere is yours",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert_eq!(ana.page("/views").await.0, 200);
    assert_eq!(ana.page("/cases?view=open").await.0, 200, "its tab does no harm");
    assert_eq!(ana.page("/cases?view=open&saved=99").await.0, 200, "a deleted one neither");
}
