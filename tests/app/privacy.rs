//! Privacy: no name, inner address or secret of an event reaches a cloud voter, in whatever form it stands there.

use crate::support::{SEED, Server, fakes, spawn_with};
use base64::Engine;
use fusionsoc::domain::dossier::{Dossier, Precedents, Prevalence};
use fusionsoc::domain::{Detection, Role};
use fusionsoc::triage::{observables, prompt};
use fusionsoc::voters::{Mask, Privacy, VoterConfig};
use proptest::prelude::*;
use serde_json::{Value, json};
use wiremock::MockServer;

/// Names and addresses that must not leave.
const NAMES: &[&str] = &[
    "zoraquist",
    "ACME-NORTH",
    "ws-quillon-07",
    "172.23.41.9",
    "10.77.3.21",
    "fd12:3456::77",
    "files.quillon.corp",
    "zora.quist@quillon.example",
    "vault-quillon",
];
/// Secrets, each with the text that holds it.
const SECRETS: &[(&str, &str)] = &[
    ("Pl4ntedOne!", "xfreerdp /v:h /p:Pl4ntedOne!"),
    ("Pl4nted Two", "tool.exe --password \"Pl4nted Two\""),
    ("Pl4ntedThree", "psexec.exe -u zoraquist -p Pl4ntedThree cmd"),
    ("Pl4ntedFour", "net user zoraquist Pl4ntedFour /add"),
    (
        "UGw0bnRlZEZpdmU0QUFBQUFBQUFBQQ==",
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=UGw0bnRlZEZpdmU0QUFBQUFBQUFBQQ==;EndpointSuffix=core",
    ),
    ("pl4nted.bearer.six", "curl -H \"Authorization: Bearer pl4nted.bearer.six\""),
    ("AKIAPL4NTEDSEVEN0000", "aws configure set AKIAPL4NTEDSEVEN0000"),
    ("ghp_Pl4ntedEight00000000000000000000", "git clone https://ghp_Pl4ntedEight00000000000000000000@host/x"),
    ("xoxb-pl4nted-nine-0000", "curl xoxb-pl4nted-nine-0000"),
    ("eyJwbDRudGVk.eyJ0ZW4iOjF9.c2lnbmF0dXJl", "run eyJwbDRudGVk.eyJ0ZW4iOjF9.c2lnbmF0dXJl"),
    ("Pl4ntedEleven", "Server=db;User Id=sa;Password=Pl4ntedEleven;Encrypt=true"),
    ("Pl4ntedTwelve", "wget https://zoraquist:Pl4ntedTwelve@vault-quillon/x"),
    ("q8Zk2Lw9Xp4Rt7Vb1Nm6", "agent.exe --subscription-key=q8Zk2Lw9Xp4Rt7Vb1Nm6"),
    ("Pl4ntedFourteen", "mysqldump -uroot -pPl4ntedFourteen db"),
    ("Pl4ntedFifteen", "net use X: \\\\vault-quillon\\c$ Pl4ntedFifteen /user:ACME-NORTH\\zoraquist"),
    ("Pl4ntedSixteen", "schtasks /create /ru zoraquist /rp Pl4ntedSixteen"),
    ("Pl4ntedSeventeen", "$env:API_TOKEN = 'Pl4ntedSeventeen'"),
    ("Pl4ntedEighteen", "{\\\"client_secret\\\": \\\"Pl4ntedEighteen\\\"}"),
    ("Pl4ntedNineteen", "curl -u zoraquist:Pl4ntedNineteen https://x.example"),
    ("MIIPl4ntedTwenty", "echo -----BEGIN RSA PRIVATE KEY-----MIIPl4ntedTwenty-----END RSA PRIVATE KEY-----"),
];

/// A text that names everybody and holds one secret.
fn planted(at: usize) -> String {
    let (_, command) = SECRETS[at % SECRETS.len()];
    format!(
        "{command} C:\\Users\\ZoraQuist\\x.exe \\\\vault-quillon\\share acme-north\\ZORAQUIST on WS-QUILLON-07 172.23.41.9 \
         fd12:3456::77 10.77.3.21:445 files.quillon.corp zora.quist@quillon.example"
    )
}

/// Puts such a text into every string, one secret after the other.
fn plant(value: &mut Value, at: &mut usize, round: usize) {
    match value {
        Value::String(text) => {
            *text = format!("{} {text}", planted(*at + round));
            *at += 1;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| plant(item, at, round)),
        Value::Object(map) => map.iter_mut().for_each(|(_, item)| plant(item, at, round)),
        _ => {}
    }
}

/// The seed with such texts in its event, its rule and its host.
fn full(round: usize) -> Value {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    let mut at = 0;
    for part in ["detect", "detect_mtd", "cat", "source_rule"] {
        plant(&mut document[part], &mut at, round);
    }
    let event = &mut document["detect"]["event"];
    event["USER_NAME"] = json!("ACME-NORTH\\zoraquist");
    event["PARENT"]["USER_NAME"] = json!("ACME-NORTH\\zoraquist");
    document["routing"]["hostname"] = json!("ws-quillon-07");
    document["routing"]["int_ip"] = json!("172.23.41.9");
    document["routing"]["tags"] = json!(["vip", "owner zoraquist", "ws-quillon-07"]);
    document
}

fn dossier(document: &Value) -> Dossier {
    let detection = Detection::read(document).unwrap();
    Dossier {
        observables: observables::of(&detection),
        detection,
        precedents: Precedents::default(),
        prevalence: Prevalence::default(),
        intel: Vec::new(),
        evidence: Vec::new(),
        local: None,
    }
}

/// What of the planted values a text holds, whatever its case and its escapes.
fn leaked(text: &str) -> Vec<&'static str> {
    let plain = |text: &str| text.to_lowercase().replace('\\', "");
    let text = plain(text);
    let all = NAMES.iter().chain(SECRETS.iter().map(|(secret, _)| secret));
    all.filter(|value| text.contains(&plain(value))).copied().collect()
}

#[test]
fn nothing_planted_is_left_in_a_masked_prompt() {
    for round in 0..SECRETS.len() {
        for kind in ["NEW_PROCESS", "SOMETHING_ELSE"] {
            let mut document = full(round);
            document["routing"]["event_type"] = json!(kind);
            let dossier = dossier(&document);
            let mut mask = Mask::of(&dossier);
            let masked = prompt::private(&dossier, [1; 16], [2; 8], &mut mask);
            assert_eq!(leaked(&format!("{}{}", masked.system, masked.user)), Vec::<&str>::new(), "{}", masked.user);
            assert!(mask.replaced() > 5);
            assert!(!leaked(&prompt::build(&dossier, [1; 16], [2; 8]).user).is_empty(), "the plain one has them");
        }
    }
}

#[test]
fn what_is_hidden_in_base64_does_not_leave_either() {
    let script = "Connect-It -User zoraquist -Password Pl4ntedThree";
    let wide: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let blob = base64::engine::general_purpose::STANDARD.encode(wide);
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect"]["event"]["COMMAND_LINE"] = json!(format!("powershell -enc {blob}"));
    let dossier = dossier(&document);
    let mut mask = Mask::of(&dossier);
    let user = prompt::private(&dossier, [1; 16], [2; 8], &mut mask).user;
    assert!(leaked(&user).is_empty() && !user.contains(&blob), "{user}");
    assert!(user.contains("Connect-It -User USER_"), "what was decoded is still told");
}

#[test]
fn a_very_long_text_is_masked_in_time() {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    let long =
        format!("{} C:\\Users\\zoraquist\\x --password Pl4ntedThree", "abc C:\\Users\\somebody\\ ".repeat(20_000));
    document["detect"]["event"]["COMMAND_LINE"] = json!(long);
    let started = std::time::Instant::now();
    let dossier = dossier(&document);
    let mut mask = Mask::of(&dossier);
    let masked = prompt::private(&dossier, [1; 16], [2; 8], &mut mask);
    assert!(leaked(&masked.user).is_empty() && !masked.user.contains("somebody"));
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn one_value_has_one_word_and_everybodys_names_stay() {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    let event = &mut document["detect"]["event"];
    event["USER_NAME"] = json!("ACME-NORTH\\Ana");
    event["COMMAND_LINE"] = json!("copy C:\\Users\\ana\\banana.txt \"C:\\\\Users\\\\ANA\\\\x\" 8.8.8.8 127.0.0.1");
    let mut mask = Mask::of(&dossier(&document));
    let masked = mask.text(
        "C:\\Users\\ana\\banana.txt ACME-NORTH\\Ana C:\\\\USERS\\\\ANA\\\\x NT AUTHORITY\\SYSTEM 8.8.8.8 127.0.0.1",
    );
    assert_eq!(
        masked,
        "C:\\Users\\USER_1\\banana.txt DOMAIN_1\\USER_1 C:\\\\USERS\\\\USER_1\\\\x NT AUTHORITY\\SYSTEM 8.8.8.8 127.0.0.1"
    );
    assert_eq!(mask.put_back("USER_1 is not USER_10"), "Ana is not USER_10");
}

#[test]
fn a_word_that_the_event_holds_itself_is_not_given_to_a_value() {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect"]["event"]["USER_NAME"] = json!("zoraquist");
    document["detect"]["event"]["COMMAND_LINE"] = json!("echo user_1 --password SECRET_1x");
    let mut mask = Mask::of(&dossier(&document));
    assert_eq!(mask.text("zoraquist USER_1"), "USER_2 USER_1");
    assert_eq!(mask.put_back("USER_1 and USER_2"), "USER_1 and zoraquist");
}

/// A server with one voter, and the case of a detection that it judged.
async fn judged(
    document: &Value,
    voter: impl FnOnce(VoterConfig) -> VoterConfig,
    answer: &Value,
) -> (Server, Value, MockServer) {
    let fake = fakes::ollama("m", &answer.to_string()).await;
    let config = voter(VoterConfig { timeout_s: 20, ..VoterConfig::ollama("m", &fake.uri(), "m") });
    let server = spawn_with(|all| {
        all.voters = vec![config];
        all.policy.cloud_allowed = true;
    })
    .await;
    let case = server.deliver(&document.to_string()).await;
    server.run_jobs().await;
    let case = server.case(case["number"].as_i64().unwrap()).await;
    (server, case, fake)
}

/// All that a fake received, as text.
async fn received(fake: &MockServer) -> String {
    let all = fake.received_requests().await.unwrap();
    let texts = all.iter().map(|request| format!("{} {}", request.url, String::from_utf8_lossy(&request.body)));
    texts.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_cloud_voter_receives_no_name_and_no_secret() {
    let cloud = |config| VoterConfig { cloud: true, ..config };
    let (server, case, fake) = judged(&full(3), cloud, &fakes::answer("false_positive", 90)).await;
    let bytes = received(&fake).await;
    assert!(bytes.contains("USER_1") && bytes.contains("SECRET_1") && bytes.contains("HOST_1"));
    assert_eq!(leaked(&bytes), Vec::<&str>::new());
    let replaced = case["runs"][0]["votes"][0]["replaced"].as_i64().unwrap();
    assert!(replaced > 5);
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = ana.page(&format!("/cases/{}", case["number"])).await;
    assert!(page.contains(&format!("{replaced} values replaced before it was sent")));
    let receipt = page.split("Prompt and reply</summary>").nth(1).unwrap().split("</details>").next().unwrap();
    assert!(receipt.contains("USER_1") && leaked(receipt).is_empty(), "the page shows what left");
}

#[tokio::test]
async fn local_voters_get_what_the_event_says_and_each_can_be_set_otherwise() {
    let answer = fakes::answer("false_positive", 90);
    for (cloud, privacy, plain) in [
        (false, Privacy::Auto, true),
        (false, Privacy::On, false),
        (true, Privacy::Off, true),
        (true, Privacy::Auto, false),
    ] {
        let (_server, case, fake) = judged(&full(3), |config| VoterConfig { cloud, privacy, ..config }, &answer).await;
        assert_eq!(leaked(&received(&fake).await).is_empty(), !plain, "{cloud} {privacy:?}");
        assert_eq!(case["runs"][0]["votes"][0]["replaced"] == json!(0), plain);
    }
}

#[tokio::test]
async fn names_are_put_back_into_answers_and_secrets_are_not() {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect"]["event"]["USER_NAME"] = json!("ACME-NORTH\\zoraquist");
    document["detect"]["event"]["COMMAND_LINE"] =
        json!("C:\\Users\\ZoraQuist\\run.exe --password Pl4ntedOne! \\\\vault-quillon\\c$");
    let mut answer = fakes::answer("needs_review", 90);
    answer["what_happened"] = json!("USER_1 ran run.exe with SECRET_1 on HOST_1.");
    answer["iocs"] = json!(["C:\\Users\\USER_1\\run.exe", "SECRET_1"]);
    let (server, case, _fake) = judged(&document, |config| VoterConfig { cloud: true, ..config }, &answer).await;
    let report = &case["runs"][0]["report"];
    assert!(
        report["summary"].as_str().unwrap().contains("zoraquist ran run.exe with SECRET_1 on desktop-4kq7m2x."),
        "{report}"
    );
    assert_eq!(report["iocs_extracted"], json!(["C:\\Users\\ZoraQuist\\run.exe"]), "as the event spells it");
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = ana.page(&format!("/cases/{}", case["number"])).await;
    assert!(page.contains("zoraquist ran run.exe with SECRET_1"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_user_never_leaves_wherever_they_stand(before in "\\PC{0,20}", after in "\\PC{0,20}", upper in any::<bool>()) {
        let mut document: Value = serde_json::from_str(SEED).unwrap();
        document["detect"]["event"]["USER_NAME"] = json!("zoraquist");
        let name = if upper { "ZORAQUIST" } else { "zoraQuist" };
        let text = format!("{before}{name}{after}");
        document["detect"]["event"]["COMMAND_LINE"] = json!(text);
        let dossier = dossier(&document);
        let mut mask = Mask::of(&dossier);
        let masked = mask.text(&text);
        prop_assert!(!masked.to_lowercase().contains("zoraquist"), "{}", masked);
        let user = prompt::private(&dossier, [1; 16], [2; 8], &mut mask).user;
        prop_assert!(!user.to_lowercase().contains("zoraquist"));
    }
}
