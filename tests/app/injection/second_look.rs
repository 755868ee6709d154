//! A false positive is asked for a second time without the event's words, and stands only if it stands then.
use crate::support::{SEED, Server, fakes, spawn_with};
use fusionsoc::domain::{Detection, Role};
use fusionsoc::triage::{masked, prompt};
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

const WORD: &str = "SupportAssist";

/// Says false positive to those words only.
struct Talked(ResponseTemplate);

impl Respond for Talked {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if String::from_utf8_lossy(&request.body).contains(WORD) {
            return said("false_positive");
        }
        self.0.clone()
    }
}

fn said(verdict: &str) -> ResponseTemplate {
    let content = fakes::answer(verdict, 95).to_string();
    ResponseTemplate::new(200).set_body_json(json!({
        "message": {"role": "assistant", "content": content}, "done": true, "done_reason": "stop"
    }))
}

async fn talked(otherwise: ResponseTemplate) -> MockServer {
    let server = fakes::ollama_answering("m", ResponseTemplate::new(500)).await;
    server.reset().await;
    Mock::given(method("GET"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"models": [{"name": "m", "model": "m", "digest": ""}]})),
        )
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/show"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"capabilities": ["completion"]})))
        .mount(&server)
        .await;
    Mock::given(method("POST")).and(path("/api/chat")).respond_with(Talked(otherwise)).mount(&server).await;
    server
}

async fn asked(fakes: &[&MockServer]) -> (Server, Value) {
    let named = ["first", "second", "third"].iter().zip(fakes);
    let voters: Vec<_> = named
        .map(|(name, fake)| VoterConfig { timeout_s: 20, ..VoterConfig::ollama(name, &fake.uri(), "m") })
        .collect();
    let server = spawn_with(|config| config.voters = voters).await;
    let case = server.deliver(SEED).await;
    server.run_jobs().await;
    let case = server.case(case["number"].as_i64().unwrap()).await;
    (server, case)
}

fn second_look(run: &Value) -> Vec<&Value> {
    run["votes"].as_array().unwrap().iter().filter(|vote| vote["role"] == "masked").collect()
}

fn has(list: &Value, kind: &str) -> bool {
    list.as_array().unwrap().iter().any(|one| one["kind"] == kind)
}

#[tokio::test]
async fn a_false_positive_that_hangs_on_the_words_needs_review() {
    let fake = talked(said("needs_review")).await;
    let (server, case) = asked(&[&fake, &fake]).await;
    let run = &case["runs"][0];
    assert_eq!((&run["machine_verdict"], &run["auto_action"]), (&json!("needs_review"), &Value::Null), "{run}");
    assert!(has(&run["flags"], "masked_look") && has(&run["vetoes"], "masked_look"));
    let looks = second_look(run);
    assert_eq!((looks.len(), &looks[0]["voter"]), (1, &json!("first, second look")));
    assert_eq!(run["report"]["voting"]["total_models"], json!(2), "it stands beside the count");
    assert_eq!(fakes::chats(&fake).await, 3);
    let number = case["number"].as_i64().unwrap();
    let (_, page) = server.sign_in("ana", Role::Analyst).await.page(&format!("/cases/{number}")).await;
    assert!(page.contains("Second look") && page.contains("Asked again without the attacker&#39;s words, first says"));
    assert!(page.contains("without the event&#39;s words a voter says otherwise"));
}

#[tokio::test]
async fn a_false_positive_that_stands_without_the_words_stays_one() {
    let fake = fakes::ollama("m", &fakes::answer("false_positive", 95).to_string()).await;
    let (_server, case) = asked(&[&fake, &fake]).await;
    let run = &case["runs"][0];
    assert_eq!((&run["machine_verdict"], &run["outcome"]), (&json!("false_positive"), &json!("unanimous")));
    assert!(!has(&run["flags"], "masked_look") && !has(&run["vetoes"], "masked_look"));
    assert_eq!((second_look(run).len(), fakes::chats(&fake).await), (1, 3));
}

#[tokio::test]
async fn a_second_look_that_fails_is_a_veto() {
    let fake = talked(ResponseTemplate::new(400)).await;
    let (_server, case) = asked(&[&fake, &fake]).await;
    let run = &case["runs"][0];
    assert!(has(&run["vetoes"], "masked_look_failed"), "{run}");
    assert_eq!(second_look(run)[0]["state"], json!("failed"));
}

/// Refuses what does not hold those words once, then says false positive to it too.
struct Recovering(std::sync::atomic::AtomicBool);

impl Respond for Recovering {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let masked = !String::from_utf8_lossy(&request.body).contains(WORD);
        if masked && !self.0.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return ResponseTemplate::new(400);
        }
        said("false_positive")
    }
}

#[tokio::test]
async fn a_second_look_that_failed_is_asked_for_again() {
    let fake = talked(ResponseTemplate::new(500)).await;
    let recovering = Mock::given(method("POST")).and(path("/api/chat"));
    recovering.respond_with(Recovering(std::sync::atomic::AtomicBool::default())).with_priority(1).mount(&fake).await;
    let (server, case) = asked(&[&fake, &fake]).await;
    assert_eq!(second_look(&case["runs"][0])[0]["state"], json!("failed"));
    let chats = fakes::chats(&fake).await;
    fusionsoc::clock::advance_here(61_000);
    server.run_jobs().await;
    let case = server.case(case["number"].as_i64().unwrap()).await;
    let run = &case["runs"][0];
    assert_eq!((&run["number"], &run["machine_verdict"]), (&json!(2), &json!("false_positive")));
    assert!(!has(&run["vetoes"], "masked_look_failed") && !has(&run["vetoes"], "masked_look"), "{run}");
    assert_eq!((second_look(run).len(), &second_look(run)[0]["state"]), (1, &json!("ok")));
    let carried = |vote: &&Value| vote["role"] == "panel" && vote["carried_from"] == json!(1);
    assert_eq!(run["votes"].as_array().unwrap().iter().filter(carried).count(), 2, "votes that were given stay");
    assert_eq!(fakes::chats(&fake).await, chats + 1, "only the second look is asked again");
    fusionsoc::clock::advance_here(1_000_000);
    server.run_jobs().await;
    assert_eq!(server.case(case["number"].as_i64().unwrap()).await["runs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_is_asked_twice_about_what_is_no_false_positive() {
    let fake = fakes::ollama("m", &fakes::answer("true_positive", 95).to_string()).await;
    let (_server, case) = asked(&[&fake, &fake]).await;
    assert_eq!((second_look(&case["runs"][0]).len(), fakes::chats(&fake).await), (0, 2));
}

#[test]
fn no_word_of_the_event_reaches_the_second_look() {
    for (id, value) in crate::injection::corpus() {
        let mut document: Value = serde_json::from_str(SEED).unwrap();
        for field in ["COMMAND_LINE", "FILE_PATH", "USER_NAME", "HASH"] {
            document["detect"]["event"][field] = json!(value);
            document["detect"]["event"]["PARENT"][field] = json!(value);
        }
        document["routing"]["hostname"] = json!(value);
        document["routing"]["event_type"] = json!("UNKNOWN");
        document["detect"]["event"][value.as_str()] = json!({value.as_str(): [value.as_str()]});
        let shown = masked::detection(&Detection::read(&document).unwrap());
        let text = format!("{} {} {}", shown.event, shown.hostname, shown.event_type);
        let word = value.split([' ', '\\', '.', '#']).max_by_key(|word| word.len()).unwrap();
        assert!(word.len() < 6 || !text.contains(word), "{id}: {word} in {text}");
        assert!(!text.contains("false_positive"), "{id}");
    }
}

#[test]
fn what_a_text_is_like_stays() {
    let document: Value = serde_json::from_str(SEED).unwrap();
    let detection = Detection::read(&document).unwrap();
    let shown = masked::detection(&detection);
    let process = shown.process().unwrap();
    assert!(process.path.contains("class system; the system's program expand.exe"), "{}", process.path);
    assert!(process.command_line.contains("with 4 arguments"), "{}", process.command_line);
    assert_eq!((process.signed, process.hash.len()), (Some(true), 64));
    let dossier = fusionsoc::domain::Dossier {
        detection,
        observables: Vec::new(),
        precedents: fusionsoc::domain::dossier::Precedents::default(),
        prevalence: fusionsoc::domain::dossier::Prevalence::default(),
        intel: Vec::new(),
        evidence: Vec::new(),
        local: None,
    };
    let prompt = prompt::masked(&dossier, [1; 16], [2; 8], None);
    assert!(prompt.user.contains("path_class=system parent_path_class=program_files") && !prompt.user.contains(WORD));
}
