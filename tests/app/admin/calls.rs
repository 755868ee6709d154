//! Calls by programs: how a token is given, how long to wait, and who is told of calls without one.
use super::count;
use crate::support::{http, spawn, spawn_with};
use std::time::Duration;

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let server = spawn().await;
    let ask = async |header: String| {
        let sent = http().get(format!("{}/api/v1/cases", server.url)).header("authorization", header);
        sent.send().await.unwrap().status().as_u16()
    };
    let token = &server.token;
    for good in ["Bearer ", "bearer ", "BEARER ", "bEaReR  "] {
        assert_eq!(ask(format!("{good}{token}")).await, 200, "{good:?}");
    }
    for bad in ["", "Bearer", "Basic ", "Bearer:", "Bearer x ", "Bearers "] {
        assert_eq!(ask(format!("{bad}{token}")).await, 401, "{bad:?}");
    }
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_the_next_call_is_there() {
    let server = spawn_with(|config| config.limits.token_per_minute = 2).await;
    let ask =
        async || http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(&server.token).send().await.unwrap();
    for _ in 0..2 {
        assert_eq!(ask().await.status(), 200);
    }
    let reply = ask().await;
    let wait: u64 = reply.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(reply.status(), 429);
    assert!((28..=30).contains(&wait), "two a minute are one in 30 s: {wait}");
    assert!(reply.text().await.unwrap().contains(&format!("Try again in {wait} s.")));
    let buckets = fusionsoc::web::throttle::Buckets::default();
    assert_eq!(buckets.take("fast", 2.0, 1.0), Ok(()));
    assert_eq!(buckets.take("fast", 2.0, 1.0), Err(1), "never less than a second");
    assert_eq!((buckets.take("slow", 0.01, 1.0), buckets.take("slow", 0.01, 1.0)), (Ok(()), Err(100)));
}

#[tokio::test]
async fn calls_without_a_token_that_holds_are_entered_once_a_minute() {
    let server = spawn().await;
    for token in ["", "fsoc_wrong", "fsoc_wrong"] {
        let sent = http().post(format!("{}/api/v1/detections", server.url)).body("{}").bearer_auth(token);
        assert_eq!(sent.send().await.unwrap().status(), 401);
        let sent = http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(token);
        assert_eq!(sent.send().await.unwrap().status(), 401);
    }
    let entered = "ledger WHERE action = 'token_refused' AND result = 'denied' AND client = '127.0.0.1'
        AND object = 'POST /api/v1/detections'";
    for _ in 0..100 {
        if count(&server, entered).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(count(&server, entered).await, 1);
    assert_eq!(count(&server, "ledger WHERE action = 'token_refused'").await, 1, "one for each address");
}
