//! A llama.cpp server completes a vote in our form, and says when a prompt is too long for it.
use crate::voters::fakes::{answered, config, failed, question};
use fusionsoc::domain::Failure;
use fusionsoc::voters::{Kind, VoterConfig, build};
use serde_json::{Value, json};
use std::time::Instant;

fn voter() -> Option<VoterConfig> {
    let base = crate::real_models::given("FUSIONSOC_LLAMA_CPP")?;
    Some(VoterConfig { timeout_s: 300, model: "smollm2".to_owned(), ..config(Kind::Openai, &base) })
}

#[tokio::test]
async fn it_completes_a_vote_in_our_form() {
    let Some(voter) = voter() else { return };
    let start = Instant::now();
    let reply = build(&[voter]).unwrap()[0].ask(&question("")).await;
    let answer = answered(&reply);
    let (tokens_in, tokens_out) = (reply.tokens_in.unwrap(), reply.tokens_out.unwrap());
    println!("llama.cpp: {:.1?}, {tokens_in} in, {tokens_out} out, {:?}", start.elapsed(), answer.verdict);
    assert!(tokens_in > 500 && tokens_out > 20, "{tokens_in} in, {tokens_out} out");
    assert_eq!(reply.attempts, 1, "the server holds it to the schema");
    let raw: Value = serde_json::from_str(&reply.raw).unwrap();
    assert_eq!(raw["verdict"], json!(answer.verdict.as_str()));
    assert_eq!(raw.as_object().unwrap().keys().next_back().map(String::as_str), Some("confidence"));
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_a_failed_vote_that_says_so() {
    let Some(voter) = voter() else { return };
    let long = question(&"\nD-07| more: \"words and more words\"".repeat(600));
    let reply = build(&[voter]).unwrap()[0].ask(&long).await;
    let (failure, why) = failed(&reply);
    println!("llama.cpp: {why}");
    assert!(failure == Failure::Http && why.contains("exceeds the available context size"), "{failure:?}: {why}");
    assert_eq!(reply.attempts, 1, "asking again would not make it shorter");
}
