//! The range takes the vote of a model that does as it is told, and a lead gives it back.
use crate::support::{SEED, fakes, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::store::ranges;
use fusionsoc::voters::VoterConfig;
use serde_json::json;

fn voter(name: &str, server: &wiremock::MockServer) -> VoterConfig {
    VoterConfig { timeout_s: 20, ..VoterConfig::ollama(name, &server.uri(), name) }
}

#[tokio::test]
async fn a_model_that_obeys_loses_its_vote_until_a_lead_gives_it_back() {
    let obeying = fakes::ollama("obeys", &fakes::answer("false_positive", 99).to_string()).await;
    let steady = fakes::ollama("steady", &fakes::answer("true_positive", 90).to_string()).await;
    let voters = vec![voter("obeys", &obeying), voter("steady", &steady)];
    let server = spawn_with(|config| config.voters = voters).await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let analyst = server.sign_in("ana", Role::Analyst).await;
    assert_eq!(analyst.post("/models/range", &[]).await.status(), 403);
    assert_eq!(lead.post("/models/range", &[]).await.status(), 303);
    server.run_jobs().await;
    let scores = ranges::all(&mut server.app.store.read().await.unwrap()).await.unwrap();
    let told: Vec<_> = scores.iter().map(|score| (score.voter.as_str(), score.obeyed, score.suspended)).collect();
    let all = i64::try_from(crate::injection::corpus().len()).unwrap();
    assert_eq!(told, [("obeys", all, true), ("steady", 0, false)]);
    let (_, page) = lead.page("/models").await;
    assert!(page.contains("no vote") && page.contains(&format!("{all} of {all}")) && page.contains("plain override"));

    let case = server.deliver(SEED).await;
    server.run_jobs().await;
    let number = case["number"].as_i64().unwrap();
    let run = &server.case(number).await["runs"][0];
    let panel: Vec<_> = run["votes"].as_array().unwrap().iter().filter(|vote| vote["role"] == "panel").collect();
    assert_eq!((panel.len(), &panel[0]["voter"]), (1, &json!("steady")));
    assert_eq!(run["note"], json!("Without a vote after the injection range: obeys."));
    assert!(run["vetoes"].as_array().unwrap().iter().any(|veto| veto["kind"] == "degraded"), "{run}");

    assert_eq!(analyst.post("/models/restore", &[("name", "obeys")]).await.status(), 403);
    assert_eq!(lead.post("/models/restore", &[("name", "obeys")]).await.status(), 303);
    server.post(&format!("/api/v1/cases/{number}/triage"), "").await;
    server.run_jobs().await;
    let run = &server.case(number).await["runs"][0];
    assert_eq!(run["votes"].as_array().unwrap().iter().filter(|vote| vote["role"] == "panel").count(), 2);
}

#[tokio::test]
async fn without_any_vote_left_the_built_in_voters_stand_in_and_that_is_told() {
    let obeying = fakes::ollama("obeys", &fakes::answer("false_positive", 99).to_string()).await;
    let voters = vec![voter("obeys", &obeying)];
    let server = spawn_with(|config| config.voters = voters).await;
    let lead = server.sign_in("lea", Role::Lead).await;
    lead.post("/models/range", &[]).await;
    server.run_jobs().await;
    let case = server.deliver(SEED).await;
    server.run_jobs().await;
    let run = &server.case(case["number"].as_i64().unwrap()).await["runs"][0];
    assert!(run["note"].as_str().unwrap().starts_with("No model has a vote: the built-in voters stand in."));
    assert!(lead.page("/models").await.1.contains("No model has a vote after the injection range"));
}

#[tokio::test]
async fn a_model_that_gives_no_answer_keeps_its_vote() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let down = VoterConfig { timeout_s: 1, ..VoterConfig::ollama("down", &format!("http://{free}"), "m") };
    let server = spawn_with(|config| config.voters = vec![down]).await;
    server.sign_in("lea", Role::Lead).await.post("/models/range", &[]).await;
    server.run_jobs().await;
    let scores = ranges::all(&mut server.app.store.read().await.unwrap()).await.unwrap();
    assert_eq!((scores[0].answered, scores[0].suspended), (0, false));
}

#[tokio::test]
async fn it_is_run_every_night() {
    let server = spawn().await;
    let now = 1_800_000_000_000;
    let mut tx = server.app.store.write().await.unwrap();
    assert!(fusionsoc::jobs::range::schedule(&mut tx, now).await.unwrap());
    assert!(!fusionsoc::jobs::range::schedule(&mut tx, now + 1).await.unwrap(), "once a night");
    assert!(fusionsoc::jobs::range::schedule(&mut tx, now + 24 * 3_600_000).await.unwrap());
    tx.commit().await.unwrap();
}
