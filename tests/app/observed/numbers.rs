//! `/metrics`: who may read it, and that it counts what was done and nothing that a stranger writes.
use super::{TOKEN, asked, numbers, value, watched};
use crate::support::{SEED, fakes, http, seed_id, seed_with, spawn};
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use std::io::{Read, Write};

#[tokio::test]
async fn without_a_token_in_the_settings_there_is_no_such_page() {
    let server = spawn().await;
    for token in ["", TOKEN, &server.token] {
        assert_eq!(asked(&server.url, "/metrics", token).await.0, 404);
    }
}

#[tokio::test]
async fn only_the_token_of_the_settings_opens_it() {
    let server = watched(|_| ()).await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    for token in ["", "a token for the number", "a token for the numbersX", &server.token] {
        let (status, text) = asked(&server.url, "/metrics", token).await;
        assert!(status == 401 && !text.contains("fusionsoc_"), "{token}: {status} {text}");
    }
    assert_eq!(admin.page("/metrics").await.0, 401, "a session is no token");
    let reply = http().get(format!("{}/metrics", server.url)).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(reply.headers()["content-type"], "text/plain; version=0.0.4");
    assert_eq!(reply.headers()["cache-control"], "no-store");
    assert!(reply.text().await.unwrap().contains("fusionsoc_build_info{commit="));
}

#[tokio::test]
async fn the_numbers_are_those_of_what_was_done() {
    let model = fakes::ollama("m", &fakes::answer("false_positive", 90).to_string()).await;
    let server = watched(|config| config.voters = vec![VoterConfig::ollama("mod\"el\n", &model.uri(), "m")]).await;
    server.deliver(SEED).await;
    assert_eq!(server.post("/api/v1/detections", SEED).await.0, 202, "known already");
    assert_eq!(server.post("/api/v1/detections", r#"{"detect_id": 1}"#).await.0, 422);
    assert_eq!(server.post("/api/v1/detections", "no json").await.0, 400);
    advance_here(90_000);
    let before = numbers(&server).await;
    assert_eq!(value(&before, "fusionsoc_jobs_waiting{kind=\"triage\"}"), 1, "{before}");
    let due = value(&before, "fusionsoc_jobs_oldest_due_seconds");
    assert!((90..150).contains(&due), "{due}");
    server.run_jobs().await;
    let person = server.sign_in("ana", Role::Analyst).await;
    for _ in 0..2 {
        assert_eq!(person.post("/login", &[("username", "ana"), ("password", "wrong")]).await.status(), 401);
    }
    assert_eq!(person.page("/cases/1").await.0, 200);
    assert_eq!(person.page("/cases/99").await.0, 404);
    let text = numbers(&server).await;
    for (name, wanted) in [
        ("fusionsoc_detections_total{result=\"accepted\",source=\"api\"}", 1),
        ("fusionsoc_detections_total{result=\"duplicate\",source=\"api\"}", 1),
        ("fusionsoc_detections_total{result=\"rejected\",source=\"api\"}", 2),
        ("fusionsoc_jobs_waiting{kind=\"triage\"}", 0),
        ("fusionsoc_jobs_dead{kind=\"triage\"}", 0),
        ("fusionsoc_job_seconds_count{kind=\"triage\",result=\"done\"}", 1),
        ("fusionsoc_vote_seconds_count{state=\"ok\",voter=\"mod\\\"el\\n\"}", 1),
        ("fusionsoc_login_failures_total{reason=\"password\"}", 2),
        ("fusionsoc_http_seconds_count{method=\"POST\",route=\"/login\",status=\"401\"}", 2),
        ("fusionsoc_http_seconds_count{method=\"GET\",route=\"/cases/{number}\",status=\"200\"}", 1),
        ("fusionsoc_http_seconds_count{method=\"GET\",route=\"/cases/{number}\",status=\"404\"}", 1),
    ] {
        assert_eq!(value(&text, name), wanted, "{name}\n{text}");
    }
    sampled(&text);
}

/// Numbers that are of the moment.
fn sampled(text: &str) {
    let calls = value(text, "fusionsoc_upstream_seconds_count{provider=\"ollama\",status=\"2xx\"}");
    assert!(calls >= 1, "{text}");
    assert!(value(text, "fusionsoc_store_write_wait_seconds_count") > 3, "{text}");
    assert!(value(text, "process_resident_memory_bytes") > 1_000_000, "{text}");
    assert!(value(text, "process_start_time_seconds") > 1_000_000_000, "{text}");
    assert!(value(text, "fusionsoc_connections") >= 1, "{text}");
    assert!(value(text, "fusionsoc_disk_size_bytes") > value(text, "fusionsoc_disk_free_bytes"), "{text}");
}

#[tokio::test]
async fn what_fails_outside_is_counted_by_its_class() {
    let broken = wiremock::MockServer::start().await;
    let answer = wiremock::ResponseTemplate::new(500);
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&broken).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = watched(|config| {
        let one = VoterConfig::ollama("broken", &broken.uri(), "m");
        config.voters = vec![one, VoterConfig::ollama("away", &format!("http://{closed}"), "m")];
        config.voters.iter_mut().for_each(|voter| voter.timeout_s = 2);
    })
    .await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    let text = numbers(&server).await;
    for status in ["5xx", "none"] {
        let name = format!("fusionsoc_upstream_seconds_count{{provider=\"ollama\",status=\"{status}\"}}");
        assert!(value(&text, &name) >= 1, "{name}\n{text}");
    }
    for voter in ["broken", "away"] {
        let name = format!("fusionsoc_vote_seconds_count{{state=\"failed\",voter=\"{voter}\"}}");
        assert_eq!(value(&text, &name), 1, "{name}\n{text}");
    }
}

#[tokio::test]
async fn an_open_page_counts_as_long_as_it_is_open() {
    let server = watched(|_| ()).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let stream = http().get(format!("{}/events", server.url)).header("cookie", &ana.cookie).send().await.unwrap();
    assert_eq!(value(&numbers(&server).await, "fusionsoc_event_streams"), 1);
    drop(stream);
    for _ in 0..200 {
        if value(&numbers(&server).await, "fusionsoc_event_streams") == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a closed page is not open");
}

/// Everything that a stranger chooses, sent at once.
async fn hostile(server: &crate::support::Server, mark: &str) {
    let address = server.url.trim_start_matches("http://").to_owned();
    let lines = format!(
        "HACK{mark} /cases/{mark}\u{1b}x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n|HACK{mark} / HTTP/1.1\r\nhost: {mark}\r\nuser-agent: {mark}\r\nconnection: close\r\n\r\n"
    );
    let sent = tokio::task::spawn_blocking(move || {
        for request in lines.split('|') {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    sent.await.unwrap();
    for path in
        [format!("/{mark}"), format!("/cases/{mark}"), format!("/rules/{mark}/{mark}"), format!("/login?next={mark}")]
    {
        http().get(format!("{}{path}", server.url)).send().await.unwrap();
    }
    let sent = http().post(format!("{}/ingest/limacharlie/{mark}", server.url)).body(mark.to_owned()).send();
    assert_eq!(sent.await.unwrap().status(), 401);
    let person = crate::support::Person { url: server.url.clone(), cookie: String::new() };
    person.post("/login", &[("username", mark), ("password", mark)]).await;
    let detection = seed_with(&[(&seed_id(), mark), ("desktop-4kq7m2x", mark)]);
    server.post("/api/v1/detections", detection).await;
    server.run_jobs().await;
}

#[tokio::test]
async fn nothing_that_a_stranger_writes_becomes_a_label_or_a_number_more() {
    let server = watched(|_| ()).await;
    hostile(&server, "first-mark").await;
    let first = numbers(&server).await;
    for mark in ["second-mark", "third-mark"] {
        hostile(&server, mark).await;
    }
    let last = numbers(&server).await;
    assert!(!last.contains("-mark") && !last.contains("HACK"), "{last}");
    let series = |text: &str| {
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect::<Vec<_>>()
    };
    // The first look at the numbers is a series of its own afterwards.
    let more: Vec<_> =
        series(&last).into_iter().filter(|one| !series(&first).contains(one) && !one.contains("/metrics")).collect();
    assert!(more.is_empty(), "{more:?}");
    assert_eq!(value(&last, "fusionsoc_http_seconds_count{method=\"other\",route=\"/\",status=\"405\"}"), 3, "{last}");
}
