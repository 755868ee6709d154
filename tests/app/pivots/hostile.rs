//! Values that attackers choose: each leads to its page and stays text there.
use crate::support::{Person, seed_with, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MARKUP: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";

/// The seed's detection in which whatever an attacker can name is hostile.
fn hostile() -> String {
    let mut detection: Value = serde_json::from_str(&seed_with(&[])).unwrap();
    let event = &mut detection["detect"]["event"];
    event["USER_NAME"] = json!(format!("EVIL\\50%25/{MARKUP}?a=b#c&d"));
    event["FILE_PATH"] = json!("C:\\Temp\\\u{202e}gnp.\u{200b}exe%2e/..%2f..\\a;b c+d");
    event["PIPE_NAME"] = json!("\\\\.\\pipe\\..\\..\\%5c%2F\u{fffd}é🦀");
    event["COMMAND_LINE"] = json!(format!("x {}", "%/\\\"é".repeat(333)));
    event["URL"] = json!("https://evil.example/%2e%2e/../..//?q=<b>&amp;#frag");
    detection["source_rule"] = json!(format!("svc/..%2f..%2f../{MARKUP}//x?y#z"));
    detection["cat"] = json!(MARKUP);
    for routing in ["/routing", "/detect/routing"] {
        let routing = detection.pointer_mut(routing).unwrap();
        routing["hostname"] = json!(format!("host/{MARKUP}\\%41"));
        routing["sid"] = json!("");
    }
    detection.to_string()
}

/// The addresses of pivot pages that a page links to.
fn links(page: &str) -> BTreeSet<String> {
    let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let hrefs = hrefs.map(|href| href.split(['?', '#']).next().unwrap_or_default().to_owned());
    hrefs.filter(|href| ["/observables/", "/sensors/", "/rules/"].iter().any(|start| href.starts_with(start))).collect()
}

async fn harmless(person: &Person, path: &str) -> String {
    let (status, page) = person.page(path).await;
    assert_eq!(status, 200, "{path}");
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{path}: {page}");
    assert!(!page.contains('\u{202e}') || page.contains("data-copy"), "{path}: hidden only in what is copied");
    page
}

#[tokio::test]
async fn every_value_leads_to_its_page_and_stays_text() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(&hostile()).await;
    let mut open: Vec<String> = ["/cases/1", "/rules", "/sensors"].map(str::to_owned).to_vec();
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        let page = harmless(&ana, &path).await;
        open.extend(links(&page).into_iter().filter(|link| seen.insert(link.clone())));
    }
    let leads_to = |start: &str| seen.iter().filter(|link| link.starts_with(start)).count();
    for start in ["user", "path", "pipe", "command_line", "url", "host", "file"] {
        assert!(leads_to(&format!("/observables/{start}/")) >= 1, "{start}: {seen:?}");
    }
    // The rule, and how rules fare.
    assert_eq!((leads_to("/rules/"), leads_to("/sensors/")), (2, 1), "{seen:?}");
    let long = seen.iter().find(|link| link.starts_with("/observables/command_line/x")).unwrap();
    assert!(long.len() > 4_000, "2,000 bytes, most of them encoded: {}", long.len());
    let path = seen.iter().find(|link| link.starts_with("/observables/path/C%3A%5CTemp")).unwrap();
    let page = harmless(&ana, path).await.replace("<wbr>", "");
    assert!(page.contains("⟨U+202E⟩gnp.⟨U+200B⟩exe%2e/..%2f..\\a;b c+d"), "{page}");
    let user = seen.iter().find(|link| link.starts_with("/observables/user/EVIL")).unwrap();
    assert!(harmless(&ana, user).await.replace("<wbr>", "").contains("EVIL\\50%25/&#34;&#62;&#60;script&#62;"));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(&hostile()).await;
    let long = "x".repeat(2_000);
    for path in [
        "/observables/ip/198.51.100.99",
        "/observables/planet/mars",
        "/observables/user/",
        "/observables/user",
        "/observables/user/%FF%FE",
        "/observables/user/%2e%2e%2f",
        "/observables/path/..%2f..%2fetc%2fpasswd",
        &format!("/observables/command_line/{long}"),
        "/observables/user/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/sensors/none",
        "/sensors/%FF",
        "/rules/none",
        "/rules/..%2f..%2fetc%2fpasswd",
        "/rules/svc/%27%20OR%20%271%27=%271",
    ] {
        let (status, page) = ana.page(path).await;
        assert_eq!(status, 404, "{path}");
        assert!(page.contains("Back to queue") && !page.contains("<script>alert"), "{path}: {page}");
    }
    for path in ["/sensors?after=x", "/rules?after=1", "/rules?after=a.b"] {
        assert_eq!(ana.page(path).await.0, 400, "{path}");
    }
    let nobody = Person { url: server.url.clone(), cookie: String::new() };
    for path in ["/sensors", "/rules", "/rules/a/b", "/observables/ip/127.0.0.1"] {
        assert_eq!(nobody.page(path).await.0, 303, "{path}");
    }
}
