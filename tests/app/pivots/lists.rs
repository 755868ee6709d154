//! Lists: every row once over all pages, the newest first, and by the start of a name.
use crate::pivots::{EVENT, HASH, RULE, declare, other, read, send, shows, sid};
use crate::support::{Person, Server, spawn};
use fusionsoc::domain::Role;
use std::collections::BTreeSet;

const MANY: usize = 120;

/// One rule on many hosts, all in one delivery, so that most cases are opened in the same millisecond.
async fn many_hosts() -> (Server, Person) {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let all: Vec<String> = (0..MANY).map(|n| other(n, n, 0)).collect();
    send(&server, &server.token, &all).await;
    (server, ana)
}

/// What follows a mark on each page of a list, and how many pages there are.
async fn walk(person: &Person, first: &str, mark: &str) -> (Vec<String>, usize) {
    let (mut found, mut path, mut pages) = (Vec::new(), first.to_owned(), 0);
    loop {
        let page = read(person, &path).await;
        pages += 1;
        found.extend(page.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        let next = page
            .split("<a class=\"btn sm\" href=\"")
            .skip(1)
            .find(|rest| rest.contains("rel=\"next\">") && rest.find('>') > rest.find("rel="));
        match next.and_then(|rest| rest.split('"').next()) {
            Some(href) if pages < 20 => path = href.replace("&#38;", "&"),
            _ => return (found, pages),
        }
    }
}

#[tokio::test]
async fn pages_of_cases_visit_each_once() {
    let (server, ana) = many_hosts().await;
    for number in [7, 70, 110] {
        declare(&server, number, "false_positive", "known_application").await;
    }
    for first in [format!("/rules/{RULE}"), format!("/observables/sha256/{HASH}")] {
        let (found, pages) = walk(&ana, &first, "class=\"t\" href=\"/cases/").await;
        let distinct: BTreeSet<_> = found.iter().collect();
        assert_eq!((found.len(), distinct.len(), pages), (MANY, MANY, 3), "{first}");
        let (found, pages) = walk(&ana, &format!("{first}?verdict=false_positive"), "class=\"t\" href=\"/cases/").await;
        let distinct: BTreeSet<_> = found.iter().map(String::as_str).collect();
        assert_eq!((distinct, pages), (BTreeSet::from(["7", "70", "110"]), 1), "{first}");
        shows(
            &read(&ana, &first).await,
            &["100%</b> <span>false positive, 3</span> of 120</span> cases reviewed", "120</span></header>"][..1],
        );
    }
    assert_eq!(ana.page(&format!("/rules/{RULE}?verdict=perhaps")).await.0, 400);
    assert_eq!(ana.page(&format!("/rules/{RULE}?after=perhaps")).await.0, 400);
    let one = server.get(&format!("/api/v1/observables/sha256/{HASH}?verdict=pending")).await;
    assert_eq!(one["cases"].as_array().unwrap().len(), MANY - 3);
}

#[tokio::test]
async fn a_host_with_many_behaviours_lists_each_case_once() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let all: Vec<String> = (0..60)
        .map(|n| {
            let letters = format!("{}{}", char::from(b'a' + n / 26), char::from(b'a' + n % 26));
            other(usize::from(n), 1, 0).replace("-r -F:*", &format!("-{letters} -F:*"))
        })
        .collect();
    send(&server, &server.token, &all).await;
    let (found, pages) = walk(&ana, &format!("/sensors/{}", sid(1)), "class=\"t\" href=\"/cases/").await;
    assert_eq!((found.iter().collect::<BTreeSet<_>>().len(), found.len(), pages), (60, 60, 2));
    let page = read(&ana, &format!("/rules/{RULE}")).await;
    shows(&page, &["Distinct behaviours</h2><span class=\"muted\">60</span>", "60 in all, at most 60, on 2026-03-19"]);
}

#[tokio::test]
async fn hosts_are_listed_newest_first_and_found_by_name() {
    let (server, ana) = many_hosts().await;
    send(&server, &server.token, &[other(900, 17, -1)]).await;
    let (found, pages) = walk(&ana, "/sensors", "class=\"t\" href=\"/sensors/").await;
    assert_eq!((found.iter().collect::<BTreeSet<_>>().len(), found.len(), pages), (MANY, MANY, 3));
    assert_eq!(found[0], sid(17), "the newest first");
    let (found, _) = walk(&ana, "/sensors?q=HOST-11", "class=\"t\" href=\"/sensors/").await;
    assert_eq!(found.len(), 11, "host-11 and host-110 to host-119");
    let (found, _) = walk(&ana, &format!("/sensors?q={}", sid(5)), "class=\"t\" href=\"/sensors/").await;
    assert_eq!(found, [sid(5)]);
    shows(&read(&ana, "/sensors?q=%25").await, &["No host matches."]);
    let page = read(&ana, "/sensors?q=host-17").await;
    shows(&page, &["Windows, x64", "yara_detection_memory", "2026-03-20", "role=\"img\""]);
}

#[tokio::test]
async fn rules_are_listed_with_how_often_they_are_right() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    shows(&read(&ana, "/rules").await, &["No rule has raised a detection yet."]);
    shows(&read(&ana, "/sensors").await, &["No sensor has sent a detection yet."]);
    let now = fusionsoc::clock::now_ms();
    let all: Vec<String> = (0..55_usize)
        .map(|n| {
            other(n, n, 0).replace(RULE, &format!("svc/rule_{n:02}")).replace(&EVENT.to_string(), &now.to_string())
        })
        .collect();
    send(&server, &server.token, &all).await;
    send(&server, &server.token, &[other(100, 100, 0).replace(RULE, "svc/rule_07")]).await;
    declare(&server, 8, "false_positive", "known_application").await;
    declare(&server, 56, "true_positive", "malware").await;
    let (found, pages) = walk(&ana, "/rules", "class=\"t\" href=\"/rules/").await;
    assert_eq!((found.iter().collect::<BTreeSet<_>>().len(), found.len(), pages), (55, 55, 2));
    assert_eq!(found[0], "svc/rule_07", "the newest first");
    let page = read(&ana, "/rules?q=svc%2Frule_07").await;
    shows(
        &page,
        &[
            "data-l=\"Cases, 30 days\">2</td>",
            "50% <span class=\"muted\">of 2</span>",
            "data-l=\"TP\">1</td>",
            "1 in all, at most 1",
        ],
    );
    assert_eq!(page.matches("class=\"t\"").count(), 1);
    let (found, pages) = walk(&ana, "/rules?q=potentially+susp", "class=\"t\" href=\"/rules/").await;
    assert_eq!((found.len(), pages), (55, 2), "by title, whatever the case of letters");
    shows(&read(&ana, "/rules?q=rule_07").await, &["No rule matches."]);
}
