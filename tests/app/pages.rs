//! Pages: sign-in and its limits, errors, headers, lists, and every fact of the seed's case.

use crate::support::{PASSWORD, Person, SEED, Server, http, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use fusionsoc::ingest::recorded::{Recorded, attach};
use fusionsoc::ingest::{Accepted, Delivery, Gathered, accept, reading};

const TRIAGE: &str = include_str!("../fixtures/seed/triage.json");
const INTEL: &str = include_str!("../fixtures/seed/intel.json");

/// What the page of the seed's case must show.
const FACTS: &[&str] = &[
    "#459",
    "Potentially Suspicious Cabinet File Expansion",
    "service.windows_process_creation/proc_creation_win_expand_cabinet_files",
    "All three voters say false positive",
    "94%",
    "98%",
    "95%",
    "90%",
    "auto_close_fp",
    "recorded",
    "3 d 21 h 46 min",
    "2026-03-19 06:29:39 UTC",
    "2026-03-23 04:16:32 UTC",
    "4 min 03 s after its parent",
    "SRE.exe",
    "expand.exe",
    "PID 12556",
    "PID 9256",
    "PID 10652",
    "NT AUTHORITY\\SYSTEM",
    "4.43 MiB",
    "base 0x930000",
    "dfc1709a2988301f7a9d145fb107793e3299ecc85f4b9702523939e35573ab85",
    "4209038199a68a376fc84137887a18bbeb149f54ad610645f2d585c44a569f31",
    "C:\\ProgramData\\Dell\\SupportAssist\\TechnicianToolkit\\index.cab",
    "T1218",
    "System Binary Proxy Execution",
    "T1140",
    "Medium",
    "Low",
    "Detects the expansion or decompression of cabinet files",
    "System administrator Usage",
    "Bhabesh Raj",
    "labs.sentinelone.com/meteorexpress",
    "LimaCharlie timeline",
    "Windows, x64",
    "yara_detection_memory",
    "0 of 76 engines flagged it.",
    "The reply does not say which indicator was looked up.",
    "No answer names <span class=\"mono\">",
    "63 found nothing, 13 gave no answer.",
    "\u{2212}11",
    "Legitimate software maintenance/update behavior",
    "Is SRE.exe frequently spawning expand.exe on this host?",
    "Close case as false positive (unanimous AI verdict)",
    "Signer unknown.",
    "Labels disagree.",
    "Host history.",
    "Nothing can be run on the sensor",
    "Analyst declaration",
    "Add note",
    "Timeline",
    "Download as it came",
];

/// The seed's case with its recorded triage and intelligence, received when it was.
async fn recorded(server: &Server) -> i64 {
    let seed = reading::document(SEED).unwrap();
    let received_ms = 1_774_239_392_000;
    let mut tx = server.app.store.write().await.unwrap();
    let delivery = Delivery {
        org_id: server.org_id,
        source: "import",
        raw: &seed.raw,
        detection: &seed.detection,
        received_ms,
        number: Some(459),
        triage_at_ms: None,
    };
    let mut gathered = Gathered::default();
    let Accepted::New { case, id } = accept(&mut tx, &mut gathered, delivery).await.unwrap() else {
        panic!("it is new")
    };
    gathered.write(&mut tx).await.unwrap();
    let recorded = Recorded {
        triage: serde_json::from_str(TRIAGE).unwrap(),
        intel: serde_json::from_str(INTEL).unwrap(),
        verdict: None,
    };
    attach(&mut tx, case, id, &fusionsoc::triage::fingerprint::of(&seed.detection), &recorded, received_ms)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    case
}

#[tokio::test]
async fn the_case_page_shows_every_fact_of_the_seed() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    assert_eq!(recorded(&server).await, 459);
    let (status, page) = ana.page("/cases/459").await;
    assert_eq!(status, 200);
    let text = page.replace("<wbr>", "").replace("&#39;", "'");
    for fact in FACTS {
        assert!(text.contains(fact), "the page shows {fact}");
    }
    assert!(!page.contains("style=") && !page.contains("onclick"), "nothing inline");
}

#[tokio::test]
async fn documents_come_back_as_they_were() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    recorded(&server).await;
    assert_eq!(ana.page(&format!("/cases/459/detections/{}.json", seed_id())).await.1.trim(), SEED.trim());
    let report: serde_json::Value = serde_json::from_str(&ana.page("/cases/459/triage/1.json").await.1).unwrap();
    assert_eq!(report, serde_json::from_str::<serde_json::Value>(TRIAGE).unwrap(), "the report in its own shape");
    assert_eq!(ana.page("/cases/459/triage/2.json").await.0, 404);
}

#[tokio::test]
async fn what_attackers_write_is_text() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let evil = "\\\"><script>alert(1)</script><img src=x onerror=alert(1)>\\u202egnp.exe";
    let detection = seed_with(&[
        ("desktop-4kq7m2x", evil),
        ("Potentially Suspicious Cabinet File Expansion", evil),
        ("-r -F:*", evil),
    ]);
    server.deliver(&detection).await;
    server.run_jobs().await;
    for path in ["/cases", "/cases/1", "/cases?view=all&q=%3Cscript%3E"] {
        let (status, page) = ana.page(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(!page.contains("<script>alert") && !page.contains("<img"), "{path}");
    }
    assert!(ana.page("/cases/1").await.1.contains("⟨U+202E⟩"), "what turns text around is shown");
}

#[tokio::test]
async fn errors_are_pages_for_people_and_problems_for_machines() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    for (path, wanted) in [
        ("/cases/999", 404),
        ("/cases/abc", 404),
        ("/cases/0", 404),
        ("/cases/99999999999999999999", 404),
        ("/nowhere", 404),
    ] {
        let (status, page) = ana.page(path).await;
        assert_eq!(status, wanted, "{path}");
        assert!(page.contains("Back to queue"), "{path}: {page}");
    }
    for (path, wanted) in [
        ("/cases?limit=0", 400),
        ("/cases?sort=rank", 400),
        ("/cases?after=abc", 400),
        ("/cases?limit=1000000", 400),
        ("/cases?status=open", 400),
    ] {
        assert_eq!(ana.page(path).await.0, wanted, "{path}");
    }
    let reply = http().get(format!("{}/api/v1/cases", server.url)).send().await.unwrap();
    assert_eq!((reply.status().as_u16(), reply.headers()["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    assert_eq!(reply.headers()["content-type"], "application/problem+json");
    let reply = http()
        .delete(format!("{}/cases", server.url))
        .header("cookie", &ana.cookie)
        .header("sec-fetch-site", "same-origin")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 405);
    assert!(reply.headers().contains_key("allow"));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = spawn().await;
    for path in ["/login", "/healthz", "/nowhere", "/api/v1/cases"] {
        let reply = http().get(format!("{}{path}", server.url)).send().await.unwrap();
        let policy = reply.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers()["cache-control"], "no-store");
        assert!(!reply.headers().contains_key("server"));
    }
}

#[tokio::test]
async fn wrong_passwords_are_slowed_down_and_tell_nothing() {
    let server = spawn().await;
    server.sign_in("ana", Role::Analyst).await;
    let nobody = Person { url: server.url.clone(), cookie: String::new() };
    let try_in = async |name: &str, password: &str| {
        let reply = nobody.post("/login", &[("username", name), ("password", password)]).await;
        (reply.status().as_u16(), reply.text().await.unwrap().replace(name, ""))
    };
    let (wrong, unknown) = (try_in("ana", "wrong").await, try_in("nob", "wrong").await);
    assert_eq!((wrong.0, &wrong.1), (401, &unknown.1), "the same page");
    let tries = futures_util::future::join_all((0..40).map(|_| try_in("ana", "guess"))).await;
    let looked_at = tries.iter().filter(|(status, _)| *status == 401).count();
    assert!(looked_at <= 8, "{looked_at} guesses were looked at");
    assert!(tries.iter().any(|(status, page)| *status == 429 && page.contains("Too many tries")));
}

#[tokio::test]
async fn after_signing_in_only_paths_of_ours_are_followed() {
    let server = spawn().await;
    server.sign_in("ana", Role::Analyst).await;
    let nobody = Person { url: server.url.clone(), cookie: String::new() };
    for (next, wanted) in [
        ("/cases/7?run=2", "/cases/7?run=2"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nb", "/"),
    ] {
        let reply = nobody.post("/login", &[("username", "ana"), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!(reply.headers()["location"], wanted, "{next:?}");
    }
}

#[tokio::test]
async fn pages_of_the_list_follow_each_other_without_a_gap() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    for at in 0..7 {
        let host = format!("host-{at}");
        let sid = format!("aaaaaaaa-0000-4000-8000-00000000000{at}");
        let own =
            serde_json::from_str::<serde_json::Value>(SEED).unwrap()["routing"]["sid"].as_str().unwrap().to_owned();
        server.deliver(&seed_with(&[(&seed_id(), &host), (&own, &sid), ("desktop-4kq7m2x", &host)])).await;
    }
    for sort in ["risk", "newest", "oldest"] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("/api/v1/cases?sort={sort}&limit=3&after={after}")).await;
            seen.extend(page["cases"].as_array().unwrap().iter().map(|case| case["number"].as_i64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 2, 3, 4, 5, 6, 7], "{sort}: {seen:?}");
    }
    let page = ana.page("/cases?view=all&q=host-3").await.1;
    assert!(page.contains("href=\"/cases/4?from=") && !page.contains("href=\"/cases/5?"), "search by host");
    assert_eq!(ana.page("/cases?q=%23459").await.0, 303, "a number goes straight there");
}
