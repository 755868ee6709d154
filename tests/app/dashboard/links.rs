//! Every number of the page is a link, and its list holds exactly as many cases.
use super::{declare, triaged};
use crate::support::{Person, Server, add_org, spawn};
use fusionsoc::domain::Role;

/// All links of the page whose text begins with a number: the number and the address.
fn numbers(page: &str) -> Vec<(i64, String)> {
    let main = page.split("<div class=\"dash\">").nth(1).expect("the page has its numbers");
    let links = main.split("<a ").skip(1).filter_map(|link| {
        let href = link.split("href=\"").nth(1)?.split('"').next()?.replace("&#38;", "&");
        let text = link.split('>').nth(1)?.split('<').next()?;
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        // A duration is no number of cases.
        let unit = unit.split(' ').next().unwrap_or_default();
        (!["s", "min", "h", "d"].contains(&unit)).then_some((digits.parse().ok()?, href))
    });
    links.collect()
}

/// How many cases a list shows.
async fn listed(person: &Person, href: &str) -> i64 {
    let all = if href.starts_with("/cases") { format!("{href}&limit=200") } else { href.to_owned() };
    let (status, page) = person.page(&all).await;
    assert_eq!(status, 200, "{all}: {page}");
    let rows = if href.starts_with("/cases") {
        page.matches("data-row=").count()
    } else {
        page.matches("class=\"case\"").count()
    };
    i64::try_from(rows).unwrap()
}

/// Ten cases: some wait, some are decided, one is overturned, AI closed two.
async fn filled(server: &Server, lead: &Person) {
    let mut cases = Vec::new();
    for at in 0..10 {
        cases.push(triaged(server, at).await);
    }
    server.sql(&format!("UPDATE cases SET opened_ms = opened_ms - 7200000 WHERE number = {}", cases[0])).await;
    server
        .sql(&format!(
            "UPDATE cases SET opened_ms = opened_ms - 172800000, severity = 'critical' WHERE number = {}",
            cases[1]
        ))
        .await;
    server.sql(&format!("UPDATE cases SET status = 'closed', open = FALSE, machine_verdict = 'false_positive' WHERE number IN ({}, {})", cases[2], cases[3])).await;
    server.sql(&format!("UPDATE cases SET severity = 'high' WHERE number = {}", cases[8])).await;
    declare(lead, cases[2], "false_positive", "true").await;
    declare(lead, cases[3], "true_positive", "true").await;
    declare(lead, cases[4], "false_positive", "true").await;
    declare(lead, cases[5], "benign_true_positive", "true").await;
    declare(lead, cases[6], "undetermined", "").await;
    declare(lead, cases[7], "false_positive", "").await;
    super::recount::minutes_pass(server, cases[7]).await;
    declare(lead, cases[7], "true_positive", "").await;
}

#[tokio::test]
async fn every_number_leads_to_as_many_cases() {
    super::recount::within_a_day().await;
    let server = spawn().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    filled(&server, &lead).await;
    let viewer = server.sign_in("vic", Role::Viewer).await;
    for page in ["/dashboard", "/dashboard?days=7", "/dashboard?days=90&org=acme"] {
        let (status, shown) = viewer.page(page).await;
        assert_eq!(status, 200, "{shown}");
        let numbers = numbers(&shown);
        assert!(numbers.len() > 20, "{numbers:?}");
        for (number, href) in &numbers {
            assert_eq!(listed(&viewer, href).await, *number, "{page}: {href}");
        }
        let has = |number: i64, part: &str| numbers.iter().any(|(count, href)| *count == number && href.contains(part));
        assert!(has(4, "view=needs_decision"), "four wait: {numbers:?}");
        assert!(has(6, "decided=") && has(2, "overturned=") && has(1, "spot=true"), "{numbers:?}");
        let severe = has(1, "severity=critical") && has(1, "severity=high");
        assert!(severe && has(2, "verdict=true_positive"), "{numbers:?}");
        assert!(has(2, "verdict=false_positive&rule=") || has(2, "rule="), "{numbers:?}");
        assert!(numbers.iter().any(|(_, href)| href.starts_with("/models/cases")), "{numbers:?}");
    }
    let page = viewer.page("/dashboard").await.1;
    assert!(page.contains("Median time to decision") && page.contains("Show as table"), "{page}");
    assert!(page.contains("first_decided=") && page.contains("Longest waiting"));
}

#[tokio::test]
async fn another_organisation_is_never_counted() {
    let server = spawn().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    filled(&server, &lead).await;
    let other = add_org(&server.app.store, "other", None).await;
    let eve = server.sign_in_to(other, "eve", Role::Lead).await;
    let (status, page) = eve.page("/dashboard?days=90").await;
    assert_eq!(status, 200);
    assert!(numbers(&page).iter().all(|(number, _)| *number == 0), "{:?}", numbers(&page));
    assert!(page.contains("Nothing waits.") && page.contains("Nothing was decided in these days."), "{page}");
    assert_eq!(eve.page("/dashboard?org=acme").await.0, 404);
    assert_eq!(eve.page("/models/cases?voter=&vote=false_positive&declared=benign&org=acme").await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    for (path, name) in [
        ("/dashboard?days=8", "days:"),
        ("/cases?decided=soon", "decided:"),
        ("/cases?opened=2026-02-31..", "opened:"),
        ("/cases?spot=yes", "spot:"),
        ("/models/cases?vote=false_positive&declared=benign&since=x", "since:"),
    ] {
        let (status, page) = ana.page(path).await;
        assert_eq!(status, 400, "{path}");
        assert!(page.contains(name), "{path}: {page}");
    }
    let (status, page) = ana.page("/cases?view=all&decided=2026-03-01..2026-03-02&decided_by=kim&dissent=true").await;
    assert_eq!(status, 200);
    assert!(page.contains("Decided 2026-03-01 to 2026-03-02") && page.contains("Decided by kim"), "{page}");
    assert!(page.contains("name=\"decided\" value=\"2026-03-01..2026-03-02\""), "the filter form keeps it");
}
