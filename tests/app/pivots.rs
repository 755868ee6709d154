//! The pages of observables, hosts and rules: their facts, numbers, verdicts, paging, and who may see them.
mod hostile;
mod lists;

use crate::support::{Person, Server, add_org, add_token, http, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::store::{JsonText, intel, users};
use fusionsoc::web::view::strip::{Bar, strip};
use serde_json::{Value, json};

const SID: &str = "a47d2c95-6b08-4e13-b7f9-0d5e83c61a2b";
const HOST: &str = "desktop-4kq7m2x";
const HASH: &str = "dfc1709a2988301f7a9d145fb107793e3299ecc85f4b9702523939e35573ab85";
const RULE: &str = "service.windows_process_creation/proc_creation_win_expand_cabinet_files";
/// The seed's event, 2026-03-19 06:29:39 UTC.
const EVENT: i64 = 1_773_901_779_334;
const DAY: i64 = 86_400_000;

const THIS: &str = "c4096be17fa25d83e1b07c9469bb97d4";
const PARENT: &str = "2f8d61c0b95e47a3d07a1b5e69bb96e1";

/// The seed's detection as another one: its id, sensor, host and the days it lies before the seed's.
fn other(id: usize, host: usize, days_before: i64) -> String {
    let event = (EVENT - days_before * DAY).to_string();
    let number = id;
    let id = format!("other-{id}");
    let (sid, name) = (sid(host), format!("host-{host}"));
    // Each runs in a process tree of its own.
    let tree = number * 1_000 + host;
    let trees = [THIS, PARENT].map(|atom| format!("{}{tree:08x}", &atom[..24]));
    let atoms = [(THIS, trees[0].as_str()), (PARENT, trees[1].as_str())];
    let facts = [(&*seed_id(), &*id), (SID, &sid), (HOST, &name), (&EVENT.to_string(), &event)];
    seed_with(&[facts.as_slice(), &atoms].concat())
}

fn sid(host: usize) -> String {
    format!("00000000-0000-4000-8000-{host:012}")
}

async fn send(server: &Server, token: &str, detections: &[String]) {
    let lines: Vec<String> =
        detections.iter().map(|detection| serde_json::from_str::<Value>(detection).unwrap().to_string()).collect();
    let sent = http()
        .post(format!("{}/api/v1/detections", server.url))
        .bearer_auth(token)
        .header("content-type", "application/x-ndjson")
        .body(lines.join("\n"));
    let answer: Value = serde_json::from_str(&sent.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(answer["accepted"], json!(detections.len()), "{answer}");
}

async fn declare(server: &Server, number: i64, verdict: &str, reason: &str) {
    let reply = http()
        .patch(format!("{}/api/v1/cases/{number}", server.url))
        .bearer_auth(&server.token)
        .json(&json!({"verdict": verdict, "reason": reason, "status": "closed"}))
        .send();
    assert_eq!(reply.await.unwrap().status(), 200, "case {number}: {verdict}");
}

/// A page as people read it: no places to break, entities back to characters.
async fn read(person: &Person, path: &str) -> String {
    let (status, page) = person.page(path).await;
    assert_eq!(status, 200, "{path}");
    assert!(!page.contains("style=\"") && !page.contains(" onclick"), "{path}: nothing inline");
    page.replace("<wbr>", "").replace("<span class=\"num\">", "").replace("<b class=\"num\">", "")
}

fn shows(page: &str, facts: &[&str]) {
    for fact in facts {
        assert!(page.contains(fact), "the page shows {fact}: {page}");
    }
}

/// Three detections on two hosts in two cases: the first false positive, the second true positive.
async fn two_hosts() -> (Server, Person) {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    send(&server, &server.token, &[other(1, 1, 3), other(2, 1, 3), other(3, 2, 0)]).await;
    declare(&server, 1, "false_positive", "known_application").await;
    declare(&server, 2, "true_positive", "malware").await;
    (server, ana)
}

#[tokio::test]
async fn an_observable_tells_where_it_was_seen_and_how_its_cases_ended() {
    let (_server, ana) = two_hosts().await;
    let page = read(&ana, &format!("/observables/sha256/{}", HASH.to_uppercase())).await;
    let facts = [
        HASH,
        &format!("data-copy=\"{HASH}\""),
        "2026-03-16 06:29:39 UTC",
        "2026-03-19 06:29:39 UTC",
        "<dt>Detections</dt><dd class=\"num\">3</dd>",
        "<span class=\"mono\">HASH</span> <span class=\"muted num\">2</span>",
        "Detections a day from 2026-02-18 to 2026-03-19: 3 in all, at most 2, on 2026-03-16",
        "role=\"img\"",
        "<th scope=\"row\" class=\"num\">2026-03-16</th><td class=\"r\">2</td>",
        "50%</b> <span>false positive, 2</span> of 2</span> cases reviewed",
        "?verdict=true_positive#cases",
        "1</span> benign true positive",
        "2 with it",
        "/sensors/00000000-0000-4000-8000-000000000002",
        "host-1",
        "/observables/file/sre.exe",
    ];
    shows(&page, &facts[..11]);
    shows(&page, &facts[12..]);
    assert!(!page.contains(facts[11]), "no verdict that nobody gave");
    let only = read(&ana, &format!("/observables/sha256/{HASH}?verdict=true_positive")).await;
    assert!(
        only.contains("class=\"t\" href=\"/cases/2\"") && !only.contains("class=\"t\" href=\"/cases/1\""),
        "{only}"
    );
    let page = read(&ana, "/observables/ip/127.0.0.1").await;
    shows(&page, &["127[.]0[.]0[.]1", "<dd>loopback</dd>", "this machine itself", "data-copy=\"127.0.0.1\""]);
    shows(&read(&ana, "/observables/user/NT%20AUTHORITY%5CSYSTEM").await, &["PARENT/USER_NAME", "host-2"]);
    shows(&read(&ana, "/observables/host/HOST-2").await, &["routing/hostname", "1 with it"]);
}

#[tokio::test]
async fn a_host_tells_its_facts_detections_users_and_files() {
    let (server, ana) = two_hosts().await;
    let page = read(&ana, &format!("/sensors/{}", sid(1))).await;
    let facts = [
        "host-1",
        "192.168.10.40",
        "203.0.113.10",
        "Windows, x64",
        "</svg>yara_detection_memory",
        "<span class=\"tag\">windows",
        "2026-03-16 06:29:39 UTC",
        "acme",
        "/cases?view=all&#38;sensor=00000000-0000-4000-8000-000000000001",
        "Detections a day from 2026-02-15 to 2026-03-16: 2 in all, at most 2, on 2026-03-16",
        "100%</b> <span>false positive, 1</span> of 1</span> cases reviewed",
        "false positive by test",
        "NEW_PROCESS",
        "href=\"/cases/1\"",
        "/observables/user/NT%20AUTHORITY%5CSYSTEM",
        "/observables/file/expand.exe",
        "/observables/host/host-1",
    ];
    shows(&page, &facts);
    assert!(!page.contains("href=\"/cases/2\""), "nothing of other hosts");
    let page = read(&ana, &format!("/cases?view=all&sensor={}", sid(1))).await;
    assert!(page.contains("href=\"/cases/1?from=") && !page.contains("href=\"/cases/2?from="));
    drop(server);
}

#[tokio::test]
async fn a_rule_tells_how_often_it_was_right() {
    let (_server, ana) = two_hosts().await;
    for path in [format!("/rules/{RULE}"), format!("/rules/{}", RULE.replace('/', "%2F"))] {
        let page = read(&ana, &path).await;
        let facts = [
            "Potentially Suspicious Cabinet File Expansion",
            RULE,
            "Bhabesh Raj",
            "Detects the expansion or decompression of cabinet files",
            "System administrator Usage",
            "href=\"https://labs.sentinelone.com/meteorexpress",
            "T1218 System Binary Proxy Execution",
            "ext:ext-sigma",
            "Medium",
            "3 in all, at most 2, on 2026-03-16",
            "50%</b> <span>false positive, 2</span> of 2</span> cases reviewed",
            "<dt>Last TP</dt><dd><a href=\"/cases/2\">",
            "of 2</span></header>",
            "SRE.exe → expand.exe",
            "/cases?view=all&#38;fingerprint=",
        ];
        shows(&page, &facts);
    }
}

#[tokio::test]
async fn the_same_behaviour_on_other_hosts_is_one_cluster() {
    let (server, ana) = two_hosts().await;
    send(&server, &server.token, &[other(4, 3, 0).replace("-r -F:*", "-r -X -F:*")]).await;
    let page = read(&ana, "/cases/2").await;
    shows(
        &page,
        &[
            "Same behaviour elsewhere",
            "On 1</span> other host.",
            "#1</a> on <a href=\"/sensors/",
            "closed, false positive",
        ],
    );
    let link = page.split("/cases?view=all&#38;fingerprint=").nth(1).expect("all of this behaviour");
    let fingerprint = &link[..64];
    shows(
        &page,
        &["All 2 cases of this behaviour", &format!("/rules/{RULE}"), "/observables/user/NT%20AUTHORITY%5CSYSTEM"],
    );
    assert!(!read(&ana, "/cases/3").await.contains("Same behaviour elsewhere"), "one more switch is another behaviour");
    let page = read(&ana, &format!("/cases?view=all&fingerprint={fingerprint}")).await;
    assert!(
        page.contains("href=\"/cases/1?from=")
            && page.contains("href=\"/cases/2?from=")
            && !page.contains("href=\"/cases/3?from=")
    );
    shows(&page, &[&format!("Behaviour {}… <span", &fingerprint[..12]), "name=\"fingerprint\" value=\""]);
    let cases = server.get(&format!("/api/v1/cases?fingerprint={}", fingerprint.to_uppercase())).await;
    assert_eq!(cases["cases"].as_array().unwrap().len(), 2);
    assert_eq!(ana.page("/cases?fingerprint=abc").await.0, 400);
}

#[tokio::test]
async fn what_only_another_organisation_has_is_not_there() {
    let (server, ana) = two_hosts().await;
    let theirs = add_org(&server.app.store, "globex", None).await;
    let token = add_token(&server.app.store, theirs, Scope::ALL).await;
    let secret = other(9, 9, 1).replace(RULE, "their/rule").replace(HASH, &HASH.replace('d', "e"));
    send(&server, &token, &[secret, other(10, 1, 1)]).await;
    let places = [
        format!("/sensors/{}", sid(9)),
        "/rules/their/rule".to_owned(),
        format!("/observables/sha256/{}", HASH.replace('d', "e")),
    ];
    for (path, none) in places.iter().zip(["/sensors/none", "/rules/none/none", "/observables/sha256/none"]) {
        let (hidden, absent) = (ana.page(path).await, ana.page(none).await);
        let without_id = |page: &str| page.split("reference <code>").next().unwrap().to_owned();
        assert_eq!((hidden.0, without_id(&hidden.1)), (404, without_id(&absent.1)), "{path}");
    }
    shows(
        &read(&ana, &format!("/observables/sha256/{HASH}")).await,
        &["<dd class=\"num\">3</dd>", "<dd><div>acme</div>"],
    );
    let mut tx = server.app.store.write().await.unwrap();
    let id = users::by_name(&mut tx, "ana").await.unwrap().unwrap().id;
    users::join(&mut tx, id, theirs).await.unwrap();
    tx.commit().await.unwrap();
    let both =
        ["<dd class=\"num\">4</dd>", "<div>acme <span", "<div>globex <span", "host-1 · globex", "4 in all, at most 2"];
    shows(&read(&ana, &format!("/observables/sha256/{HASH}")).await, &both);
    assert_eq!(ana.page(&places[0]).await.0, 200);
    let hosts = read(&ana, "/sensors").await;
    assert!(hosts.contains("globex") && hosts.contains("host-9"), "{hosts}");
    let rules = read(&ana, &format!("/rules/{RULE}")).await;
    shows(&rules, &["<dt>Organisation</dt><dd>globex, acme</dd>", "of 3</span></header>"]);
}

#[tokio::test]
async fn answers_about_an_observable_stand_on_its_page_alone() {
    let (server, ana) = two_hosts().await;
    let stats = json!({"malicious": 3, "suspicious": 0, "undetected": 60, "harmless": 0, "timeout": 2});
    let answer = intel::Answer {
        provider: "virustotal".to_owned(),
        observable: Some(HASH.to_uppercase()),
        payload: JsonText(json!({"stats": stats, "reputation": -4})),
        fetched_ms: EVENT,
        ..intel::Answer::default()
    };
    let mut tx = server.app.store.write().await.unwrap();
    intel::insert(&mut tx, 1, &answer).await.unwrap();
    tx.commit().await.unwrap();
    let page = read(&ana, &format!("/observables/sha256/{HASH}")).await;
    shows(
        &page,
        &[
            "Threat intelligence",
            "<b>3 of 65 engines flagged it.</b> 60 found nothing, 2 gave no answer.",
            "VirusTotal, <time datetime=\"2026-03-19T06:29:39.334Z\"",
        ],
    );
    assert!(!read(&ana, "/observables/ip/127.0.0.1").await.contains("Threat intelligence"));
    let said = &server.get(&format!("/api/v1/observables/sha256/{HASH}")).await["intelligence"][0];
    assert_eq!((&said["verdict"], &said["answer"]["reputation"]), (&json!("malicious"), &json!(-4)));
    assert_eq!(server.get("/api/v1/observables/ip/127.0.0.1").await["intelligence"], json!([]));
}

#[tokio::test]
async fn machines_read_an_observable_too() {
    let (server, _) = two_hosts().await;
    let answer = server.get(&format!("/api/v1/observables/sha256/{HASH}")).await;
    let wanted = json!({"type": "sha256", "value": HASH, "place": null, "known": null, "org": "acme", "detections": 3,
        "first_seen": "2026-03-16T06:29:39.334Z", "last_seen": "2026-03-19T06:29:39.334Z", "cases": [2, 1], "next": null,
        "verdicts": {"false_positive": 1, "true_positive": 1}, "verdict": null, "intelligence": []});
    assert_eq!(answer, wanted);
    for path in ["/api/v1/observables/sha256/none", "/api/v1/observables/none/none"] {
        assert_eq!(server.get(path).await["status"], 404, "{path}");
    }
    assert!(server.get("/api/openapi.json").await["paths"]["/api/v1/observables/{type}/{value}"]["get"].is_object());
}

#[test]
fn a_strip_ends_with_its_last_day_and_leaves_out_what_lies_outside() {
    let shown = strip(&[(70, 9), (71, 1), (100, 4), (101, 7)], 100);
    assert_eq!(shown.bars, [Bar { x: 1, y: 30, height: 10 }, Bar { x: 291, y: 0, height: 40 }]);
    assert_eq!(shown.days, [("1970-04-11".to_owned(), 4), ("1970-03-13".to_owned(), 1)]);
    assert_eq!(shown.label, "Detections a day from 1970-03-13 to 1970-04-11: 5 in all, at most 4, on 1970-04-11");
    assert!(strip(&[], 0).label.starts_with("No detections"));
    assert!(strip(&[(i64::MAX / 4, i64::MAX / 2)], i64::MAX / 4).label.contains("in all"), "beyond every calendar");
}
