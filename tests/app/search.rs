//! Search: what it finds, what it marks, what it never shows, and where it leads.
mod bounds;
mod questions;

use crate::support::{Person, SEED, Server, add_org, add_token, seed_id, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

const HASH: &str = "dfc1709a2988301f7a9d145fb107793e3299ecc85f4b9702523939e35573ab85";

/// Encodes a question.
pub(crate) fn at(q: &str) -> String {
    format!("/search?{}", form_urlencoded::Serializer::new(String::new()).append_pair("q", q).finish())
}

/// The numbers of the cases that the API finds, in order.
pub(crate) async fn cases(server: &Server, q: &str) -> Vec<i64> {
    let page = server.get(&format!("/api/v1{}", at(q))).await;
    let found = page["cases"].as_array().unwrap_or_else(|| panic!("{q}: {page}"));
    found.iter().map(|case| case["number"].as_i64().unwrap()).collect()
}

/// A page, its text without breaks.
pub(crate) async fn page(person: &Person, q: &str) -> String {
    let (status, page) = person.page(&at(q)).await;
    assert_eq!(status, 200, "{q}: {page}");
    page
}

/// A detection on a host of its own.
pub(crate) fn detection(id: &str, host: &str, event: &Value) -> String {
    json!({
        "detect_id": id, "cat": format!("Title of {id}"), "source_rule": format!("rules/{id}"),
        "routing": {"sid": format!("sid-{host}"), "hostname": host, "event_time": 1_773_901_779_334_i64, "event_type": "NEW_PROCESS"},
        "detect": {"event": event},
    })
    .to_string()
}

#[tokio::test]
async fn every_kind_of_text_is_found_and_marked() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(SEED).await;
    server.deliver(&detection("other", "elsewhere", &json!({"COMMAND_LINE": "ping"}))).await;
    let found = [
        ("expansion", "Title", "Expansion"),
        ("proc_creation_win_expand_cabinet_files", "Rule", "proc_creation_win_expand_cabinet_files"),
        ("desktop-4kq7m2x", "Host", "desktop-4kq7m2x"),
        ("qucikbooks", "Tag", "qucikbooks"),
        ("attack.t1218", "Rule tag", "attack.t1218"),
        (&seed_id(), "Detection", &seed_id()),
        ("expand.exe", "COMMAND_LINE", "expand.exe"),
        (r"C:\ProgramData\Dell\SupportAssist\TechnicianToolkit\index.cab", "COMMAND_LINE", "C:"),
        ("sre.exe", "PARENT/COMMAND_LINE", "SRE.exe"),
        ("AUTHORITY\\sys", "PARENT/USER_NAME", "AUTHORITY\\SYSTEM"),
        ("203.0.113.10", "routing/ext_ip", "203.0.113.10"),
        ("4209038199a68a376fc8", "PARENT/HASH", "4209038199a68a376fc84137887a18bbeb149f54ad610645f2d585c44a569f31"),
    ];
    for (q, place, marked) in found {
        assert_eq!(cases(&server, q).await, [1], "{q}");
        let page = page(&ana, q).await;
        assert!(page.contains(&format!("<span class=\"muted\">{place}</span>")), "{q} is in {place}: {page}");
        assert!(page.contains(&format!("<mark>{marked}")), "{q} is marked");
    }
}

#[tokio::test]
async fn what_attackers_write_is_text_and_marked() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let evil = "<script>alert(1)</script><b>needle</b>\u{202e}gnp.exe <mark>x</mark>";
    server.deliver(&detection("evil", "<img src=x>", &json!({"COMMAND_LINE": evil}))).await;
    for q in ["needle", "\"<script>alert(1)</script>\"", "host:img", "gnp"] {
        let page = page(&ana, q).await;
        assert!(page.contains("<mark>"), "{q} is marked");
        assert!(!page.contains("<script>alert") && !page.contains("<img") && !page.contains("<b>needle"), "{q}");
        assert!(!page.contains("<mark>x</mark>"), "{q}: only what was looked for is marked");
    }
    assert!(page(&ana, "gnp").await.contains("⟨U+202E⟩"), "what turns text around is shown");
    assert!(page(&ana, "foo:<script>alert(2)</script>").await.contains("foo: is not a prefix"));
}

#[tokio::test]
async fn another_organisations_data_never_shows() {
    let mut server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let rival = add_org(&server.app.store, "rival", None).await;
    let token = add_token(&server.app.store, rival, fusionsoc::domain::role::Scope::ALL).await;
    let mine = std::mem::replace(&mut server.token, token);
    let event = json!({"COMMAND_LINE": "secretword.exe", "FILE_PATH": "C:\\secret\\secretword.exe", "HASH": HASH});
    server.post("/api/v1/detections", detection("secretrule", "secrethost", &event)).await;
    let note = json!({"body": "secretnote"}).to_string();
    assert_eq!(server.post("/api/v1/cases/1/notes", note).await.0, 201);
    for q in ["secretwo", "secretho", "secretru", "secretno", "secretworld.exe", "status:new", "-nothing", "1"] {
        let page = page(&ana, q).await;
        for theirs in ["secretword", "secrethost", "secretrule", "secretnote", "Title of", "/cases/1"] {
            assert!(!page.contains(theirs), "{q} shows {theirs}: {page}");
        }
    }
    assert_eq!(cases(&server, "secretword").await, [1], "its own organisation finds it");
    server.token = mine;
    assert_eq!(server.get("/api/v1/search?q=secretword").await, json!({"cases": [], "next": null, "problems": []}));
    assert_eq!(ana.page(&format!("/search?q={HASH}")).await.0, 200, "a hash of theirs leads nowhere");
    assert!(page(&ana, "org:rival secretword").await.contains("org: you have no organisation rival."));
    assert!(page(&ana, "org:nobody").await.contains("org: you have no organisation nobody."));
}

#[tokio::test]
async fn numbers_and_hashes_lead_straight_there() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(SEED).await;
    let goes = async |q: &str| {
        let reply = crate::support::http()
            .get(format!("{}{}", server.url, at(q)))
            .header("cookie", &ana.cookie)
            .send()
            .await
            .unwrap();
        (reply.status().as_u16(), reply.headers().get("location").map(|to| to.to_str().unwrap().to_owned()))
    };
    let there = |to: &str| (303, Some(to.to_owned()));
    assert_eq!(goes("#459").await, there("/cases/459"), "a number is a number");
    assert_eq!(goes(" #1 ").await, there("/cases/1"));
    assert_eq!(goes("1").await, there("/cases/1"));
    assert_eq!(goes("459").await, (200, None), "there is no such case, so it is a word");
    assert_eq!(goes(HASH).await, there(&format!("/observables/sha256/{HASH}")));
    assert_eq!(goes(&HASH.to_uppercase()).await, there(&format!("/observables/sha256/{HASH}")));
    assert_eq!(goes(&HASH.replace('d', "e")).await, (200, None), "a hash that nobody saw");
    assert_eq!(goes(&"0".repeat(32)).await, (200, None));
    assert_eq!(server.get("/api/v1/search?q=%231").await["cases"][0]["number"], json!(1));
}

#[tokio::test]
async fn notes_hosts_rules_and_observables_are_found_beside_cases() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(SEED).await;
    let note = json!({"body": "Asked the **helpdesk**: <i>planned</i> maintenance"}).to_string();
    assert_eq!(server.post("/api/v1/cases/1/notes", note).await.0, 201);
    let notes = page(&ana, "helpdesk plan").await;
    assert!(notes.contains("<mark>helpdesk</mark>") && notes.contains("<mark>planned</mark>"), "{notes}");
    assert!(notes.contains("/cases/1#notes") && !notes.contains("<i>planned"));
    let host = page(&ana, "desktop-4kq").await;
    assert!(host.contains("h-hosts") && host.contains("/sensors/a47d2c95-6b08-4e13-b7f9-0d5e83c61a2b"), "{host}");
    assert!(page(&ana, "a47d2c95-6b08").await.contains("h-hosts"), "by the sensor's id");
    let file = page(&ana, "EXPAND.exe").await;
    assert!(file.contains("/observables/file/expand.exe") && file.contains("File name, 1 case"), "{file}");
    let rule = page(&ana, "cabinet expansion").await;
    assert!(rule.contains("h-rules") && rule.contains("proc_creation_win_expand_cabinet_files"), "{rule}");
}

#[tokio::test]
async fn a_known_value_that_is_nearly_it_is_offered() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(&detection("one", "websrv01", &json!({"FILE_PATH": r"C:\Windows\svchost.exe"}))).await;
    let offers = [
        ("svchots.exe", "svchost.exe", "svchost.exe"),
        ("host:websrv10", "websrv01", "host:websrv01"),
        ("verdict:pending svchosst.exe", "svchost.exe", "verdict:pending svchost.exe"),
    ];
    for (q, known, then) in offers {
        let page = page(&ana, q).await;
        let link = format!("Did you mean <a href=\"{}\">{known}</a>?", at(then).replace('&', "&#38;"));
        assert!(page.contains("No match for") && page.contains(&link), "{q}: {page}");
    }
    assert!(!page(&ana, "wholly-unknown.exe").await.contains("Did you mean"));
    assert!(!page(&ana, "svchost.exe").await.contains("Did you mean"));
}
