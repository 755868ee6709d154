//! What voters of one address share: its queue, its places and its circuit breaker.
use crate::voters::fakes::{
    DIGEST, MODEL, answer, answered, bodies, chat, config, failed, ok, ollama, question, spoken,
};
use fusionsoc::domain::Failure;
use fusionsoc::voters::turn::{IN_A_ROW, Turns};
use fusionsoc::voters::{Kind, Voter, VoterConfig, build};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn two(server: &MockServer, concurrency: usize) -> Vec<Arc<dyn Voter>> {
    let one = |name: &str| VoterConfig { name: name.to_owned(), concurrency, ..config(Kind::Ollama, &server.uri()) };
    build(&[one("alpha"), one("beta")]).unwrap()
}

/// A server whose model takes half a second; how long two voters take for one question each.
async fn both(concurrency: usize) -> Duration {
    let server = ollama(&["completion"]).await;
    let slow = spoken(&answer().to_string()).set_delay(Duration::from_millis(500));
    chat().respond_with(slow).expect(2).mount(&server).await;
    let voters = two(&server, concurrency);
    let asked = question("");
    let start = Instant::now();
    let (one, other) = tokio::join!(voters[0].ask(&asked), voters[1].ask(&asked));
    answered(&one);
    answered(&other);
    let waited = one.waited.max(other.waited);
    assert_eq!(waited >= Duration::from_millis(400), concurrency == 1, "{waited:?}");
    start.elapsed()
}

#[tokio::test]
async fn voters_of_one_address_take_turns() {
    assert!(both(1).await >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_server_may_get_several_questions_at_once() {
    let took = both(2).await;
    assert!(took >= Duration::from_millis(500));
}

#[tokio::test]
async fn waiting_for_a_turn_is_no_part_of_the_deadline() {
    let server = ollama(&["completion"]).await;
    let slow = spoken(&answer().to_string()).set_delay(Duration::from_millis(1_200));
    chat().respond_with(slow).expect(3).mount(&server).await;
    let voter = build(&[VoterConfig { timeout_s: 2, ..config(Kind::Ollama, &server.uri()) }]).unwrap().remove(0);
    let asked = question("");
    let replies = tokio::join!(voter.ask(&asked), voter.ask(&asked), voter.ask(&asked));
    for reply in [replies.0, replies.1, replies.2] {
        answered(&reply);
    }
}

#[tokio::test]
async fn the_breaker_of_one_voter_is_that_of_all_at_its_address() {
    let server = ollama(&["completion"]).await;
    let broken = ResponseTemplate::new(500).insert_header("Retry-After", "0").set_body_json(json!({"error": "no"}));
    chat().respond_with(broken).mount(&server).await;
    let voters = two(&server, 1);
    for at in 0..5 {
        assert_eq!(voters[at % 2].rest(), None);
        assert!(failed(&voters[at % 2].ask(&question("")).await).1.contains("500"));
    }
    for voter in &voters {
        assert!(voter.rest().is_some_and(|rest| rest > Duration::from_secs(50) && rest <= Duration::from_mins(1)));
        assert!(failed(&voter.ask(&question("")).await).1.contains("not asked"));
    }
    let elsewhere = ollama(&["completion"]).await;
    assert_eq!(two(&elsewhere, 1)[0].rest(), None);
}

#[tokio::test]
async fn a_model_that_is_not_there_does_not_speak_against_its_server() {
    let server = ollama(&["completion"]).await;
    chat().respond_with(ResponseTemplate::new(404).set_body_json(json!({"error": "not found"}))).mount(&server).await;
    let voters = two(&server, 1);
    for _ in 0..6 {
        assert_eq!(failed(&voters[0].ask(&question("")).await).0, Failure::Http);
    }
    assert_eq!(voters[1].rest(), None);
}

#[tokio::test]
async fn a_vote_that_is_given_up_leaves_its_place_to_the_next() {
    let server = ollama(&["completion"]).await;
    let slow = spoken(&answer().to_string()).set_delay(Duration::from_secs(30));
    chat().respond_with(slow).up_to_n_times(1).mount(&server).await;
    chat().respond_with(spoken(&answer().to_string())).mount(&server).await;
    let voters = two(&server, 1);
    let asked = question("");
    let gone = tokio::time::timeout(Duration::from_millis(300), voters[0].ask(&asked));
    let (gone, stayed) = tokio::join!(gone, voters[1].ask(&asked));
    assert!(gone.is_err());
    answered(&stayed);
}

/// Lines up for a model, tells when served, and leaves at once.
async fn line_up(turns: &Arc<Turns>, model: &str, served: &UnboundedSender<String>) {
    let (queue, name, served) = (Arc::clone(turns), model.to_owned(), served.clone());
    let before = turns.waiting();
    tokio::spawn(async move {
        let _place = queue.wait(&name).await;
        served.send(name).unwrap();
    });
    while turns.waiting() == before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_model_that_is_loaded_goes_first_but_not_for_ever() {
    let turns = Turns::new(1);
    let (send, mut served) = unbounded_channel();
    let busy = turns.wait("qwen").await;
    for model in ["r1", "qwen", "r1", "llama", "qwen"] {
        line_up(&turns, model, &send).await;
    }
    for _ in 0..IN_A_ROW {
        line_up(&turns, "qwen", &send).await;
    }
    drop(busy);
    drop(send);
    let mut order = Vec::new();
    while let Some(model) = served.recv().await {
        order.push(model);
    }
    let most = usize::try_from(IN_A_ROW).unwrap() - 1;
    let expected = [vec!["qwen"; most], vec!["r1"; 2], vec!["llama"], vec!["qwen"; 3]].concat();
    assert_eq!(order, expected, "the busy one was the first of its row");
}

#[tokio::test]
async fn who_gives_up_waiting_costs_no_place() {
    let turns = Turns::new(1);
    let busy = turns.wait("a").await;
    assert!(tokio::time::timeout(Duration::from_millis(20), turns.wait("a")).await.is_err());
    drop(busy);
    let place = tokio::time::timeout(Duration::from_secs(5), turns.wait("b")).await.unwrap();
    assert!(place.is_some());
    turns.widen(2);
    assert!(tokio::time::timeout(Duration::from_secs(5), turns.wait("c")).await.unwrap().is_some());
}

/// An Ollama that has the model on disk only, and answers this when it is to load it.
async fn cold(loading: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let get = |at: &str| Mock::given(method("GET")).and(path(at));
    get("/api/ps").respond_with(ok(&json!({"models": []}))).mount(&server).await;
    get("/api/tags").respond_with(ok(&json!({"models": [{"name": MODEL, "digest": DIGEST}]}))).mount(&server).await;
    let show = Mock::given(method("POST")).and(path("/api/show"));
    show.respond_with(ok(&json!({"capabilities": ["completion"]}))).mount(&server).await;
    chat().respond_with(loading).up_to_n_times(1).expect(1).mount(&server).await;
    server
}

#[tokio::test]
async fn a_model_that_is_not_in_memory_is_loaded_first_and_in_its_own_time() {
    let message = json!({"role": "assistant", "content": ""});
    let loaded = json!({"model": MODEL, "message": message, "done": true, "done_reason": "load"});
    let server = cold(ok(&loaded).set_delay(Duration::from_millis(2_500))).await;
    chat().respond_with(spoken(&answer().to_string())).expect(1).mount(&server).await;
    let config = VoterConfig { timeout_s: 2, ..config(Kind::Ollama, &server.uri()) };
    let reply = build(&[config]).unwrap()[0].ask(&question("")).await;
    answered(&reply);
    assert_eq!(reply.attempts, 1, "loading is no question");
    let bodies = bodies(&server, "/api/chat").await;
    let told = (&bodies[0]["messages"], &bodies[0]["stream"], &bodies[0]["keep_alive"]);
    assert_eq!(told, (&json!([]), &json!(false), &json!("15m")));
    assert_eq!(bodies[0]["options"], bodies[1]["options"], "others would load the model again");
}

#[tokio::test]
async fn a_model_that_can_not_be_loaded_is_told_so() {
    let error = json!({"error": "model requires more system memory"});
    let server = cold(ResponseTemplate::new(400).set_body_json(error)).await;
    let reply = build(&[config(Kind::Ollama, &server.uri())]).unwrap()[0].ask(&question("")).await;
    let (failure, why) = failed(&reply);
    assert!(failure == Failure::Http && why.contains("more system memory") && why.contains("loaded"), "{why}");
}
