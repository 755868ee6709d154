//! The audit log: what is entered, who sees which lines, filters, pages, CSV.
use super::{ask, entered, filled, number_of};
use crate::support::{Server, add_org, http, spawn};
use fusionsoc::domain::Role;
use fusionsoc::store::Tx;

/// Tries to sign in without a browser's headers.
async fn try_login(server: &Server, name: &str, headers: &[(&str, &str)]) -> reqwest::Response {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("username", name), ("password", "wrong horse battery")])
        .finish();
    let mut request = http().post(format!("{}/login", server.url)).body(body);
    request = request.header("content-type", "application/x-www-form-urlencoded");
    for (header, value) in headers {
        request = request.header(*header, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_typed_name_is_cut_and_shown_as_it_is() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let name = format!("eve\u{202e}\u{1b}[31m{}", "x".repeat(60_000));
    assert_eq!(try_login(&server, &name, &[]).await.status(), 401);
    let longest =
        "SELECT CAST(MAX(LENGTH(actor) + LENGTH(object)) AS BIGINT) FROM ledger WHERE action = 'login_failed'";
    assert!((70..300).contains(&number_of(&server.app.store, longest).await));
    let (_, page) = ada.page("/admin/audit?what=login_failed").await;
    assert!(page.contains("eve") && page.contains("Failed") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    for _ in 0..12 {
        try_login(&server, "eve", &[]).await;
    }
    entered(&server, "login_slowed", "eve", 1).await;
}

#[tokio::test]
async fn a_form_with_a_session_says_where_it_comes_from() {
    let server = spawn().await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let (cookie, url) = (("cookie", ada.cookie.as_str()), server.url.clone());
    assert_eq!(try_login(&server, "ada", &[cookie]).await.status(), 403, "neither header");
    for foreign in [("sec-fetch-site", "none"), ("sec-fetch-site", "same-site"), ("origin", "http://evil.example")] {
        assert_eq!(try_login(&server, "ada", &[cookie, foreign]).await.status(), 403, "{foreign:?}");
        assert_eq!(try_login(&server, "ada", &[foreign]).await.status(), 403, "{foreign:?} without a session");
    }
    assert_eq!(try_login(&server, "ada", &[cookie, ("origin", &url)]).await.status(), 401);
    assert_eq!(try_login(&server, "ada", &[]).await.status(), 401, "a plain client may try");
    let logout = http().post(format!("{url}/logout")).header("cookie", &ada.cookie).send().await.unwrap();
    assert_eq!(logout.status(), 403);
    assert_eq!(ada.page("/profile").await.0, 200, "the session lives on");
}

#[tokio::test]
async fn admins_see_their_organisations_and_the_installation() {
    let server = spawn().await;
    let lea = filled(&server).await;
    let other = add_org(&server.app.store, "other", None).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    assert_eq!(lea.page("/admin/audit").await.0, 403, "for admins alone");
    let (status, page) = ada.page("/admin/audit").await;
    assert_eq!(status, 200);
    assert!(page.contains("href=\"/cases/1\"") && page.contains(">lea<") && page.contains("127.0.0.1"), "{page}");
    assert!(page.contains("pending → false_positive"), "from and to");
    let (_, foreign) = eve.page("/admin/audit").await;
    assert!(foreign.contains(">eve<") && !foreign.contains("case:1") && !foreign.contains(">lea<"), "{foreign}");
    try_login(&server, "mallory", &[]).await;
    assert!(eve.page("/admin/audit").await.1.contains("mallory"), "a name of nobody's is everybody's");
    let (_, bar) = ada.page("/profile").await;
    assert!(bar.contains("href=\"/admin/audit\""));
    assert!(!lea.page("/profile").await.1.contains("href=\"/admin/audit\""));
}

#[tokio::test]
async fn it_is_filtered_and_read_page_by_page() {
    let server = spawn().await;
    let lea = filled(&server).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    let rows = async |query: &str| {
        let (status, page) = ada.page(&format!("/admin/audit?{query}")).await;
        assert_eq!(status, 200, "{query}");
        (page.matches("<td class=\"nw\"><time").count(), page)
    };
    assert_eq!(rows("what=note&who=lea&object=%231&org=acme&result=ok").await.0, 2);
    for none in
        ["who=nobody", "what=nothing", "object=999", "org=nowhere", "result=denied", "to=2020-01-01", "from=2999-01-01"]
    {
        assert_eq!(rows(none).await.0, 0, "{none}");
    }
    assert!(rows("what=note&from=2020-01-01&to=2999-01-01").await.0 > 0);
    for bad in ["result=perhaps", "from=yesterday", "after=abc", "who=%00"] {
        assert_eq!(ada.page(&format!("/admin/audit?{bad}")).await.0, 400, "{bad}");
    }
    for number in 0..60 {
        lea.post("/cases/1/notes", &[("body", &format!("Note {number}"))]).await;
    }
    let (count, first) = rows("what=note").await;
    assert_eq!(count, 50);
    let next = first.split("href=\"").find(|part| part.contains("rel=\"next\"")).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let (_, second) = ada.page(&next).await;
    assert_eq!(second.matches("<td class=\"nw\"><time").count(), 12, "each once");
}

#[tokio::test]
async fn what_leaves_is_entered_and_the_log_leaves_as_csv() {
    let server = spawn().await;
    let lea = filled(&server).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    for path in ["export/csv", "export/json", "export/markdown", "detections/lc-seed.json", "triage/1.json"] {
        assert_eq!(lea.page(&format!("/cases/1/{path}")).await.0, 200, "{path}");
    }
    let of = |action: &str| {
        format!("SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE action = '{action}' AND actor = 'lea'")
    };
    assert_eq!(number_of(&server.app.store, &of("exported")).await, 3);
    assert_eq!(number_of(&server.app.store, &of("downloaded")).await, 2);
    let formula =
        ask(&server, ("", ""), "POST", ("/login".to_owned(), "username=%3Dcmd%7C&password=x".to_owned())).await;
    assert_eq!(formula.0, 401);
    let (status, csv) = ada.page("/admin/audit/export?what=login_failed").await;
    assert_eq!(status, 200);
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("'=cmd|") && csv.contains("failed"), "{csv}");
    let (_, page) = ada.page("/admin/audit?what=exported&who=ada").await;
    assert!(page.contains("what=login_failed") && page.contains("ledger"), "taking it is entered too: {page}");
    assert_eq!(lea.page("/admin/audit/export").await.0, 403);
}

#[tokio::test]
async fn a_bad_signature_is_entered_once_a_minute() {
    let server = spawn().await;
    for _ in 0..4 {
        let sent = http().post(format!("{}/ingest/limacharlie/nosuch", server.url)).body("{}");
        assert_eq!(sent.header("lc-signature", "0".repeat(64)).send().await.unwrap().status(), 401);
    }
    entered(&server, "bad_signature", "webhook:nosuch", 1).await;
}

#[tokio::test]
async fn nothing_empties_the_ledger_of_postgresql() {
    let server = spawn().await;
    server.sign_in("ada", Role::Admin).await;
    let mut tx = server.app.store.write().await.unwrap();
    if let Tx::Postgres(tx) = &mut tx {
        assert!(sqlx::query("TRUNCATE ledger").execute(&mut **tx).await.is_err());
    }
}
