//! A detection comes in, a panel of models votes on it, and the case tells what came of it.

use crate::support::{SEED, Server, fakes, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::{Kind, VoterConfig};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

fn gemini(command: String) -> VoterConfig {
    let house = "http://127.0.0.1:9";
    VoterConfig { kind: Kind::GeminiCli, command, timeout_s: 20, ..VoterConfig::ollama("gemini-cli", house, "") }
}

fn ollama(name: &str, server: &MockServer) -> VoterConfig {
    VoterConfig { timeout_s: 20, ..VoterConfig::ollama(name, &server.uri(), name) }
}

/// A server with the seed's panel: a gemini on disk and two Ollama models.
async fn panel_of(gemini_says: &str, qwen: &MockServer, deepseek: &MockServer) -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let command = fakes::gemini(dir.path(), gemini_says);
    let voters = vec![gemini(command), ollama("qwen3.5:4b", qwen), ollama("deepseek-r1:8b", deepseek)];
    (spawn_with(|config| config.voters = voters).await, dir)
}

async fn voted(server: &Server) -> Value {
    let case = server.deliver(SEED).await;
    server.run_jobs().await;
    server.case(case["number"].as_i64().unwrap()).await
}

#[tokio::test]
async fn three_models_agree_and_auto_close_is_named_but_not_done() {
    let qwen = fakes::ollama("qwen3.5:4b", &fakes::answer("false_positive", 95).to_string()).await;
    let deepseek =
        fakes::ollama("deepseek-r1:8b", &format!("<think>It is Dell.</think>{}", fakes::answer("false_positive", 90)))
            .await;
    let (server, _dir) = panel_of(&fakes::answer("false_positive", 98).to_string(), &qwen, &deepseek).await;
    let case = voted(&server).await;
    let run = &case["runs"][0];
    assert_eq!(run["confidence"], json!(0.943));
    assert_eq!((&run["outcome"], &run["machine_verdict"]), (&json!("unanimous"), &json!("false_positive")));
    assert_eq!(run["auto_action"], json!("auto_close_fp"));
    assert_eq!(
        (&run["report"]["voting"]["winning_count"], &run["report"]["voting"]["total_models"]),
        (&json!(3), &json!(3))
    );
    assert_eq!((&case["status"], &case["verdict"]), (&json!("new"), &json!("pending")), "auto-close is off");
    assert_eq!(run["votes"].as_array().unwrap().iter().filter(|vote| vote["role"] == "panel").count(), 3);
    let qwen_vote = &run["votes"][1];
    assert_eq!(qwen_vote["digest"].as_str().unwrap().len(), 64);
    assert_eq!(qwen_vote["prompt_hash"].as_str().unwrap().len(), 64);
    assert_eq!(
        run["report"]["summary"].as_str().unwrap().lines().next(),
        Some("**Vote: UNANIMOUS (3/3 -> FALSE POSITIVE)**")
    );
}

#[tokio::test]
async fn the_seed_gives_one_case_with_its_facts_and_the_same_again_gives_nothing() {
    let qwen = fakes::ollama("qwen3.5:4b", &fakes::answer("false_positive", 95).to_string()).await;
    let deepseek = fakes::ollama("deepseek-r1:8b", &fakes::answer("false_positive", 90).to_string()).await;
    let (server, _dir) = panel_of(&fakes::answer("false_positive", 98).to_string(), &qwen, &deepseek).await;
    let case = voted(&server).await;
    let observed: Vec<_> =
        case["observables"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
    for wanted in [
        "dfc1709a2988301f7a9d145fb107793e3299ecc85f4b9702523939e35573ab85",
        "4209038199a68a376fc84137887a18bbeb149f54ad610645f2d585c44a569f31",
        "C:\\ProgramData\\Dell\\SupportAssist\\TechnicianToolkit\\index.cab",
    ] {
        assert!(observed.contains(&wanted), "{wanted} in {observed:?}");
    }
    let techniques: Vec<_> = case["techniques"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["source"].as_str().unwrap()))
        .collect();
    assert!(techniques.contains(&("T1218", "rule")) && techniques.contains(&("T1140", "qwen3.5:4b")), "{techniques:?}");
    assert_eq!(case["chain"], json!("SRE.exe → expand.exe"));
    assert_eq!((&case["rule_level"], &case["severity"]), (&json!("medium"), &json!("low")));
    let (status, again) = server.post("/api/v1/detections", SEED).await;
    assert_eq!((status, &again["accepted"], &again["duplicates"]), (202, &json!(0), &json!(1)));
    server.run_jobs().await;
    let after = server.case(case["number"].as_i64().unwrap()).await;
    assert_eq!(after["runs"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/v1/cases").await["cases"].as_array().unwrap().len(), 1);
    assert_eq!((fakes::chats(&qwen).await, fakes::chats(&deepseek).await), (1, 1));
}

#[tokio::test]
async fn one_true_positive_splits_the_vote() {
    let qwen = fakes::ollama("qwen3.5:4b", &fakes::answer("true_positive", 88).to_string()).await;
    let deepseek = fakes::ollama("deepseek-r1:8b", &fakes::answer("false_positive", 90).to_string()).await;
    let (server, _dir) = panel_of(&fakes::answer("false_positive", 98).to_string(), &qwen, &deepseek).await;
    let case = voted(&server).await;
    let run = &case["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["machine_verdict"], &run["auto_action"]),
        (&json!("split"), &json!("needs_review"), &Value::Null)
    );
}

/// Ways in which a model gives no vote.
fn failures() -> Vec<(&'static str, ResponseTemplate)> {
    let content = |text: &str| {
        ResponseTemplate::new(200).set_body_json(
            json!({"message": {"role": "assistant", "content": text}, "done": true, "done_reason": "stop"}),
        )
    };
    let mut wrong = fakes::answer("false_positive", 95);
    wrong["confidence"] = json!(-1);
    let both = format!("{} {}", fakes::answer("false_positive", 95), fakes::answer("true_positive", 95));
    vec![
        ("http", ResponseTemplate::new(404).set_body_json(json!({"error": "model 'qwen3.5:4b' not found"}))),
        ("http", ResponseTemplate::new(400).set_body_string("<html>bad gateway</html>")),
        ("http", ResponseTemplate::new(200).set_body_string("<html>a portal</html>")),
        ("parse", content("I think this is fine.")),
        ("parse", content("<think>it never stops")),
        ("schema", content(&wrong.to_string())),
        ("schema", content("{\"verdict\": \"false_positive\"}")),
        ("ambiguous", content(&both)),
    ]
}

#[tokio::test]
async fn no_way_to_fail_ends_in_a_false_positive() {
    for (failure, reply) in failures() {
        let qwen = fakes::ollama_answering("qwen3.5:4b", reply).await;
        let deepseek = fakes::ollama("deepseek-r1:8b", &fakes::answer("false_positive", 90).to_string()).await;
        let (server, _dir) = panel_of(&fakes::answer("false_positive", 98).to_string(), &qwen, &deepseek).await;
        let case = voted(&server).await;
        let run = &case["runs"][0];
        assert_eq!(
            (&run["outcome"], &run["machine_verdict"]),
            (&json!("degraded"), &json!("needs_review")),
            "{failure}: {run}"
        );
        assert_eq!(run["votes"][1]["failure"], json!(failure), "{}", run["votes"][1]["detail"]);
        assert_eq!(run["auto_action"], Value::Null);
        assert_eq!(case["machine_verdict"], json!("needs_review"));
    }
}

#[tokio::test]
async fn a_model_that_is_down_degrades_the_panel_and_is_asked_again_in_a_run_of_its_own() {
    let deepseek = fakes::ollama("deepseek-r1:8b", &fakes::answer("false_positive", 90).to_string()).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let down =
        VoterConfig { timeout_s: 2, ..VoterConfig::ollama("qwen3.5:4b", &format!("http://{free}"), "qwen3.5:4b") };
    let voters = vec![down, ollama("deepseek-r1:8b", &deepseek)];
    let server = spawn_with(|config| config.voters = voters).await;
    let case = voted(&server).await;
    assert_eq!((&case["outcome"], &case["machine_verdict"]), (&json!("degraded"), &json!("needs_review")));
    fusionsoc::clock::advance_here(61_000);
    while server.run_jobs().await > 0 {}
    let case = server.case(case["number"].as_i64().unwrap()).await;
    assert!(case["runs"].as_array().unwrap().len() >= 2);
    let newest = &case["runs"][0];
    assert_eq!(newest["votes"][1]["carried_from"], json!(1), "the vote that was given is taken over");
    assert_eq!(fakes::chats(&deepseek).await, 1, "nobody is asked twice");
}

#[tokio::test]
async fn without_models_the_built_in_voters_stand_in_and_never_close_anything() {
    let server = spawn().await;
    let case = voted(&server).await;
    let run = &case["runs"][0];
    let votes = run["votes"].as_array().unwrap();
    assert_eq!(votes.len(), 3);
    assert_eq!(votes[1]["state"], json!("abstained"), "the precedent voter has nothing to say yet");
    assert_eq!((&case["status"], &case["verdict"]), (&json!("new"), &json!("pending")));
    assert!(!run["vetoes"].as_array().unwrap().is_empty());
    let ana = server.sign_in("ana", Role::Analyst).await;
    let page = ana.page("/cases/1").await.1;
    assert!(page.contains("Both voters say false positive"), "{page}");
    assert!(page.contains("Started by installed software (-20); ") && page.contains("(-5). Risk score "), "{page}");
    assert!(run["note"].as_str().unwrap().contains("built-in voters stand in"));
}

#[tokio::test]
async fn a_cloud_voter_gets_nothing_until_an_admin_allows_it() {
    let cloud = fakes::ollama("m", &fakes::answer("false_positive", 90).to_string()).await;
    let voter = VoterConfig { cloud: true, ..ollama("m", &cloud) };
    let server = spawn_with(|config| config.voters = vec![voter]).await;
    let case = voted(&server).await;
    assert_eq!(case["runs"][0]["votes"][0]["failure"], json!("refused"));
    assert_eq!(fakes::chats(&cloud).await, 0, "nothing left the house");
    let mut tx = server.app.store.write().await.unwrap();
    fusionsoc::store::orgs::allow_cloud(&mut tx, server.org_id, true).await.unwrap();
    tx.commit().await.unwrap();
    let number = case["number"].as_i64().unwrap();
    assert_eq!(server.post(&format!("/api/v1/cases/{number}/triage"), "").await.0, 202);
    server.run_jobs().await;
    assert_eq!(fakes::chats(&cloud).await, 2, "the vote, and the second look at a false positive");
    assert_eq!(server.case(number).await["runs"][0]["outcome"], json!("single"));
}

#[tokio::test]
async fn asking_again_makes_a_second_run_and_keeps_the_first() {
    let server = spawn().await;
    let case = voted(&server).await;
    let number = case["number"].as_i64().unwrap();
    server.post(&format!("/api/v1/cases/{number}/triage"), "").await;
    let (_, twice) = server.post(&format!("/api/v1/cases/{number}/triage"), "").await;
    assert_eq!(twice["queued"], json!(false), "one run at a time");
    server.run_jobs().await;
    let after = server.case(number).await;
    assert_eq!(after["runs"].as_array().unwrap().len(), 2);
    assert_eq!(after["runs"][1], case["runs"][0], "a finished run never changes");
}
