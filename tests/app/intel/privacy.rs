//! What never leaves: planted values are in no byte that any provider received.
use crate::intel::fakes::{CHILD, Informed, KEY, PARENT, answer, file, informed_with, piece, received, vetoes};
use crate::support::SEED;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fusionsoc::domain::{Observable, ObservableKind, Role};
use fusionsoc::intel::IntelConfig;
use fusionsoc::intel::leave::Border;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// What an event holds and nobody else may learn.
const PLANTED: &[&str] = &[
    "10.20.30.40",
    "192.168.77.12",
    "172.20.0.9",
    "169.254.1.7",
    "100.64.3.3",
    "127.0.0.53",
    "198.18.0.7",
    "fd00::1234",
    "fe80::77",
    "2002:a14:1e28::1",
    "::ffff:10.20.30.41",
    "fileserver7",
    "dc01.corp.local",
    "nas.lan",
    "printer.home",
    "vault.internal",
    "30.20.10.in-addr.arpa",
    "build.secret-lab.example.org",
    "wks-4711",
    "wks-4711.acme-inner.example.com",
    "mail.acme-inner.example.com",
    "j.roe",
    "Quarterly Layoffs.xlsx",
    "hunter2hunter2",
    "tok_9f8e7d6c",
    "S-1-5-21-1111",
];

/// An event full of them, with some values that may leave.
fn event() -> Value {
    let mut detection: Value = serde_json::from_str(SEED).unwrap();
    detection["routing"]["hostname"] = json!("wks-4711.acme-inner.example.com");
    detection["detect"]["routing"] = Value::Null;
    let urls = "https://j.roe:hunter2hunter2@evil.example.net/drop.exe?id=7#frag http://10.20.30.40/x http://fileserver7/y https://evil.example.net/login?token=tok_9f8e7d6c";
    detection["detect"]["event"]["COMMAND_LINE"] = json!(format!(
        "\"C:\\Users\\j.roe\\Desktop\\Quarterly Layoffs.xlsx\" /u:j.roe /p:hunter2hunter2 S-1-5-21-1111 {urls}"
    ));
    detection["detect"]["event"]["USER_NAME"] = json!("ACME\\j.roe");
    let rows = |field: &str, values: &[&str]| -> Value { values.iter().map(|value| json!({field: value})).collect() };
    detection["detect"]["event"]["NETWORK_ACTIVITY"] = rows("IP_ADDRESS", &PLANTED[..11]);
    detection["detect"]["event"]["DNS"] = rows("DOMAIN_NAME", &PLANTED[11..21]);
    detection["detect"]["event"]["OUTSIDE"] = json!([{"IP_ADDRESS": "45.83.12.9"}, {"DOMAIN_NAME": "c2.evil.example.net"}, {"DOMAIN_NAME": "b\u{fc}cher.example.net"}, {"IP_ADDRESS": "2a03:2880::35"}]);
    detection
}

/// A server that asks three fakes.
async fn three(urls: bool) -> (Informed, MockServer, MockServer) {
    let (abuse, misp) = (MockServer::start().await, MockServer::start().await);
    for server in [&abuse, &misp] {
        Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(server).await;
    }
    let it = informed_with(|section, dir| {
        let key = file(dir, "other.key", KEY);
        section["urls"] = json!(urls);
        section["internal_domains"] = json!(["secret-lab.example.org"]);
        section["abuseipdb"] = json!({"api_key_file": key, "base_url": abuse.uri()});
        section["misp"] = json!([{"api_key_file": key, "base_url": misp.uri()}]);
    })
    .await;
    (it, abuse, misp)
}

/// All that left, also the identifiers of URLs in clear.
async fn left(it: &Informed, others: [&MockServer; 2]) -> String {
    let mut text = received(&it.fake.server).await;
    for path in it.fake.asked().await {
        let id = path.rsplit('/').next().unwrap_or_default().to_owned();
        text.extend(URL_SAFE_NO_PAD.decode(id).ok().and_then(|bytes| String::from_utf8(bytes).ok()));
    }
    for server in others {
        text.push_str(&received(server).await);
    }
    text
}

fn holds_nothing_planted(text: &str) {
    let lower = text.to_lowercase();
    for planted in PLANTED {
        assert!(!lower.contains(&planted.to_lowercase()), "{planted} left: {text}");
    }
}

#[tokio::test]
async fn no_private_value_is_in_any_byte_that_leaves() {
    let (it, abuse, misp) = three(false).await;
    it.triaged(&event().to_string()).await;
    let text = left(&it, [&abuse, &misp]).await;
    holds_nothing_planted(&text);
    for leaves in [CHILD, PARENT, "45.83.12.9", "c2.evil.example.net", "xn--bcher-kva.example.net", "2a03:2880::35"] {
        assert!(text.contains(leaves), "{leaves} is asked about: {text}");
    }
    assert!(it.fake.asked().await.iter().all(|path| !path.contains("/urls/")) && !text.contains("drop.exe"));
}

#[tokio::test]
async fn urls_leave_only_by_a_setting_and_without_their_secrets() {
    let (it, abuse, misp) = three(true).await;
    it.triaged(&event().to_string()).await;
    let text = left(&it, [&abuse, &misp]).await;
    holds_nothing_planted(&text);
    assert!(text.contains("https://evil.example.net/drop.exe?id=7") && !text.contains("frag"), "{text}");
    assert!(text.contains("https://evil.example.net/login"), "{text}");
}

#[tokio::test]
async fn nothing_of_a_case_that_is_tlp_red_leaves_but_our_own_lists_are_read() {
    let it = informed_with(|section, dir| {
        section["lists"] = json!({"deny_file": file(dir, "deny.csv", &format!("sha256,{PARENT},seen in March\n"))});
    })
    .await;
    it.server.deliver(SEED).await;
    let person = it.server.sign_in("eve", Role::Lead).await;
    assert_eq!(person.post("/cases/1/tags", &[("add", "tlp:red")]).await.status(), 303);
    it.server.run_jobs().await;
    let case = it.server.case(1).await;
    assert!(it.fake.asked().await.is_empty());
    assert_eq!(
        (&answer(&case, "virustotal", CHILD)["state"], &piece(&case)["state"]),
        (&json!("withheld"), &json!("inconclusive"))
    );
    assert!(vetoes(&case).contains(&"evidence") && vetoes(&case).contains(&"intelligence"));
    assert!(it.page("/cases/1").await.contains("Nothing of a case that is tagged TLP:RED leaves."));
}

#[tokio::test]
async fn a_case_that_becomes_tlp_red_is_not_asked_about_later() {
    let it = informed_with(|section, _| section["virustotal"]["per_minute"] = json!(1)).await;
    it.triaged(SEED).await;
    let person = it.server.sign_in("eve", Role::Lead).await;
    assert_eq!(person.post("/cases/1/tags", &[("add", "tlp:red")]).await.status(), 303);
    it.a_minute_later().await;
    assert_eq!(it.fake.asked().await.len(), 1);
    let case = it.server.case(1).await;
    assert!(case["intelligence"].as_array().unwrap().iter().any(|one| one["state"] == "withheld"));
}

#[test]
fn a_short_name_of_the_host_stays_and_one_that_everybody_has_says_nothing() {
    let settings = IntelConfig::default().common();
    let leaves = |hostname: &str, value: &str| {
        let observable = Observable { kind: ObservableKind::Domain, value: value.to_owned(), role: String::new() };
        Border { settings: &settings, hostname }.pass(&observable).is_some()
    };
    assert!(!leaves("dc01", "dc01.contoso.com"));
    assert!(leaves("mail", "mail.evil.example.net"), "hosts of everybody are called mail");
    for inner in ["build.dmz", "x.namespace.svc", "printer.lcl"] {
        assert!(!leaves("wks-4711", inner), "{inner}");
    }
}
