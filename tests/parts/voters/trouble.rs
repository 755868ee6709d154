//! Servers in trouble: what is tried again, what is waited for, and when a server is left alone.
use crate::voters::fakes::{self, answer, answered, bodies, built, chat, config, failed, question, spoken};
use fusionsoc::domain::Failure;
use fusionsoc::voters::{Kind, Voter};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

fn voter(server: &MockServer) -> Arc<dyn Voter> {
    built(config(Kind::Ollama, &server.uri()))
}

/// A server that answers so once, and then as it should.
async fn recovering(first: ResponseTemplate) -> MockServer {
    let server = fakes::ollama(&["completion"]).await;
    chat().respond_with(first).up_to_n_times(1).expect(1).mount(&server).await;
    chat().respond_with(spoken(&answer().to_string())).expect(1).mount(&server).await;
    server
}

/// The failure that comes of a server that always answers so, and how often it was asked.
async fn always(reply: ResponseTemplate) -> (Failure, String, usize) {
    let server = fakes::ollama(&["completion"]).await;
    chat().respond_with(reply).mount(&server).await;
    let reply = voter(&server).ask(&question("")).await;
    let (failure, why) = failed(&reply);
    (failure, why.to_owned(), bodies(&server, "/api/chat").await.len())
}

#[tokio::test]
async fn a_passing_error_is_tried_again() {
    let server = recovering(ResponseTemplate::new(500).set_body_json(json!({"error": "llama runner crashed"}))).await;
    answered(&voter(&server).ask(&question("")).await);
}

#[tokio::test]
async fn the_server_says_when_to_come_again() {
    for (seconds, at_least) in [("0", Duration::ZERO), ("1", Duration::from_secs(1))] {
        let busy = ResponseTemplate::new(429).insert_header("Retry-After", seconds);
        let server = recovering(busy.set_body_json(json!({"error": "busy"}))).await;
        let start = Instant::now();
        answered(&voter(&server).ask(&question("")).await);
        assert!(start.elapsed() >= at_least, "our own waits are shorter than a second");
    }
}

#[tokio::test]
async fn a_lasting_error_is_given_up_after_three_tries() {
    let broken =
        ResponseTemplate::new(503).insert_header("Retry-After", "0").set_body_json(json!({"error": "server busy"}));
    let (failure, why, requests) = always(broken).await;
    assert_eq!((failure, requests), (Failure::Http, 3));
    assert!(why.contains("503") && why.contains("server busy"), "{why}");
}

#[tokio::test]
async fn what_is_our_fault_is_not_tried_again() {
    let (failure, why, requests) =
        always(ResponseTemplate::new(400).set_body_json(json!({"error": "bad format"}))).await;
    assert_eq!((failure, requests), (Failure::Http, 1));
    assert!(why.contains("bad format"), "{why}");
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let (failure, why, _) = always(fakes::ok(&json!({"error": "out of memory"}))).await;
    assert_eq!(failure, Failure::Http);
    assert!(why.contains("out of memory"), "{why}");
}

#[tokio::test]
async fn a_page_instead_of_json_is_a_failure() {
    let page = ResponseTemplate::new(200).set_body_raw("<html><body>Sign in</body></html>", "text/html");
    let (failure, why, requests) = always(page).await;
    assert_eq!((failure, requests), (Failure::Http, 1));
    assert!(why.contains("not JSON"), "{why}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let huge = ResponseTemplate::new(200).set_body_json(json!({"message": {"content": "a".repeat(2 * 1024 * 1024)}}));
    let (failure, why, _) = always(huge).await;
    assert_eq!(failure, Failure::Http);
    assert!(why.contains("larger than"), "{why}");
}

#[tokio::test]
async fn a_small_parcel_with_a_large_answer_is_not_unpacked_to_its_end() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let large = json!({"message": {"content": "a".repeat(32 * 1024 * 1024)}}).to_string();
    std::io::Write::write_all(&mut packer, large.as_bytes()).unwrap();
    let parcel = packer.finish().unwrap();
    assert!(parcel.len() < 64 * 1024, "{}", parcel.len());
    let reply = ResponseTemplate::new(200).insert_header("Content-Encoding", "gzip").set_body_bytes(parcel);
    let (failure, why, _) = always(reply).await;
    assert!(failure == Failure::Http && why.contains("larger than"), "{why}");
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_time_of_one_vote() {
    let server = fakes::ollama(&["completion"]).await;
    chat().respond_with(spoken("{}").set_delay(Duration::from_secs(30))).mount(&server).await;
    let mut config = config(Kind::Ollama, &server.uri());
    config.timeout_s = 1;
    let start = Instant::now();
    let reply = built(config).ask(&question("")).await;
    assert_eq!(failed(&reply), (Failure::Timeout, "no answer within 1 s"));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    Mock::given(any()).respond_with(spoken(&answer().to_string())).expect(0).mount(&elsewhere).await;
    let to = format!("{}/api/chat", elsewhere.uri());
    for status in [301, 302, 307, 308] {
        let (failure, why, _) = always(ResponseTemplate::new(status).insert_header("Location", to.as_str())).await;
        assert_eq!(failure, Failure::Http);
        assert!(why.contains(&status.to_string()), "{why}");
    }
    elsewhere.verify().await;
}

#[tokio::test]
async fn after_five_failures_in_a_row_a_server_is_left_alone() {
    let server = fakes::ollama(&["completion"]).await;
    chat()
        .respond_with(ResponseTemplate::new(400).set_body_json(json!({"error": "no"})))
        .expect(5)
        .mount(&server)
        .await;
    let voter = voter(&server);
    for _ in 0..5 {
        assert!(failed(&voter.ask(&question("")).await).1.contains("400"));
    }
    let before = server.received_requests().await.unwrap().len();
    let reply = voter.ask(&question("")).await;
    assert!(failed(&reply).1.contains("not asked"), "{reply:?}");
    assert_eq!(server.received_requests().await.unwrap().len(), before);
}

#[tokio::test]
async fn one_success_starts_the_count_of_failures_again() {
    let server = fakes::ollama(&["completion"]).await;
    let no = || ResponseTemplate::new(400).set_body_json(json!({"error": "no"}));
    chat().respond_with(no()).up_to_n_times(4).expect(4).mount(&server).await;
    chat().respond_with(spoken(&answer().to_string())).up_to_n_times(1).expect(1).mount(&server).await;
    chat().respond_with(no()).expect(2).mount(&server).await;
    let voter = voter(&server);
    for _ in 0..7 {
        voter.ask(&question("")).await;
    }
}

#[tokio::test]
async fn nobody_listening_is_a_failure_in_words() {
    let voter = built(config(Kind::Ollama, "http://127.0.0.1:9"));
    let reply = voter.ask(&question("")).await;
    assert_eq!(failed(&reply), (Failure::Http, "the server could not be reached: no connection"));
}

#[tokio::test]
async fn plain_http_never_leaves_this_machine() {
    let voter = built(config(Kind::Ollama, "http://192.0.2.1:11434"));
    let reply = voter.ask(&question("")).await;
    assert!(failed(&reply).1.contains("https"), "{reply:?}");
}
