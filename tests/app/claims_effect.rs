//! What claims change: flags, vetoes, the count, the page and the API.

use crate::support::{self, SEED, Server, fakes, seed_with, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use wiremock::MockServer;

/// The seed's case with its recorded triage and intelligence.
async fn recorded(server: &Server) -> i64 {
    support::recorded::seed(server, Some(459), support::recorded::intelligence()).await
}

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|flag| flag["kind"].as_str().unwrap()).collect()
}

fn texts(list: &Value) -> String {
    list.as_array().unwrap().iter().map(|flag| flag["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_seed_names_all_that_argues_against_its_votes() {
    let server = spawn().await;
    let run = server.case(recorded(&server).await).await["runs"][0].clone();
    let flags = texts(&run["flags"]);
    for said in [
        "Signer unknown. 2 voters name a signer. The event says signed, and does not name the signer.",
        "Host history. desktop-4kq7m2x is tagged",
        "yara_detection_memory",
        "Reputation \u{2212}11 at VirusTotal, although 0 of 76 engines flagged it.",
        "Technique: rule T1218, voters T1140.",
        "Severity: rule medium, triage low.",
        "Supported by the event. Both files are signed.",
    ] {
        assert!(flags.contains(said), "{said} in\n{flags}");
    }
    assert!(!flags.contains("Contradicted") && !flags.contains("Vote turned"), "{flags}");
    assert_eq!(kinds(&run["vetoes"]), ["host_tags", "first_sight"]);
    let failing = |vote: &Value| {
        let claims = vote["claims"].as_array().unwrap().iter().filter(|claim| claim["state"] != "supported");
        claims
            .map(|claim| (claim["kind"].as_str().unwrap().to_owned(), claim["quote"].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let signer = |quote: &str| vec![("signer".to_owned(), quote.to_owned())];
    assert_eq!(failing(&run["votes"][0]), signer("signed Microsoft system binary"));
    assert_eq!(failing(&run["votes"][1]), Vec::new());
    assert_eq!(failing(&run["votes"][2]), signer("Microsoft-signed"));
    assert!(
        run["votes"][0]["claims"]
            .as_array()
            .unwrap()
            .iter()
            .any(|claim| claim["kind"] == "signature" && claim["state"] == "supported")
    );
}

#[tokio::test]
async fn an_open_high_case_of_the_host_is_a_veto() {
    let server = spawn().await;
    let high = seed_with(&[
        ("\"level\": \"medium\"", "\"level\": \"high\""),
        ("\"FILE_IS_SIGNED\": 1", "\"FILE_IS_SIGNED\": 0"),
        ("expand_cabinet_files", "other"),
        ("c4096be17fa25d83e1b07c9469bb97d4", "c4096be17fa25d83e1b07c9469bb9700"),
        ("2f8d61c0b95e47a3d07a1b5e69bb96e1", "2f8d61c0b95e47a3d07a1b5e69bb9600"),
        ("90e3b7265cd84f1ab6d2c07f69bb9681", "90e3b7265cd84f1ab6d2c07f69bb9600"),
        (&crate::support::seed_id(), "other"),
    ]);
    server.deliver(&high).await;
    let case = server.deliver(SEED).await;
    assert_ne!(case["number"], json!(1), "a case of its own");
    server.run_jobs().await;
    let vetoes = server.case(case["number"].as_i64().unwrap()).await["runs"][0]["vetoes"].clone();
    assert!(kinds(&vetoes).contains(&"host_case"), "{vetoes}");
    let alone = spawn().await;
    let case = alone.deliver(SEED).await;
    alone.run_jobs().await;
    let vetoes = alone.case(case["number"].as_i64().unwrap()).await["runs"][0]["vetoes"].clone();
    assert!(!kinds(&vetoes).contains(&"host_case"), "{vetoes}");
}

#[tokio::test]
async fn the_page_of_the_seed_strikes_the_signer_and_names_flags_and_vetoes() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = ana.page(&format!("/cases/{}", recorded(&server).await)).await;
    let hidden = "<span class=\"vh\"> (not in the event)</span></s>";
    for said in ["signed Microsoft system binary", "Microsoft-signed"] {
        assert!(page.contains(&format!(">{said}{hidden}")), "{said} is struck");
    }
    assert!(page.contains("<s title=\"Not in the event. The event says signed, and does not name the signer.\">"));
    assert_eq!(page.matches("<s title=").count(), 2, "nothing else is struck");
    for said in [
        "Check before you agree",
        "2 voters name a signer",
        "Host history.",
        "Labels disagree.",
        "The host is tagged",
        "seen here for the first time",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

/// The case of a detection that these two voters judged.
async fn judged(detection: &str, one: Value, other: Value) -> (Server, Value, (MockServer, MockServer)) {
    let servers = (fakes::ollama("one", &one.to_string()).await, fakes::ollama("other", &other.to_string()).await);
    let voter = |name: &str, server: &MockServer| VoterConfig {
        timeout_s: 20,
        ..VoterConfig::ollama(name, &server.uri(), name)
    };
    let voters = vec![voter("one", &servers.0), voter("other", &servers.1)];
    let server = spawn_with(|config| config.voters = voters).await;
    let case = server.deliver(detection).await;
    server.run_jobs().await;
    let case = server.case(case["number"].as_i64().unwrap()).await;
    (server, case, servers)
}

fn saying(verdict: &str, field: &str, text: &str) -> Value {
    let mut answer = fakes::answer(verdict, 95);
    answer["severity"] = json!("low");
    answer[field] = json!(text);
    answer
}

#[tokio::test]
async fn a_false_positive_on_a_ground_that_the_event_contradicts_counts_as_a_review() {
    let one = saying("false_positive", "evidence_benign", "The file is validly signed and runs from System32.");
    let (server, case, _servers) = judged(SEED, one, fakes::answer("false_positive", 90)).await;
    let run = &case["runs"][0];
    assert_eq!((&run["machine_verdict"], &run["outcome"]), (&json!("needs_review"), &json!("split")));
    assert_eq!(run["auto_action"], Value::Null);
    assert_eq!(run["votes"][0]["verdict"], json!("false_positive"), "the vote keeps what was said");
    assert!(kinds(&run["vetoes"]).contains(&"claim_contradicted"));
    assert!(kinds(&run["flags"]).contains(&"vote_turned") && kinds(&run["flags"]).contains(&"claim_contradicted"));
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = ana.page(&format!("/cases/{}", case["number"])).await;
    assert!(page.contains("Needs review: 1 of 2 votes rest on what the event contradicts"));
    assert!(page.contains("Counted as needs review. The event says c:\\windows\\syswow64\\expand.exe."), "{page}");
    assert!(page.contains(">from System32<span class=\"vh\"> (contradicted by the event)</span></s>"));
}

#[tokio::test]
async fn what_is_only_unsupported_or_stands_elsewhere_turns_no_vote() {
    for (field, text) in [
        ("evidence_benign", "It is signed by Microsoft."),
        ("what_happened", "expand.exe ran from System32."),
        ("evidence_benign", "If it ran from System32, it would be fine."),
    ] {
        let (_server, case, _servers) =
            judged(SEED, saying("false_positive", field, text), fakes::answer("false_positive", 90)).await;
        assert_eq!(case["runs"][0]["machine_verdict"], json!("false_positive"), "{text}");
    }
}

#[tokio::test]
async fn a_true_positive_keeps_its_say_whatever_it_gets_wrong() {
    let wrong = saying("true_positive", "evidence_malicious", "The file is unsigned and was spawned by winword.exe.");
    let (_server, case, _servers) = judged(SEED, wrong, fakes::answer("false_positive", 90)).await;
    let run = &case["runs"][0];
    assert_eq!((&run["machine_verdict"], &run["outcome"]), (&json!("needs_review"), &json!("split")));
    assert!(kinds(&run["flags"]).contains(&"claim_contradicted") && !kinds(&run["flags"]).contains(&"vote_turned"));
    let both = |field: &str| saying("true_positive", field, "The file is unsigned.");
    let (_server, case, _servers) = judged(SEED, both("evidence_malicious"), both("evidence_malicious")).await;
    assert_eq!(case["runs"][0]["machine_verdict"], json!("true_positive"));
}

#[tokio::test]
async fn hostile_words_of_a_voter_stay_words_where_they_are_struck() {
    let text = "<script>alert(1)</script> It is **signed by Evil\"onload=x Corp** & [signed by Acme](javascript:alert(1)) `signed by Foo` &lt;b&gt; signed by Bar\u{202e}. ![x](http://evil.example/p.png)";
    let detection = seed_with(&[]);
    let one = saying("false_positive", "what_happened", text);
    let (server, case, _servers) = judged(&detection, one, saying("false_positive", "evidence_benign", text)).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = ana.page(&format!("/cases/{}", case["number"])).await;
    assert!(!page.contains("<script>alert") && !page.contains("<img") && !page.contains("href=\"javascript"));
    assert!(page.contains("<s title="), "something is struck");
    let titles = page.match_indices("<s ").map(|(at, _)| &page[at..at + page[at..].find('>').unwrap()]);
    for tag in titles {
        assert_eq!(tag.matches('"').count(), 2, "one attribute: {tag}");
    }
    // The raw reply is shown as it came.
    let said = page.split("<div class=\"why\">").skip(1).map(|part| part.split("<div class=\"prov\">").next().unwrap());
    assert!(said.into_iter().all(|part| !part.contains('\u{202e}')));
}
