//! Errors that voters make together: against chance, over time, and each number with exactly its cases.
use super::{declare, panel, triaged};
use crate::support::{Person, Server};
use fusionsoc::domain::Role;

/// Numbers with the lists that they lead to, of a row that holds a text.
fn counts(page: &str, row: &str) -> Vec<(String, String)> {
    let row = page.split("<tr>").find(|one| one.contains(row)).unwrap_or_else(|| panic!("no {row}: {page}"));
    let links = row.split("<a href=\"").skip(1);
    let link = |rest: &str| {
        let (href, rest) = rest.split_once("\">").unwrap();
        (rest.split('<').next().unwrap().to_owned(), href.replace("&#38;", "&"))
    };
    links.map(link).collect()
}

/// The cases of a list.
async fn listed(person: &Person, href: &str) -> Vec<i64> {
    let (status, page) = person.page(href).await;
    assert_eq!(status, 200, "{href}: {page}");
    let mut all: Vec<i64> = page
        .split("<a class=\"t\" href=\"/cases/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect();
    all.sort_unstable();
    all
}

/// Two that say false positive and one that says true positive, on six cases: two are true positives, the last undetermined.
async fn six() -> (Server, Vec<wiremock::MockServer>, Person, Vec<i64>) {
    let says = [("a", "false_positive", 90), ("b", "false_positive", 80), ("c", "true_positive", 30)];
    let (server, models) = panel("majority", &says).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let mut cases = Vec::new();
    for number in 1..=6 {
        cases.push(triaged(&server, number).await);
    }
    let verdicts =
        ["true_positive", "true_positive", "false_positive", "benign_true_positive", "false_positive", "undetermined"];
    for (case, verdict) in cases.iter().zip(verdicts) {
        declare(&ana, *case, verdict).await;
    }
    (server, models, ana, cases)
}

#[tokio::test]
async fn pairs_are_told_by_the_kind_of_their_errors_and_lead_to_their_cases() {
    let (_server, _models, ana, cases) = six().await;
    let page = ana.page("/models/together").await.1;
    // Of the two true positives a and b missed both: Clopper–Pearson's interval of 2 of 2 begins at 15.8 %.
    let missed = counts(&page, "a and b</th><td data-l=\"Error\">Missed together");
    // Both decided, each wrong, both wrong.
    let told: Vec<_> = missed[..4].iter().map(|(count, _)| count.as_str()).collect();
    assert_eq!(told, ["2", "2", "2", "2"], "{page}");
    assert!(page.contains("100% (16% to 100%)"), "{page}");
    for (_, href) in &missed {
        assert_eq!(listed(&ana, href).await, cases[..2]);
    }
    let alarms = counts(&page, "a and b</th><td data-l=\"Error\">False alarms together");
    assert_eq!(alarms[0].0, "3", "of three benign ones none was called malicious");
    assert!(alarms[1].0.starts_with("0%"), "{alarms:?}");
    assert_eq!(listed(&ana, &alarms[0].1).await, cases[2..5]);
    let mixed = counts(&page, "a and c</th><td data-l=\"Error\">Missed together");
    assert_eq!((&*mixed[0].0, &*mixed[1].0), ("2", "2"), "a missed both");
    assert!(mixed[2].0.starts_with("0%"), "c missed none: {mixed:?}");
    let alone = counts(&page, "b and c</th><td data-l=\"Error\">False alarms together");
    assert_eq!((&*alone[0].0, &*alone[1].0), ("3", "3"), "c called all three malicious: {alone:?}");
    assert_eq!(listed(&ana, &alone[1].1).await, cases[2..5]);
    assert_eq!(ana.page("/models/together/cases?wrong=perhaps").await.0, 400);
    assert_eq!(ana.page("/models/together/cases?after=x").await.0, 400);
    let page = ana.page("/models").await.1;
    let of_two = counts(&page, "a and b</th>");
    assert_eq!((&*of_two[0].0, &*of_two[1].0), ("5", "2"), "{page}");
    assert_eq!(listed(&ana, &of_two[0].1).await, cases[..5]);
    assert_eq!(listed(&ana, &of_two[1].1).await, cases[..2]);
}

#[tokio::test]
async fn effective_votes_are_told_by_period() {
    let (server, _models, ana, cases) = six().await;
    // All fakes tell the same digest, and two of one model err together by what they are.
    let (_, page) = ana.page("/models/together").await;
    assert!(page.contains(">1.00 (1.00 to 1.00)</a>") && page.contains(">1.0 (1.0 to 1.0)</a>"), "{page}");
    server.sql("UPDATE measured SET digest = voter").await;
    // One of the true positives was declared 40 days ago.
    let day = 24 * 60 * 60 * 1000_i64;
    server
        .sql(&format!("UPDATE measured SET decided_ms = decided_ms - {} WHERE case_number = {}", 40 * day, cases[0]))
        .await;
    for (query, rows) in [("", 13), ("?days=90&by=month", 3), ("?days=180&by=week", 26), ("?days=180&by=month", 6)] {
        let (status, page) = ana.page(&format!("/models/together{query}")).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(page.matches("<th scope=\"row\" class=\"nw num\">").count(), rows, "{query}");
        let told: Vec<_> =
            page.split("<th scope=\"row\" class=\"nw num\">").skip(1).filter(|row| row.contains("assumed")).collect();
        assert_eq!(told.len(), 2, "{query}");
        let newest = counts(&page, &format!("{}</th>", &told[0][..10]));
        assert_eq!([&newest[0].0, &newest[1].0], ["4", "1"], "{query}");
        assert_eq!(listed(&ana, &newest[0].1).await, cases[1..5]);
        assert_eq!(listed(&ana, &newest[1].1).await, cases[1..2]);
        // 1 of 4 by Clopper and Pearson.
        assert_eq!((&*newest[2].0, &newest[2].1), ("25% (0.6% to 81%)", &newest[1].1), "{query}");
        let older = counts(&page, &format!("{}</th>", &told[1][..10]));
        assert_eq!(listed(&ana, &older[1].1).await, cases[..1]);
        // Three voters whose correlation is assumed to be 0.6: 3 / (1 + 2 · 0.6).
        assert!(told[0].contains("0.60") && told[0].contains("1.4</a>"), "{}", told[0]);
        assert_eq!(page.matches("stroke-dasharray=\"3 3\"").count(), 2, "hollow bars");
    }
    assert_eq!(ana.page("/models/together?days=5").await.0, 400);
    assert_eq!(ana.page("/models/together/cases?kind=missed&one=a").await.0, 400);
    let other = crate::support::add_org(&server.app.store, "other", None).await;
    let stranger = server.sign_in_to(other, "eve", Role::Lead).await;
    assert!(listed(&stranger, "/models/together/cases").await.is_empty());
    assert!(stranger.page("/models/together").await.1.contains("Not measured yet"));
}

#[tokio::test]
async fn a_list_goes_on_page_by_page() {
    let (server, _models, ana, cases) = six().await;
    // So many more declared cases that one page does not hold them, each measured as the fifth one was.
    server
        .sql(&format!(
            "INSERT INTO cases (org_id, title, rule_id, sensor_id, hostname, user_name, chain, fingerprint, status, open, verdict, machine_verdict,
                triage_state, severity, severity_by, detections, opened_ms, updated_ms, first_event_ms, last_event_ms, queue_rank, decided_ms)
             SELECT c.org_id, c.title, c.rule_id, c.sensor_id, c.hostname, c.user_name, c.chain, c.fingerprint, c.status, c.open, c.verdict,
                c.machine_verdict, 'none', c.severity, c.severity_by, 0, c.opened_ms, c.updated_ms, c.first_event_ms, c.last_event_ms, 0, c.decided_ms
             FROM cases c, (WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 150) SELECT at FROM n) AS n
             WHERE c.number = {0}",
            cases[4]
        ))
        .await;
    server
        .sql(&format!(
            "INSERT INTO measured (case_number, voter, org_id, run_id, model, digest, prompt_version, vote, declared, decided_ms, stated_ppm)
             SELECT c.number, m.voter, m.org_id, m.run_id, m.model, m.digest, m.prompt_version, m.vote, m.declared, m.decided_ms, m.stated_ppm
             FROM measured m, cases c WHERE m.case_number = {} AND c.number > {}",
            cases[4], cases[5]
        ))
        .await;
    for first in ["/models/together/cases", "/models/cases?voter=a&vote=false_positive&declared=benign"] {
        let (mut href, mut found, mut pages) = (Some(first.to_owned()), Vec::new(), 0);
        while let Some(path) = href {
            found.extend(listed(&ana, &path).await);
            let page = ana.page(&path).await.1;
            let next = page.split("rel=\"next\"").next().filter(|_| page.contains("rel=\"next\""));
            href = next
                .and_then(|rest| rest.rsplit("href=\"").next()?.split('"').next().map(|it| it.replace("&#38;", "&")));
            pages += 1;
        }
        let all = found.len();
        found.sort_unstable();
        found.dedup();
        let wanted = if first.contains("together") { 155 } else { 153 };
        assert_eq!((all, found.len(), pages), (wanted, wanted, 2), "{first}");
    }
}
